"""The Ray cluster that pictures are encoded on: connecting to it, and what its machines have."""

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from timanh.errors import SettingsError
from timanh.vectors.scan.threads import cores

LOCAL, RUNNING = "local", "auto"
ANSWER_S = 8.0
MOST_PORT = 65_535
# Nothing is reported to Ray's makers, and its core does not write into the progress bar.
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}

# What `ray.nodes()` says of one machine.
Machine = dict[str, Any]


@dataclass(frozen=True)
class Share:
    """What one worker takes of a machine, and how many of them the cluster holds."""

    cpus: int
    gpus: int
    workers: int


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Be connected to the Ray cluster at `address`: "local", "auto", or HOST:PORT.

    A connection that is already open is used and left open.

    Raises:
        SettingsError: Ray is not installed, or there is no cluster at `address`.
    """
    missing = [name for name in ("ray", "pyarrow", "grpc") if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"Encoding on several machines needs {' and '.join(missing)}. Install with "
            "`pip install 'timanh[ray]'` on each of them, or leave --ray away."
        )
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import ray

    if ray.is_initialized():
        yield
        return
    try:
        _connect(address)
        yield
    finally:
        ray.shutdown()


def share_of(nodes: Sequence[Machine], gpus: bool) -> Share:
    """A worker for each GPU, or for as many cores as the smallest machine has."""
    found = [node["Resources"] for node in nodes if node["Alive"]]
    machines = [(int(one.get("CPU", 0)), int(one.get("GPU", 0))) for one in found]
    with_gpu = [(cpus, count) for cpus, count in machines if gpus and cpus and count]
    if with_gpu:
        cpus = max(1, min(cpus // count for cpus, count in with_gpu))
        return Share(cpus, 1, sum(min(count, cpu // cpus) for cpu, count in with_gpu))
    cores = [cpus for cpus, _ in machines if cpus]
    if not cores:
        raise SettingsError("The Ray cluster has no cores to lend. Start a machine with some.")
    return Share(min(cores), 0, sum(cpus // min(cores) for cpus in cores))


def warn_of_lost_machines(before: Sequence[Machine], after: Sequence[Machine]) -> None:
    """Warn of machines that were there before and are not now."""
    alive = {node["NodeID"] for node in after if node["Alive"]}
    lost = [node for node in before if node["Alive"] and node["NodeID"] not in alive]
    if lost:
        names = ", ".join(node["NodeManagerHostname"] for node in lost)
        warnings.warn(
            f"Lost on the way: {names}. The other machines have encoded its pictures.",
            stacklevel=2,
        )


def _connect(address: str) -> None:
    """Begin a Ray session, without any request to the outside."""
    import ray

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address == LOCAL:
        ray.init(address=LOCAL, num_cpus=cores(), include_dashboard=False, **quiet)
        return
    if address != RUNNING:
        _reach(address)
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise SettingsError(
            f"This machine has no part in a Ray cluster at {address!r} ({last_line(error)}). "
            "Start one with `ray start --head`, join one with `ray start --address HOST:PORT`, or "
            "take --ray local."
        ) from error


def _reach(address: str) -> None:
    """See that a head of Ray answers there: Ray itself tries for two minutes and then exits."""
    import grpc
    from ray.core.generated.gcs_service_pb2 import CheckAliveRequest
    from ray.core.generated.gcs_service_pb2_grpc import NodeInfoGcsServiceStub

    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdigit() or int(port) > MOST_PORT:
        raise SettingsError(
            f"{address!r} is not an address of a Ray cluster. Give local, auto, or HOST:PORT as "
            "`ray start --head` prints it."
        )
    if os.environ.get("RAY_USE_TLS", "").lower() in ("1", "true"):
        return  # only Ray's connection has the certificates
    with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            NodeInfoGcsServiceStub(channel).CheckAlive(CheckAliveRequest(), timeout=ANSWER_S)
        except grpc.RpcError as error:
            reason = _why(error)
            # Any other answer, such as a token that is wanted, comes from a head of Ray.
            if reason:
                raise SettingsError(
                    f"No Ray cluster answers at {address} ({reason}). Start one with `ray start "
                    "--head`, or take --ray local."
                ) from error


def _why(error: Any) -> str:
    """Why the head of Ray cannot have answered so; empty where it can."""
    import grpc

    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"something else listens there, or it took more than {ANSWER_S:.0f} s"
    if error.code() is grpc.StatusCode.UNIMPLEMENTED:
        return "another server is there; Ray's usual port is 6379"
    if error.code() is grpc.StatusCode.UNAVAILABLE:
        return str(error.details()).rpartition("last error: ")[2][:200]
    return ""


def last_line(error: Exception) -> str:
    """Where Ray says what went wrong, below its stacks of calls."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()[:200]

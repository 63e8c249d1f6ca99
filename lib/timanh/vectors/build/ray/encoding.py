"""Pictures read and encoded by all machines of a Ray cluster, each in shards of files."""

import logging
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timanh.errors import DictionaryError, TimAnhError
from timanh.models.encoder import Encoder
from timanh.vectors.build.encoding import Batch, EncodePictures, encode_pictures
from timanh.vectors.build.ray.cluster import (
    Share,
    connected,
    last_line,
    share_of,
    warn_of_lost_machines,
)

if TYPE_CHECKING:
    import pyarrow as pa

# Pictures of one task: what is done again when a machine is lost, at most two tasks of each.
SHARD_ROWS = 256
SHARDS_PER_WORKER = 8
PATH, RESULT = "path", "result"

LoadEncoder = Callable[[], Encoder]


@contextmanager
def on_ray(address: str, load: LoadEncoder, *, gpus: bool = True) -> Iterator[EncodePictures]:
    """Where `build_dictionary(encode=…)` encodes: the machines of a Ray cluster.

    Every machine must see the gallery under the same path and be able to run `load`, which
    must give the encoder that the build was called with. Rows come back in the order in which
    they are done; the process that builds is the only one that writes.

    Args:
        address: "local" starts Ray on this machine alone, "auto" finds the cluster that this
            machine belongs to, or HOST:PORT of its head. A connection that is already open
            is used and left open.
        load: loads the encoder, once on each machine.
        gpus: take the cluster's GPUs where it has some; then only machines that have one work.

    Raises:
        SettingsError: Ray is not installed, or there is no cluster at `address`.

    Example:
        with on_ray("auto", partial(load_encoder, "demo")) as encode:
            build_dictionary(gallery, load_encoder("demo"), out, encode=encode)
    """
    with connected(address):
        yield partial(_encode, load, gpus)


@dataclass(frozen=True)
class Failed:
    """Why a machine cannot encode; it travels as a result, because Ray tries exceptions again."""

    machine: str
    reason: str


@dataclass(frozen=True)
class Work:
    """What a worker needs to know.

    Attributes:
        images: the gallery; batch_size: pictures the encoder takes at once.
        probe: a picture in it that has to be there, since an unmounted folder is an empty one.
        load: loads the encoder; fingerprint: of that encoder; count: pictures in all.
    """

    images: Path
    probe: str
    load: LoadEncoder
    fingerprint: str
    batch_size: int
    count: int


class Worker:
    """Holds the encoder in a separate process and encodes one shard after another."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.failed = ""
        try:
            self.encoder = self._load()
        except TimAnhError as error:
            self.failed = str(error)
        except Exception as error:  # noqa: BLE001 - whatever loading raises is reported
            self.failed = f"The model cannot be loaded ({type(error).__name__}: {error})."

    def __call__(self, shard: "pa.Table") -> Iterator[dict[str, Any]]:
        if self.failed:
            yield _column(Failed(_machine(), self.failed))
            return
        work, names = self.work, [os.fsdecode(name) for name in shard[PATH].to_pylist()]
        try:
            for batch in encode_pictures(work.images, names, self.encoder, work.batch_size):
                yield _column(batch)
        except TimAnhError as error:
            yield _column(Failed(_machine(), str(error)))

    def _load(self) -> Encoder:
        work = self.work
        if not os.access(work.images / work.probe, os.R_OK):
            raise DictionaryError(
                f"It cannot read {work.images / work.probe}. Mount the gallery there under the "
                "same path as on all other machines."
            )
        encoder = work.load()
        if encoder.fingerprint != work.fingerprint:
            raise DictionaryError(
                f"Its model {encoder.name} has other weights ({encoder.fingerprint}) than the "
                f"one of this build ({work.fingerprint}). Put the same model on all machines."
            )
        encoder.choose_runtime_for(images=work.count)
        return encoder


def _encode(
    load: LoadEncoder,
    gpus: bool,
    images: Path,
    names: Sequence[str],
    encoder: Encoder,
    batch_size: int,
) -> Iterator[Batch]:
    import ray

    images = images.absolute()
    readable = (name for name in names if os.access(images / name, os.R_OK))
    probe = next(readable, "")
    work = Work(images, probe, load, encoder.fingerprint, batch_size, len(names))
    machines = ray.nodes()
    share = share_of(machines, gpus)
    try:
        yield from _each_once(_results(work, names, share), names)
        warn_of_lost_machines(machines, ray.nodes())
    except ray.exceptions.RayError as error:
        raise DictionaryError(
            f"The Ray cluster failed ({last_line(error)}). What was saved is kept: see that its "
            "machines run with the same Python, Ray and timanh, then run the same command again."
        ) from error


def _results(work: Work, names: Sequence[str], share: Share) -> Iterator[Batch]:
    """What the workers say, as it comes."""
    import pyarrow as pa
    import ray.data

    # What it has to say is raised, too.
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    ray.data.DataContext.get_current().enable_progress_bars = False
    size = min(SHARD_ROWS, max(work.batch_size, len(names) // (SHARDS_PER_WORKER * share.workers)))
    # As bytes: a file's name need not be valid text.
    paths = [os.fsencode(name) for name in names]
    shards = [pa.table({PATH: paths[at : at + size]}) for at in range(0, len(paths), size)]
    pool = ray.data.ActorPoolStrategy(
        min_size=1,
        max_size=share.workers,
        initial_size=share.workers,
        # The next shard waits at the worker; more of them would wait for a machine that is lost.
        max_tasks_in_flight_per_actor=2,
    )
    results = ray.data.from_arrow(shards).map_batches(
        Worker,
        fn_constructor_args=(work,),
        compute=pool,
        batch_size=None,
        batch_format="pyarrow",
        num_cpus=share.cpus,
        num_gpus=share.gpus,
    )
    for block in results.iter_batches(batch_size=None, batch_format="numpy", prefetch_batches=0):
        for result in block[RESULT]:
            if isinstance(result, Failed):
                raise DictionaryError(f"{result.machine} cannot take part. {result.reason}")
            yield result


def _each_once(batches: Iterable[Batch], names: Sequence[str]) -> Iterator[Batch]:
    """Pass `batches` on and see that every picture is in one of them and in no other."""
    waiting = set(names)
    for batch in batches:
        came = [one.path for one in batch.pictures] + [one.path for one in batch.skipped]
        twice = [path for path in came if path not in waiting]
        if twice or len(set(came)) < len(came):
            raise DictionaryError(
                f"The Ray cluster gave pictures twice ({(twice or came)[0]}). What was saved "
                "before is kept: run the same command again."
            )
        waiting.difference_update(came)
        yield batch
    if waiting:
        raise DictionaryError(
            f"The Ray cluster gave no answer for {len(waiting)} of {len(names)} pictures. What "
            "was saved is kept: run the same command again."
        )


def _column(result: Batch | Failed) -> dict[str, Any]:
    """One row; Ray stores it as a Python object."""
    column = np.empty(1, object)
    column[0] = result
    return {RESULT: column}


def _machine() -> str:
    import ray

    return f"{socket.gethostname()} ({ray.util.get_node_ip_address()})"

"""Many HTTP clients in one process, light enough not to be what is measured."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from common import ROOT


@dataclass
class Load:
    """What many clients saw."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    took_s: float = 0.0
    cpu_s: dict[str, float] = field(default_factory=dict)  # of each server, by its name

    def cpu_ms(self, server: str) -> float:
        """Processor time that a server spent on one request."""
        return 1000 * self.cpu_s.get(server, 0.0) / len(self.seconds)

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.took_s

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def run_load(
    port: int, requests: Callable[[int, int], bytes], clients: int, duration_s: float
) -> Load:
    """Each client asks one thing after the other; `requests(client, turn)` is what."""
    return asyncio.run(_run(port, requests, clients, duration_s))


async def _run(
    port: int, requests: Callable[[int, int], bytes], clients: int, duration_s: float
) -> Load:
    load = Load()
    began = time.perf_counter()
    until = began + duration_s

    async def client(number: int) -> None:
        connection = await asyncio.open_connection("127.0.0.1", port)
        turn = 0
        while time.perf_counter() < until:
            sent = time.perf_counter()
            status, _ = await ask(connection, requests(number, turn))
            load.seconds.append(time.perf_counter() - sent)
            load.statuses[status] = load.statuses.get(status, 0) + 1
            turn += 1
        connection[1].close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    load.took_s = time.perf_counter() - began
    return load


async def ask(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes
) -> tuple[int, bytes]:
    """Status and body of one request on a kept connection."""
    reader, writer = connection
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    )
    return int(head[9:12]), await reader.readexactly(length)


def form(path: str, fields: dict[str, str]) -> bytes:
    """A POST of words."""
    body = urlencode(fields).encode()
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def get(path: str) -> bytes:
    """A GET."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def serving(
    command: Sequence[str], port: int, settings: dict[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """A server as a process of its own, from the moment it is ready."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "lib"), **(settings or {})},
        stdout=subprocess.DEVNULL,
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                path = "/health"
                with opener.open(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                    if b'"ready":false' not in answer.read():
                        break
            if process.poll() is not None:
                raise SystemExit(f"{command} ended with {process.returncode}")
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(20)


def memory_mb(process: "subprocess.Popen[bytes]") -> float:
    """Resident memory (Linux); 0 elsewhere."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    line = next(line for line in lines if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def cpu_s(process: "subprocess.Popen[bytes]") -> float:
    """Processor time of a process so far (Linux); 0 elsewhere."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

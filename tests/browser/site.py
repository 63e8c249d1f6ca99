"""API and backend as processes, and the browser that looks at them."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from timanh.models import load_encoder
from timanh.vectors import build_dictionary

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WAIT_S = 90


@dataclass
class Site:
    """API and backend as processes; the API can be killed and started again."""

    gallery: Path
    index: Path
    api_port: int
    url: str
    api: subprocess.Popen[bytes] | None = None
    options: tuple[str, ...] = ()

    def start_api(self) -> None:
        command = [sys.executable, "-m", "timanh.cli", "serve", "--index", str(self.index)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "lib")}
        self.api = subprocess.Popen(
            [*command, *self.options, "--port", str(self.api_port)],
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        await_port(self.api_port, self.api)
        self.await_ready()

    def await_ready(self, most_s: float = 60.0) -> None:
        """Until its trial searches are answered: on a busy machine that takes seconds."""
        until = time.monotonic() + most_s
        address = f"http://127.0.0.1:{self.api_port}/health/ready"
        while httpx.get(address, trust_env=False, timeout=most_s).status_code != 200:
            assert time.monotonic() < until, "the API never became ready"
            time.sleep(0.1)

    def kill_api(self) -> None:
        if self.api:
            self.api.send_signal(signal.SIGKILL)
            self.api.wait()


@contextmanager
def serving(
    gallery: Path, index: Path, *options: str, model: str | Path = "demo"
) -> Iterator[Site]:
    """Build the gallery's dictionary in `index` and serve it until the block ends, with more
    options of `timanh serve`."""
    build_dictionary(gallery, load_encoder(model), index, source=str(model), progress=False)
    port = free_port()
    site = Site(gallery, index, free_port(), f"http://127.0.0.1:{port}", options=options)
    site.start_api()
    backend = subprocess.Popen(
        [sys.executable, str(ROOT / "backend" / "main.py"), "--port", str(port)],
        env={**os.environ, "TIMANH_API_URL": f"http://127.0.0.1:{site.api_port}",
             "TIMANH_API_KEY": ""},
    )  # fmt: skip
    try:
        await_port(port, backend)
        yield site
    finally:
        for process in (backend, site.api):
            if process:
                process.terminate()
                process.wait(20)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once the process answers at the port.

    Raises:
        RuntimeError: it ended, or it took too long.
    """
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The server ended with code {process.returncode} at its start.")
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"The server did not answer within {WAIT_S} s.")


def chromium() -> str | None:
    """Chromium of this machine; None leaves it to playwright's own."""
    named = os.environ.get("TIMANH_CHROMIUM")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return named or next((path for name in names if (path := shutil.which(name))), None)

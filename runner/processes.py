"""The programs that run.py starts, and their end."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from runner.places import ROOT, WINDOWS
from runner.signals import ignoring_signals

GRACE_S = 6.0
GUARD = Path(__file__).with_name("guarded.py")


@dataclass
class Child:
    """A program that runs, and the file its output goes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def wait(self, tick: Callable[[], None]) -> int:
        """Wait for its end, with a call of `tick` now and then; its exit code."""
        while True:
            try:
                return self.process.wait(0.1)
            except subprocess.TimeoutExpired:
                tick()

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def signal(self, how: int) -> None:
        """Signal it and all it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError, OSError):
            if WINDOWS:
                self.process.send_signal(how)
            else:
                os.killpg(self.process.pid, how)


class Family:
    """All that run.py started. Leaving the `with` block ends them, in any case.

    Every child leads a process group of its own, so that Ctrl-C reaches only run.py, which
    then ends them in order. Python children are also guarded: see `guarded.py`.
    """

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self.grace_s = grace_s
        self.children: list[Child] = []
        self.lines: list[socket.socket] = []
        self.guard = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._hold_lines, daemon=True).start()

    def __enter__(self) -> "Family":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        cwd: Path = ROOT,
        env: Mapping[str, str] | None = None,
    ) -> Child:
        """Start a program with its output in `log`, its input closed."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env={**os.environ, "PYTHONUTF8": "1", **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=not WINDOWS,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        child = Child(name, process, log)
        self.children.append(child)
        return child

    def python(self, interpreter: str | Path, target: str | Path, *arguments: str) -> list[str]:
        """The command for a guarded Python program: a module's name or a .py file."""
        port = self.guard.getsockname()[1]
        return [str(interpreter), str(GUARD), str(port), str(target), *arguments]

    def end(self) -> None:
        """End all children: first kindly, after some seconds for certain."""
        with ignoring_signals():
            running = [child for child in self.children if not child.ended]
            for child in running:
                child.signal(_kind_signal())
            deadline = time.monotonic() + self.grace_s
            for child in running:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.process.wait(max(0.0, deadline - time.monotonic()))
            for child in running:
                # Also where the leader has ended by now: what it started may have stayed.
                child.signal(getattr(signal, "SIGKILL", signal.SIGTERM))
                child.process.wait()
            self.children.clear()
            self.guard.close()

    def _hold_lines(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.lines.append(self.guard.accept()[0])


def _kind_signal() -> int:
    return int(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))

"""What run.py says: one line a step, with the time it took."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LABEL_WIDTH = 46


class Console:
    """Writes steps to stdout; in a terminal the running step counts its seconds."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        self.live = sys.stdout.isatty()
        self.began = 0.0
        self.shown = -1
        self.label = ""

    def say(self, text: str = "") -> None:
        """A line of its own."""
        print(text, flush=True)

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """Show a step while the block runs, then how long it took."""
        self.label, self.began, self.shown = label, time.perf_counter(), -1
        print(self._start(), end="\r" if self.live else "", flush=True)
        try:
            yield
        except BaseException as error:
            self._close("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
            raise
        self._close(seconds(time.perf_counter() - self.began))

    def tick(self, log: Path | None = None) -> None:
        """Called while a step waits; renews the seconds, and the percent that a log tells."""
        elapsed = int(time.perf_counter() - self.began)
        if self.live and elapsed != self.shown:
            self.shown = elapsed
            print(f"{self._start()} {elapsed} s {percent(log)}", end="\r", flush=True)

    def _close(self, ending: str) -> None:
        print(f"{self._start()} {ending}   " if self.live else f" {ending}", flush=True)

    def _start(self) -> str:
        return f"  {self.label} ".ljust(LABEL_WIDTH, ".")


def percent(log: Path | None) -> str:
    """How far a program is, where its log ends in a progress bar of tqdm."""
    if log is None:
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 400))
        found = re.findall(rb"(\d+)%\|", file.read())
    return f"({int(found[-1])} %) " if found else ""


def seconds(elapsed: float) -> str:
    """A duration as a person says it."""
    if elapsed < 60:
        return f"{elapsed:.1f} s"
    return f"{int(elapsed // 60)} min {int(elapsed % 60):02d} s"

"""The API started again when it has died, while the page's server stays."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from runner.console import Console
from runner.failures import last_lines
from runner.processes import Child

# Before the first, second and third try.
PAUSES_S = (1.0, 5.0, 20.0)
# After so long without falling over it has all tries again.
STEADY_S = 600.0
UP, RESTARTING, GAVE_UP = "up", "restarting", "gave-up"


class KeptApi:
    """Looks after the API; what is going on stands in a file, which the backend reads.

    Attributes:
        child: the program that runs, or ran last.
    """

    def __init__(
        self,
        child: Child,
        start: Callable[[], Child],
        is_ready: Callable[[], bool],
        state: Path,
        console: Console,
        pauses_s: tuple[float, ...] = PAUSES_S,
    ) -> None:
        """Args:
        start: starts the same program again.
        is_ready: whether it answers.
        state: the file to write.
        """
        self.child = child
        self._start, self._is_ready = start, is_ready
        self._state, self._console, self._pauses_s = state, console, pauses_s
        self._attempt = 0
        self._due: float | None = None  # when the next try begins
        self._up_since: float | None = time.monotonic()
        self._gave_up = False
        self.write(UP)

    def look(self) -> None:
        """To be called now and then; returns at once."""
        now = time.monotonic()
        if self._gave_up:
            return
        if self._due is not None:
            if now >= self._due:
                self._due = None
                self.child = self._start()
        elif self.child.ended:
            self._after_its_end(now)
        elif self._up_since is None:
            if self._is_ready():
                self._up_since = now
                self.write(UP)
                self._console.say("  The API is back.")
        elif self._attempt and now - self._up_since > STEADY_S:
            self._attempt = 0

    def _after_its_end(self, now: float) -> None:
        code, log = self.child.process.returncode, self.child.log
        self._up_since = None
        for line in last_lines(log, 5):
            self._console.say(f"  | {line}")
        if self._attempt == len(self._pauses_s):
            self._gave_up = True
            self.write(GAVE_UP)
            self._console.say(
                f"  The API ended again (code {code}; see {log}). It was started {self._attempt} "
                "times and is left alone now. The page stays; Ctrl-C ends it, and then run.py "
                "can be started again."
            )
            return
        pause_s = self._pauses_s[self._attempt]
        self._attempt += 1
        self._due = now + pause_s
        self.write(RESTARTING)
        self._console.say(
            f"  The API ended by itself (code {code}; see {log}). Starting it again in "
            f"{pause_s:g} s, try {self._attempt} of {len(self._pauses_s)}."
        )

    def write(self, state: str) -> None:
        """Say what is going on."""
        content = {"state": state, "attempt": self._attempt, "attempts": len(self._pauses_s)}
        part = self._state.with_name(f"{self._state.name}.part")
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(content), encoding="ascii")
        part.replace(self._state)

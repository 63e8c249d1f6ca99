"""The API of this machine while run.py starts it again."""

import json
from dataclasses import dataclass
from pathlib import Path

from utils.problems import BackendError

# The API is not there, or broke off: what its end looks like from here.
ENDED = frozenset({"upstream-down", "upstream-broken"})
AGAIN_S = 2


@dataclass(frozen=True)
class Restart:
    """What run.py says: `state` is up, restarting or gave-up; tries so far, and at most."""

    state: str
    attempt: int
    attempts: int


def read_restart(file: Path | None) -> Restart | None:
    """None where no run.py looks after the API."""
    if file is None:
        return None
    try:
        found = json.loads(file.read_text(encoding="ascii"))
        return Restart(str(found["state"]), int(found["attempt"]), int(found["attempts"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def explain(error: BackendError, restart: Restart | None) -> BackendError:
    """The same failure, saying that the API is being started again where it is."""
    if restart is None or error.code not in ENDED:
        return error
    if restart.state == "gave-up":
        return BackendError(
            503,
            "gave-up",
            f"The search API ended and could not be started again in {restart.attempts} tries. "
            "End run.py with Ctrl-C and start it again; its log says what went wrong.",
        )
    # It has just ended, and run.py has not looked yet.
    if restart.state == "up" and error.code != "upstream-down":
        return error
    return BackendError(
        503,
        "restarting",
        f"The search API ended and is being started again, try {max(1, restart.attempt)} of "
        f"{restart.attempts}.",
        AGAIN_S,
    )

"""Ctrl-C, SIGTERM, a closed terminal: each ends run.py in order."""

import contextlib
import signal
import threading
from collections.abc import Iterator

ENDINGS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
)


def end_on_signals() -> None:
    """Every ending signal raises KeyboardInterrupt in the main thread.

    A SIGHUP that is ignored stays so, for `nohup`.
    """
    for number in ENDINGS:
        hangup = number == getattr(signal, "SIGHUP", None)
        if hangup and signal.getsignal(number) == signal.SIG_IGN:
            continue
        signal.signal(number, _interrupt)


@contextlib.contextmanager
def ignoring_signals() -> Iterator[None]:
    """Ending signals wait outside while the block runs, so that it can end what was started."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt

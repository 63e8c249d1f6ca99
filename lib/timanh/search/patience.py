"""Calls to a service that may hang, refuse or be blocked: few at a time, timed, and left alone
for a while after repeated failures (a circuit breaker)."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

SLOTS = 4
FAILURES_BEFORE_PAUSE = 3
PAUSE_S = 60.0


class CallError(Exception):
    """The call gave nothing: `code` for programs, the text for a person."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Patient:
    """`call(text)` on at most `SLOTS` threads, each waited for until a deadline.

    A thread cannot be stopped, so one that hangs is left behind and keeps its slot: however many
    ask, no more than `SLOTS` threads hang. After three failures in a row the service rests for a
    minute; then a single call tries whether it is back.
    """

    def __init__(self, name: str, call: Callable[[str], object]) -> None:
        self.name = name
        self._call = call
        self._changed = threading.Condition()
        self._busy = 0
        self._failures = 0
        self._rests_until = 0.0

    def ask(self, text: str, deadline: float) -> object:
        """What the service answers before `deadline` on the monotonic clock.

        Raises:
            CallError: translator-resting, translator-slow or translator-failed.
        """
        self._take_slot(deadline)
        answer: Future[object] = Future()

        def work() -> None:
            try:
                result = self._call(text)
            except BaseException as error:  # noqa: BLE001 - a scraper may raise anything
                answer.set_exception(error)
            else:
                answer.set_result(result)
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()

        threading.Thread(target=work, name=f"timanh-{self.name}", daemon=True).start()
        try:
            error = answer.exception(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            self.failed()
            raise too_slow() from None
        if error is not None:
            self.failed()
            kind = type(error).__name__
            raise CallError("translator-failed", f"the translator failed with {kind}")
        return answer.result()

    def succeeded(self) -> None:
        """The answer was good: start counting failures anew."""
        with self._changed:
            self._failures = 0

    def failed(self) -> None:
        """The answer was none, or useless."""
        with self._changed:
            self._failures += 1
            if self._failures >= FAILURES_BEFORE_PAUSE:
                self._rests_until = time.monotonic() + PAUSE_S
                self._changed.notify_all()

    def _take_slot(self, deadline: float) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                doubtful = self._failures >= FAILURES_BEFORE_PAUSE
                if now < self._rests_until or (doubtful and self._busy):
                    raise CallError(
                        "translator-resting", "the translator failed several times just now"
                    )
                if self._busy < SLOTS:
                    self._busy += 1
                    return
                if now >= deadline:
                    raise too_slow()
                self._changed.wait(deadline - now)


def too_slow() -> CallError:
    """The error where time ran out."""
    return CallError("translator-slow", "the translator did not answer in time")

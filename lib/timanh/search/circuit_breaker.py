"""Calls to a service that may hang, refuse or be blocked: few at a time, each with a deadline,
and none for a while after repeated failures.

M. T. Nygard: Release It!, 2007, chapter 5, "Circuit Breaker".
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

SLOTS = 4
FAILURES_BEFORE_PAUSE = 3
PAUSE_S = 60.0
LONGEST_PAUSE_S = 600.0
MOST_HUNG = 32


class CallError(Exception):
    """A call without an answer: `code` for programs, the text for a person."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class CircuitBreaker:
    """Runs `call(text)` on a separate thread until a deadline; at most `SLOTS` at once.

    A thread cannot be stopped: one that hangs is left behind and its slot is freed, so that later
    calls go on. After three failures in a row there are no calls for a minute; then a single call
    tries whether the service is back, and each trial that fails doubles the pause, up to ten
    minutes. While `MOST_HUNG` threads hang, calls are made one at a time as such trials, so a
    service that hangs for ever costs one more thread every ten minutes at most.
    """

    def __init__(self, name: str, call: Callable[[str], object]) -> None:
        self.name = name
        self._call = call
        self._changed = threading.Condition()
        self._waiting = 0  # callers that wait for an answer
        self._running = 0  # threads, those that hang included
        self._failures = 0
        self._pause_s = PAUSE_S
        self._open_until = 0.0
        self._trying = False

    def request(self, text: str, deadline: float) -> object:
        """The service's answer, if it comes before `deadline` on the monotonic clock.

        The caller checks the answer and calls `succeeded` or `failed`.

        Raises:
            CallError: translator-resting, translator-slow or translator-failed.
        """
        self._take_slot(deadline)
        answer: Future[object] = Future()

        def work() -> None:
            try:
                answer.set_result(self._call(text))
            except BaseException as error:  # noqa: BLE001 - a scraper may raise anything
                answer.set_exception(error)
            finally:
                self._count(running=-1)

        self._count(running=1)
        try:
            threading.Thread(target=work, name=f"timanh-{self.name}", daemon=True).start()
        except RuntimeError as no_thread:  # the system gives no more
            self._count(running=-1)
            answer.set_exception(no_thread)
        try:
            error = answer.exception(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            self.failed()
            raise too_slow() from None
        finally:
            self._count(waiting=-1)
        if error is not None:
            self.failed()
            # As a connection that was given up in the meantime.
            if isinstance(error, TimeoutError) or time.monotonic() >= deadline:
                raise too_slow()
            kind = type(error).__name__
            raise CallError("translator-failed", f"the translator failed with {kind}")
        return answer.result()

    def succeeded(self) -> None:
        """The answer was good: failures are counted from zero."""
        with self._changed:
            self._failures = 0
            self._pause_s = PAUSE_S
            self._trying = False
            self._changed.notify_all()

    def failed(self) -> None:
        """There was no answer, or a useless one."""
        with self._changed:
            self._failures += 1
            if self._trying:
                self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            if self._trying or self._failures >= FAILURES_BEFORE_PAUSE:
                self._open_until = time.monotonic() + self._pause_s
            self._trying = False
            self._changed.notify_all()

    def _take_slot(self, deadline: float) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                hung = self._running - self._waiting
                doubtful = self._failures >= FAILURES_BEFORE_PAUSE or hung >= MOST_HUNG
                if doubtful and (now < self._open_until or self._trying):
                    raise CallError(
                        "translator-resting", "the translator failed several times just now"
                    )
                if now >= deadline:  # a call without time would count as the service's failure
                    raise too_slow()
                if self._waiting < SLOTS:
                    self._waiting += 1
                    self._trying = doubtful
                    return
                self._changed.wait(deadline - now)

    def _count(self, *, waiting: int = 0, running: int = 0) -> None:
        with self._changed:
            self._waiting += waiting
            self._running += running
            self._changed.notify_all()


def too_slow() -> CallError:
    """The error where time ran out."""
    return CallError("translator-slow", "the translator did not answer in time")

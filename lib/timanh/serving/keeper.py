"""Notices a tunnel that has died and opens it again."""

import logging
import threading
from collections.abc import Callable

from timanh.serving.tunnel import Tunnel

log = logging.getLogger("timanh.serving")

EVERY_S = 10.0
LONGEST_PAUSE_S = 300.0


class TunnelKeeper:
    """Holds the open tunnel; looks after it on a thread until `close()`.

    It looks at the tunnel's program on this machine, which costs nothing of a quota. A
    tunnel that cannot be opened again is tried with growing pauses.

    Attributes:
        tunnel: the one that is open now, or the last one that was.
    """

    def __init__(self, opener: Callable[[], Tunnel], *, every_s: float = EVERY_S) -> None:
        """Opens the first tunnel.

        Raises:
            TunnelError: it cannot be opened.
        """
        self._open = opener
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.tunnel = opener()
        if self.tunnel.public_url is not None:
            self._thread = threading.Thread(target=self._watch, name="timanh-tunnel", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop looking and take the tunnel down; more than once does no harm."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(30)
            self._thread = None
        self.tunnel.close()

    def _watch(self) -> None:
        pause = self._every_s
        while not self._ended.wait(pause):
            pause = self._every_s if self._ensure_open() else min(2 * pause, LONGEST_PAUSE_S)

    def _is_alive(self) -> bool:
        try:
            return self.tunnel.alive
        except Exception as error:  # noqa: BLE001 - a program that does not answer counts as dead
            log.warning("%s", error)
            return False

    def _ensure_open(self) -> bool:
        """Whether there is a tunnel now."""
        if self._is_alive():
            return True
        before = self.tunnel.public_url
        log.warning("The tunnel %s has died; opening it again.", before)
        try:
            self.tunnel.close()
            opened = self._open()
        except Exception as error:  # noqa: BLE001 - nothing may end this thread
            log.warning("%s", error)
            return False
        if opened.public_url is None:  # without a token, for example: try later
            log.warning("%s", opened.notice or "No tunnel was opened.")
            return False
        self.tunnel = opened
        if self.tunnel.public_url != before:
            log.warning(
                "The tunnel has a new address, %s: connect the page again with the line that "
                "`running.connection` gives.",
                self.tunnel.public_url,
            )
        return True

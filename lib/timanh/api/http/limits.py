"""How often one client may send requests: a token bucket for each address."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

MAX_CLIENTS = 10_000


class RateLimit:
    """`per_minute` requests a minute, and a quarter of them at once.

    The client unseen for longest is forgotten, so the memory is bounded however many there are.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = per_minute / 60
        self.burst = max(1.0, per_minute / 4)
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def is_used_up(self, client: str) -> bool:
        """Whether a request would have to wait; counts none."""
        return bool(self.rate) and self._left_of(client) < 1

    def wait_s(self, client: str) -> int:
        """0 where the request may pass, which counts it; else the seconds until one may."""
        if not self.rate:
            return 0
        now = self._clock()
        left = self._left_of(client)
        self._left.pop(client, None)
        passes = left >= 1
        self._left[client] = (left - 1 if passes else left, now)
        if len(self._left) > MAX_CLIENTS:
            self._left.popitem(last=False)
        return 0 if passes else math.ceil((1 - left) / self.rate)

    def _left_of(self, client: str) -> float:
        now = self._clock()
        left, seen = self._left.get(client, (self.burst, now))
        return min(self.burst, left + (now - seen) * self.rate)

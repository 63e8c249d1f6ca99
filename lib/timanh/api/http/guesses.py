"""Guessing a key is slow, and strangers elsewhere do not lock out who has the right one."""

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeVar

from starlette.datastructures import Headers
from starlette.types import Scope

from timanh.api.http.limits import MAX_CLIENTS, RateLimit
from timanh.api.http.problems import RequestError

# Wrong keys a minute; a quarter of them at once. From one address, and from all together.
FROM_ONE, FROM_ALL = 40, 400
# Beyond that each key is checked after a pause, and only so many keys wait for it at a time. One
# from each address may, however many others wait.
PAUSE_S = 2.0
MAX_WAITING_FROM_ONE, MAX_WAITING = 4, 64
REMEMBERED = 8  # wrong keys of an address

T = TypeVar("T")


class Guesses:
    """Keys that were sent, right and wrong, by their clients' addresses.

    Refusing only the wrong keys would slow nobody down, since whatever is not refused is right.
    So beyond the limit an address waits for every answer. An address that has sent the right key
    before does not wait when it sends it again, whoever else guesses from there; and a page that
    still sends the key of yesterday guesses once and not each time.

    Whether a key may wait depends on the keys that wait already and never on whether it is
    right: a refusal and its time tell nothing to a guesser at an address where the right key has
    not been sent. So who guesses without pause can keep a newcomer at the same address from
    waiting; guessers at other addresses cannot.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._of_one = RateLimit(FROM_ONE, clock)
        self._of_all = RateLimit(FROM_ALL, clock)
        self._known: OrderedDict[str, None] = OrderedDict()
        self._wrong: OrderedDict[str, deque[int]] = OrderedDict()  # hashes of the last ones
        self._waiting: dict[str, Counter[int]] = {}  # requests by the hash of their key

    async def check(self, source: str, given: str, right: bool) -> None:
        """Raises RequestError: 401 a wrong key; 429 after too many of them."""
        if not right and hash(given) in self._wrong.get(source, ()):
            raise _wrong()
        guessing = self._of_one.is_used_up(source) or self._of_all.is_used_up("")
        if guessing and not (right and source in self._known):
            await self._pause(source, hash(given))
        if right:
            _keep(self._known, source, None)
            return
        before = self._wrong.get(source, deque(maxlen=REMEMBERED))
        before.append(hash(given))
        _keep(self._wrong, source, before)
        self._of_one.wait_s(source)
        self._of_all.wait_s("")
        raise _too_many() if guessing else _wrong()

    async def _pause(self, source: str, key: int) -> None:
        here = self._waiting.setdefault(source, Counter())
        # A page sends its key with many requests at once: they are one guess.
        if here and key not in here:
            everywhere = sum(map(len, self._waiting.values()))
            if len(here) >= MAX_WAITING_FROM_ONE or everywhere >= MAX_WAITING:
                raise _too_many()
        here[key] += 1
        try:
            await asyncio.sleep(PAUSE_S)
        finally:
            here[key] -= 1
            if not here[key]:
                del here[key]
            if not here:
                del self._waiting[source]


def source_of(scope: Scope, headers: Headers) -> str:
    """Where a request comes from: an address, or the network of one household in IPv6.

    A tunnel's program and a reverse proxy run on this machine, so that all their visitors would
    be one; they name the visitor last in X-Forwarded-For. The header of any other peer is ignored.
    """
    peer = str((scope.get("client") or ("",))[0])
    named = headers.getlist("x-forwarded-for")
    address = _address(peer)
    if named and address is not None and address.is_loopback:
        address = _address(named[-1].rpartition(",")[2].strip()) or address
    if address is None:
        return peer[:64]
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
    return str(address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _keep(kept: OrderedDict[str, T], source: str, value: T) -> None:
    kept[source] = value
    kept.move_to_end(source)
    if len(kept) > MAX_CLIENTS:
        kept.popitem(last=False)


def _wrong() -> RequestError:
    return RequestError(
        401, "wrong-key", "Wrong API key. Send the one that the notebook printed last."
    )


def _too_many() -> RequestError:
    return RequestError(
        429,
        "too-many-requests",
        f"Too many wrong keys from this address. Wait {PAUSE_S:g} s, then send the right one.",
        retry_after=int(PAUSE_S),
    )

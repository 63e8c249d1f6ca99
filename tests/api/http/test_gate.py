"""Who guesses keys, from where requests come, and what strangers may write into the metrics."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from pixel_encoder import PixelEncoder
from starlette.datastructures import Headers

from timanh.api import ApiConfig, create_app
from timanh.api.http import guesses
from timanh.api.http.guesses import Guesses, source_of
from timanh.api.http.problems import RequestError
from timanh.search import SearchEngine
from timanh.serving import ApiServer
from timanh.vectors import VectorDictionary

BURST = guesses.FROM_ONE // 4


@pytest.fixture
def engine(built_gallery: Path) -> SearchEngine:
    encoder = PixelEncoder()
    return SearchEngine(encoder, VectorDictionary.open(built_gallery / "out", encoder))


@pytest.fixture
def pause_s(monkeypatch: pytest.MonkeyPatch) -> Iterator[float]:
    monkeypatch.setattr(guesses, "PAUSE_S", 0.3)
    yield 0.3


def local(engine: SearchEngine, key: str | None) -> TestClient:
    return TestClient(create_app(engine, ApiConfig(api_key=key)), base_url="http://127.0.0.1:8001")


def until_slow(ask: Callable[[str], httpx.Response]) -> httpx.Response:
    """The first answer but 401; on a slow machine some guesses more are free meanwhile."""
    for number in range(5 * BURST):
        answer = ask(f"guess-{number}")
        if answer.status_code != 401:
            assert answer.status_code == 429 and number >= BURST
            return answer
    raise AssertionError("guessing was not slowed down")


def refusals(
    found: Guesses, tries: list[tuple[str, bool]], key: Callable[[int], str] = str
) -> list[int]:
    """The statuses of keys that are sent all at once, another each time; 200 for what may pass."""

    async def one(number: int, source: str, right: bool) -> int:
        try:
            await found.check(source, f"{len(found._wrong)} {key(number)} {right}", right)
        except RequestError as error:
            return error.status
        return 200

    async def all_of_them() -> list[int]:
        return list(
            await asyncio.gather(*(one(number, *each) for number, each in enumerate(tries)))
        )

    # In a thread: the browser tests of the same process leave a loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, all_of_them()).result()


def test_guesses_are_slow_though_each_is_another_key(engine: SearchEngine, pause_s: float) -> None:
    client = local(engine, "sesame")
    refused = until_slow(lambda guess: client.get("/api/gallery", headers={"X-API-Key": guess}))
    assert refused.json()["code"] == "too-many-requests" and refused.headers["retry-after"]
    right = {"X-API-Key": "sesame"}
    took = []
    for _ in range(2):
        began = time.perf_counter()
        assert client.get("/api/gallery", headers=right).status_code == 200
        took.append(time.perf_counter() - began)
    # Who has the key waits once, so that a quick answer tells a guesser nothing.
    assert took[0] >= pause_s > took[1]


def test_guesses_at_the_same_time_are_not_looked_at(pause_s: float) -> None:
    found = Guesses()
    assert refusals(found, [("a", False)] * BURST) == [401] * BURST
    began = time.perf_counter()
    flood = refusals(found, [("a", True)] * 50 + [("b", False), ("b", True)])
    waited = guesses.MAX_WAITING_FROM_ONE
    assert flood == [200] * waited + [429] * (50 - waited) + [401, 200]
    assert time.perf_counter() - began >= pause_s
    assert not found._waiting


def test_guesses_from_many_addresses_are_counted_together(pause_s: float) -> None:
    found = Guesses()
    assert refusals(found, [("owner", True)]) == [200]
    many = guesses.FROM_ALL // 4
    assert refusals(found, [(f"{n}", False) for n in range(many)]) == [401] * many
    later = refusals(found, [(f"x{n}", False) for n in range(80)] + [("owner", True)])
    assert later == [429] * 80 + [200]


def all_are_slow() -> Guesses:
    """After so many wrong keys that every address waits; no time passes."""
    found, many = Guesses(lambda: 0.0), guesses.FROM_ALL // 4
    assert refusals(found, [(f"{n}", False) for n in range(many)]) == [401] * many
    return found


@pytest.mark.parametrize("addresses", [16, 200])
def test_strangers_elsewhere_do_not_shut_out_a_right_key(pause_s: float, addresses: int) -> None:
    found = all_are_slow()
    strangers = [(f"s{n}", False) for n in range(addresses) for _ in range(4)]
    began = time.perf_counter()
    statuses = refusals(found, [*strangers, ("newcomer", True)])
    assert statuses == [429] * len(strangers) + [200]
    # As long as a wrong one, so that a quick answer tells a guesser nothing.
    assert time.perf_counter() - began >= pause_s
    assert not found._waiting


def test_all_requests_of_a_page_are_one_guess(pause_s: float) -> None:
    found = all_are_slow()
    assert refusals(found, [("newcomer", True)] * 24, lambda _: "same") == [200] * 24
    assert refusals(found, [("other", False)] * 24, lambda _: "same") == [429] * 24


def test_places_go_to_keys_whether_right_or_wrong(
    pause_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[bool] = []

    async def sleep(_: float) -> None:
        waited.append(True)
        await real(0.05)

    real = asyncio.sleep
    monkeypatch.setattr(guesses.asyncio, "sleep", sleep)
    counts = []
    for right in (True, False):
        found = all_are_slow()
        waited.clear()
        refusals(found, [(f"{n % 20}", right) for n in range(100, 200)])
        counts.append(len(waited))
    assert counts[0] == counts[1] == guesses.MAX_WAITING


def test_a_page_that_sends_the_key_of_yesterday_is_not_guessing(engine: SearchEngine) -> None:
    client = local(engine, "sesame")
    for _ in range(5 * BURST):
        refused = client.get("/api/gallery", headers={"X-API-Key": "of-yesterday"})
        assert (refused.status_code, refused.json()["code"]) == (401, "wrong-key")


def test_visitors_of_a_tunnel_are_distinguished(engine: SearchEngine, pause_s: float) -> None:
    app = create_app(engine, ApiConfig(api_key="sesame"))
    with ApiServer(app, port=0) as server, httpx.Client(base_url=server.url) as client:

        def ask(visitor: str, key: str) -> httpx.Response:
            headers = {"X-API-Key": key, "X-Forwarded-For": f"1.1.1.1, {visitor}"}
            return client.get("/api/gallery", headers=headers)

        until_slow(lambda guess: ask("203.0.113.9", guess))
        assert ask("203.0.113.8", "guess").status_code == 401
        assert ask("203.0.113.8", "sesame").status_code == 200


@pytest.mark.parametrize(
    ("peer", "named", "source"),
    [
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("::1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "rubbish", "127.0.0.1"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("2001:db8:1:2:3::4", None, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", None, "203.0.113.9"),
    ],
)
def test_where_a_request_comes_from(peer: str, named: str | None, source: str) -> None:
    headers = Headers({} if named is None else {"x-forwarded-for": named})
    assert source_of({"client": (peer, 1)}, headers) == source


def test_verbs_that_strangers_invent_are_one_label(engine: SearchEngine) -> None:
    with local(engine, None) as client:
        for number in range(30):
            client.request(f"BREW{number}", f"/api/{number}")
        text = client.get("/metrics").text
    assert 'method="other"' in text and "BREW" not in text
    assert text.count("timanh_requests_total{") < 5


@pytest.mark.parametrize("host", ["[::1", "a]b", "evil.example", "127.0.0.1.evil.example", "::1"])
def test_a_host_that_makes_no_sense_is_refused(engine: SearchEngine, host: str) -> None:
    client = local(engine, None)
    refused = client.get("/health", headers={"Host": host})
    assert (refused.status_code, refused.json()["code"]) == (403, "foreign-host")
    for good in ("127.0.0.1:1", "127.0.0.2", "[::1]:8001", "localhost"):
        assert client.get("/health", headers={"Host": good}).status_code == 200

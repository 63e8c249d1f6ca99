"""Streams, joint encoding, clients that leave, and searches that wait too long."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pixel_encoder import PixelEncoder, make_pictures

from timanh.api import ApiConfig, create_app
from timanh.api.http.limits import RateLimit
from timanh.errors import QueryError
from timanh.search import Query, SearchEngine, Translator, Understood
from timanh.serving import ApiServer
from timanh.vectors import VectorDictionary, build_dictionary

WORDS = Understood("a", None, "en", 0.6, 0)


class Gated(PixelEncoder):
    """Encodes texts only while its gate is open, and keeps the sizes of the batches."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.batches: list[int] = []

    def encode_texts(self, texts, *, batch_size=64):  # type: ignore[no-untyped-def]
        self.batches.append(len(texts))
        assert self.gate.wait(20)
        return super().encode_texts(texts)


@pytest.fixture
def encoder() -> Iterator[Gated]:
    made = Gated()
    yield made
    made.gate.set()


@pytest.fixture
def engine(tmp_path: Path, encoder: Gated) -> SearchEngine:
    build_dictionary(make_pictures(tmp_path / "g", 12), encoder, tmp_path / "i", progress=False)
    return SearchEngine(encoder, VectorDictionary.open(tmp_path / "i", encoder))


def serving(engine: SearchEngine, config: ApiConfig | None = None) -> ApiServer:
    server = ApiServer(create_app(engine, config), port=0)
    server.start()
    until = time.monotonic() + 10
    while not httpx.get(f"{server.url}/health").json()["ready"] and time.monotonic() < until:
        time.sleep(0.02)
    return server


def events(text: str) -> list[tuple[str, dict[str, object]]]:
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [(block[0].removeprefix("event: "), json.loads(block[1][6:])) for block in blocks]


# --- what goes wrong


def test_what_is_wrong_before_the_first_event_is_an_ordinary_problem(engine: SearchEngine) -> None:
    with serving(engine) as server:
        answer = httpx.post(f"{server.url}/api/search/stream", data={"query": " "})
        assert (answer.status_code, answer.json()["code"]) == (422, "empty-query")


def test_what_is_wrong_later_is_the_last_event(
    engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancelled_out(queries: object, understood: object) -> list[QueryError]:
        return [QueryError("nothing is near it")]

    with serving(engine) as server:
        monkeypatch.setattr(engine, "answer", cancelled_out)
        reply = events(httpx.post(f"{server.url}/api/search/stream", data={"query": "a"}).text)
    assert [name for name, _ in reply] == ["understood", "problem"]
    assert reply[1][1]["code"] == "bad-query" and reply[1][1]["request_id"]


def test_a_search_that_waits_too_long_is_given_up(encoder: Gated, engine: SearchEngine) -> None:
    with serving(engine, ApiConfig(deadline_s=0.3)) as server:
        encoder.gate.clear()
        answer = httpx.post(f"{server.url}/api/search", data={"query": "a"})
        assert (answer.status_code, answer.json()["code"]) == (503, "deadline-passed")
        assert int(answer.headers["retry-after"]) > 0
        encoder.gate.set()
        assert httpx.post(f"{server.url}/api/search", data={"query": "a"}).status_code == 200


def test_beyond_the_bounded_queue_it_is_busy(encoder: Gated, engine: SearchEngine) -> None:
    with serving(engine, ApiConfig(max_searches=3)) as server:
        encoder.gate.clear()
        answers: list[httpx.Response] = []

        def ask() -> None:
            answers.append(httpx.post(f"{server.url}/api/search", data={"query": "a"}, timeout=30))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        until = time.monotonic() + 10
        while len(answers) < 5 and time.monotonic() < until:
            time.sleep(0.01)
        assert [answer.json()["code"] for answer in answers] == ["busy"] * 5
        assert all(answer.headers["retry-after"] == "1" for answer in answers)
        encoder.gate.set()
        for thread in threads:
            thread.join()
        assert sorted(answer.status_code for answer in answers) == [200] * 3 + [429] * 5


def test_a_client_that_leaves_is_not_encoded(encoder: Gated, engine: SearchEngine) -> None:
    with serving(engine) as server:
        encoder.gate.clear()
        before = len(encoder.batches) + 1
        first = threading.Thread(
            target=httpx.post, args=(f"{server.url}/api/search",),
            kwargs={"data": {"query": "first"}, "timeout": 30},
        )  # fmt: skip
        first.start()
        while len(encoder.batches) < before:
            time.sleep(0.01)
        for path in ("search", "search/stream"):
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(f"{server.url}/api/{path}", data={"query": "gone now"}, timeout=0.3)
        time.sleep(0.3)
        encoder.gate.set()
        first.join()
        assert httpx.post(f"{server.url}/api/search", data={"query": "next"}).status_code == 200
        assert encoder.batches[before:] == [1]
        text = httpx.get(f"{server.url}/metrics").text
    assert "timanh_searches_in_progress 0.0" in text
    assert 'route="/api/search",status="499"} 1.0' in text


def test_a_slow_sender_gets_a_problem(engine: SearchEngine) -> None:
    with (
        serving(engine, ApiConfig(upload_s=0.4)) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as client,
    ):
        client.sendall(
            b"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
        )
        answer = ""
        while "}" not in answer:
            answer += client.recv(4000).decode()
    assert " 408 " in answer.splitlines()[0] and "request-too-slow" in answer


def test_rates_are_for_each_client_and_memory_is_bounded() -> None:
    now = [0.0]
    limit = RateLimit(60, lambda: now[0])
    assert [limit.wait_s("a") for _ in range(16)] == [0] * 15 + [1]
    assert limit.wait_s("b") == 0
    now[0] = 1.0
    assert [limit.wait_s("a"), limit.wait_s("a")] == [0, 1]
    for number in range(20_000):
        limit.wait_s(str(number))
    assert len(limit._left) <= 10_000


def test_too_many_requests_say_when_to_come_back(engine: SearchEngine) -> None:
    with serving(engine, ApiConfig(searches_per_minute=4)) as server:
        ask = [httpx.post(f"{server.url}/api/search", data={"query": "a"}) for _ in range(2)]
        assert [answer.status_code for answer in ask] == [200, 429]
        assert ask[1].json()["code"] == "too-many-requests"
        assert 0 < int(ask[1].headers["retry-after"]) <= 15
        assert httpx.get(f"{server.url}/health").status_code == 200


# --- what it answers


def test_a_stream_tells_first_what_was_understood_then_each_picture(
    encoder: Gated, tmp_path: Path, engine: SearchEngine
) -> None:
    engine.translator = Translator({"google": lambda text: "a red dog"})
    with (
        serving(engine) as server,
        httpx.stream(
            "POST", f"{server.url}/api/search/stream", data={"query": "con chó đỏ", "k": "3"}
        ) as answer,
    ):
        encoder.gate.clear()
        assert answer.headers["content-type"].startswith("text/event-stream")
        parts = answer.iter_text()
        first = next(parts)
        [(name, understood)] = events(first)
        assert name == "understood"
        assert (understood["translated"], understood["translator"]) == ("a red dog", "google")
        encoder.gate.set()
        reply = events("".join(parts))
        metrics = httpx.get(f"{server.url}/metrics").text
    assert [name for name, _ in reply] == ["hit"] * 3 + ["done"]
    hits = [hit for _, hit in reply[:3]]
    assert [hit["rank"] for hit in hits] == [1, 2, 3]
    # The page asks for thumbnails itself; no picture is decoded for the stream.
    assert not any("preview" in hit for hit in hits) and "timanh_thumbnails_total{" not in metrics
    assert reply[3][1]["count"] == 3
    assert {"wait", "encode", "search", "total"} <= set(reply[3][1]["took_ms"])  # type: ignore[arg-type]


def test_those_who_wait_together_are_encoded_together(encoder: Gated, engine: SearchEngine) -> None:
    with serving(engine) as server, httpx.Client(timeout=30) as client:
        encoder.gate.clear()
        before = len(encoder.batches)
        answers: dict[str, list[str]] = {}

        def ask(text: str) -> None:
            found = client.post(f"{server.url}/api/search", data={"query": text, "k": "12"})
            answers[text] = [result["id"] for result in found.json()["results"]]

        words = [f"word{number}" for number in range(12)]
        threads = [threading.Thread(target=ask, args=(word,)) for word in words]
        for thread in threads:
            thread.start()
        time.sleep(1)
        encoder.gate.set()
        for thread in threads:
            thread.join()
        assert len(encoder.batches[before:]) < 6 and sum(encoder.batches[before:]) == 12
    # The same pictures in the same order as each gets alone.
    for word in words:
        alone = engine.search(Query(word, k=12))
        assert answers[word] == [hit.id for hit in alone.hits]


def test_who_is_refused_while_sending_still_reads_why(engine: SearchEngine) -> None:
    picture = b"x" * 8_000_000
    kinds = {"content-type": "text/plain"}
    with serving(engine, ApiConfig(api_key="sesame")) as server:
        for _ in range(5):
            refused = httpx.post(f"{server.url}/api/search", content=picture, headers=kinds)
            assert (refused.status_code, refused.json()["code"]) == (401, "no-key")
            key = {"X-API-Key": "sesame", **kinds}
            wrong = httpx.post(f"{server.url}/api/search", content=picture, headers=key)
            assert wrong.status_code == 422
            large = httpx.post(f"{server.url}/api/search", content=4 * picture, headers=key)
            assert (large.status_code, large.json()["code"]) == (413, "request-too-large")

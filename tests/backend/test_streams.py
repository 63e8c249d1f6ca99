"""Streams through the backend, and answers that fail on their way."""

import asyncio
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi.responses import Response, StreamingResponse
from upstream_standin import Upstream

SSE = "text/event-stream"
UNDERSTOOD = b'event: understood\ndata: {"text": "a", "translated": null, "images": 0}\n\n'
HIT = b'event: hit\ndata: {"id": "a1", "score": 0.41, "rank": 1}\n\n'
DONE = b'event: done\ndata: {"count": 1, "weak": false, "took_ms": {}}\n\n'


@pytest.fixture(autouse=True)
def well(upstream: Upstream) -> Iterator[None]:
    yield
    upstream.behave = None
    upstream.paths.clear()


def events(text: str) -> list[tuple[str, dict[str, object]]]:
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [(block[0].removeprefix("event: "), json.loads(block[1][6:])) for block in blocks]


def stream(address: str) -> list[tuple[str, dict[str, object]]]:
    answer = httpx.post(f"{address}/api/search/stream", data={"query": "a"}, timeout=10)
    assert answer.status_code == 200, answer.text
    return events(answer.text)


# --- pictures from words


def test_what_is_said_of_pictures_that_are_made_goes_on_as_it_is(
    connected: str, upstream: Upstream
) -> None:
    queued, done = b'event: queued\ndata: {"before": 0}\n\n', b'event: done\ndata: {"count": 0}\n\n'

    def make() -> list[tuple[str, dict[str, object]]]:
        answer = httpx.post(f"{connected}/api/generate", json={"prompt": "a"}, timeout=10)
        return events(answer.text)

    upstream.behave = lambda: Response(queued + done, media_type=SSE)
    assert make() == [("queued", {"before": 0}), ("done", {"count": 0})]
    upstream.behave = lambda: Response(queued, media_type=SSE)
    assert make()[-1][1]["code"] == "upstream-broken"


# --- what fails within an answer is remembered, and looked into at once


def health(address: str) -> dict[str, object]:
    return dict(httpx.get(f"{address}/health", timeout=10).json())


@pytest.mark.parametrize("path", ["search", "search/stream", "predict-image"])
def test_an_answer_of_another_form_is_a_state_of_the_api(
    connected: str, upstream: Upstream, path: str
) -> None:
    assert health(connected)["status"] == "ok"
    upstream.behave = lambda: Response('{"hello": 1}', media_type="application/json")
    answer = httpx.post(f"{connected}/api/{path}", data={"query": "a"}, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (502, "upstream-foreign")
    reply = health(connected)
    assert reply["status"] == "degraded" and reply["upstream"]["code"] == "upstream-foreign"  # type: ignore[index]
    upstream.behave = None
    assert health(connected)["status"] == "ok"


def test_after_a_stream_that_broke_health_is_looked_at_again(
    connected: str, upstream: Upstream
) -> None:
    assert health(connected)["status"] == "ok"
    upstream.behave = lambda: Response(UNDERSTOOD, media_type=SSE)
    assert stream(connected)[-1][1]["code"] == "upstream-broken"
    reply = httpx.get(f"{connected}/api/upstream").json()
    assert (reply["status"], reply["code"]) == ("down", "upstream-broken")
    upstream.behave = None
    upstream.paths.clear()
    assert health(connected)["status"] == "ok" and upstream.paths == ["health", "api/gallery"]
    time.sleep(2.1)
    assert health(connected)["status"] == "ok" and upstream.paths[2:] == ["health"]


def test_health_of_an_api_that_refuses_the_key(connected: str, upstream: Upstream) -> None:
    assert health(connected)["status"] == "ok"
    problem = json.dumps({"code": "wrong-key", "detail": "No."})

    def refuses() -> Response:
        if upstream.paths[-1] == "health":
            return Response('{"model": "m", "images": 1}', media_type="application/json")
        return Response(problem, 401, media_type="application/problem+json")

    upstream.behave = refuses
    assert httpx.post(f"{connected}/api/search", data={"query": "a"}).status_code == 401
    for _ in range(2):
        reply = health(connected)
        assert reply["status"] == "degraded" and reply["upstream"]["code"] == "wrong-key"  # type: ignore[index]
    upstream.behave = None
    assert health(connected)["status"] == "ok"


def test_a_picture_after_a_failure_does_not_make_all_well(
    connected: str, upstream: Upstream
) -> None:
    assert health(connected)["status"] == "ok"

    def all_but_pictures() -> Response:
        if "thumbnail" in upstream.paths[-1]:
            return Response(b"JPEG", media_type="image/jpeg")
        return Response('{"hello": 1}', media_type="application/json")

    upstream.behave = all_but_pictures
    assert httpx.post(f"{connected}/api/search", data={"query": "a"}).status_code == 502
    assert httpx.get(f"{connected}/api/images/a1/thumbnail").status_code == 200
    assert health(connected)["status"] == "degraded"


def test_an_error_that_the_api_does_not_explain(connected: str, upstream: Upstream) -> None:
    upstream.behave = lambda: Response("{}", 500, media_type="application/json")
    answer = httpx.post(f"{connected}/api/search", data={"query": "a"}, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (500, "upstream-error")
    reply = health(connected)
    assert reply["status"] == "degraded" and reply["upstream"]["code"] == "upstream-error"  # type: ignore[index]


def test_a_picture_that_breaks_off_is_not_taken_for_whole(
    connected: str, upstream: Upstream
) -> None:
    async def cut() -> AsyncIterator[bytes]:
        yield b"x" * 100
        raise ConnectionResetError

    upstream.behave = lambda: StreamingResponse(cut(), media_type="image/jpeg")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{connected}/api/images/a1")


# --- streams


def test_events_pass_as_they_come_with_the_sentence_before_the_end(
    connected: str, upstream: Upstream
) -> None:
    go_on = threading.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield UNDERSTOOD
        while not go_on.is_set():
            await asyncio.sleep(0.01)
        for piece in (HIT[:20], HIT[20:] + DONE):
            yield piece

    upstream.behave = lambda: StreamingResponse(slowly(), media_type=SSE)
    form = {"query": "a"}
    with httpx.stream("POST", f"{connected}/api/search/stream?language=vi", data=form) as answer:
        parts = answer.iter_text()
        assert events(next(parts))[0][0] == "understood"
        go_on.set()
        reply = events("".join(parts))
    assert [name for name, _ in reply] == ["hit", "answer", "done"]
    assert reply[1][1]["text"] == "**1 ảnh gần nhất** với “a”."


@pytest.mark.parametrize(
    ("pieces", "code"),
    [
        ([UNDERSTOOD, HIT], "upstream-broken"),
        ([UNDERSTOOD, b"event: hit\ndata: {half\n\n"], "upstream-broken"),
        ([UNDERSTOOD, b"event: hit\ndata: [1]\n\n"], "upstream-broken"),
        ([UNDERSTOOD, HIT, b"event: hit\ndata: {half\n\n"], "upstream-broken"),
        ([UNDERSTOOD, b"x" * 2_100_000], "upstream-broken"),
        ([UNDERSTOOD, None], "upstream-broken"),
        ([UNDERSTOOD, 1.6], "upstream-slow"),
    ],
)
def test_a_stream_that_breaks_ends_in_a_problem_and_the_next_works(
    connected: str, upstream: Upstream, pieces: list[bytes | float | None], code: str
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        for piece in pieces:
            if piece is None:
                raise ConnectionResetError
            if isinstance(piece, float):
                await asyncio.sleep(piece)
            else:
                yield piece

    upstream.behave = lambda: StreamingResponse(broken(), media_type=SSE)
    reply = stream(connected)
    assert reply[0][0] == "understood" and reply[-1][0] == "problem"
    assert reply[-1][1]["code"] == code and reply[-1][1]["request_id"]

    async def good() -> AsyncIterator[bytes]:
        yield UNDERSTOOD + HIT + DONE

    upstream.behave = lambda: StreamingResponse(good(), media_type=SSE)
    assert [name for name, _ in stream(connected)][-1] == "done"


def test_a_failure_before_the_first_event_is_an_ordinary_problem(
    connected: str, upstream: Upstream
) -> None:
    empty = json.dumps({"code": "empty-query", "detail": "Empty."})
    upstream.behave = lambda: Response(empty, 422, media_type="application/problem+json")
    answer = httpx.post(f"{connected}/api/search/stream", data={"query": ""})
    assert (answer.status_code, answer.json()["code"]) == (422, "empty-query")
    upstream.behave = lambda: Response("{}", media_type="application/json")
    answer = httpx.post(f"{connected}/api/search/stream", data={"query": "a"})
    assert (answer.status_code, answer.json()["code"]) == (502, "upstream-foreign")


def test_a_browser_that_leaves_ends_the_search_behind(connected: str, upstream: Upstream) -> None:
    ended = threading.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield HIT
                await asyncio.sleep(0.05)
        finally:
            ended.set()

    upstream.behave = lambda: StreamingResponse(endless(), media_type=SSE)
    url = f"{connected}/api/search/stream"
    with httpx.stream("POST", url, data={"query": "a"}) as answer:
        next(answer.iter_bytes())
    assert ended.wait(5)


def test_uploads_pass_without_being_held(connected: str, upstream: Upstream) -> None:
    picture = os.urandom(3_000_000)
    began = time.perf_counter()
    answer = httpx.post(
        f"{connected}/api/search", files={"file": ("x.jpg", picture)}, data={"query": "a"},
        timeout=30,
    )  # fmt: skip
    assert answer.status_code == 200 and time.perf_counter() - began < 20
    assert upstream.form["query"] == ["a"]

"""Connecting to an API, watching it, and streams through the backend."""

import asyncio
import json
import os
import socket
import stat
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.responses import Response, StreamingResponse
from upstream_standin import Upstream, free_port, start_backend

SSE = "text/event-stream"
UNDERSTOOD = b'event: understood\ndata: {"text": "a", "translated": null, "images": 0}\n\n'
HIT = b'event: hit\ndata: {"id": "a1", "score": 0.41, "rank": 1}\n\n'
DONE = b'event: done\ndata: {"count": 1, "weak": false, "took_ms": {}}\n\n'


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    stand_in = Upstream()
    yield stand_in
    stand_in.close()


@pytest.fixture(autouse=True)
def well(upstream: Upstream) -> Iterator[None]:
    yield
    upstream.behave = None
    upstream.paths.clear()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept") / "upstream.json"


@pytest.fixture(scope="module")
def local_api() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def address(kept: Path, local_api: str) -> Iterator[str]:
    """A backend whose own API is away; others can be connected to."""
    process, address = start_backend(
        local_api, TIMANH_LOCAL_API_URL=local_api, TIMANH_KEPT_CONNECTION=str(kept)
    )
    yield address
    process.terminate()
    process.wait(10)


@pytest.fixture
def connected(address: str, upstream: Upstream) -> Iterator[str]:
    connect(address, upstream.url)
    yield address
    httpx.delete(f"{address}/api/upstream")


def connect(address: str, line: str) -> httpx.Response:
    return httpx.put(f"{address}/api/upstream", json={"connection": line}, timeout=10)


def events(text: str) -> list[tuple[str, dict[str, object]]]:
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [(block[0].removeprefix("event: "), json.loads(block[1][6:])) for block in blocks]


def stream(address: str) -> list[tuple[str, dict[str, object]]]:
    answer = httpx.post(f"{address}/api/search/stream", data={"query": "a"}, timeout=10)
    assert answer.status_code == 200, answer.text
    return events(answer.text)


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
    told = health(connected)
    assert told["status"] == "degraded" and told["upstream"]["code"] == "upstream-foreign"  # type: ignore[index]
    upstream.behave = None
    assert health(connected)["status"] == "ok"


def test_after_a_stream_that_broke_health_is_looked_at_anew(
    connected: str, upstream: Upstream
) -> None:
    assert health(connected)["status"] == "ok"
    upstream.behave = lambda: Response(UNDERSTOOD, media_type=SSE)
    assert stream(connected)[-1][1]["code"] == "upstream-broken"
    told = httpx.get(f"{connected}/api/upstream").json()
    assert (told["status"], told["code"]) == ("down", "upstream-broken")
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
        told = health(connected)
        assert told["status"] == "degraded" and told["upstream"]["code"] == "wrong-key"  # type: ignore[index]
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
    told = health(connected)
    assert told["status"] == "degraded" and told["upstream"]["code"] == "upstream-error"  # type: ignore[index]


def test_a_picture_that_breaks_off_is_not_taken_for_whole(
    connected: str, upstream: Upstream
) -> None:
    async def cut() -> AsyncIterator[bytes]:
        yield b"x" * 100
        raise ConnectionResetError

    upstream.behave = lambda: StreamingResponse(cut(), media_type="image/jpeg")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{connected}/api/images/a1")


# --- lines that are none, and APIs that are none


@pytest.mark.parametrize(
    "line",
    [
        "", "hello", "ftp://x", "https://", "http://example.com#key=a", "https://a:b@x.example",
        "https://x.example?key=a", "https://x.example#kay=a", "https://x.example#key=",
        "https://x.example#key=a%0Ab", "https://x.example:port", "http://[::1", "javascript:1",
        "http://8.8.8.8:8001#key=a",
    ],
)  # fmt: skip
def test_what_is_no_connection_is_refused_and_changes_nothing(address: str, line: str) -> None:
    before = httpx.get(f"{address}/api/upstream").json()
    answer = connect(address, line)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-connection")
    assert httpx.get(f"{address}/api/upstream").json() == before


def test_an_api_that_is_away_wrong_or_refuses_the_key_is_not_kept(
    address: str, upstream: Upstream, kept: Path
) -> None:
    away = connect(address, f"http://127.0.0.1:{free_port()}")
    assert (away.status_code, away.json()["code"]) == (503, "upstream-down")
    upstream.behave = lambda: Response('{"hello": 1}', media_type="application/json")
    other = connect(address, upstream.url)
    assert (other.status_code, other.json()["code"]) == (502, "upstream-foreign")
    problem = json.dumps({"code": "wrong-key", "detail": "No."})

    def refuses() -> Response:
        if upstream.paths[-1] == "health":
            return Response('{"model": "m", "images": 1}', media_type="application/json")
        return Response(problem, 401, media_type="application/problem+json")

    upstream.behave = refuses
    refused = connect(address, f"{upstream.url}#key=wrong")
    assert (refused.status_code, refused.json()["code"]) == (401, "wrong-key")
    assert not kept.exists()
    assert httpx.get(f"{address}/api/upstream").json()["source"] == "local"


def test_another_web_page_cannot_connect_it_elsewhere(address: str, upstream: Upstream) -> None:
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ):
        answer = httpx.put(
            f"{address}/api/upstream", json={"connection": upstream.url}, headers=headers
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign-origin")
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert httpx.get(f"{address}/", headers=link).status_code == 200


# --- connected without a restart


def test_a_line_is_checked_kept_and_used_at_once(
    address: str, upstream: Upstream, kept: Path, local_api: str
) -> None:
    line = f"  {upstream.url}#key=se%2Fsame \n"
    checked = httpx.post(f"{address}/api/upstream/check", json={"connection": line}).json()
    assert checked["has_key"] and checked["health"]["model"] == "tiny" and not kept.exists()
    body = connect(address, line).json()
    assert (body["url"], body["source"], body["has_key"]) == (upstream.url, "kept", True)
    assert body["fallback"] == local_api and "se/same" not in json.dumps(body)
    if os.name == "posix":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    found = httpx.post(f"{address}/api/search", data={"query": "a"})
    assert found.status_code == 200 and upstream.headers["authorization"] == "Bearer se/same"
    assert httpx.get(f"{address}/health").json()["upstream"]["status"] == "ok"
    # A backend that is started later goes on with it.
    process, second = start_backend(
        local_api, TIMANH_LOCAL_API_URL=local_api, TIMANH_KEPT_CONNECTION=str(kept)
    )
    assert httpx.get(f"{second}/api/upstream").json()["url"] == upstream.url
    process.terminate()
    process.wait(10)
    back = httpx.delete(f"{address}/api/upstream").json()
    assert (back["url"], back["source"]) == (local_api, "local") and not kept.exists()


def test_health_follows_what_the_searches_met(connected: str, upstream: Upstream) -> None:
    assert httpx.get(f"{connected}/health").json()["status"] == "ok"
    upstream.behave = lambda: Response("", 404, headers={"ngrok-error-code": "ERR_NGROK_727"})
    assert httpx.post(f"{connected}/api/search", data={"query": "a"}).json()["code"] == (
        "ngrok-quota"
    )
    told = httpx.get(f"{connected}/health").json()
    assert (told["status"], told["upstream"]["code"]) == ("degraded", "ngrok-quota")
    since = told["upstream"]["since"]
    assert httpx.get(f"{connected}/health").json()["upstream"]["since"] == since
    upstream.behave = None
    assert httpx.get(f"{connected}/health").json()["status"] == "ok"


def test_health_is_not_asked_for_more_often_than_needed(connected: str, upstream: Upstream) -> None:
    upstream.paths.clear()
    for _ in range(5):
        httpx.get(f"{connected}/health")
    assert upstream.paths.count("health") < 5


def test_an_api_that_moved_says_so(connected: str, upstream: Upstream) -> None:
    upstream.behave = lambda: Response("", 308, headers={"Location": "https://new.example/x"})
    body = httpx.post(f"{connected}/api/search", data={"query": "a"}).json()
    assert (body["status"], body["code"]) == (502, "upstream-moved")
    assert "new.example" in body["detail"]


def test_retry_after_comes_through(connected: str, upstream: Upstream) -> None:
    busy = json.dumps({"code": "busy", "detail": "Later."})
    upstream.behave = lambda: Response(busy, 429, headers={"Retry-After": "3"})
    answer = httpx.post(f"{connected}/api/search", data={"query": "a"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")


def test_a_connection_that_breaks_before_the_answer_is_tried_again_where_that_is_safe(
    address: str,
) -> None:
    """Each path is cut once, then answered; adding a picture must not be sent twice."""
    cut: set[bytes] = set()
    seen: list[bytes] = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(20)
        body = b'{"model": "m", "images": 1, "query": {}, "results": []}'

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    line = client.recv(65536).split(b"\r\n")[0]
                    seen.append(line)
                    if line not in cut and b"health" not in line and b"gallery?" not in line:
                        cut.add(line)
                        continue
                    client.sendall(
                        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close"
                        b"\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
                    )

        threading.Thread(target=serve, daemon=True).start()
        assert connect(address, f"http://127.0.0.1:{server.getsockname()[1]}").status_code == 200
        assert httpx.get(f"{address}/api/examples").status_code == 200
        assert httpx.post(f"{address}/api/search", data={"query": "a"}).status_code == 200
        added = httpx.post(f"{address}/api/images", files={"file": ("x.jpg", b"picture")})
        assert (added.status_code, added.json()["code"]) == (502, "upstream-broken")
        assert sum(b"POST /api/images" in line for line in seen) == 1
        httpx.delete(f"{address}/api/upstream")


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
        told = events("".join(parts))
    assert [name for name, _ in told] == ["hit", "answer", "done"]
    assert told[1][1]["text"] == (
        "Tìm thấy **1 ảnh** cho “a”. Ảnh gần nhất có độ tương đồng **0,41**."
    )


@pytest.mark.parametrize(
    ("pieces", "code"),
    [
        ([UNDERSTOOD, HIT], "upstream-broken"),
        ([UNDERSTOOD, b"event: hit\ndata: {half\n\n"], "upstream-broken"),
        ([UNDERSTOOD, b"event: hit\ndata: [1]\n\n"], "upstream-broken"),
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
    told = stream(connected)
    assert told[0][0] == "understood" and told[-1][0] == "problem"
    assert told[-1][1]["code"] == code and told[-1][1]["request_id"]

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

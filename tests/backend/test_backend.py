"""The backend in front of an upstream that is well, down, slow, or somebody else."""

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator

import httpx
import own_loop
import pytest
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from upstream_standin import BACKEND, FOUND, Upstream, free_port, start_backend


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    stand_in = Upstream()
    yield stand_in
    stand_in.close()


@pytest.fixture(scope="module")
def address(upstream: Upstream) -> Iterator[str]:
    process, address = start_backend(upstream.url, TIMANH_API_KEY="sesame")
    yield address
    process.terminate()
    process.wait(10)


@pytest.fixture(autouse=True)
def well(upstream: Upstream) -> Iterator[None]:
    yield
    upstream.behave = None


def assert_problem(response: httpx.Response, status: int, code: str) -> str:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["code"] == code
    assert body["request_id"] == response.headers["x-request-id"]
    return str(body["detail"])


def ask(address: str, **form: str) -> httpx.Response:
    return httpx.post(f"{address}/api/predict-image", data={"query": "a", **form}, timeout=10)


# --- an upstream that fails


def test_an_upstream_that_is_down_is_503_and_health_still_answers() -> None:
    process, address = start_backend(f"http://127.0.0.1:{free_port()}")
    try:
        assert "cannot be reached" in assert_problem(ask(address), 503, "upstream-down")
        health = httpx.get(f"{address}/health")
        assert health.status_code == 200
        assert health.json()["status"] == "degraded"
        assert health.json()["upstream"]["code"] == "upstream-down"
        assert_problem(httpx.get(f"{address}/api/images/a1"), 503, "upstream-down")
    finally:
        process.terminate()
        process.wait(10)


def test_a_slow_upstream_is_504_and_the_next_search_works(upstream: Upstream, address: str) -> None:
    async def slow() -> Response:
        await asyncio.sleep(1.6)
        return Response("{}")

    upstream.behave = slow  # type: ignore[assignment]
    assert_problem(ask(address), 504, "upstream-slow")
    upstream.behave = None
    assert ask(address).status_code == 200


def test_pages_of_a_tunnel_are_distinguished(upstream: Upstream, address: str) -> None:
    upstream.behave = lambda: HTMLResponse(
        "<html>", 404, headers={"ngrok-error-code": "ERR_NGROK_3200"}
    )
    assert "tunnel is closed" in assert_problem(ask(address), 502, "ngrok-3200")
    upstream.behave = lambda: HTMLResponse("<html>welcome</html>")
    assert "web page" in assert_problem(ask(address), 502, "upstream-html")
    assert_problem(httpx.get(f"{address}/api/images/a1"), 502, "upstream-html")


def test_half_answers_and_foreign_data(upstream: Upstream, address: str) -> None:
    upstream.behave = lambda: Response('{"query": {"te', media_type="application/json")
    assert_problem(ask(address), 502, "upstream-broken")
    upstream.behave = lambda: Response('{"hello": 1}', media_type="application/json")
    assert "not a Tìm Ảnh API" in assert_problem(ask(address), 502, "upstream-foreign")

    async def cut() -> Iterator[bytes]:  # type: ignore[misc]
        yield b'{"quer'
        raise ConnectionResetError

    upstream.behave = lambda: StreamingResponse(cut(), media_type="application/json")  # type: ignore[arg-type]
    assert_problem(ask(address), 502, "upstream-broken")


def test_problems_of_the_api_come_through(upstream: Upstream, address: str) -> None:
    body = {"code": "empty-query", "detail": "The query is empty.", "status": 422}
    upstream.behave = lambda: Response(json.dumps(body), 422, media_type="application/problem+json")
    assert assert_problem(ask(address), 422, "empty-query") == "The query is empty."


# --- a browser that may not


def test_a_sender_that_stops_gets_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BACKEND))
    from utils import guard

    monkeypatch.setattr(guard, "PAUSE_S", 0.05)
    sent: list[dict[str, object]] = []

    async def app(scope: object, receive: Callable[[], Awaitable[object]], send: object) -> None:
        await receive()
        await receive()

    parts = [{"type": "http.request", "body": b"--x", "more_body": True}]

    async def receive() -> dict[str, object]:
        if parts:
            return parts.pop()
        await asyncio.sleep(60)
        raise AssertionError("it should have been given up")

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    headers = [(b"host", b"127.0.0.1")]
    scope = {"type": "http", "method": "POST", "path": "/api/search", "headers": headers}
    own_loop.run(guard.Guard(app, 1000)(scope, receive, send))
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["code"] == "request-too-slow"  # type: ignore[arg-type]


def test_requests_that_never_end_hold_up_nobody_else(address: str) -> None:
    host = address.removeprefix("http://")
    head = (
        f"POST /api/search HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
    )
    name, port = host.split(":")
    held = [socket.create_connection((name, int(port))) for _ in range(200)]
    try:
        for one in held:
            one.sendall(head.encode())
        time.sleep(0.5)
        assert ask(address).status_code == 200
        assert httpx.get(f"{address}/health").status_code == 200
    finally:
        for one in held:
            one.close()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[::1"])
def test_foreign_hosts_are_refused(address: str, host: str) -> None:
    assert_problem(httpx.get(f"{address}/health", headers={"Host": host}), 403, "foreign-host")


def test_other_web_pages_are_refused(address: str) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        answer = httpx.post(
            f"{address}/api/search", data={"query": "a"}, headers={"Origin": origin}
        )
        assert_problem(answer, 403, "foreign-origin")
    own = httpx.post(f"{address}/api/search", data={"query": "a"}, headers={"Origin": address})
    assert own.status_code == 200


def test_too_many_bytes(address: str) -> None:
    def endless() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.jpg"\r\n\r\n'
        for _ in range(300):
            yield b"x" * 100_000

    headers = {"content-type": "multipart/form-data; boundary=b"}
    try:
        answer = httpx.post(f"{address}/api/search", content=endless(), headers=headers)
    except httpx.WriteError:
        return  # refused while we were still sending
    assert_problem(answer, 413, "request-too-large")


@pytest.mark.parametrize(
    "path",
    ["../backend/main.py", "%2e%2e/backend/main.py", "package.json", ".npmrc",
     "node_modules/.package-lock.json", "node_modules/marked/package.json", "js"],
)  # fmt: skip
def test_only_the_pages_own_files_are_served(address: str, path: str) -> None:
    assert httpx.get(f"{address}/{path}").status_code == 404


def test_a_view_is_found_with_a_slash_behind_it_too(address: str) -> None:
    answer = httpx.get(f"{address}/photos/?open=7")
    assert (answer.status_code, answer.headers["location"]) == (308, "/photos?open=7")
    assert httpx.get(f"{address}//photos/").status_code == 404, "no other host is named"


# --- what it answers


def test_the_sentence_names_a_picture_in_the_language_of_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(BACKEND))
    from services.answer import sentence

    def asked(**picture: object) -> dict[str, object]:
        shown = {"path": "a/one.jpg", **picture}
        return {"query": {"images": 1, "pictures": [shown]}, "results": [{}, {}]}

    both = asked(captions=["A red car.", "Một chiếc ô tô đỏ."])
    assert "“A red car”" in sentence(both, "en")
    assert "“Một chiếc ô tô đỏ”" in sentence(both, "vi")
    machine = asked(captions=["A red car."], machine_captions=[{"text": "Chiếc xe"}])
    assert "“Chiếc xe”" in sentence(machine, "vi") and "“A red car”" in sentence(machine, "en")
    assert "“one\\.jpg”" in sentence(asked(captions=[]), "vi")


def test_the_upstream_gets_what_it_needs_and_nothing_of_the_browser(
    upstream: Upstream, address: str
) -> None:
    answer = httpx.post(
        f"{address}/api/predict-image",
        data={"query": "a *red* car", "alpha": "0.3", "k": "7", "language": "vi"},
        files=[("file", ("mine.jpg", b"PICTURE", "image/jpeg"))],
        headers={"Cookie": "a=b", "User-Agent": "Mozilla/5.0", "X-Request-ID": "request-123"},
    )
    assert answer.status_code == 200
    sent = upstream.headers
    assert sent["authorization"] == "Bearer sesame"
    assert sent["x-request-id"] == "request-123"
    assert "cookie" not in sent and "origin" not in sent
    assert "Mozilla" not in sent["user-agent"] and "ngrok-skip-browser-warning" in sent
    assert upstream.form["alpha"] == ["0.3"] and upstream.form["k"] == ["7"]
    assert len(upstream.form["file"]) == 1  # type: ignore[arg-type]


def test_the_sentence_is_markdown_in_the_language_of_the_page(address: str) -> None:
    vi = ask(address, language="vi").json()
    assert vi["text"] == "**1 ảnh gần nhất** với “a \\*red\\* car”."
    en = ask(address, language="en").json()
    assert en["text"] == "The **nearest picture** to “a \\*red\\* car”."
    assert en["images"] == ["/api/images/a1"]
    assert en["results"] == FOUND["results"]


def test_pages_and_filters_go_on_to_the_api(upstream: Upstream, address: str) -> None:
    fields = {"offset": "5", "fold": "0.95", "folder": "biển", "words": "chó",
              "after": "2026-01-31",
              "before": "2026-02-01", "min_side": "200", "min_bytes": "1", "max_bytes": "2",
              "without": "mưa", "like": "a1"}  # fmt: skip
    files = [("file", ("mine.jpg", b"PICTURE", "image/jpeg"))]
    for path in ("predict-image", "search", "search/stream"):
        httpx.post(f"{address}/api/{path}", data={"query": "a", **fields}, files=files)
        sent = {name: values[0] for name, values in upstream.form.items() if name in fields}  # type: ignore[index]
        assert sent == fields


@pytest.mark.parametrize(
    ("considered", "gallery", "vi", "en"),
    [
        (0, 0, "Bộ sưu tập này chưa có ảnh nào.", "This gallery has no pictures yet."),
        (0, 9, "Không có ảnh nào hợp với bộ lọc.", "No picture passes the filter."),
        (9, 9, "Không còn ảnh nào nữa.", "There are no more pictures."),
    ],
)
def test_the_sentence_says_why_nothing_was_found(
    upstream: Upstream, address: str, considered: int, gallery: int, vi: str, en: str
) -> None:
    nothing = {**FOUND, "results": [], "considered": considered, "gallery": gallery}
    upstream.behave = lambda: Response(json.dumps(nothing), media_type="application/json")
    assert ask(address, language="vi").json()["text"] == vi
    assert ask(address, language="en").json()["text"] == en


def test_pictures_stream_through_with_their_etags(address: str) -> None:
    answer = httpx.get(f"{address}/api/images/a1/thumbnail")
    assert (answer.content, answer.headers["etag"]) == (b"JPEG", '"e"')
    headers = {"If-None-Match": '"e"'}
    assert httpx.get(f"{address}/api/images/a1", headers=headers).status_code == 304


def test_a_file_s_name_and_what_was_meant_come_through(upstream: Upstream, address: str) -> None:
    named = {"Content-Disposition": "attachment; filename*=UTF-8''%E1%BA%A3nh.tif"}
    upstream.behave = lambda: Response(b"II*", media_type="image/tiff", headers=named)
    answer = httpx.get(f"{address}/api/images/a1/original")
    assert upstream.paths[-1] == "api/images/a1/original"
    assert answer.headers["content-disposition"] == named["Content-Disposition"]
    unknown = {"status": 422, "code": "unknown-folder", "detail": "none", "near": ["Huế"]}
    upstream.behave = lambda: Response(
        json.dumps(unknown), 422, media_type="application/problem+json"
    )
    for path in ("/api/search", "/api/search/stream"):
        reply = httpx.post(f"{address}{path}", data={"query": "a", "folder": "hue"}).json()
        assert (reply["code"], reply["near"]) == ("unknown-folder", ["Huế"])


def test_every_answer_has_the_strict_headers_and_docs_need_no_script(address: str) -> None:
    docs = httpx.get(f"{address}/docs")
    assert "/api/predict-image" in docs.text and "<script" not in docs.text
    for answer in (docs, httpx.get(f"{address}/health"), httpx.get(f"{address}/nothing")):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_backend_needs_neither_torch_nor_the_library() -> None:
    code = "import sys, main; print([m for m in ('torch', 'timanh', 'numpy') if m in sys.modules])"
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=BACKEND, capture_output=True, text=True,
        env={"PATH": ""},
    )  # fmt: skip
    assert process.stdout.strip() == "[]", process.stderr

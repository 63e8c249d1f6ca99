"""Connecting the backend to an API, and watching it."""

import json
import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.responses import Response
from upstream_standin import Upstream, connect, free_port, start_backend


@pytest.fixture(autouse=True)
def well(upstream: Upstream) -> Iterator[None]:
    yield
    upstream.behave = None
    upstream.paths.clear()


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
    reply = httpx.get(f"{connected}/health").json()
    assert (reply["status"], reply["upstream"]["code"]) == ("degraded", "ngrok-quota")
    since = reply["upstream"]["since"]
    assert httpx.get(f"{connected}/health").json()["upstream"]["since"] == since
    upstream.behave = None
    assert httpx.get(f"{connected}/health").json()["status"] == "ok"


def test_health_is_not_requested_more_often_than_needed(connected: str, upstream: Upstream) -> None:
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

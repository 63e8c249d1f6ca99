"""The HNSW graph of a copy in PostgreSQL; `graph.sql` has its function."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from timanh.vectors.index.coding import Coding
from timanh.vectors.index.graph import graph_coding
from timanh.vectors.servers.postgres.schema import Connection, read_script
from timanh.vectors.store.removed import Rows
from timanh.vectors.store.row_blocks import RowBlocks

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
    def plan(cls, effort: int, parts: RowBlocks, queries: NDArray[np.float32]) -> "PostgresGraph":
        """For the rows of `parts` and queries like the (n, dim) `queries`."""
        return cls(effort, graph_coding(parts, queries, SHARE), queries.mean(axis=0))

    def order(self, parts: RowBlocks) -> NDArray[np.int64]:
        """All rows, those that queries find most often first.

        In this order what searches visit is close together; half of their time is waiting for
        memory.
        """
        found = [block @ self.usual for _, block in parts.blocks(COPIED_ROWS)]
        return np.argsort(-np.concatenate(found), kind="stable")


def make_graph(
    connection: Connection,
    copy: int,
    graph: PostgresGraph,
    parts: RowBlocks,
    numbers: Callable[[Rows], Rows],
) -> None:
    """Fill the tables of the graph from the rows of `parts`, which copy number `copy` holds, and
    build it.

    Args:
        numbers: what the copy calls rows.
    """
    coding = graph.coding
    drop_graph(connection, copy)
    sizes = {"COPY": copy, "DIM": len(coding.mean), "WIDTH": coding.width}
    connection.execute(read_script("graph_tables.sql", **sizes))
    with connection.cursor() as cursor:
        sql = f"INSERT INTO timanh_copy.axes_{copy} VALUES (%s, %s)"
        cursor.executemany(sql, list(enumerate(coding.to_query.T)))
    add_codes(connection, copy, coding, parts, graph.order(parts), numbers)
    connection.execute(f"SET maintenance_work_mem = '{BUILD_MEMORY}'")
    connection.execute(
        f"CREATE INDEX ON timanh_copy.codes_{copy} USING hnsw (code halfvec_l2_ops) "
        f"WITH (m = {NEIGHBOURS}, ef_construction = {EXPANSION_ADD})"
    )
    connection.execute("RESET maintenance_work_mem")
    set_effort(connection, copy, graph)


def add_codes(
    connection: Connection,
    copy: int,
    coding: Coding,
    parts: RowBlocks,
    rows: Rows,
    numbers: Callable[[Rows], Rows],
) -> None:
    """Add the codes of these rows, in their order; arguments as of `make_graph`."""
    sql = f"COPY timanh_copy.codes_{copy} FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(sql) as rows_in:
        rows_in.set_types(("int8", "halfvec"))
        for first in range(0, len(rows), COPIED_ROWS):
            some = rows[first : first + COPIED_ROWS]
            codes = coding.rows(parts.take(some)).astype(np.float16)
            for number, code in zip(numbers(some).tolist(), codes, strict=True):
                rows_in.write_row((number, HalfVector(code)))


def set_effort(connection: Connection, copy: int, graph: PostgresGraph) -> None:
    """Let searches ask the graph, with the effort of `graph`."""
    script = read_script(
        "graph.sql",
        COPY=copy,
        CANDIDATES=min(CANDIDATES, graph.effort),
        EFFORT=graph.effort,
        WIDTH=graph.coding.width,
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
        "UPDATE timanh_copy.copies SET graph = %s, coding = %s WHERE number = %s",
        (json.dumps(kept), coding.getvalue(), copy),
    )


def drop_graph(connection: Connection, copy: int) -> None:
    """Let searches read every vector, again or from the beginning."""
    connection.execute(read_script("exact.sql", COPY=copy))
    connection.execute(f"DROP FUNCTION IF EXISTS timanh_copy.query_code_{copy}")
    connection.execute(f"DROP TABLE IF EXISTS timanh_copy.codes_{copy}, timanh_copy.axes_{copy}")
    connection.execute(
        "UPDATE timanh_copy.copies SET graph = NULL, coding = NULL WHERE number = %s", (copy,)
    )


def read_graph(connection: Connection, copy: int) -> PostgresGraph | None:
    """The graph of a copy, if it has one."""
    found = connection.execute(
        "SELECT graph, coding FROM timanh_copy.copies WHERE coding IS NOT NULL AND number = %s",
        (copy,),
    ).fetchone()
    if found is None:
        return None
    kept, coding = found
    usual = np.array(kept["usual"], np.float32)
    return PostgresGraph(
        int(kept["effort"]), Coding.read(io.BytesIO(coding)), usual, kept["measured"]
    )

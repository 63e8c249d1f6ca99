"""The HNSW graph of a gallery in PostgreSQL; `postgres_graph.sql` has its tables and function."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from timanh.vectors.graph import GraphCoding
from timanh.vectors.postgres_server import as_text

NEIGHBOURS, EXPANSION_ADD = 24, 128
# A graph that fits into it is built in a fraction of the time.
BUILD_MEMORY = "1GB"
# How many vectors are scored again; a graph gives no more than its effort.
CANDIDATES = 100


@dataclass(frozen=True)
class PostgresGraph:
    """What a server keeps about its graph.

    Attributes:
        effort: `hnsw.ef_search`, 1..1000.
        measured: by `timanh index tune`.
    """

    effort: int
    coding: GraphCoding
    measured: dict[str, Any] = field(default_factory=dict)


def read_script(name: str, **numbers: int) -> str:
    """One of our SQL files with its capitals replaced."""
    script = (files("timanh.vectors") / name).read_text(encoding="utf8")
    for word, number in numbers.items():
        script = script.replace(word, str(int(number)))
    return script


def make_graph(
    connection: "psycopg.Connection[Any]",
    graph: PostgresGraph,
    blocks: Iterable[tuple[int, NDArray[np.float32]]],
) -> None:
    """Fill the tables of the graph from (first row, (n, dim) block) and build it."""
    coding = graph.coding
    drop_graph(connection)
    set_effort(connection, graph)
    with connection.cursor() as cursor:
        for number, axis in enumerate(coding.to_query.T):
            cursor.execute(
                "INSERT INTO post_image_axes VALUES (%s, %s::vector)", (number, as_text(axis))
            )
        with cursor.copy("COPY post_image_codes FROM STDIN") as copy:
            for first, block in blocks:
                for row, code in enumerate(coding.rows(block), first):
                    copy.write_row((row, as_text(code)))
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
    kept = {"effort": graph.effort, "measured": graph.measured}
    connection.execute(
        "UPDATE galleries SET graph = %s, coding = %s",
        (json.dumps(kept), graph.coding.to_bytes()),
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
    return PostgresGraph(int(kept["effort"]), GraphCoding.from_bytes(coding), kept["measured"])

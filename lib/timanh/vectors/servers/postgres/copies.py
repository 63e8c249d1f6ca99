"""Copies of dictionaries in PostgreSQL: looked for, made, brought up to date, and dropped once
nobody uses them."""

import json
import warnings
from datetime import UTC, datetime
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.types.json import Jsonb

from timanh.errors import DictionaryError
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.servers.copied_rows import CopiedRows, Difference, find_difference
from timanh.vectors.servers.postgres.graph import (
    COPIED_ROWS,
    PostgresGraph,
    add_codes,
    make_graph,
    read_graph,
)
from timanh.vectors.servers.postgres.schema import (
    LOCK,
    MAKING,
    SCHEMA,
    Connection,
    former_copy,
    read_script,
)
from timanh.vectors.servers.server_copy import machine_captions, state_of
from timanh.vectors.store.items import Item
from timanh.workspace import name_key, readable

COLUMNS = {
    "copy": "int4",
    "row_number": "int8",
    "id": "text",
    "folder": "text",
    "path": "text",
    "captions": "text[]",
    "machine_captions": "jsonb",
    "width": "int4",
    "height": "int4",
    "bytes": "int8",
    "changed_at": "timestamptz",
    "embedding": "vector",
}
# Copies that others use are kept; who waits for a lock on one of them gives up soon.
WAITED_MS = 2000
LONGEST = datetime(9999, 1, 1, tzinfo=UTC)


def find_copy(connection: Connection, dictionary: VectorDictionary) -> int | None:
    """The newest copy of this state, locked so that nobody drops it."""
    sql = f"SELECT number FROM {SCHEMA}.copies WHERE state = %s ORDER BY number DESC"
    state = (state_of(dictionary.manifest),)
    for (number,) in connection.execute(sql, state).fetchall():
        connection.execute("SELECT pg_advisory_lock_shared(%s, %s)", (LOCK, number))
        # Somebody may have dropped it before it was locked.
        still = f"SELECT FROM {SCHEMA}.copies WHERE number = %s"
        if connection.execute(still, (number,)).fetchone() is not None:
            return int(number)
        connection.execute("SELECT pg_advisory_unlock_shared(%s, %s)", (LOCK, number))
    return None


def is_overtaken(connection: Connection, number: int, state: str) -> bool:
    """Whether the copy is there and one of another state now."""
    sql = f"SELECT state <> %s FROM {SCHEMA}.copies WHERE number = %s"
    return connection.execute(sql, (state, number)).fetchone() == (True,)


def read_copied(connection: Connection, number: int, state: str) -> CopiedRows | None:
    """Which rows a copy has; None where a version made it that did not say so, or where it has
    been led on from `state`."""
    sql = f"SELECT copied FROM {SCHEMA}.copies WHERE number = %s AND state = %s"
    found = connection.execute(sql, (number, state)).fetchone()
    return CopiedRows.from_json(found[0]) if found and found[0] else None


def keep_state(connection: Connection, number: int, state: str) -> None:
    """Let no edit lead the copy on until the transaction ends.

    Raises:
        DictionaryError: one has.
    """
    sql = f"SELECT state = %s FROM {SCHEMA}.copies WHERE number = %s FOR UPDATE"
    if connection.execute(sql, (state, number)).fetchone() != (True,):
        raise DictionaryError(
            "The dictionary was edited in the meantime, and its copy with it. Run the command "
            "again."
        )


def make_copy(connection: Connection, dictionary: VectorDictionary, name: str) -> int:
    """Copy a dictionary, or let the copy of its former state follow it, in one transaction; and
    drop what nobody uses of earlier copies."""
    note = None
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK, MAKING))
        made = find_copy(connection, dictionary)  # by another process, in the meantime
        if made is not None:
            return made
        number = _follow(connection, dictionary, name)
        followed = number is not None
        if number is None:
            number = _copy(connection, dictionary, name)
            count = connection.execute(f"SELECT count(*) FROM {SCHEMA}.copies").fetchone()
            note = former_copy(connection, embedded=not name) if count == (1,) else None
    if not followed:
        for table in ("pictures", "scan"):
            connection.execute(f"ANALYZE {SCHEMA}.{table}_{number}")
    _drop_former(connection, name, number)
    if note is not None:
        warnings.warn(note, stacklevel=2)
    return number


def _copy(connection: Connection, dictionary: VectorDictionary, name: str) -> int:
    copied = CopiedRows.begin(dictionary)
    number = _begin(connection, dictionary, name, copied)
    connection.execute("SELECT pg_advisory_lock_shared(%s, %s)", (LOCK, number))
    table = f"{SCHEMA}.pictures_{number}"
    connection.execute(f"CREATE TABLE {table} (LIKE {SCHEMA}.pictures INCLUDING ALL)")
    connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT of_copy CHECK (copy = {number})")
    everything = np.arange(len(dictionary), dtype=np.int64)
    _add_pictures(connection, dictionary, number, copied, everything)
    connection.execute(
        f"ALTER TABLE {SCHEMA}.pictures ATTACH PARTITION {table} FOR VALUES IN ({number})"
    )
    numbers = {"COPY": number, "DIM": dictionary.dim}
    connection.execute(read_script("copy.sql", **numbers))
    connection.execute(read_script("exact.sql", **numbers))
    graph = _former_graph(connection, dictionary, name)
    if graph is not None and len(dictionary):
        make_graph(connection, number, graph, dictionary.parts, copied.numbers)
    return number


def _begin(
    connection: Connection, dictionary: VectorDictionary, name: str, copied: CopiedRows
) -> int:
    sql = (
        f"INSERT INTO {SCHEMA}.copies (folder, state, encoder, fingerprint, dim, count, copied) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING number"
    )
    values = (
        name,
        state_of(dictionary.manifest),
        readable(dictionary.encoder_name),
        dictionary.fingerprint,
        dictionary.dim,
        len(dictionary),
        json.dumps(copied.to_json()),
    )
    found = connection.execute(sql, values).fetchone()
    return int(found[0]) if found else 0


def _follow(connection: Connection, dictionary: VectorDictionary, name: str) -> int | None:
    """Bring the newest copy of an earlier state up to date and lock it; None where there is none
    that an edit leads on from, a user's table refers to what was removed, or an index is being
    built for it."""
    sql = (
        f"SELECT number, copied FROM {SCHEMA}.copies WHERE folder = %s AND fingerprint = %s "
        "AND dim = %s ORDER BY number DESC LIMIT 1 FOR UPDATE SKIP LOCKED"
    )
    wanted = (name, dictionary.fingerprint, dictionary.dim)
    former = connection.execute(sql, wanted).fetchone()
    if former is None or former[1] is None:
        return None
    number = int(former[0])
    difference = find_difference(CopiedRows.from_json(former[1]), dictionary)
    if difference is None:
        return None
    try:
        with connection.transaction():
            _apply(connection, dictionary, number, difference)
    except psycopg.IntegrityError:
        return None
    connection.execute("SELECT pg_advisory_lock_shared(%s, %s)", (LOCK, number))
    return number


def _apply(
    connection: Connection, dictionary: VectorDictionary, number: int, difference: Difference
) -> None:
    graph = read_graph(connection, number)
    tables = ["pictures", "scan"] if graph is None else ["pictures", "scan", "codes"]
    for table in tables:
        sql = f"DELETE FROM {SCHEMA}.{table}_{number} WHERE row_number = ANY(%s)"
        connection.execute(sql, (difference.removed.tolist(),))
    copied, rows = difference.copied, difference.added
    _add_pictures(connection, dictionary, number, copied, rows)
    connection.execute(
        f"INSERT INTO {SCHEMA}.scan_{number} SELECT row_number, "
        f"embedding::halfvec({dictionary.dim}) FROM {SCHEMA}.pictures_{number} "
        "WHERE row_number = ANY(%s)",
        (copied.numbers(rows).tolist(),),
    )
    if graph is not None:
        add_codes(connection, number, graph.coding, dictionary.parts, rows, copied.numbers)
    sql = f"UPDATE {SCHEMA}.copies SET state = %s, count = %s, copied = %s WHERE number = %s"
    state = state_of(dictionary.manifest)
    connection.execute(sql, (state, len(dictionary), json.dumps(copied.to_json()), number))


def _add_pictures(
    connection: Connection,
    dictionary: VectorDictionary,
    number: int,
    copied: CopiedRows,
    rows: NDArray[np.int64],
) -> None:
    sql = f"COPY {SCHEMA}.pictures_{number} ({', '.join(COLUMNS)}) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(sql) as copy:
        copy.set_types(list(COLUMNS.values()))
        for first in range(0, len(rows), COPIED_ROWS):
            some = rows[first : first + COPIED_ROWS]
            vectors = dictionary.vectors_of(some)
            for row, key, vector in zip(some, copied.numbers(some), vectors, strict=True):
                copy.write_row((number, int(key), *_known(dictionary.item(row)), vector))


def _known(item: Item) -> tuple[Any, ...]:
    """What is known about a picture, fit for any database."""
    return (
        item.id,
        name_key(item.path.rpartition("/")[0]),
        readable(item.path),
        [readable(caption) for caption in item.captions],
        Jsonb(machine_captions(item)),
        item.width,
        item.height,
        item.size,
        _moment(item.mtime),
    )


def _moment(mtime: float) -> datetime:
    try:
        return datetime.fromtimestamp(mtime, UTC)
    except (OverflowError, ValueError, OSError):  # a broken clock
        return LONGEST if mtime > 0 else datetime.fromtimestamp(0, UTC)


def _former_graph(
    connection: Connection, dictionary: VectorDictionary, name: str
) -> PostgresGraph | None:
    """That of the copy before, if it is one for vectors of the same encoder."""
    sql = (
        f"SELECT number FROM {SCHEMA}.copies WHERE folder = %s AND fingerprint = %s AND "
        "number < (SELECT max(number) FROM timanh_copy.copies) ORDER BY number DESC LIMIT 1"
    )
    found = connection.execute(sql, (name, dictionary.fingerprint)).fetchone()
    return read_graph(connection, int(found[0])) if found else None


def _drop_former(connection: Connection, name: str, number: int) -> None:
    """Drop copies of earlier states; one that is in use goes with a later copy.

    The new copy is there whatever happens here. So where the database refuses, as for a copy that
    a foreign key or a view of the user's hangs on, the former one stays, with a warning.
    """
    sql = f"SELECT number FROM {SCHEMA}.copies WHERE folder = %s AND number < %s"
    for (former,) in connection.execute(sql, (name, number)).fetchall():
        try:
            with connection.transaction():
                connection.execute(f"SET LOCAL lock_timeout = {WAITED_MS}")
                free = connection.execute(
                    "SELECT pg_try_advisory_xact_lock(%s, %s)", (LOCK, former)
                ).fetchone()
                if free and free[0]:
                    connection.execute(f"SELECT {SCHEMA}.drop_copy(%s)", (former,))
        except psycopg.errors.LockNotAvailable:
            continue
        except psycopg.OperationalError:  # the server is gone
            raise
        except psycopg.Error as error:
            reason = " ".join(str(error).split())
            warnings.warn(
                f"The copy {former} of an earlier state of the dictionary stays in the schema "
                f"{SCHEMA}, since the database refused to drop it ({reason}). The new copy, "
                f"{number}, is used. To free the space, take away what depends on the former "
                f"one, then run: SELECT {SCHEMA}.drop_copy({former});",
                stacklevel=2,
            )

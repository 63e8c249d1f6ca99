"""The schema `timanh_posts`: made and kept up to date by numbered SQL files, each applied once.

The queue's tables lie in the same schema; `procrastinate` numbers its changes itself.
"""

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

SCHEMA = "timanh_posts"
SCRIPTS = Path(__file__).parent / "schema"
LOCK = 0x74696D70  # "timp", of the advisory lock under which the schema changes

Connection = psycopg.AsyncConnection[Any]


class RefusedError(Exception):
    """The database is not one that this program can use; says why."""


def migrations() -> dict[int, tuple[str, str]]:
    """Number → name and SQL, of all that this version has."""
    found = {}
    for file in SCRIPTS.iterdir():
        match = re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name)
        if match:
            found[int(match[1])] = (match[2], file.read_text(encoding="utf8"))
    return found


async def migrate(url: str, upto: int | None = None) -> None:
    """Apply what is not applied yet; many programs may do so at the same time.

    Args:
        upto: the last one to apply; None for all.

    Raises:
        RefusedError: no pgvector, another encoding than UTF-8, a schema that is not ours, or one
            of a later version.
        psycopg.OperationalError: no answer.
    """
    async with (
        await psycopg.AsyncConnection.connect(
            url, autocommit=True, connect_timeout=10
        ) as connection,
        connection.transaction(),
    ):
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        try:
            await _migrate(connection, upto)
            await _prepare_queue(connection)
        except psycopg.errors.InsufficientPrivilege as error:
            raise RefusedError(
                f"This user of the database may not make the schema {SCHEMA} ({one_line(error)}). "
                "Name another user in TIMANH_DATABASE_URL, or let its owner make the schema."
            ) from error


async def is_current(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Whether the schema is there, as this version of the program makes it."""
    cursor = connection.cursor(row_factory=tuple_row)
    try:
        await cursor.execute(f"SELECT max(number) FROM {SCHEMA}.timanh_migrations".encode())
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return False
    return await cursor.fetchone() == (max(migrations()),)


async def _migrate(connection: Connection, upto: int | None) -> None:
    scripts = migrations()
    encoding = await _value(connection, "SHOW server_encoding")
    if encoding != "UTF8":
        raise RefusedError(f"The database is in {encoding}. Make one with ENCODING 'UTF8'.")
    applied = await _applied(connection)
    if applied is None:
        await connection.execute(
            f"CREATE SCHEMA IF NOT EXISTS {SCHEMA};"
            f"CREATE TABLE {SCHEMA}.timanh_migrations (number integer PRIMARY KEY, "
            "name text NOT NULL, applied timestamptz NOT NULL DEFAULT now())"
        )
        applied = 0
    if applied > max(scripts):
        raise RefusedError(
            f"The schema {SCHEMA} was made by a later version of this program (migration "
            f"{applied}; this one knows {max(scripts)}). Update the program."
        )
    await _use_vectors(connection)
    for number, (name, script) in sorted(scripts.items()):
        if applied < number <= (upto or number):
            await connection.execute(script.encode())
            await connection.execute(
                f"INSERT INTO {SCHEMA}.timanh_migrations (number, name) VALUES (%s, %s)",
                (number, name),
            )


async def _applied(connection: Connection) -> int | None:
    """The number of the last migration; None where there is no schema, or an empty one."""
    if await _value(connection, "SELECT to_regclass(%s)", f"{SCHEMA}.timanh_migrations"):
        number = await _value(
            connection, f"SELECT coalesce(max(number), 0) FROM {SCHEMA}.timanh_migrations"
        )
        return int(number)
    foreign = await _value(
        connection,
        "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
        "WHERE nspname = %s LIMIT 1",
        SCHEMA,
    )
    if foreign:
        raise RefusedError(
            f"The database has a schema {SCHEMA} that is not this program's (it has {foreign!r}). "
            "Name another database in TIMANH_DATABASE_URL, or rename that schema."
        )
    return None


async def _use_vectors(connection: Connection) -> None:
    """Install pgvector where the database has none, and find its types and ours from now on."""
    where = "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace " \
        "WHERE extname = 'vector'"  # fmt: skip
    found = await _value(connection, where)
    if not found:
        try:
            await connection.execute("CREATE EXTENSION vector")
        except (psycopg.errors.UndefinedFile, psycopg.errors.FeatureNotSupported) as error:
            raise RefusedError(
                "This PostgreSQL has no pgvector. Install it there "
                "(https://github.com/pgvector/pgvector), 0.8 or later."
            ) from error
        found = await _value(connection, where)
    version = str(
        await _value(connection, "SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    )
    if tuple(int(part) for part in version.split(".")[:2]) < (0, 8):
        raise RefusedError(f"This PostgreSQL has pgvector {version}; 0.8 or later is needed.")
    path = sql.SQL("SET LOCAL search_path = {}, {}")
    await connection.execute(path.format(sql.Identifier(SCHEMA), sql.Identifier(found)))


async def _prepare_queue(connection: Connection) -> None:
    """The tables of `procrastinate`, and those of its own migrations that are new."""
    from procrastinate.schema import SchemaManager

    scripts = {
        file.name: file.read_text(encoding="utf8")
        for file in (files("procrastinate.sql") / "migrations").iterdir()
        if file.name.endswith(".sql")
    }
    # A database that takes no changes, but needs none, can be read.
    if not await _value(connection, "SELECT to_regclass(%s)", f"{SCHEMA}.queue_migrations"):
        await connection.execute("CREATE TABLE queue_migrations (name text PRIMARY KEY)")
    there = await _value(connection, "SELECT to_regclass(%s)", f"{SCHEMA}.procrastinate_jobs")
    if not there:
        await connection.execute(SchemaManager.get_schema().encode())
    cursor = await connection.execute("SELECT name FROM queue_migrations")
    known = {row[0] for row in await cursor.fetchall()}
    for name in sorted(scripts.keys() - known):
        if there:
            await connection.execute(scripts[name].encode())
        await connection.execute("INSERT INTO queue_migrations (name) VALUES (%s)", (name,))


async def _value(connection: Connection, query: str, *values: object) -> Any:
    cursor = await connection.execute(query.encode(), values or None)
    row = await cursor.fetchone()
    return None if row is None else row[0]


def one_line(error: Exception) -> str:
    """What it says, without parts of the database's address.

    An address that cannot be read is repeated by libpq in pieces, its password among them.
    """
    if type(error) is psycopg.ProgrammingError and error.sqlstate is None:
        return "The address in TIMANH_DATABASE_URL cannot be read."
    return " ".join(str(error).split()) or type(error).__name__

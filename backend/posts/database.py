"""PostgreSQL: which server, its connections, and how it is doing."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import psycopg
import psycopg_pool
from procrastinate.exceptions import ConnectorException
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from posts import embedded
from posts.migrations import SCHEMA, RefusedError, is_current, migrate, one_line
from utils.problems import BackendError

log = logging.getLogger("timanh.backend")

Connection = psycopg.AsyncConnection[DictRow]
Pool = psycopg_pool.AsyncConnectionPool[Connection]

# The queue has its own: it takes one job after the other, and would wait for each behind every
# search of a busy hour.
MOST_CONNECTIONS, QUEUE_CONNECTIONS = 16, 4
CONNECT_S, CHECK_S = 5.0, 2.0
# The state says what these would repeat for each connection.
logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
GONE = (psycopg.OperationalError, psycopg.InterfaceError, psycopg_pool.PoolTimeout)


class Database:
    """Connections to the schema `timanh_posts`, once the server is there.

    Attributes:
        state: "starting"; "ready"; "failed", with a `reason`, and tried again.
    """

    def __init__(self, url: str | None, folder: Path) -> None:
        """
        Args:
            url: of a server; None for the embedded one.
            folder: of the embedded server's data.
        """
        self.url = url
        self.folder = folder
        self.state: Literal["starting", "ready", "failed"] = "starting"
        self.reason: str | None = None
        self._pool: Pool | None = None
        self._queue_pool: Pool | None = None
        self._found = ""  # the server's URL
        self._refused = False
        self._task: asyncio.Task[None] | None = None
        self._opened: list[Callable[[Pool], Awaitable[None]]] = []

    def on_open(self, call: Callable[[Pool], Awaitable[None]]) -> None:
        """Call it once the schema is there, with the queue's connections."""
        self._opened.append(call)

    def start(self) -> None:
        """Begin in the background; the page does not wait for it."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for pool in (self._queue_pool, self._pool):
            if pool is not None:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(pool.close(), 3)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """All or nothing.

        Raises:
            BackendError: 503 while the server is away or takes no changes, 507 when its disk is
                full.
        """
        if self._pool is None or self._refused:
            code = "posts-starting" if self.state == "starting" else "database-gone"
            raise BackendError(
                503,
                "database-unfit" if self._refused else code,
                self.reason or "The database of posts is starting. Try again in a moment.",
                2,
            )
        with translate_errors():
            async with (
                self._pool.connection(timeout=CONNECT_S) as connection,
                connection.transaction(),
            ):
                yield connection

    async def _run(self) -> None:
        while True:
            try:
                if self._pool is None:
                    await self._open()
                await self._check()
                if self.state != "ready":
                    log.warning("The database of posts is ready.")
                self.state, self.reason, self._refused = "ready", None, False
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it may pass
                reason = one_line(error)
                if reason != self.reason:
                    log.warning("The database of posts cannot be used: %s", reason)
                self.state, self.reason = "failed", reason
                self._refused = isinstance(error, RefusedError)
                if self.url is None and self._pool is not None:
                    await asyncio.to_thread(embedded.revive, self.folder)
            await asyncio.sleep(CHECK_S)

    async def _open(self) -> None:
        url = self.url
        if url is None:
            url = await asyncio.to_thread(embedded.start, self.folder)
        await migrate(url)
        self._found = url
        pool, queue_pool = (_pool(url, most) for most in (MOST_CONNECTIONS, QUEUE_CONNECTIONS))
        for each in (pool, queue_pool):
            await each.open(wait=True, timeout=2 * CONNECT_S)
        for call in self._opened:
            await call(queue_pool)
        self._pool, self._queue_pool = pool, queue_pool

    async def _check(self) -> None:
        """Whether it answers, and still has our schema: it may have been emptied, or a later
        version of the program may use it now.

        Raises:
            RefusedError: as `migrate`.
        """
        if self._queue_pool is None:
            return
        async with self._queue_pool.connection(timeout=CONNECT_S) as connection:
            current = await is_current(connection)
        if not current:
            await migrate(self._found)


def _pool(url: str, most: int) -> Pool:
    return psycopg_pool.AsyncConnectionPool(
        url,
        min_size=2,
        max_size=most,
        kwargs={"row_factory": dict_row, "connect_timeout": int(CONNECT_S)},
        configure=_configure,
        check=psycopg_pool.AsyncConnectionPool.check_connection,
        open=False,
        reconnect_timeout=30,
    )


async def _configure(connection: Connection) -> None:
    """Names without a schema are ours, and pgvector's types are found wherever it lies."""
    # Not an argument of the pool: the queue makes connections with those, and its own value.
    await connection.set_autocommit(True)
    cursor = await connection.execute(
        "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace "
        "WHERE extname = 'vector'"
    )
    row = await cursor.fetchone()
    where = str(row["nspname"]) if row else "public"
    path = sql.SQL("SET search_path = {}, {}")
    await connection.execute(path.format(sql.Identifier(SCHEMA), sql.Identifier(where)))


@contextlib.contextmanager
def translate_errors() -> Any:
    """Turn what psycopg raises, also within the queue, into problems for a person."""
    try:
        try:
            yield
        except ConnectorException as error:
            raise error.__cause__ or error from None
    except psycopg.errors.DiskFull as error:
        raise BackendError(
            507, "disk-full", "The disk of the database is full. Free some space, then try again."
        ) from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise BackendError(
            503, "database-read-only", "The database takes no changes at the moment.", 10
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise BackendError(
            503, "database-refused", f"The database refuses this user ({one_line(error)})."
        ) from error
    except GONE as error:
        raise BackendError(
            503,
            "database-gone",
            "The database of posts does not answer. If you were saving, look first whether it was "
            "saved, then try again.",
            2,
        ) from error
    except psycopg.errors.InvalidParameterValue as error:
        raise BackendError(422, "invalid-request", one_line(error)) from error


__all__ = ["Connection", "Database", "Pool", "RefusedError"]

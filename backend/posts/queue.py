"""The queue of what the AI service is to do, by `procrastinate` in the same database.

A job is a hint that a picture may lack something. Whoever takes it looks at the rows, so that one
job too many does nothing, and one that is lost is made again from what is missing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any
from uuid import UUID

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException

from posts.database import Connection, Database, Pool

QUEUE = "posts"
TASKS = ("embedding", "captions")
PRIORITIES = {"embedding": 10, "captions": 0}
MOST_WAITING = 5000  # jobs that are made ahead
# What goes wrong with a job is in the rows; its log repeats it with a trace for each connection.
logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
HEARTBEAT_S, DEAD_S = 2.0, 10.0


class Queue:
    """Jobs for tasks on pictures.

    Attributes:
        running: (task, picture) that this process works on now.
    """

    def __init__(self, database: Database, work: Callable[[str, UUID], Awaitable[None]]) -> None:
        """`work` does a task on a picture, or raises what kept it from that."""
        self.database = database
        self.running: set[tuple[str, UUID]] = set()
        self._app = procrastinate.App(connector=procrastinate.PsycopgConnector())
        self._tasks = {name: self._make_task(name, work) for name in TASKS}
        database.on_open(self._open)

    async def defer(self, connection: Connection, images: Sequence[UUID]) -> None:
        """All tasks for new pictures, in the transaction that makes their rows."""
        for task in self._tasks.values():
            deferrer = task.configure(connection=connection)
            await deferrer.batch_defer_async(*({"image": str(id)} for id in images))

    async def defer_missing(self, fingerprint: str, languages: Collection[str]) -> int:
        """Jobs for what the rows lack and no job is waiting for; how many."""
        made = 0
        missing = {
            "embedding": ("SELECT missing_embeddings(%s) AS id", fingerprint),
            "captions": ("SELECT missing_captions(%s) AS id", sorted(languages)),
        }
        async with self.database.transaction() as connection:
            await connection.execute(
                "SELECT pg_advisory_xact_lock(hashtext('timanh_posts.missing'))"
            )
            for name, (query, value) in missing.items():
                cursor = await connection.execute(
                    f"WITH missing AS ({query} LIMIT {MOST_WAITING}) SELECT m.id "
                    "FROM missing AS m WHERE NOT EXISTS (SELECT FROM procrastinate_jobs AS j "
                    "WHERE j.task_name = %s AND j.status IN ('todo', 'doing') "
                    "AND j.args ->> 'image' = m.id::text)".encode(),
                    (value, name),
                )  # fmt: skip
                ids = [row["id"] for row in await cursor.fetchall()]
                if ids:
                    deferrer = self._tasks[name].configure(connection=connection)
                    await deferrer.batch_defer_async(*({"image": str(id)} for id in ids))
                made += len(ids)
        return made

    async def run(self, concurrency: int) -> None:
        """Work until cancelled."""
        asyncio.get_running_loop().set_exception_handler(_without_lost_jobs)
        await self._app.run_worker_async(
            queues=[QUEUE],
            concurrency=concurrency,
            install_signal_handlers=False,
            delete_jobs="always",
            shutdown_graceful_timeout=1.0,
            fetch_job_polling_interval=2.0,
            update_heartbeat_interval=HEARTBEAT_S,
            stalled_worker_timeout=DEAD_S,
        )

    async def drop_stalled(self) -> None:
        """Jobs of workers that were killed: what they were for is missing still, and found."""
        async with self.database.transaction() as connection:
            await connection.execute(
                "DELETE FROM procrastinate_jobs AS j WHERE status NOT IN ('todo', 'doing') OR ("
                "status = 'doing' AND NOT EXISTS (SELECT FROM procrastinate_workers AS w WHERE "
                "w.id = j.worker_id AND w.last_heartbeat > now() - make_interval(secs => %s)))",
                (2 * DEAD_S,),
            )

    async def _open(self, pool: Pool) -> None:
        await self._app.open_async(pool)

    def _make_task(self, name: str, work: Callable[[str, UUID], Awaitable[None]]) -> Any:
        async def run(image: str) -> None:
            key = (name, UUID(image))
            self.running.add(key)
            try:
                await work(*key)
            except psycopg.Error:
                return  # what is missing is found again
            finally:
                self.running.discard(key)

        return self._app.task(queue=QUEUE, name=name, priority=PRIORITIES[name])(run)


def _without_lost_jobs(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A job that ends while the database is gone cannot say so; the state of the database does."""
    if not isinstance(context.get("exception"), ConnectorException):
        loop.default_exception_handler(context)

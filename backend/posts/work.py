"""What the AI service is asked for each picture, and how its answers become rows."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from posts.ai import Ai, AwayError, PictureFailedError, PictureRefusedError
from posts.database import Connection, Database
from posts.files import PictureFiles
from posts.pace import Pace
from posts.pictures import MOST_SENT
from utils.problems import BackendError

log = logging.getLogger("timanh.backend")

# A picture over which the service fails is tried so often, after longer and longer pauses.
ATTEMPTS, PAUSE_S = 4, 20
# A file that cannot be read for a reason of the machine's is tried again after so long.
AWAY_S = 60

FAIL = """
INSERT INTO image_failures (image_id, task, code, reason, attempts, final, next_try)
SELECT id, %(task)s, %(code)s, %(reason)s, %(counts)s, %(final)s,
    clock_timestamp() + make_interval(secs => %(pause)s)
FROM post_images WHERE id = %(image)s
ON CONFLICT (image_id, task) DO UPDATE SET code = excluded.code, reason = excluded.reason,
    attempts = image_failures.attempts + %(counts)s,
    final = excluded.final OR image_failures.attempts + %(counts)s >= %(most)s,
    next_try = clock_timestamp()
        + make_interval(secs => %(pause)s * 2 ^ (image_failures.attempts * %(counts)s))
"""
SAME_EMBEDDING = """
INSERT INTO image_embeddings (image_id, fingerprint, embedding)
SELECT %(image)s, e.fingerprint, e.embedding FROM image_embeddings AS e
JOIN post_images AS i ON i.id = e.image_id
WHERE i.sha256 = %(sha256)s AND e.fingerprint = %(fingerprint)s LIMIT 1
ON CONFLICT DO NOTHING
"""
SAME_CAPTIONS = """
INSERT INTO image_captions (image_id, language, source, text, model, fingerprint)
SELECT DISTINCT ON (c.language) %(image)s::uuid, c.language, 'machine', c.text, c.model,
    c.fingerprint
FROM image_captions AS c JOIN post_images AS i ON i.id = c.image_id
WHERE i.sha256 = %(sha256)s AND c.source = 'machine' AND c.fingerprint = %(fingerprint)s
    AND c.image_id <> %(image)s AND NOT EXISTS (
        SELECT FROM image_captions AS own
        WHERE own.image_id = %(image)s AND own.language = c.language
    )
ORDER BY c.language, c.created
ON CONFLICT DO NOTHING
"""


class PictureAwayError(Exception):
    """A picture's file cannot be read at the moment, which says nothing about the picture: its
    disk is not there, or the machine has too many files open."""

    code = "picture-away"


class Work:
    """Tasks on pictures. Each looks at the rows first: it may be done, or the picture gone."""

    def __init__(self, database: Database, files: PictureFiles, ai: Ai) -> None:
        self.database = database
        self.files = files
        self.ai = ai
        self.changed: Callable[[UUID, UUID], None] = lambda post, image: None
        self._said = ""
        # A caption may take a hundred times as long as an embedding.
        self._embeddings = Pace(ai.timeout_s, AwayError)
        self._captions = Pace(ai.timeout_s, AwayError)

    async def do(self, task: str, image: UUID) -> None:
        """Do it, or write down why it cannot be done; while the service is away, neither."""
        row = await self._row(image)
        if row is None or self.ai.state.state != "on":
            return
        try:
            if task == "embedding":
                await self._embed(row)
            else:
                await self._caption(row)
        except AwayError as error:
            await asyncio.sleep(min(error.wait_s, 5.0))
            return
        except PictureAwayError as error:
            self._warn(str(error))
            await self._fail(task, image, error, counts=0, pause_s=AWAY_S)
            return
        except PictureFailedError as error:
            await self._fail(task, image, error)
        except PictureRefusedError as error:
            await self._fail(task, image, error, final=True)
        self.changed(row["post_id"], image)

    async def _embed(self, row: dict[str, Any]) -> None:
        state = self.ai.state
        values = {**row, "image": row["id"], "fingerprint": state.fingerprint}
        async with self.database.transaction() as connection:
            known = await _one(
                connection,
                "SELECT 1 AS x FROM image_embeddings WHERE image_id = %(image)s "
                "AND fingerprint = %(fingerprint)s",
                values,
            )
            if known or await _count(connection, SAME_EMBEDDING, values):
                return
        async with self._embeddings.turn():
            answer = await self.ai.embedding(await self._content(row))
        if answer["fingerprint"] != state.fingerprint:
            self.ai.ask_again()  # another model meanwhile: what it made is dropped
            return
        vector = "[" + ",".join(map(repr, answer["embedding"])) + "]"
        async with self.database.transaction() as connection:
            await connection.execute(
                "INSERT INTO image_embeddings (image_id, fingerprint, embedding) "
                "SELECT i.id, m.fingerprint, %(vector)s::vector FROM post_images AS i, models AS m "
                "WHERE i.id = %(image)s AND m.fingerprint = %(fingerprint)s ON CONFLICT DO NOTHING",
                {**values, "vector": vector},
            )
            await self._forget_failure(connection, "embedding", row["id"])

    async def _caption(self, row: dict[str, Any]) -> None:
        state = self.ai.state
        values = {
            **row, "image": row["id"], "fingerprint": state.captioner_fingerprint,
            "languages": list(state.languages),
        }  # fmt: skip
        missing = (
            "SELECT array_agg(l) AS wanted FROM unnest(%(languages)s::text[]) AS l WHERE NOT "
            "EXISTS (SELECT FROM image_captions WHERE image_id = %(image)s AND language = l)"
        )
        async with self.database.transaction() as connection:
            found = await _one(connection, missing, values)
            if not found or not found["wanted"]:
                return
            await connection.execute(SAME_CAPTIONS.encode(), values)
            found = await _one(connection, missing, values)
            if not found or not found["wanted"]:
                return
        wanted = set(found["wanted"])
        async with self._captions.turn():
            answer = await self.ai.captions(await self._content(row))
        if answer.get("captioner_fingerprint") != state.captioner_fingerprint:
            self.ai.ask_again()
            return
        if lacking := wanted - answer["captions"].keys():  # else it would be requested for ever
            raise self.ai.bad(f"no caption in {' and '.join(sorted(lacking))}")
        rows = [
            (row["id"], language, text.strip(), state.captioner, state.captioner_fingerprint)
            for language, text in answer["captions"].items()
            if language in wanted
        ]
        async with self.database.transaction() as connection:
            for new in rows:
                await connection.execute(
                    "INSERT INTO image_captions (image_id, language, source, text, model, "
                    "fingerprint) SELECT id, %s, 'machine', %s, %s, %s FROM post_images "
                    "WHERE id = %s ON CONFLICT DO NOTHING",
                    (*new[1:], new[0]),
                )
            await self._forget_failure(connection, "captions", row["id"])

    async def _content(self, row: dict[str, Any]) -> bytes:
        """What the service gets of a picture, as `pictures.for_ai`; drawn once, then kept."""
        path = row["image_path"]
        try:
            content = await asyncio.to_thread(self.files.published, path)
            if len(content) > MOST_SENT:
                content = await asyncio.to_thread(self.files.thumbnail, path)
        except BackendError as error:
            if error.status == 503:
                raise PictureAwayError(str(error)) from error
            raise PictureRefusedError(error.code, str(error)) from error
        return content

    async def _row(self, image: UUID) -> dict[str, Any] | None:
        async with self.database.transaction() as connection:
            return await _one(connection, "SELECT * FROM images WHERE id = %(image)s",
                              {"image": image})  # fmt: skip

    def _warn(self, reason: str) -> None:
        """Once, and not for each of thousands of pictures."""
        if reason != self._said:
            log.warning("Posts: %s", reason)
        self._said = reason

    async def _fail(
        self,
        task: str,
        image: UUID,
        error: PictureRefusedError | PictureAwayError,
        *,
        final: bool = False,
        counts: int = 1,
        pause_s: float = PAUSE_S,
    ) -> None:
        """Write down why; `counts` 0: it is no attempt, and tried again for ever."""
        log.info("%s of %s: %s", task, image, error)
        async with self.database.transaction() as connection:
            await connection.execute(
                FAIL.encode(),
                {
                    "task": task, "image": image, "code": error.code, "reason": str(error)[:1000],
                    "final": final, "counts": counts, "pause": pause_s, "most": ATTEMPTS,
                },
            )  # fmt: skip

    @staticmethod
    async def _forget_failure(connection: Connection, task: str, image: UUID) -> None:
        await connection.execute(
            "DELETE FROM image_failures WHERE image_id = %s AND task = %s", (image, task)
        )


async def _one(connection: Connection, query: str, values: dict[str, Any]) -> dict[str, Any] | None:
    cursor = await connection.execute(query.encode(), values)
    return await cursor.fetchone()


async def _count(connection: Connection, query: str, values: dict[str, Any]) -> int:
    cursor = await connection.execute(query.encode(), values)
    return cursor.rowcount

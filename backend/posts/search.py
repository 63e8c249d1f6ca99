"""Posts found by words, by a picture, or by likeness to one of theirs; the work is done in SQL."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from posts import pictures
from posts.ai import Ai, AwayError, PictureRefusedError
from posts.database import Database
from posts.store import PostStore
from utils.problems import BackendError

WORDS_S = 5.0  # so long a search by words waits for the AI service; its texts are there at once


class PostSearch:
    """Searches over all posts."""

    def __init__(self, database: Database, store: PostStore, ai: Ai) -> None:
        self.database = database
        self.store = store
        self.ai = ai

    async def by_words(self, words: str, k: int) -> dict[str, Any]:
        """By titles, descriptions and captions, and by what is on the pictures where the AI
        service is there and answers in time; `notice` says where it is not. `posts` has those
        without pictures."""
        began = time.perf_counter()
        answer, notice, translated = None, None, None
        if self.ai.state.state == "off":
            notice = "ai-off"
        elif self.ai.state.state == "away":
            notice = self.ai.state.code
        else:
            try:
                async with asyncio.timeout(WORDS_S):
                    answer = await self.ai.text(words)
                translated = answer.get("translated")
            except (AwayError, PictureRefusedError) as error:
                notice = error.code
            except TimeoutError:  # it may be busy with others' pictures: not away for that
                notice = "ai-slow"
        found, changing = await self._found(words, answer, k)
        notice = "model-changing" if changing else notice
        return {
            "query": {"text": words, "translated": translated, "notice": notice},
            "results": await self._results(found),
            "posts": await self._posts(found),
            "took_ms": round(1000 * (time.perf_counter() - began), 1),
        }

    async def by_picture(self, content: bytes, k: int) -> dict[str, Any]:
        """Pictures like one that is sent.

        Raises:
            BackendError: 503 without the AI service, or while another model's vectors are searched
                than it makes; 415 an unreadable picture, 413 an absurdly large one.
        """
        began = time.perf_counter()
        await asyncio.to_thread(pictures.inspect, content, "This picture")
        sent = await asyncio.to_thread(pictures.for_ai, content)
        try:
            answer = await self.ai.embedding(sent)
        except AwayError as error:
            raise BackendError(
                503, error.code,
                f"Searching by a picture needs the AI service. {error}", 5,
            ) from error  # fmt: skip
        except PictureRefusedError as error:
            raise BackendError(415, error.code, str(error)) from error
        found, changing = await self._found(None, answer, k)
        if changing:
            raise BackendError(
                503,
                "model-changing",
                "The AI service has another model now, and the pictures of posts are being taken "
                "over to it. Search by words meanwhile.",
                30,
            )
        return {
            "query": {"text": None, "translated": None, "notice": None},
            "results": await self._results(found),
            "took_ms": round(1000 * (time.perf_counter() - began), 1),
        }

    async def similar(self, id: UUID, k: int) -> dict[str, Any]:
        """Pictures like one. Raises BackendError: 404."""
        began = time.perf_counter()
        row = await self.store.image(id)
        found = await self._rows("SELECT * FROM similar_images(%s, %s)", (id, k))
        return {
            "picture": str(row["id"]),
            "results": await self._results(found),
            "took_ms": round(1000 * (time.perf_counter() - began), 1),
        }

    async def _found(
        self, words: str | None, answer: dict[str, Any] | None, k: int
    ) -> tuple[list[dict[str, Any]], bool]:
        """By words, and by the answer's vector where it is of the model that searches use; and
        whether it is not. One statement decides and searches: a model may be switched to at any
        moment, and vectors of two are never compared."""
        vector = None if answer is None else "[" + ",".join(map(repr, answer["embedding"])) + "]"
        rows = await self._rows(
            "SELECT found.*, vector.other FROM ("
            "    SELECT EXISTS (SELECT FROM models WHERE state = 'current' AND fingerprint <> %s)"
            ") AS vector (other) LEFT JOIN LATERAL search_posts("
            "    %s, CASE WHEN NOT vector.other THEN %s::vector END, %s) AS found ON true "
            "ORDER BY found.score DESC, found.cosine DESC NULLS LAST, found.image_id, "
            "found.post_id",
            (None if answer is None else answer["fingerprint"], words, vector, k),
        )
        return [row for row in rows if row["post_id"] is not None], bool(rows[0]["other"])

    async def _rows(self, query: str, values: Sequence[object]) -> list[dict[str, Any]]:
        async with self.database.transaction() as connection:
            cursor = await connection.execute(query.encode(), values or None)
            return await cursor.fetchall()

    async def _posts(self, found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those that were found without a picture."""
        ids = [row["post_id"] for row in found if row["image_id"] is None]
        if not ids:
            return []
        shown = await self.store.posts_by_id(ids)
        return [shown[id] for id in ids if id in shown]

    async def _results(self, found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        found = [row for row in found if row["image_id"] is not None]
        shown = await self.store.images_by_id([row["image_id"] for row in found])
        return [
            {
                **shown[row["image_id"]],
                "score": row["score"],
                "cosine": row.get("cosine", row["score"]),
                "by_words": row.get("by_words", False),
            }
            for row in found
            if row["image_id"] in shown
        ]

"""Posts and their pictures as rows; each method is one transaction."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from posts import views
from posts.database import Connection, Database
from posts.queue import Queue
from utils.problems import BackendError

UNDO_S = 600  # how long a deletion can be taken back
Precondition = Callable[[views.Row], None]


@dataclass(frozen=True)
class NewImage:
    """A picture whose file is in its place; becomes a row."""

    id: UUID
    image_path: str
    name: str
    width: int
    height: int
    size: int
    sha256: bytes


class PostStore:
    """Rows of posts."""

    def __init__(
        self, database: Database, queue: Queue, expected: Callable[[], Collection[str]]
    ) -> None:
        """`expected()` has the tasks that the AI service does or will do."""
        self.database = database
        self.queue = queue
        self.expected = expected

    async def create(
        self, id: UUID, title: str, description: str, images: Sequence[NewImage]
    ) -> dict[str, Any]:
        """A post, its pictures and their jobs."""
        async with self.database.transaction() as connection:
            await connection.execute(
                "INSERT INTO posts (id, title, description) VALUES (%s, %s, %s)",
                (id, title, description),
            )
            await self._insert(connection, id, images, 0)
            return await self._post(connection, id)

    async def get(self, id: UUID) -> dict[str, Any]:
        """Raises BackendError: 404."""
        async with self.database.transaction() as connection:
            return await self._post(connection, id)

    async def page(self, limit: int, cursor: str | None) -> dict[str, Any]:
        """Posts, the newest first, and the cursor of the next page."""
        before = views.read_cursor(cursor) if cursor else None
        where = "AND (created, id) < (%s, %s)" if before else ""
        async with self.database.transaction() as connection:
            rows = await self._all(
                connection,
                f"SELECT * FROM posts WHERE deleted IS NULL {where} "
                "ORDER BY created DESC, id DESC LIMIT %s",
                (*(before or ()), limit + 1),
            )
            shown = rows[:limit]
            images = await self._images_of(connection, [row["id"] for row in shown])
            total = await self._all(
                connection, "SELECT count(*) AS n FROM posts WHERE deleted IS NULL"
            )
        return {
            "posts": [views.post(row, images.get(row["id"], [])) for row in shown],
            "next": views.cursor_of(shown[-1]) if len(rows) > limit else None,
            "total": total[0]["n"],
        }

    async def change(
        self,
        id: UUID,
        require: Precondition,
        *,
        title: str | None = None,
        description: str | None = None,
        order: Sequence[UUID] | None = None,
    ) -> dict[str, Any]:
        """Title, description, order of the pictures; None leaves as it is.

        Raises:
            BackendError: 404; 422 an order of other pictures; what `require` raises.
        """
        async with self.database.transaction() as connection:
            await self._lock(connection, id, require)
            if order is not None:
                await self._reorder(connection, id, order)
            await connection.execute(
                "UPDATE posts SET title = coalesce(%s, title), description = "
                "coalesce(%s, description) WHERE id = %s",
                (title, description, id),
            )
            return await self._touched(connection, id)

    async def add_images(
        self, id: UUID, require: Precondition, images: Sequence[NewImage], most: int
    ) -> dict[str, Any]:
        """More pictures at the end. Raises BackendError: 404; 422 more than `most`."""
        async with self.database.transaction() as connection:
            await self._lock(connection, id, require)
            rows = await self._all(
                connection,
                "SELECT count(*) AS n, coalesce(max(display_order), -1) AS last FROM post_images "
                "WHERE post_id = %s AND deleted IS NULL",
                (id,),
            )
            if rows[0]["n"] + len(images) > most:
                raise BackendError(422, "post-full", f"A post has at most {most} pictures.")
            await self._insert(connection, id, images, rows[0]["last"] + 1)
            return await self._touched(connection, id)

    async def delete(self, id: UUID, require: Precondition) -> None:
        """Out of sight; for good after `UNDO_S`."""
        async with self.database.transaction() as connection:
            await self._lock(connection, id, require)
            await connection.execute(
                "UPDATE posts SET deleted = clock_timestamp() WHERE id = %s", (id,)
            )

    async def restore(self, id: UUID) -> dict[str, Any]:
        """Take a deletion back. Raises BackendError: 404, too late."""
        async with self.database.transaction() as connection:
            await connection.execute(
                "UPDATE posts SET deleted = NULL, version = version + 1 WHERE id = %s "
                "AND deleted IS NOT NULL",
                (id,),
            )
            return await self._post(connection, id)

    async def set_image_deleted(
        self, id: UUID, require: Precondition, deleted: bool
    ) -> dict[str, Any]:
        """Take a picture out of its post, or put it back; the post."""
        value = "clock_timestamp()" if deleted else "NULL"
        async with self.database.transaction() as connection:
            await self._lock_of_image(connection, id, require)
            rows = await self._all(
                connection,
                f"UPDATE post_images SET deleted = {value} WHERE id = %s "
                f"AND deleted IS {'NOT ' if not deleted else ''}NULL RETURNING post_id",
                (id,),
            )
            if not rows:
                raise unknown_image()
            return await self._touched(connection, rows[0]["post_id"])

    async def image(self, id: UUID) -> views.Row:
        """The row of a picture that is shown. Raises BackendError: 404."""
        async with self.database.transaction() as connection:
            rows = await self._all(connection, "SELECT * FROM images WHERE id = %s", (id,))
        if not rows:
            raise unknown_image()
        return rows[0]

    async def set_captions(
        self,
        id: UUID,
        require: Precondition,
        captions: Mapping[str, str],
        seen: Mapping[str, str],
    ) -> dict[str, Any]:
        """A person's captions by language; a blank one gives way to the machine's. The post.

        Args:
            seen: the texts that they take the place of, where that is known.

        Raises:
            BackendError: 404; what `require` raises; 409 where another person wrote meanwhile.
        """
        async with self.database.transaction() as connection:
            post = await self._lock_of_image(connection, id, require)
            written = await self._all(
                connection,
                "SELECT c.language, c.text FROM image_captions AS c JOIN images AS i "
                "ON i.id = c.image_id WHERE i.id = %s AND c.source = 'human'",
                (id,),
            )
            for row in written:
                if seen.get(row["language"], row["text"]) != row["text"]:
                    raise changed_meanwhile(409)
            for language, text in captions.items():
                if text:
                    await connection.execute(
                        "INSERT INTO image_captions (image_id, language, source, text) VALUES "
                        "(%s, %s, 'human', %s) ON CONFLICT (image_id, language, source) "
                        "DO UPDATE SET text = excluded.text, created = clock_timestamp()",
                        (id, language, text),
                    )
                else:
                    await connection.execute(
                        "DELETE FROM image_captions WHERE image_id = %s AND language = %s "
                        "AND source = 'human'",
                        (id, language),
                    )
            return await self._touched(connection, post)

    async def images_by_id(self, ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
        """Pictures that are shown, with the title of their post."""
        async with self.database.transaction() as connection:
            rows = await self._all(
                connection, f"{views.IMAGES} WHERE i.id = ANY (%s)", (list(ids),)
            )
            titles = await self._all(
                connection, "SELECT id, title FROM images WHERE id = ANY (%s)", (list(ids),)
            )
        title = {row["id"]: row["title"] for row in titles}
        return {
            row["id"]: {
                **views.image(row, self.queue.running, self.expected()),
                "title": title[row["id"]],
            }
            for row in rows
        }

    async def posts_by_id(self, ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
        """Those of these posts that are there, with their pictures."""
        async with self.database.transaction() as connection:
            rows = await self._all(
                connection,
                "SELECT * FROM posts WHERE id = ANY (%s) AND deleted IS NULL",
                (list(ids),),
            )
            images = await self._images_of(connection, [row["id"] for row in rows])
        return {row["id"]: views.post(row, images.get(row["id"], [])) for row in rows}

    async def purge(self) -> list[str]:
        """Delete for good what was deleted long enough ago; paths of its files."""
        async with self.database.transaction() as connection:
            old = "deleted < clock_timestamp() - make_interval(secs => %s)"
            rows = await self._all(
                connection,
                f"DELETE FROM post_images WHERE {old} OR post_id IN "
                f"(SELECT id FROM posts WHERE {old}) RETURNING image_path",
                (UNDO_S, UNDO_S),
            )
            await connection.execute(f"DELETE FROM posts WHERE {old}", (UNDO_S,))
        return [row["image_path"] for row in rows]

    async def known_paths(self, paths: Collection[str]) -> list[str]:
        """Those of them that rows have, deleted ones included."""
        async with self.database.transaction() as connection:
            rows = await self._all(
                connection,
                "SELECT image_path FROM post_images WHERE image_path = ANY (%s)",
                (list(paths),),
            )
        return [row["image_path"] for row in rows]

    async def database_id(self) -> str:
        """Which database this is."""
        async with self.database.transaction() as connection:
            rows = await self._all(connection, "SELECT id FROM this_database")
        return str(rows[0]["id"])

    async def _insert(
        self, connection: Connection, post_id: UUID, images: Sequence[NewImage], first: int
    ) -> None:
        async with connection.cursor() as cursor:
            await cursor.executemany(
                "INSERT INTO post_images (id, post_id, image_url, image_path, name, display_order, "
                "width, height, bytes, sha256) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (
                        new.id, post_id, f"/api/post-images/{new.id}", new.image_path, new.name,
                        place, new.width, new.height, new.size, new.sha256,
                    )
                    for place, new in enumerate(images, first)
                ],
            )  # fmt: skip
        await self.queue.defer(connection, [new.id for new in images])

    async def _reorder(self, connection: Connection, id: UUID, order: Sequence[UUID]) -> None:
        rows = await self._all(
            connection, "SELECT id FROM post_images WHERE post_id = %s AND deleted IS NULL", (id,)
        )
        if sorted(row["id"] for row in rows) != sorted(order):
            raise BackendError(
                422, "invalid-request", "The order must name each picture of the post once."
            )
        await connection.execute(
            "UPDATE post_images AS i SET display_order = o.place FROM "
            "unnest(%s::uuid[]) WITH ORDINALITY AS o (id, place) WHERE i.id = o.id",
            (list(order),),
        )

    async def _lock(self, connection: Connection, id: UUID, require: Precondition) -> None:
        rows = await self._all(
            connection, "SELECT * FROM posts WHERE id = %s AND deleted IS NULL FOR UPDATE", (id,)
        )
        if not rows:
            raise unknown_post()
        require(rows[0])

    async def _lock_of_image(self, connection: Connection, id: UUID, require: Precondition) -> UUID:
        """Its post, which nobody else changes until the transaction's end."""
        rows = await self._all(
            connection,
            "SELECT p.* FROM posts AS p JOIN post_images AS i ON i.post_id = p.id WHERE i.id = %s "
            "AND p.deleted IS NULL FOR UPDATE OF p",
            (id,),
        )
        if not rows:
            raise unknown_image()
        require(rows[0])
        return UUID(str(rows[0]["id"]))

    async def _touched(self, connection: Connection, id: UUID) -> dict[str, Any]:
        await connection.execute(
            "UPDATE posts SET updated = clock_timestamp(), version = version + 1 WHERE id = %s",
            (id,),
        )
        return await self._post(connection, id)

    async def _post(self, connection: Connection, id: UUID) -> dict[str, Any]:
        rows = await self._all(
            connection, "SELECT * FROM posts WHERE id = %s AND deleted IS NULL", (id,)
        )
        if not rows:
            raise unknown_post()
        images = await self._images_of(connection, [id])
        return views.post(rows[0], images.get(id, []))

    async def _images_of(
        self, connection: Connection, posts: Sequence[UUID]
    ) -> dict[UUID, list[dict[str, Any]]]:
        rows = await self._all(
            connection,
            f"{views.IMAGES} WHERE i.post_id = ANY (%s) ORDER BY i.display_order, i.created",
            (list(posts),),
        )
        found: dict[UUID, list[dict[str, Any]]] = {}
        for row in rows:
            found.setdefault(row["post_id"], []).append(
                views.image(row, self.queue.running, self.expected())
            )
        return found

    @staticmethod
    async def _all(
        connection: Connection, query: str, values: Sequence[object] = ()
    ) -> list[dict[str, Any]]:
        cursor = await connection.execute(query.encode(), values or None)
        return await cursor.fetchall()


def unknown_post() -> BackendError:
    return BackendError(404, "unknown-post", "There is no such post; perhaps it was deleted.")


def changed_meanwhile(status: int) -> BackendError:
    return BackendError(
        status,
        "changed-meanwhile",
        "Somebody changed this post after you opened it. Look at the present state, then change it "
        "again.",
    )


def unknown_image() -> BackendError:
    return BackendError(404, "unknown-picture", "There is no such picture in any post.")

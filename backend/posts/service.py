"""Posts as a whole: what the routes call, and what goes on in the background."""

import asyncio
import contextlib
import hashlib
import logging
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from posts import pictures
from posts.ai import Ai
from posts.database import Database
from posts.events import Events
from posts.files import OWNERS, PictureFiles, new_path
from posts.pace import MOST
from posts.queue import Queue
from posts.search import PostSearch
from posts.store import NewImage, PostStore, Precondition
from posts.work import Work
from services.upstream import Upstream
from utils.config import Settings
from utils.problems import BackendError

log = logging.getLogger("timanh.backend")

RECONCILE_S, SWEEP_S = 4.0, 900.0
MOST_IMAGES = 30  # of one post
Upload = tuple[str, bytes]  # its name, its content


class Posts:
    """Posts over one database, one folder and one AI service."""

    def __init__(self, settings: Settings, ai: Upstream | None, folder: Path) -> None:
        self.folder = folder
        self.events = Events()
        self.ai = Ai(ai, settings.ai_timeout_s)
        self.database = Database(settings.database_url, folder / "postgres")
        self.files = PictureFiles(folder)
        self.work = Work(self.database, self.files, self.ai)
        self.queue = Queue(self.database, self.work.do)
        self.store = PostStore(self.database, self.queue, self.ai.expected)
        self.search = PostSearch(self.database, self.store, self.ai)
        self.strip_originals = settings.strip_originals
        self.ai.changed = self._ai_changed
        self.work.changed = self._image_changed
        self._swept = 0.0
        self._started = time.time()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def ready(self) -> bool:
        return self.database.state == "ready"

    @asynccontextmanager
    async def running(self) -> Any:
        """While the backend serves."""
        self.database.start()
        loops = (self.ai.watch, self._work, self._reconcile)
        self._tasks = [asyncio.create_task(_forever(loop)) for loop in loops]
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self.database.close()

    async def create(
        self, title: str, description: str, uploads: Sequence[Upload]
    ) -> dict[str, Any]:
        """A post with its pictures; at once, whatever the AI service is doing."""
        id = uuid4()
        async with self._placed(uploads) as images:
            post = await self.store.create(id, title, description, images)
        self._post_changed(id)
        return post

    async def add(
        self, id: UUID, require: Precondition, uploads: Sequence[Upload]
    ) -> dict[str, Any]:
        """More pictures for a post."""
        async with self._placed(uploads) as images:
            post = await self.store.add_images(id, require, images, MOST_IMAGES)
        self._post_changed(id)
        return post

    async def progress(self) -> dict[str, Any]:
        """How far each task is, why it failed where it did, and the AI service's state."""
        state = self.ai.state
        async with self.database.transaction() as connection:
            cursor = await connection.execute("SELECT count(*) AS n FROM images")
            total = int((await cursor.fetchall())[0]["n"])
            cursor = await connection.execute(
                "SELECT fingerprint, name, dim, state, (SELECT count(*) FROM image_embeddings AS e "
                "JOIN images AS i ON i.id = e.image_id WHERE e.fingerprint = m.fingerprint) "
                "AS done FROM models AS m ORDER BY state"
            )
            models = await cursor.fetchall()
            cursor = await connection.execute(
                "SELECT count(*) AS n FROM images AS i WHERE EXISTS "
                "(SELECT FROM image_captions AS c WHERE c.image_id = i.id)"
            )
            captioned = int((await cursor.fetchall())[0]["n"])
            cursor = await connection.execute(
                "SELECT f.task, f.code, f.reason, i.id::text AS image, i.post_id::text AS post, "
                "i.name FROM image_failures AS f JOIN images AS i ON i.id = f.image_id "
                "WHERE f.final ORDER BY f.created DESC LIMIT 1000"
            )
            failures = await cursor.fetchall()
            cursor = await connection.execute(
                "SELECT f.task, count(*) AS n FROM image_failures AS f "
                "JOIN images AS i ON i.id = f.image_id WHERE f.final GROUP BY f.task"
            )
            failed = {row["task"]: int(row["n"]) for row in await cursor.fetchall()}
        done = {
            "embedding": max(
                (m["done"] for m in models if m["state"] in ("current", "filling")), default=0
            ),
            "captions": captioned,
        }
        for model in models:
            if model["fingerprint"] == state.fingerprint:
                done["embedding"] = model["done"]
        tasks = {}
        for task, count in done.items():
            running = sum(name == task for name, _ in self.queue.running)
            waiting = max(0, total - count - failed.get(task, 0) - running)
            if task not in self.ai.expected():
                waiting = 0
            tasks[task] = {
                "waiting": waiting, "running": running, "done": count,
                "failed": failed.get(task, 0),
                "failures": [each for each in failures if each["task"] == task][:50],
            }  # fmt: skip
        return {"pictures": total, "tasks": tasks, "models": models, "ai": self.describe_ai()}

    async def retry(self, again_captions: bool) -> None:
        """Try what failed once more; with `again_captions`, let the captioner of the moment write
        all captions again that no person wrote."""
        async with self.database.transaction() as connection:
            await connection.execute("DELETE FROM image_failures")
            if again_captions and self.ai.state.captioner_fingerprint:
                await connection.execute(
                    "DELETE FROM image_captions WHERE source = 'machine' "
                    "AND fingerprint IS DISTINCT FROM %s",
                    (self.ai.state.captioner_fingerprint,),
                )
        self.ai.ask_again()

    def describe_ai(self) -> dict[str, Any]:
        """The AI service's state for the page; no key, no address."""
        state = self.ai.state
        return {
            "state": state.state, "since": state.since, "code": state.code,
            "detail": state.detail, "model": state.model, "captioner": state.captioner,
            "languages": list(state.languages),
        }  # fmt: skip

    @asynccontextmanager
    async def _placed(self, uploads: Sequence[Upload]) -> Any:
        """Files in their places, before there are rows of them; taken back if there will be none.

        Raises:
            BackendError: 415, 413, 403, 507.
        """
        images = await asyncio.gather(
            *(asyncio.to_thread(self._store, name, content) for name, content in uploads),
            return_exceptions=True,
        )
        good = [one for one in images if isinstance(one, NewImage)]
        try:
            for one in images:
                if isinstance(one, BaseException):
                    raise one
            yield good
        except BaseException as error:
            # Where the database broke off, or nobody waited for its answer, the rows may be there:
            # then the sweep decides.
            sure = isinstance(error, Exception) and getattr(error, "code", "") != "database-gone"
            if sure:
                for one in good:
                    self.files.remove(one.image_path)
            raise

    def _store(self, name: str, content: bytes) -> NewImage:
        kind = pictures.inspect(content, name)
        id = uuid4()
        aside = self.files.write_aside(content)
        try:
            suffix = kind.suffix
            if self.strip_originals:
                content = pictures.published(content)
                suffix = ".png" if content.startswith(b"\x89PNG") else ".jpg"
                aside.unlink()
                aside = self.files.write_aside(content)
            path = new_path(id, suffix)
            self.files.place(aside, path)
        finally:
            self.files.discard([aside])
        digest = hashlib.sha256(content).digest()
        return NewImage(id, path, name, kind.width, kind.height, len(content), digest)

    async def _work(self) -> None:
        """Run the worker while the AI service is there; without it, jobs stay where they are."""
        await self.ai.on.wait()
        if not self.ready:
            await asyncio.sleep(0.5)
            return
        worker = asyncio.create_task(self.queue.run(MOST))
        away = asyncio.create_task(self.ai.away.wait())
        try:
            await asyncio.wait((worker, away), return_when=asyncio.FIRST_COMPLETED)
        finally:
            away.cancel()
            worker.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await worker
            await asyncio.sleep(0.5)  # where it ended by itself, the database may be away

    async def _reconcile(self) -> None:
        """Make the queue again from what is missing; clear away what is deleted or a leftover."""
        await asyncio.sleep(RECONCILE_S if self._swept else 0.5)
        if not self.ready:
            return
        await self.queue.drop_stalled()
        state = self.ai.state
        if state.state == "on" and state.fingerprint is not None:
            async with self.database.transaction() as connection:
                await connection.execute(
                    "SELECT use_model(%s, %s, %s)", (state.fingerprint, state.model, state.dim)
                )
            await self.queue.defer_missing(state.fingerprint, state.languages)
            async with self.database.transaction() as connection:
                cursor = await connection.execute("SELECT switch_model() AS switched")
                if (await cursor.fetchall())[0]["switched"]:
                    self.events.send("progress", {})
            async with self.database.transaction() as connection:
                await connection.execute("SELECT clear_models()")
        for path in await self.store.purge():
            await asyncio.to_thread(self.files.remove, path)
        if time.monotonic() - self._swept > SWEEP_S:
            self._swept = time.monotonic()
            await self._sweep()

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()

        def known(paths: Any) -> Any:
            call = self.store.known_paths(paths)
            return asyncio.run_coroutine_threadsafe(call, loop).result(60)

        database = await self.store.database_id()
        if not await asyncio.to_thread(self.files.belong_to, database, known, self._started):
            log.warning(
                "The pictures in %s are of more than one database (they are named in its file %r). "
                "Nothing is deleted there. Name a folder for each in TIMANH_POSTS.",
                self.folder, OWNERS,
            )  # fmt: skip
            return
        removed = await asyncio.to_thread(self.files.sweep, known)
        if removed:
            log.warning("%d files of posts that belong to none were deleted.", removed)

    def _ai_changed(self) -> None:
        self.events.send("ai", self.describe_ai())
        if self.ai.state.state == "on":
            asyncio.get_running_loop().create_task(self._try_at_once())

    async def _try_at_once(self) -> None:
        """After the service's return nothing waits for the end of its pause."""
        with contextlib.suppress(BackendError):
            async with self.database.transaction() as connection:
                await connection.execute(
                    "UPDATE image_failures SET next_try = now() WHERE NOT final"
                )

    def _post_changed(self, id: UUID) -> None:
        self.events.send("post", {"post": str(id)})

    def _image_changed(self, post: UUID, image: UUID) -> None:
        self.events.send("image", {"post": str(post), "image": str(image)})


async def _forever(loop: Any) -> None:
    """Again and again; what goes wrong is logged once, and tried again."""
    said = ""
    while True:
        try:
            await loop()
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the database or the disk may come back
            if str(error) != said:
                log.warning("Posts: %s", " ".join(str(error).split()) or type(error).__name__)
            said = str(error)
            await asyncio.sleep(2)

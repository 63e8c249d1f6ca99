"""The API behind: one pooled client to it, and how it is doing."""

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import certifi
from yarl import URL

from services.connection import Target, choose_target, fallback, keep
from services.failures import (
    foreign_answer,
    is_broken,
    read_json,
    refuse_foreign_answers,
    translate_errors,
)
from services.restarts import explain, read_restart
from utils.config import Settings
from utils.problems import BackendError

# A failed request of these is sent a second time: sent twice, nothing happens twice.
SAFE = frozenset({"GET", "HEAD"})
# Connections stay open between searches, so that none waits for a new one through the tunnel.
# The API keeps them a little longer, so that it is not the one who closes.
KEEP_ALIVE_S = 60.0

Body = bytes | AsyncIterator[bytes] | None


def make_client(settings: Settings) -> aiohttp.ClientSession:
    """A client that sends the API what it needs and nothing of the browser's.

    It uses no proxy, whatever the environment has: most often the API is on this machine.
    """
    certificates = ssl.create_default_context()
    certificates.load_verify_locations(certifi.where())  # a system may come without any
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0,  # as many as there are requests, which uvicorn and the API bound
            keepalive_timeout=KEEP_ALIVE_S,
            ssl=certificates,
        ),
        headers={
            "ngrok-skip-browser-warning": "1",
            "User-Agent": "timanh-backend",
            # What passes through is sent on as it comes.
            "Accept-Encoding": "identity",
        },
        timeout=aiohttp.ClientTimeout(
            total=None,
            connect=settings.connect_timeout_s,  # with the looking up of its name
            sock_read=settings.read_timeout_s,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )


@dataclass(frozen=True)
class Answer:
    """A whole answer of the API, its JSON both as bytes and read."""

    status: int
    content: bytes
    value: Any


@dataclass
class State:
    """How the API was at the last request; times in seconds since 1970."""

    status: str = "unknown"
    code: str | None = None
    detail: str | None = None
    since: float | None = None
    checked: float | None = None


class Upstream:
    """Sends requests to the API of the moment, and remembers how that went."""

    def __init__(
        self, client: aiohttp.ClientSession, settings: Settings, target: Target | None = None
    ) -> None:
        """`target` None: the one that the settings name, or that was kept."""
        self.client = client
        self.settings = settings
        self.target = target or choose_target(settings)
        self.state = State()
        self.failed = 0.0  # when a request failed last, by the monotonic clock

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        request_id: str,
        *,
        content: Body = None,
        headers: dict[str, str] | None = None,
        retry: bool = False,
        target: Target | None = None,
        timeout_s: float | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The API's answer, its body still to be read.

        Args:
            path: with the query behind `?`, percent-encoded as it came.
            retry: whether to send it once more when a connection broke before the answer; always
                done for GET.
            target: another API than the one of the moment; its state is not remembered.
            timeout_s: how long to wait for the answer, where that may take longer than a search.

        Raises:
            BackendError: 502, 503 or 504, and the API's problems.
        """
        chosen = target or self.target
        sent = _RequestBody(content)

        async def send() -> aiohttp.ClientResponse:
            return await self.client.request(
                method,
                _address(chosen.url, path),
                data=sent.body,
                headers={**(headers or {}), **_identity(chosen, request_id)},
                allow_redirects=False,
                timeout=self._timeout(timeout_s),
            )

        try:
            with translate_errors(chosen.url):
                try:
                    response = await send()
                except aiohttp.ClientError as error:
                    if sent.failure is not None:
                        raise sent.failure from error
                    # Most likely an idle connection that the other side has closed meanwhile.
                    if not (retry or method in SAFE) or not is_broken(error):
                        raise
                    response = await send()
            async with response:
                with translate_errors(chosen.url):
                    await _require_ours(response, chosen.url)
                self.note(chosen, None)
                yield response
        except BackendError as error:
            explained = self.explain(chosen, error)
            self.note(chosen, explained)
            if explained is error:
                raise
            raise explained from error

    def explain(self, target: Target, error: BackendError) -> BackendError:
        """The same failure, in other words where run.py is starting this API again."""
        local = target.url == self.settings.local_api_url
        return explain(error, read_restart(self.settings.api_state)) if local else error

    def _timeout(self, timeout_s: float | None) -> aiohttp.ClientTimeout:
        if timeout_s is None:
            return self.client.timeout
        return aiohttp.ClientTimeout(
            total=None, connect=self.settings.connect_timeout_s, sock_read=timeout_s
        )

    async def fetch(self, method: str, path: str, request_id: str, **options: Any) -> Answer:
        """A whole answer in JSON; see `open`."""
        target = options.get("target") or self.target
        async with self.open(method, path, request_id, **options) as response:
            with translate_errors(target.url):
                content = await response.read()
            return Answer(response.status, content, read_json(response, content, target.url))

    async def json(self, method: str, path: str, request_id: str, **options: Any) -> Any:
        """What a whole answer says; see `open`."""
        return (await self.fetch(method, path, request_id, **options)).value

    async def check(self, target: Target, request_id: str) -> dict[str, Any]:
        """The health of the API at `target`, once it is known to take the key.

        Raises:
            BackendError: it cannot be reached, is something else, or refuses the key.
        """
        health = await self.health(target, request_id)
        await self.json("GET", "/api/gallery?limit=1", request_id, target=target)
        return health

    async def health(self, target: Target, request_id: str) -> dict[str, Any]:
        """The API's `/health` at `target`.

        Raises:
            BackendError: it cannot be reached, or is something else.
        """
        health = await self.json("GET", "/health", request_id, target=target)
        return self.require(health, {"model", "images"}, target)

    def require(self, answer: Any, names: set[str], target: Target) -> dict[str, Any]:
        """`answer`, an object with these names. Raises BackendError where it is something else."""
        if isinstance(answer, dict) and names <= set(answer):
            return answer
        raise self.foreign(target)

    def foreign(self, target: Target) -> BackendError:
        """The error for an answer of another form; remembered as the state of `target`."""
        error = foreign_answer(target.url)
        self.note(target, error)
        return error

    async def connect(self, target: Target, request_id: str) -> None:
        """Check, keep and use `target`. Raises BackendError and changes nothing otherwise."""
        await self.check(target, request_id)
        keep(self.settings.kept, target)
        self.use(target)

    def forget(self) -> None:
        """Back to what is used when nothing is kept."""
        self.settings.kept.unlink(missing_ok=True)
        self.use(fallback(self.settings))

    def use(self, target: Target) -> None:
        """From the next request on."""
        self.target, self.state = target, State()

    def describe(self) -> dict[str, Any]:
        """For the page: which API, and how it is doing; never its key."""
        other = fallback(self.settings)
        return {
            "url": self.target.url,
            "host": self.target.host,
            "has_key": bool(self.target.key),
            "source": self.target.source,
            "fallback": None if other.url == self.target.url else other.url,
            **vars(self.state),
            **self._attempts(),
        }

    def _attempts(self) -> dict[str, int]:
        """How often run.py has tried to start the API again, while it does."""
        restart = read_restart(self.settings.api_state)
        if restart is None or self.state.code not in ("restarting", "gave-up"):
            return {}
        return {"attempt": max(1, restart.attempt), "attempts": restart.attempts}

    def note(self, target: Target, error: BackendError | None) -> None:
        """Remember how a request to `target` went; a fault of the request is not one of the API."""
        if target is not self.target:
            return
        failed = error is not None and (error.status >= 500 or error.status == 401)
        status = "down" if failed else "ok"
        self.failed = time.monotonic() if failed else self.failed
        now = time.time()
        if status != self.state.status:
            self.state.since = now
        self.state.status, self.state.checked = status, now
        self.state.code = error.code if error is not None and failed else None
        self.state.detail = str(error) if failed else None


class _RequestBody:
    """The body on its way to the API; keeps why it stopped, which the client hides."""

    def __init__(self, content: Body) -> None:
        self.failure: Exception | None = None
        self.body = (
            content if isinstance(content, bytes) or content is None else self._pass(content)
        )

    async def _pass(self, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for chunk in content:
                yield chunk
        except Exception as error:
            self.failure = error
            raise


async def _require_ours(response: aiohttp.ClientResponse, address: str) -> None:
    """Raises BackendError: an answer of the tunnel, or a problem of the API."""
    refuse_foreign_answers(response, address)
    if response.status >= 400:
        read_json(response, await response.read(), address)


def _address(url: str, path: str) -> URL:
    try:
        return URL(f"{URL(url)}".rstrip("/") + path, encoded=True)
    except ValueError as error:
        raise aiohttp.InvalidURL(url) from error


def _identity(target: Target, request_id: str) -> dict[str, str]:
    key = {"Authorization": f"Bearer {target.key}"} if target.key else {}
    return {"X-Request-ID": request_id, **key}

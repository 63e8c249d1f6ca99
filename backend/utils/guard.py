"""What every request passes: only this machine's own page, counted bytes, strict headers, a log."""

import asyncio
import json
import logging
import re
import secrets
import time
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from utils.body import Body, BodyTooLarge
from utils.problems import BackendError, respond

log = logging.getLogger("timanh.backend")

LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
CLIENT_LEFT = 499
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Guard:
    """ASGI middleware.

    Host is checked so that no foreign name can be pointed at this machine (DNS rebinding), and
    Origin and Sec-Fetch-Site so that no other web page can use the backend, which holds the key
    of the API. The log has neither queries nor keys.
    """

    def __init__(self, app: ASGIApp, max_request_bytes: int) -> None:
        self.app = app
        self.max_request_bytes = max_request_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        passage = Passage(self, scope, send)
        began = time.perf_counter()
        try:
            await passage.run(receive)
        finally:
            passage.note(time.perf_counter() - began)

    def check(self, scope: Scope, headers: Headers) -> None:
        """Raises BackendError: a foreign host or page, or more bytes than are taken."""
        host = headers.get("host", "")
        if urlsplit(f"//{host}").hostname not in LOCAL:
            raise BackendError(
                403, "foreign-host", f"This backend serves 127.0.0.1 only; {host!r} was asked."
            )
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            raise BackendError(
                403, "foreign-origin", f"A page of {origin} may not use this backend."
            )
        # A link from elsewhere may open the page, but nothing else.
        opens_page = headers.get("sec-fetch-mode") == "navigate" and scope["method"] == "GET"
        foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if foreign and not (opens_page and not scope["path"].startswith("/api/")):
            raise BackendError(403, "foreign-origin", "Another page may not use this backend.")
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self.max_request_bytes:
            raise self.too_large()

    def too_large(self) -> BackendError:
        return BackendError(
            413,
            "request-too-large",
            f"The request has more than {self.max_request_bytes / 1e6:.0f} MB, the most that is "
            "taken. Send smaller or fewer pictures.",
        )


class Passage:
    """One request on its way through the guard."""

    def __init__(self, guard: Guard, scope: Scope, send: Send) -> None:
        self.guard = guard
        self.scope = scope
        self.headers = Headers(scope=scope)
        given = self.headers.get("x-request-id", "")
        self.request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        self.status = 0
        self._send = send
        self._body: Body | None = None
        self._left = False
        self._refused = False
        self._complete = False
        scope.setdefault("state", {})["request_id"] = self.request_id

    async def run(self, receive: Receive) -> None:
        """Answer, whatever happens."""
        task = asyncio.current_task()

        def left() -> None:
            if not self._complete and task is not None:
                self._left = True
                task.cancel()

        body = self._body = Body(receive, self.guard.max_request_bytes, left)
        try:
            self.guard.check(self.scope, self.headers)
        except BackendError as refusal:
            await self._refuse(refusal)
            return
        try:
            await self.guard.app(self.scope, body, self._answer)
        except BodyTooLarge:
            pass  # answered below
        except asyncio.CancelledError:
            if not self._left:
                raise
            if task is not None:
                task.uncancel()
            self.status = CLIENT_LEFT
        except Exception:
            log.exception("%s %s failed", self.request_id, self.scope["path"])
            detail = f"Something went wrong here; the log has it under {self.request_id}."
            await self._refuse(BackendError(500, "internal-error", detail))
        finally:
            body.close()
        if body.exceeded:
            self._refused = True
            await self._refuse(self.guard.too_large())

    def note(self, took_s: float) -> None:
        """One line of JSON."""
        if log.isEnabledFor(logging.INFO):
            fields = {
                "event": "request",
                "request_id": self.request_id,
                "method": self.scope["method"],
                "path": self.scope["path"],
                "status": self.status,
                "ms": round(1000 * took_s, 1),
            }
            log.info("%s", json.dumps(fields))

    async def _answer(self, message: Message) -> None:
        body = self._body
        if body is not None and body.exceeded and not self._refused:
            return  # a framework's guess about a body that we cut off; ours follows
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if body is not None and not body.complete:
                await body.drain()
            out = MutableHeaders(scope=message)
            out["X-Request-ID"] = self.request_id
            for name, value in HEADERS.items():
                out.setdefault(name, value)
        self._complete = message["type"] == "http.response.body" and not message.get("more_body")
        await self._send(message)

    async def _refuse(self, refusal: BackendError) -> None:
        if not self.status:
            response = respond(refusal, self.request_id)
            await response(self.scope, _nothing, self._answer)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}

"""What every request passes: only this machine's page, counted bytes, strict headers, a log."""

import asyncio
import json
import logging
import re
import secrets
import time
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from utils.problems import BackendError, respond

log = logging.getLogger("timanh.backend")

# Between two parts of a request.
PAUSE_S = 15.0
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
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
    of the API. Only this machine's page gets through, so the finer limits are left to the API.
    The log has neither queries nor keys.
    """

    def __init__(self, app: ASGIApp, max_request_bytes: int, max_post_bytes: int = 0) -> None:
        """`max_post_bytes` of one request to /api/posts, which may bring many pictures."""
        self.app = app
        self.max_request_bytes = max_request_bytes
        self.max_post_bytes = max_post_bytes or max_request_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        began, status = time.perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                out = MutableHeaders(scope=message)
                out["X-Request-ID"] = request_id
                for name, value in HEADERS.items():
                    out.setdefault(name, value)
            await send(message)

        try:
            self.check(scope, headers)
            await self.app(scope, self.counted(receive, self.limit_of(scope)), answer)
        except BackendError as refusal:
            await respond(refusal, request_id)(scope, receive, answer)
        except ClientDisconnect:
            log.info("%s %s: the sender disconnected", request_id, scope["path"])
        except Exception as error:
            if status and isinstance(error, aiohttp.ClientError | TimeoutError):
                # The API broke off within its answer; so does this answer.
                log.warning("%s %s broke off: %s", request_id, scope["path"], error)
            else:
                log.exception("%s %s failed", request_id, scope["path"])
            if not status:
                detail = f"Something went wrong here; the log has it under {request_id}."
                failure = BackendError(500, "internal-error", detail)
                await respond(failure, request_id)(scope, receive, answer)
        finally:
            _log_request(scope, request_id, status, time.perf_counter() - began)

    def limit_of(self, scope: Scope) -> int:
        """Bytes of one request."""
        posts = scope["path"].startswith("/api/posts")
        return self.max_post_bytes if posts else self.max_request_bytes

    def counted(self, receive: Receive, limit: int) -> Receive:
        """`receive` that stops at the limit, whatever Content-Length said, and at a sender that
        stops sending: each holds a connection to the API."""
        count, complete = 0, False

        async def counting() -> Message:
            nonlocal count, complete
            try:
                async with asyncio.timeout(None if complete else PAUSE_S):
                    message = await receive()
            except TimeoutError as error:
                raise BackendError(
                    408,
                    "request-too-slow",
                    f"The request paused for more than {PAUSE_S:g} s. Send it again.",
                ) from error
            complete = not message.get("more_body", False)
            count += len(message.get("body", b""))
            if count > limit:
                raise too_large(limit)
            return message

        return counting

    def check(self, scope: Scope, headers: Headers) -> None:
        """Raises BackendError: a foreign host or page, or more bytes than the limit."""
        host = headers.get("host", "")
        if not _is_this_machine(host):
            raise BackendError(
                403,
                "foreign-host",
                f"The request is for the host {host!r}; this backend serves 127.0.0.1 only. Open "
                "http://127.0.0.1 with the backend's port.",
            )
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            raise BackendError(
                403, "foreign-origin", f"A page of {origin} may not use this backend."
            )
        # A link from elsewhere may open the page, but nothing else.
        opens_page = headers.get("sec-fetch-mode") == "navigate" and scope["method"] == "GET"
        foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if foreign and not (opens_page and not scope["path"].startswith("/api/")):
            raise BackendError(403, "foreign-origin", "Another page may not use this backend.")
        length = headers.get("content-length", "")
        limit = self.limit_of(scope)
        if length.isdigit() and int(length) > limit:
            raise too_large(limit)


def too_large(limit: int) -> BackendError:
    return BackendError(
        413,
        "request-too-large",
        f"The request is larger than the limit of {limit / 1e6:.0f} MB. Send smaller or fewer "
        "pictures.",
    )


def _is_this_machine(host: str) -> bool:
    """Whether a Host header names this machine."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def _log_request(scope: Scope, request_id: str, status: int, took_s: float) -> None:
    """One line of JSON."""
    if log.isEnabledFor(logging.INFO):
        fields = {
            "event": "request",
            "request_id": request_id,
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "ms": round(1000 * took_s, 1),
        }
        log.info("%s", json.dumps(fields))

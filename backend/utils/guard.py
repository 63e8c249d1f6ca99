"""What every request passes: only this machine's own page, counted bytes, strict headers."""

import logging
import re
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from utils.problems import BackendError, problem

log = logging.getLogger("timanh.backend")

LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
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


class BodyTooLarge(Exception):
    """Ends the reading of a body that has passed its limit."""


class Counter:
    """`receive` that counts, and stops at the limit whatever Content-Length said."""

    def __init__(self, receive: Receive, most: int) -> None:
        self.receive = receive
        self.most = most
        self.count = 0
        self.exceeded = False

    async def __call__(self) -> Message:
        message = await self.receive()
        self.count += len(message.get("body", b""))
        if self.count > self.most:
            self.exceeded = True
            raise BodyTooLarge
        return message


class Guard:
    """ASGI middleware.

    Host is checked so that no foreign name can be pointed at this machine (DNS rebinding), and
    Origin so that no other web page can use the backend, which holds the key of the API.
    """

    def __init__(self, app: ASGIApp, max_request_bytes: int) -> None:
        self.app = app
        self.max_request_bytes = max_request_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        counter = Counter(receive, self.max_request_bytes)

        async def answer(message: Message) -> None:
            nonlocal started
            if counter.exceeded:
                return  # a framework's guess about a body that we cut off; ours follows
            if message["type"] == "http.response.start":
                started = True
                out = MutableHeaders(scope=message)
                out["X-Request-ID"] = request_id
                for name, value in HEADERS.items():
                    out.setdefault(name, value)
            await send(message)

        try:
            self.check(headers)
            await self.app(scope, counter, answer)
        except BackendError as error:
            response = problem(error.status, error.code, str(error), request_id)
            await response(scope, receive, answer)
        except BodyTooLarge:
            pass  # answered below
        except Exception:
            log.exception("%s %s %s failed", request_id, scope["method"], scope["path"])
            if not started:
                detail = f"Something went wrong here; the log has it under {request_id}."
                await problem(500, "internal-error", detail, request_id)(scope, receive, answer)
        if counter.exceeded and not started:
            counter.exceeded = False
            told = self.too_large()
            await problem(told.status, told.code, str(told), request_id)(scope, receive, answer)

    def check(self, headers: Headers) -> None:
        """Raises BackendError: a foreign host or origin, or more bytes than are taken."""
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

"""What every request passes: its id, the key, the count of its bytes, and the log."""

import hmac
import logging
import re
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from timanh.api.config import ApiConfig
from timanh.api.problems import RequestError, problem

log = logging.getLogger("timanh.api")

OPEN_PATHS = frozenset({"/health"})
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class Gate:
    """ASGI middleware around the whole app.

    Bytes are counted while they arrive, so that a client cannot fill the memory by leaving out
    or faking Content-Length. An unforeseen error becomes a 500 problem without a stack trace;
    the trace is in the log under the same request id.
    """

    def __init__(self, app: ASGIApp, config: ApiConfig) -> None:
        self.app = app
        self.config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        status = 0

        counter = _Counter(receive, self.config.max_request_bytes)

        async def answer(message: Message) -> None:
            nonlocal status
            if counter.exceeded:
                return  # a framework's guess about a body that we cut off; ours follows
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            refusal = self._refusal(scope, headers)
            if refusal is not None:
                extra = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else None
                response = problem(refusal.status, refusal.code, str(refusal), request_id, extra)
                await response(scope, receive, answer)
            else:
                await self.app(scope, counter, answer)
        except BodyTooLarge:
            pass  # answered below
        except Exception:
            log.exception("%s %s %s failed", request_id, scope["method"], scope["path"])
            if not status:
                detail = f"Something went wrong here; the log has it under {request_id}."
                await problem(500, "internal-error", detail, request_id)(scope, receive, answer)
        finally:
            if counter.exceeded and not status:
                counter.exceeded = False
                told = self._too_large()
                await problem(told.status, told.code, str(told), request_id)(scope, receive, answer)
            took_ms = 1000 * (time.perf_counter() - began)
            log.info(
                "%s %s %s %d %.1fms", request_id, scope["method"], scope["path"], status, took_ms
            )

    def _refusal(self, scope: Scope, headers: Headers) -> RequestError | None:
        key = self.config.api_key
        if key and scope["path"] not in OPEN_PATHS and not _has_key(headers, key):
            return RequestError(
                401,
                "no-key",
                "This API needs a key. Send the one its notebook printed, as "
                "“Authorization: Bearer KEY” or “X-API-Key: KEY”.",
            )
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self.config.max_request_bytes:
            return self._too_large()
        return None

    def _too_large(self) -> RequestError:
        most = self.config.max_request_bytes / 1e6
        return RequestError(
            413,
            "request-too-large",
            f"The request has more than {most:.0f} MB, the most that is taken. Send smaller or "
            "fewer pictures.",
        )


class BodyTooLarge(Exception):
    """Ends the reading of a body that has passed its limit."""


class _Counter:
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


def _request_id(headers: Headers) -> str:
    """The client's own id where it is well-formed, so that one id runs through all logs."""
    given = headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _has_key(headers: Headers, key: str) -> bool:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    given = bearer if scheme.lower() == "bearer" else headers.get("x-api-key", "")
    return hmac.compare_digest(given.encode(), key.encode())

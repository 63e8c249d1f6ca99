"""What every request passes: its id, the key, its limits, and the log."""

import asyncio
import hmac
import json
import logging
import re
import secrets
import time
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from timanh.api.config import ApiConfig
from timanh.api.http.body import Body, BodyError
from timanh.api.http.guesses import Guesses, source_of
from timanh.api.http.limits import RateLimit
from timanh.api.http.metrics import Metrics
from timanh.api.http.problems import RequestError, respond

log = logging.getLogger("timanh.api")

OPEN_PATHS = frozenset({"/health", "/health/ready"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
CLIENT_DISCONNECTED = 499  # nginx's number; for the log only


class Gate:
    """ASGI middleware around the whole app.

    An unforeseen error becomes a 500 problem without a stack trace; the trace is in the log under
    the same request id. The log never has a key, a query or a picture.
    """

    def __init__(self, app: ASGIApp, config: ApiConfig, metrics: Metrics) -> None:
        self.app = app
        self.config = config
        self.metrics = metrics
        self.searches = RateLimit(config.searches_per_minute)
        self.reads = RateLimit(config.reads_per_minute)
        self.guesses = Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        guard = RequestGuard(self, scope, send)
        began = time.perf_counter()
        try:
            await guard.run(receive)
        finally:
            self._record(scope, guard, time.perf_counter() - began)

    async def check(self, scope: Scope, headers: Headers) -> None:
        """Raises RequestError: no key, a foreign page, too many requests or bytes."""
        key, source = self.config.api_key, source_of(scope, headers)
        if not key:
            _check_origin(headers)
        elif scope["path"] not in OPEN_PATHS:
            given = _given_key(headers)
            if not given:
                raise no_key()
            right = hmac.compare_digest(given.encode(), key.encode())
            await self.guesses.check(source, given, right)
        # After the key, so that requests without it use up nothing of those with it.
        self._check_rate(scope, source)
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self.config.max_request_bytes:
            raise self.too_large()

    def too_large(self) -> RequestError:
        limit_mb = self.config.max_request_bytes / 1e6
        return RequestError(
            413,
            "request-too-large",
            f"The request is larger than the limit of {limit_mb:.0f} MB. Send smaller or fewer "
            "pictures.",
        )

    def too_slow(self) -> RequestError:
        return RequestError(
            408,
            "request-too-slow",
            f"The request was not sent within {self.config.upload_s:.0f} s. Try again, with "
            "smaller pictures on a slow connection.",
        )

    def _check_rate(self, scope: Scope, source: str) -> None:
        limit = self.reads if scope["method"] in ("GET", "HEAD") else self.searches
        wait = limit.wait_s(source)
        if wait:
            raise RequestError(
                429,
                "too-many-requests",
                f"Too many requests from this address. Try again in {wait} s.",
                wait,
            )

    def _record(self, scope: Scope, guard: "RequestGuard", took_s: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        # Clients choose the method's name, and each name that is counted stays in memory.
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.metrics.requests.labels(method, route, guard.status).inc()
        self.metrics.seconds.labels(route).observe(took_s)
        if log.isEnabledFor(logging.INFO):
            fields = {
                "event": "request",
                "request_id": guard.request_id,
                "method": scope["method"],
                "path": scope["path"],
                "status": guard.status,
                "ms": round(1000 * took_s, 1),
            }
            log.info("%s", json.dumps(fields))


class RequestGuard:
    """Checks one request, passes it on, and answers whatever happens."""

    def __init__(self, gate: Gate, scope: Scope, send: Send) -> None:
        self.gate = gate
        self.scope = scope
        self.headers = Headers(scope=scope)
        given = self.headers.get("x-request-id", "")
        # The client's id where it is well-formed, so that one id runs through all logs.
        self.request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        self.status = 0
        self._send = send
        self._body: Body | None = None
        self._disconnected = False
        self._refused = False
        self._complete = False
        scope.setdefault("state", {})["request_id"] = self.request_id

    async def run(self, receive: Receive) -> None:
        """Answer, whatever happens."""
        config = self.gate.config
        task = asyncio.current_task()

        def on_disconnect() -> None:
            if not self._complete and task is not None:
                self._disconnected = True
                task.cancel()

        body = self._body = Body(receive, config.max_request_bytes, config.upload_s, on_disconnect)
        try:
            await self.gate.check(self.scope, self.headers)
        except RequestError as refusal:
            await self._refuse(refusal)
            return
        try:
            await self.gate.app(self.scope, body, self._answer)
        except BodyError:
            pass  # answered below
        except asyncio.CancelledError:
            if not self._disconnected:
                raise
            if task is not None:
                task.uncancel()
            self.status = CLIENT_DISCONNECTED
        except Exception:
            log.exception("%s %s %s failed", self.request_id, self.scope["method"],
                          self.scope["path"])  # fmt: skip
            detail = f"Something went wrong here; the log has it under {self.request_id}."
            await self._refuse(RequestError(500, "internal-error", detail))
        finally:
            body.close()
        if body.refused:
            self._refused = True
            await self._refuse(self.gate.too_large() if body.too_large else self.gate.too_slow())

    async def _answer(self, message: Message) -> None:
        body = self._body
        if body is not None and body.refused and not self._refused:
            return  # the framework's answer to a body that we cut off; ours follows
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if body is not None and not body.complete and not body.too_slow:
                await body.drain()
            MutableHeaders(scope=message)["X-Request-ID"] = self.request_id
        self._complete = message["type"] == "http.response.body" and not message.get("more_body")
        await self._send(message)

    async def _refuse(self, refusal: RequestError) -> None:
        if self.status:
            return  # an answer is on its way already
        await respond(refusal, self.request_id)(self.scope, _nothing, self._answer)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _given_key(headers: Headers) -> str:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    return bearer if scheme.lower() == "bearer" else headers.get("x-api-key", "")


def no_key() -> RequestError:
    return RequestError(
        401,
        "no-key",
        "This API needs a key. Send the one its notebook printed, as "
        "“Authorization: Bearer KEY” or “X-API-Key: KEY”.",
    )


def _check_origin(headers: Headers) -> None:
    """Without a key, the API is for programs of this machine: no web page may use it unseen."""
    host = headers.get("host", "")
    if not _is_this_machine(host):
        raise RequestError(
            403,
            "foreign-host",
            f"The request is for the host {host!r}; without a key this API serves 127.0.0.1 only. "
            "Start it with a key.",
        )
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != host:
        raise RequestError(403, "foreign-origin", "A web page may not use this API without a key.")


def _is_this_machine(host: str) -> bool:
    """Whether a Host header names this machine."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False

"""Every error as `application/problem+json` (RFC 9457), with its HTTP status."""

import errno
import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from timanh.errors import (
    CannotWriteError,
    DataError,
    DictionaryError,
    DiskFullError,
    EngineGoneError,
    ModelError,
    OvertakenError,
    PictureError,
    PictureTooLargeError,
    QueryError,
    SettingsError,
    TimAnhError,
    UnknownFolderError,
    UnknownPictureError,
)
from timanh.workspace import readable

log = logging.getLogger("timanh.api")

MEDIA_TYPE = "application/problem+json"

Headers = Mapping[str, str]
STATUSES: tuple[tuple[type[TimAnhError], int], ...] = (
    (UnknownPictureError, 404),
    (PictureTooLargeError, 413),
    (PictureError, 415),
    (QueryError, 422),
)
# These pass by themselves. What they say names servers and folders, so the client gets this.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PASSING: tuple[tuple[type[TimAnhError], int, str], ...] = (
    (OvertakenError, 409, "Other programs are changing the gallery. Try again in a moment."),
    (
        EngineGoneError,
        503,
        "The server that holds the gallery's vectors does not answer. Try again in a moment.",
    ),
)

# What these say names folders of the server.
NAMING_FOLDERS = (DataError, DictionaryError, ModelError, SettingsError)


class RequestError(TimAnhError):
    """A request that this API refuses.

    `retry_after` in seconds where coming back helps; `near` has names that may have been meant.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        retry_after: int | None = None,
        near: tuple[str, ...] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.near = near


def respond(error: RequestError, request_id: str, headers: Headers | None = None) -> Response:
    """The problem response of a refusal, with the headers that its status asks for."""
    sent = {"X-Request-ID": request_id, **(headers or {})}
    if error.status == 401:
        sent["WWW-Authenticate"] = "Bearer"
    if error.retry_after is not None:
        sent["Retry-After"] = str(error.retry_after)
    content = json.dumps(as_document(error, request_id), ensure_ascii=False).encode("utf8")
    return Response(content, error.status, sent, media_type=MEDIA_TYPE)


def as_document(error: RequestError, request_id: str) -> dict[str, Any]:
    """The JSON of a problem."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": readable(str(error)),
        "code": error.code,
        "request_id": request_id,
    }
    return document if error.near is None else {**document, "near": list(error.near)}


def cannot_write(error: OSError | None = None) -> RequestError:
    """The refusal where a file of the gallery cannot be written; None says that a disk is full."""
    if error is None or error.errno in NO_ROOM:
        return RequestError(
            507,
            "disk-full",
            "The disk of the gallery is full. Free some space on the server, then try again.",
        )
    return RequestError(
        403, "read-only", f"The gallery cannot be written to ({error.strerror or error})."
    )


def to_request_error(error: Exception, request_id: str) -> RequestError:
    """The refusal that an error of the library becomes; what is the server's fault is logged."""
    refusal = _refusal_of(error)
    if refusal.status >= 500:
        log.error("%s %s: %s", request_id, refusal.code, readable(str(error)))
    return refusal


def _refusal_of(error: Exception) -> RequestError:
    if isinstance(error, RequestError):
        return error
    if isinstance(error, DiskFullError):
        return cannot_write()
    if isinstance(error, CannotWriteError) and isinstance(error.__cause__, OSError):
        return cannot_write(error.__cause__)
    for kind, status in STATUSES:
        if isinstance(error, kind):
            near = error.near if isinstance(error, UnknownFolderError) else None
            return RequestError(status, error.code, str(error), near=near)
    for kind, status, detail in PASSING:
        if isinstance(error, kind):
            return RequestError(status, error.code, detail, retry_after=2)
    hidden = isinstance(error, NAMING_FOLDERS)
    detail = "Something is wrong with this gallery on the server. Its log says more."
    return RequestError(500, getattr(error, "code", "error"), detail if hidden else str(error))


def request_id_of(scope: Any) -> str:
    """The id that the gate gave this request."""
    return str(scope.get("state", {}).get("request_id", "-"))


def install(app: FastAPI) -> None:
    """Let `app` answer every error as a problem."""
    app.add_exception_handler(TimAnhError, _library)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def _library(request: Request, error: Exception) -> Response:
    request_id = request_id_of(request.scope)
    return respond(to_request_error(error, request_id), request_id)


def _invalid(request: Request, error: Exception) -> Response:
    wrong = error.errors() if isinstance(error, RequestValidationError) else []
    fields = "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in wrong[:3])
    refusal = RequestError(422, "invalid-request", f"The request cannot be understood ({fields}).")
    return respond(refusal, request_id_of(request.scope))


def _http(request: Request, error: Exception) -> Response:
    status = int(getattr(error, "status_code", 500))
    phrase = HTTPStatus(status).phrase
    details = {
        404: f"There is nothing at {request.url.path}. See /docs for what there is.",
        405: f"{request.method} is not offered at {request.url.path}. See /docs for what is.",
    }
    detail = details.get(status, str(getattr(error, "detail", "")) or phrase)
    refusal = RequestError(status, phrase.lower().replace(" ", "-"), detail)
    headers = dict(getattr(error, "headers", None) or {})
    if status == 405:
        headers["Allow"] = ", ".join(_allowed(request))
    return respond(refusal, request_id_of(request.scope), headers)


def _allowed(request: Request) -> list[str]:
    """All methods of a path; each route names only those it takes."""
    routes = request.app.router.routes
    return [
        method
        for method in ("GET", "POST", "PUT", "DELETE")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL
               for route in routes)
    ]  # fmt: skip

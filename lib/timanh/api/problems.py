"""Every error as `application/problem+json` (RFC 9457); the one place that knows statuses."""

import json
import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from timanh.errors import (
    PictureError,
    PictureTooLargeError,
    QueryError,
    TimAnhError,
    UnknownPictureError,
)

log = logging.getLogger("timanh.api")

STATUSES: tuple[tuple[type[TimAnhError], int], ...] = (
    (UnknownPictureError, 404),
    (PictureTooLargeError, 413),
    (PictureError, 415),
    (QueryError, 422),
)


class RequestError(TimAnhError):
    """A request that this API refuses before any search."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code


def problem(
    status: int, code: str, detail: str, request_id: str, headers: dict[str, str] | None = None
) -> Response:
    """The response of RFC 9457 with our `code` and `request_id`."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    return Response(
        json.dumps(body, ensure_ascii=False),
        status,
        {"X-Request-ID": request_id, **(headers or {})},
        media_type="application/problem+json",
    )


def request_id_of(scope: Any) -> str:
    """The id that the gate gave this request."""
    return str(scope.get("state", {}).get("request_id", "-"))


def install(app: FastAPI) -> None:
    """Let `app` answer every error as a problem."""
    app.add_exception_handler(TimAnhError, _own)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def _own(request: Request, error: Exception) -> Response:
    request_id = request_id_of(request.scope)
    if isinstance(error, RequestError):
        return problem(error.status, error.code, str(error), request_id)
    code = getattr(error, "code", "error")
    for kind, status in STATUSES:
        if isinstance(error, kind):
            return problem(status, code, str(error), request_id)
    log.error("%s %s: %s", request_id, code, error)
    return problem(500, code, str(error), request_id)


def _invalid(request: Request, error: Exception) -> Response:
    wrong = error.errors() if isinstance(error, RequestValidationError) else []
    told = "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in wrong[:3])
    detail = f"The request cannot be understood ({told})." if told else "A malformed request."
    return problem(422, "invalid-request", detail, request_id_of(request.scope))


def _http(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    details = {
        404: f"There is nothing at {request.url.path}. See /docs for what there is.",
        405: f"{request.method} is not offered at {request.url.path}. See /docs for what is.",
    }
    code = HTTPStatus(status).phrase.lower().replace(" ", "-")
    detail = details.get(status, str(getattr(error, "detail", "")) or HTTPStatus(status).phrase)
    headers = dict(getattr(error, "headers", None) or {})
    return problem(status, code, detail, request_id_of(request.scope), headers)

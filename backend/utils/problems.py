"""Errors of the backend as `application/problem+json` (RFC 9457)."""

import json
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Scope


class BackendError(Exception):
    """What went wrong, for a person (`str`) and for the page (`code`, `status`).

    `near` has names that may have been meant, where the API told some.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        retry_after: int | None = None,
        near: list[str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.near = near


def respond(error: BackendError, request_id: str) -> Response:
    """The problem response of an error."""
    response = problem(error.status, error.code, str(error), request_id, error.near)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def problem(
    status: int, code: str, detail: str, request_id: str, near: list[str] | None = None
) -> Response:
    """The response of RFC 9457 with our `code` and `request_id`."""
    document = as_document(status, code, detail, request_id)
    if near is not None:
        document["near"] = near
    return Response(
        json.dumps(document, ensure_ascii=False).encode("utf8", "replace"),
        status,
        media_type="application/problem+json",
    )


def as_document(status: int, code: str, detail: str, request_id: str) -> dict[str, Any]:
    """The JSON of a problem."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }


def request_id_of(scope: Scope) -> str:
    """The id that the guard gave this request."""
    return str(scope.get("state", {}).get("request_id", "-"))


def install(app: FastAPI) -> None:
    """Let `app` answer every error as a problem."""
    app.add_exception_handler(BackendError, _own)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def _own(request: Request, error: Exception) -> Response:
    told = error if isinstance(error, BackendError) else BackendError(500, "error", str(error))
    return respond(told, request_id_of(request.scope))


def _invalid(request: Request, error: Exception) -> Response:
    wrong = error.errors() if isinstance(error, RequestValidationError) else []
    told = "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in wrong[:3])
    detail = f"The request cannot be understood ({told})."
    return problem(422, "invalid-request", detail, request_id_of(request.scope))


def _http(request: Request, error: Exception) -> Response:
    status = int(getattr(error, "status_code", 500))
    code = HTTPStatus(status).phrase.lower().replace(" ", "-")
    details = {
        404: f"There is nothing at {request.url.path}.",
        405: f"{request.method} is not offered at {request.url.path}.",
    }
    detail = details.get(status, str(getattr(error, "detail", "")))
    return problem(status, code, detail, request_id_of(request.scope))

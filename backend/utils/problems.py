"""Errors of the backend as `application/problem+json` (RFC 9457)."""

import json
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Scope

MEDIA_TYPE = "application/problem+json"


class BackendError(Exception):
    """What went wrong, for a person (`str`) and for the page (`code`, `status`).

    `retry_after` in seconds where coming back helps; `near` has names that may have been meant;
    `file` is the name of the one of several files that it is about.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        retry_after: int | None = None,
        near: list[str] | None = None,
        file: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.more = {"near": near, "file": file}


def respond(error: BackendError, request_id: str) -> Response:
    """The problem response of an error."""
    content = json.dumps(as_document(error, request_id), ensure_ascii=False)
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return Response(content.encode("utf8", "replace"), error.status, headers, media_type=MEDIA_TYPE)


def as_document(error: BackendError, request_id: str) -> dict[str, Any]:
    """The JSON of a problem."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": str(error),
        "code": error.code,
        "request_id": request_id,
    }
    return document | {name: value for name, value in error.more.items() if value is not None}


def request_id_of(scope: Scope) -> str:
    """The id that the guard gave this request."""
    return str(scope.get("state", {}).get("request_id", "-"))


def install(app: FastAPI) -> None:
    """Let `app` answer every error as a problem."""
    app.add_exception_handler(BackendError, _backend)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def _backend(request: Request, error: Exception) -> Response:
    known = error if isinstance(error, BackendError) else BackendError(500, "error", str(error))
    return respond(known, request_id_of(request.scope))


def _invalid(request: Request, error: Exception) -> Response:
    wrong = error.errors() if isinstance(error, RequestValidationError) else []
    fields = "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in wrong[:3])
    refusal = BackendError(422, "invalid-request", f"The request cannot be understood ({fields}).")
    return respond(refusal, request_id_of(request.scope))


def _http(request: Request, error: Exception) -> Response:
    status = int(getattr(error, "status_code", 500))
    phrase = HTTPStatus(status).phrase
    details = {
        404: f"There is nothing at {request.url.path}. See /docs for what there is.",
        405: f"{request.method} is not offered at {request.url.path}. See /docs for what is.",
    }
    detail = details.get(status, str(getattr(error, "detail", "")) or phrase)
    refusal = BackendError(status, phrase.lower().replace(" ", "-"), detail)
    return respond(refusal, request_id_of(request.scope))

"""The endpoint that says where in a picture the words are."""

import base64
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from timanh.api import schemas
from timanh.api.config import ApiConfig
from timanh.api.http.known_fields import JSON, refuse_unknown
from timanh.api.http.problems import RequestError
from timanh.api.search.explaining import Explainer
from timanh.api.search.forms import check_length

FIELDS = schemas.ExplainRequest.model_fields
_SCHEMA = {"schema": schemas.ExplainRequest.model_json_schema()}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            kind: _SCHEMA
            for kind in (JSON, "multipart/form-data", "application/x-www-form-urlencoded")
        },
    }
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A PNG to lay over the picture, clear where nothing of the words is; "
        "with `Accept: application/json`, the same beside the words.",
        "content": {
            "image/png": {},
            JSON: {"schema": schemas.Explanation.model_json_schema()},
        },
    }
}


def explain_router(explainer: Explainer, config: ApiConfig) -> APIRouter:
    """Heat maps of pictures of the gallery."""
    router = APIRouter()

    @router.post(
        "/api/images/{id}/explain",
        response_class=Response,
        responses=ANSWERS,
        openapi_extra=BODY,
    )
    async def explain(id: str, request: Request) -> Response:
        """Where in the picture the words are."""
        wanted = await read(request)
        for text in (wanted.words, wanted.word or ""):
            check_length(text, config)
        found = await explainer.explain(id, wanted.words, wanted.word)
        if JSON not in request.headers.get("accept", ""):
            return Response(found.png, media_type="image/png")
        image = "data:image/png;base64," + base64.b64encode(found.png).decode()
        answer = schemas.Explanation(text=found.text, words=list(found.words), image=image)
        return Response(answer.model_dump_json(), media_type=JSON)

    return router


async def read(request: Request) -> schemas.ExplainRequest:
    """The fields of a request, JSON or a form.

    Raises:
        RequestError, RequestValidationError: 422, they are not those.
    """
    try:
        if request.headers.get("content-type", "").partition(";")[0].strip() == JSON:
            fields = await request.json()
        else:
            async with request.form() as form:
                refuse_unknown("form", form, FIELDS)
                fields = {
                    name: value for name, value in form.items() if not isinstance(value, UploadFile)
                }
        if isinstance(fields, Mapping):
            refuse_unknown("JSON", fields, FIELDS)
        return schemas.ExplainRequest.model_validate(fields)
    except (ValidationError, ValueError, RecursionError) as error:
        raise RequestError(
            422,
            "invalid-request",
            "Send “words”, and perhaps one of them as “word”, as JSON or as a form.",
        ) from error

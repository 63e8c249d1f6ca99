"""The endpoints of the AI service."""

import json
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from pydantic import BaseModel

from timanh.api import schemas
from timanh.api.ai import views
from timanh.api.ai.memory import resident_mb
from timanh.api.ai.service import AiService
from timanh.api.config import ApiConfig
from timanh.api.http.problems import RequestError, request_id_of
from timanh.api.http.uploads import read_bytes
from timanh.errors import EmptyQueryError, TimAnhError
from timanh.workspace import require_whole

Images = Annotated[list[UploadFile], File(description="Pictures, up to 16.")]
One = Annotated[UploadFile, File(description="The picture.")]
Language = Annotated[str, Form(max_length=16, description="ISO code, such as vi or en.")]
Labels = Annotated[list[str], Form(description='A JSON list, ["photo","drawing"], or repeated.')]
Templates = Annotated[
    list[str], Form(description="Texts with {} in the label's place: a JSON list, or repeated.")
]
NoneOfThese = Annotated[bool, Form(alias="none", description="“None of these” is an answer too.")]
WithCaptions = Annotated[bool, Form(description="false: the embedding alone.")]


def ai_router(service: AiService, config: ApiConfig) -> APIRouter:
    """Embeddings, captions and labels."""
    router = APIRouter()

    @router.post(
        "/api/ai/image-features", response_model=schemas.ImageFeatures | schemas.ManyImageFeatures
    )
    async def image_features(
        request: Request, image: Images, language: Language = "", captions: WithCaptions = True
    ) -> Response:
        """Embedding and captions of a picture; of several, a list."""
        contents = _contents(image, config)
        chosen, request_id = language.strip().lower() or None, request_id_of(request.scope)
        found = await service.features(contents, chosen, captions=captions)
        encoder, captioner = await service.encoder(), service.models.captioner.loaded

        def view(one: object) -> schemas.ImageFeatures | schemas.PictureProblem:
            if isinstance(one, TimAnhError):
                return schemas.PictureProblem(problem=views.problem(one, request_id))
            return views.features(one, encoder, captioner, chosen, request_id)  # type: ignore[arg-type]

        if len(found) > 1:
            return _json(schemas.ManyImageFeatures(results=[view(one) for one in found]))
        if isinstance(found[0], TimAnhError):
            raise found[0]
        return _json(view(found[0]))

    @router.post("/api/ai/classify")
    async def classify(
        image: One,
        labels: Labels,
        language: Language = "",
        templates: Templates = [],
        none: NoneOfThese = False,
    ) -> schemas.Predictions:
        """Which of the labels fits the picture, without training."""
        predictions = await service.classify(
            _contents([image], config)[0], _texts(labels, "labels", config),
            templates=_texts(templates, "templates", config) or None,
            language=language.strip().lower() or None, none=none,
        )  # fmt: skip
        return schemas.Predictions(
            predictions=[schemas.Prediction(label=label, score=p) for label, p in predictions]
        )

    @router.post("/api/ai/text-embedding")
    async def text_embedding(body: schemas.TextToEmbed) -> schemas.TextEmbedding:
        """The unit vector of words, to be compared with those of pictures."""
        if not body.query.strip():
            raise EmptyQueryError("The query is empty. Send words as “query”.")
        _check_length(require_whole(body.query), config)
        vector, translated = await service.text(body.query)
        encoder = await service.encoder()
        return schemas.TextEmbedding(
            embedding=vector.tolist(), query=body.query, translated=translated, limit=body.limit,
            model=encoder.name, fingerprint=encoder.fingerprint, dim=encoder.dim,
        )  # fmt: skip

    @router.get("/api/ai/health")
    async def health() -> schemas.AiHealth:
        """How each part is doing now: loads it if it must, and computes something with it."""
        with service.slots.slot():
            async with service.slots.deadline(config.ai_deadline_s):
                await service.check()
        return schemas.AiHealth(ai=views.state(service.models), memory_mb=resident_mb())

    return router


def _contents(files: Sequence[UploadFile], config: ApiConfig) -> list[bytes]:
    """Raises RequestError: no picture, too many, or one that is too large."""
    sent = [file for file in files if file.filename or file.size]
    if not sent:
        raise RequestError(422, "invalid-request", "There is no picture. Send it as “image”.")
    if len(sent) > config.max_ai_pictures:
        raise RequestError(
            422,
            "too-many-pictures",
            f"You sent {len(sent)} pictures; the limit is {config.max_ai_pictures}.",
        )
    return [read_bytes(file, config) for file in sent]


def _texts(values: Sequence[str], name: str, config: ApiConfig) -> list[str]:
    """A field that was repeated, or that was sent once as a JSON list."""
    texts = list(values)
    if len(texts) == 1 and texts[0].lstrip().startswith("["):
        try:
            texts = json.loads(texts[0])
        except (ValueError, RecursionError) as error:
            raise _no_list(name) from error
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise _no_list(name)
    if len(texts) > config.max_labels:
        raise RequestError(
            422, "too-many-labels",
            f"You sent {len(texts)} texts as “{name}”; the limit is {config.max_labels}.",
        )  # fmt: skip
    for text in texts:
        _check_length(text, config)
    return texts


def _no_list(name: str) -> RequestError:
    return RequestError(
        422, "invalid-request",
        f"“{name}” is not a JSON list of texts. Send it as [\"photo\", \"drawing\"], or repeat the "
        "field.",
    )  # fmt: skip


def _check_length(text: str, config: ApiConfig) -> None:
    if len(text) > config.max_text:
        raise RequestError(
            422,
            "text-too-long",
            f"You sent a text of {len(text)} characters; the limit is {config.max_text}.",
        )


def _json(content: BaseModel) -> Response:
    return Response(content.model_dump_json(), media_type="application/json")

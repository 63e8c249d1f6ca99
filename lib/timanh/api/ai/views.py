"""The AI service's answers as they go over the wire."""

from typing import Any

from timanh.api import schemas
from timanh.api.ai.models import AiModels, Captioner, Part
from timanh.api.ai.service import Features
from timanh.api.http.problems import as_document, to_request_error
from timanh.errors import TimAnhError
from timanh.models import Encoder


def features(
    found: Features, encoder: Encoder, captioner: Captioner | None, language: str | None,
    request_id: str,
) -> schemas.ImageFeatures:  # fmt: skip
    """One picture."""
    wanted = language or (captioner.languages[0] if captioner and captioner.languages else "")
    failed = found.captions_error
    return schemas.ImageFeatures(
        embedding=found.vector.tolist(),
        caption=found.captions.get(wanted),
        captions=found.captions,
        captions_problem=None if failed is None else problem(failed, request_id),
        model=encoder.name,
        fingerprint=encoder.fingerprint,
        dim=encoder.dim,
        captioner=None if captioner is None else captioner.name,
        captioner_fingerprint=None if captioner is None else captioner.fingerprint,
    )


def problem(error: TimAnhError, request_id: str) -> schemas.Problem:
    return schemas.Problem(**as_document(to_request_error(error, request_id), request_id))


def state(models: AiModels) -> schemas.AiState:
    """How each part is doing."""
    encoder, captioner = models.encoder.loaded, models.captioner.loaded
    return schemas.AiState(
        embedding=schemas.AiEmbedding(
            **dict(_part(models.encoder)),
            model=None if encoder is None else encoder.name,
            fingerprint=None if encoder is None else encoder.fingerprint,
            dim=None if encoder is None else encoder.dim,
        ),
        captions=schemas.AiCaptions(
            **dict(_part(models.captioner)),
            languages=[] if captioner is None else list(captioner.languages),
            captioner=None if captioner is None else captioner.name,
            fingerprint=None if captioner is None else captioner.fingerprint,
        ),
        classification=_part(models.encoder),
    )


def _part(part: Part[Any]) -> schemas.AiPart:
    return schemas.AiPart(ready=part.state == "ready", state=part.state, detail=part.detail)

"""The endpoint that says what is on a picture."""

from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile

from timanh.api import schemas
from timanh.api.ai.models import Attention
from timanh.api.ai.service import AiService
from timanh.api.config import ApiConfig
from timanh.api.http.uploads import read_bytes

MOST_CAPTIONS = 5  # as many as there are beams

Picture = Annotated[UploadFile, File(description="The picture.")]
Language = Annotated[
    str, Form(max_length=16, description="ISO code, such as vi or en; the captioner's first.")
]
Count = Annotated[int, Form(ge=1, le=MOST_CAPTIONS, description="How many captions.")]
Looked = Annotated[bool, Form(description="Say where the captioner looked for each word, too.")]


def caption_router(service: AiService, config: ApiConfig) -> APIRouter:
    """Captions of a picture that is sent."""
    router = APIRouter()

    @router.post("/api/caption")
    async def caption(
        file: Picture, language: Language = "", count: Count = 1, attention: Looked = False
    ) -> schemas.CaptionAnswer:
        """What is on the picture, the likeliest caption first."""
        content = read_bytes(file, config)
        chosen = language.strip().lower() or None
        written = await service.describe(content, chosen, count, attention=attention)
        return schemas.CaptionAnswer(
            captions=list(written.texts),
            language=written.language,
            captioner=written.captioner,
            fingerprint=written.fingerprint,
            attention=[_looked_at(seen) for seen in written.attention] or None,
        )

    return router


def _looked_at(seen: Attention | None) -> schemas.LookedAt | None:
    if seen is None:
        return None
    rows, columns = seen.words[0].weights.shape if seen.words else (0, 0)
    return schemas.LookedAt(
        rows=rows,
        columns=columns,
        area=seen.area,
        words=[
            schemas.WordLookedAt(word=each.word, weights=each.weights.round(4).ravel().tolist())
            for each in seen.words
        ],
    )

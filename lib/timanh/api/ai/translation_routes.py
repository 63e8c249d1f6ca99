"""The endpoint that brings a caption into the other language."""

from typing import Annotated

from fastapi import APIRouter, Form

from timanh.api import schemas
from timanh.api.ai.service import AiService
from timanh.api.config import ApiConfig
from timanh.api.http.problems import RequestError

Text = Annotated[str, Form(description="The caption.", min_length=1)]
Language = Annotated[str, Form(max_length=16, description="To translate into: en or vi.")]


def translation_router(service: AiService, config: ApiConfig) -> APIRouter:
    """English into Vietnamese, and back."""
    router = APIRouter()

    @router.post("/api/ai/translate")
    async def translate(text: Text, language: Language) -> schemas.TranslatedText:
        """A caption in the other language."""
        if len(text) > config.max_text:
            raise RequestError(
                422,
                "text-too-long",
                f"You sent a text of {len(text)} characters; the limit is {config.max_text}.",
            )
        chosen = language.strip().lower()
        translated, translator = await service.translate(text, chosen)
        return schemas.TranslatedText(text=translated, language=chosen, translator=translator)

    return router

"""Labels as vectors of the service's encoder, in a language that it knows."""

import asyncio
from collections.abc import Sequence
from functools import partial

from timanh.api.ai.models import AiModels
from timanh.api.http.workers import Workers
from timanh.models.encoder import Encoder
from timanh.models.text.typed import labels_with_marks, language_of_labels
from timanh.models.zero_shot import Labels, ZeroShot


class LabelVectors:
    """Makes `Labels`, and keeps the latest of them.

    Args:
        encoding, translating: on whose threads that is done.
    """

    def __init__(self, models: AiModels, encoding: Workers, translating: Workers) -> None:
        self._models = models
        self._encoding = encoding
        self._translating = translating
        self._zero_shot: ZeroShot | None = None

    async def make(
        self,
        encoder: Encoder,
        names: Sequence[str],
        *,
        words: Sequence[str] | None,
        templates: Sequence[str] | None,
        language: str | None,
        none: bool,
    ) -> Labels:
        """The labels as vectors; as of `ZeroShot.labels`, but for `language`.

        Args:
            encoder: the service's, loaded.
            language: None for what the labels are in.
        """
        spoken = language or language_of_labels(names)
        translated = await self._in_a_known_language(encoder, words or names, spoken)
        known = spoken if translated is None else "en"
        return await self._encoding.run(
            lambda: self._models.encoder.computing(
                lambda: self._shot(encoder).labels(
                    names, templates=templates, language=known, none=none,
                    words=words if translated is None else translated,
                )
            )
        )  # fmt: skip

    async def _in_a_known_language(
        self, encoder: Encoder, labels: Sequence[str], language: str
    ) -> list[str] | None:
        """The labels in English, where the encoder does not know their language."""
        if language in encoder.languages or language != "vi":
            return None
        meant = labels_with_marks(labels, encoder)
        translated = await asyncio.gather(
            *(
                self._translating.run(partial(self._models.translate, label, language))
                for label in meant
            )
        )
        if not any(translated):
            return None
        return [new or old for new, old in zip(translated, meant, strict=True)]

    def _shot(self, encoder: Encoder) -> ZeroShot:
        if self._zero_shot is None:
            self._zero_shot = ZeroShot(encoder, self._models.encode_texts)
        return self._zero_shot

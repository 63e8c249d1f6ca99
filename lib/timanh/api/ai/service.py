"""What the AI service computes: batched, kept by content, limited in number and time."""

import asyncio
import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from PIL import Image

from timanh.api.ai.labels import LabelVectors
from timanh.api.ai.micro_batcher import MicroBatcher
from timanh.api.ai.models import AiModels, Attention
from timanh.api.ai.shared_results import SharedResults
from timanh.api.config import ApiConfig
from timanh.api.http.problems import RequestError
from timanh.api.http.slots import RequestSlots
from timanh.api.http.uploads import open_upload
from timanh.api.http.workers import Workers
from timanh.errors import LanguageError, PictureError, TimAnhError
from timanh.models.encoder import Encoder, Vectors
from timanh.models.text.typed import needs_marks, with_marks
from timanh.models.zero_shot import Labels
from timanh.search import detect_language

MAX_KEPT = 20_000  # embeddings and captions; 40 MB at 512 numbers each
TRIAL = Image.new("RGB", (224, 224), "gray")


@dataclass(frozen=True)
class Features:
    """What is known of one picture: (dim,) unit vector, and captions by language."""

    vector: Vectors
    captions: dict[str, str] = field(default_factory=dict)
    captions_error: TimAnhError | None = None


@dataclass(frozen=True)
class Described:
    """Captions of one picture in one language, the likeliest first, and who wrote them.

    `attention` of each where it was asked for, None where the captioner does not say it.
    """

    texts: tuple[str, ...]
    language: str
    captioner: str
    fingerprint: str
    attention: tuple[Attention | None, ...] = ()


class AiService:
    """Embeddings, captions and labels with the models of one machine."""

    def __init__(self, models: AiModels, config: ApiConfig, slots: RequestSlots) -> None:
        self.models = models
        self.config = config
        self.slots = slots
        self._opening = Workers(4, "timanh-ai-open")
        self._encoding = Workers(1, "timanh-ai-encode")
        # A caption takes as long as a hundred embeddings, which do not wait for it. Two, since
        # one word after the other leaves cores idle: the batches of two languages fill the gaps.
        self._captioning = Workers(2, "timanh-ai-caption")
        self._translating = Workers(8, "timanh-ai-translate")
        self._vectors: MicroBatcher[Image.Image, Vectors] = MicroBatcher(
            self._encoding, self._encode
        )
        self._captions: dict[str, MicroBatcher[Image.Image, str]] = {}
        self._kept_vectors = SharedResults[Vectors](MAX_KEPT)
        self._kept_captions = SharedResults[str](MAX_KEPT)
        self._labels = LabelVectors(models, self._encoding, self._translating)
        self._check: asyncio.Task[None] | None = None

    def start(self, *, load: bool) -> None:
        """Try in the background what is loaded; with `load`, everything."""
        self._check = asyncio.create_task(self.check(load=load))

    def close(self) -> None:
        if self._check is not None:
            self._check.cancel()
        for workers in (self._opening, self._encoding, self._captioning, self._translating):
            workers.close()

    async def check(self, *, load: bool = True) -> None:
        """Compute something with each part, whose `state` then says how that went."""
        if load or self.models.encoder.loaded is not None:
            with contextlib.suppress(Exception):
                await self._vectors.submit(TRIAL)
                await self._encoding.run(partial(self.models.encoder.computing, self._encode_trial))
        captioner = self.models.captioner
        if captioner.state != "absent" and (load or captioner.loaded is not None):
            with contextlib.suppress(Exception):
                for language in await self._languages(None):
                    await self._batch_of(language).submit(TRIAL)

    async def encoder(self) -> Encoder:
        """The encoder, loaded."""
        part = self.models.encoder
        loaded = part.loaded
        return await self._encoding.run(part.get) if loaded is None else loaded

    async def features(
        self, contents: Sequence[bytes], language: str | None, *, captions: bool = True
    ) -> list[Features | TimAnhError]:
        """Embedding and captions of each picture, or what is wrong with it.

        Args:
            contents: files as they were sent.
            language: of the captions; None for all that the captioner knows.
        """
        with self.slots.slot():
            async with self.slots.deadline(self.config.ai_deadline_s):
                await self.encoder()
                wanted: tuple[str, ...] = ()
                lacking: TimAnhError | None = None
                try:
                    wanted = await self._languages(language) if captions else ()
                except TimAnhError as error:  # the captioner cannot be loaded
                    lacking = error
                found = await asyncio.gather(*(self._features(one, wanted) for one in contents))
        absent = not captions or self.models.captioner.state == "absent"
        if lacking is None and language is not None and not wanted and not absent:
            lacking = self._lacks(language)
        return [
            replace(one, captions_error=lacking) if lacking and isinstance(one, Features) else one
            for one in found
        ]

    async def captions(
        self, picture: Image.Image, language: str | None, count: int = 1
    ) -> dict[str, list[str]]:
        """Captions of an opened picture by language, the likeliest first; not kept."""
        captioner = self.models.captioner
        found = {}
        for each in await self._languages(language):
            if count == 1:
                found[each] = [await self._batch_of(each).submit(picture)]
            else:
                work = partial(self._caption, each, [picture], count)
                found[each] = (await self._captioning.run(partial(captioner.computing, work)))[0]
        return found

    async def describe(
        self, content: bytes, language: str | None, count: int, *, attention: bool = False
    ) -> Described:
        """`count` captions of a picture as it was sent.

        Args:
            language: None for the captioner's first.
            attention: say where the captioner looked, too.

        Raises:
            RequestError: 503 where there is no captioner.
            LanguageError: it does not write this language.
            PictureError: the picture cannot be read.
        """
        with self.slots.slot():
            async with self.slots.deadline(self.config.ai_deadline_s):
                known = await self._languages(None)
                if not known:
                    raise RequestError(
                        503, "no-captioner", "This API was started without a captioner."
                    )
                captioner = self.models.captioner.get()  # loaded since `_languages`
                chosen = language or known[0]
                if chosen not in known:
                    raise self._lacks(chosen)
                picture = await self._open(content)
                texts = tuple((await self.captions(picture, chosen, count))[chosen])
                seen: tuple[Attention | None, ...] = ()
                if attention:
                    work = partial(self._attention, picture, texts, chosen)
                    seen = await self._captioning.run(
                        partial(self.models.captioner.computing, work)
                    )
        return Described(texts, chosen, captioner.name, captioner.fingerprint, seen)

    async def classify(
        self,
        content: bytes,
        labels: Sequence[str],
        *,
        templates: Sequence[str] | None,
        language: str | None,
        none: bool,
    ) -> list[tuple[str, float]]:
        """Labels with their probabilities, best first.

        Raises:
            QueryError: labels or templates that are none; PictureError: an unreadable picture.
        """
        with self.slots.slot():
            async with self.slots.deadline(self.config.ai_deadline_s):
                encoder = await self.encoder()
                vector = await self._vector(content)
                chosen = await self._labels.make(
                    encoder, labels, words=None, templates=templates, language=language, none=none
                )
        scores = chosen.classify(vector[None])[0]
        names = chosen.answers
        order = np.argsort(-scores, kind="stable")
        return [(names[row], float(scores[row])) for row in order]

    async def labels(
        self,
        names: Sequence[str],
        *,
        words: Sequence[str] | None = None,
        templates: Sequence[str] | None = None,
        language: str | None = None,
        none: bool = True,
    ) -> Labels:
        """Labels as vectors, to classify pictures whose vectors are stored.

        Args:
            words: what is encoded for each name.

        Raises:
            QueryError: labels or templates that are none.
        """
        with self.slots.slot():
            async with self.slots.deadline(self.config.ai_deadline_s):
                return await self._labels.make(
                    await self.encoder(), names, words=words, templates=templates,
                    language=language, none=none,
                )  # fmt: skip

    async def text(self, query: str) -> tuple[Vectors, str | None]:
        """(dim,) unit vector of words, and what was encoded in their place: a translation, or
        Vietnamese with its marks; None where it was encoded as written."""
        with self.slots.slot():
            async with self.slots.deadline(self.config.ai_deadline_s):
                encoder = await self.encoder()
                words, typed = with_marks(query, restore=needs_marks(encoder))
                language = "vi" if typed else detect_language(query)
                translated = await self._translating.run(
                    lambda: self.models.translate(words, language)
                )
                translated = translated or (words if typed else None)
                vectors = await self._encoding.run(
                    lambda: self.models.encoder.computing(
                        lambda: self.models.encode_texts([translated or query])
                    )
                )
                return vectors[0], translated

    async def translate(self, text: str, language: str) -> tuple[str, str]:
        """A caption in this language, and the name of the translator.

        Raises:
            RequestError: 422, a language that nothing translates into; 503, no translation came.
        """
        with self.slots.slot():
            async with self.slots.deadline(self.config.ai_deadline_s):
                translator = await self._translating.run(
                    partial(self.models.translator_to, language)
                )
                if translator is None:
                    raise RequestError(
                        422,
                        "unknown-language",
                        f"Nothing translates into {language!r} here. Choose en or vi.",
                    )
                found = await self._translating.run(partial(translator.translate, text))
        if found.translated is None or found.by is None:
            raise RequestError(
                503,
                "not-translated",
                "The text was not translated: the translator did not answer. Try again later.",
                retry_after=30,
            )
        return found.translated, found.by

    async def _features(self, content: bytes, languages: Sequence[str]) -> Features | TimAnhError:
        try:
            vector = await self._vector(content)
        except PictureError as error:
            return error
        # All at once: of the pictures that wait together each language is one full batch.
        made = await asyncio.gather(
            *(self._caption_of(content, language) for language in languages),
            return_exceptions=True,
        )
        captions: dict[str, str] = {}
        failed: TimAnhError | None = None  # the embedding is right all the same
        for language, caption in zip(languages, made, strict=True):
            if isinstance(caption, str):
                captions[language] = caption
            elif isinstance(caption, TimAnhError):
                failed = failed or caption
            elif isinstance(caption, Exception):
                failed = failed or TimAnhError(
                    f"The captioner failed ({type(caption).__name__}: {caption})."
                )
            else:
                raise caption
        return Features(vector, captions, failed)

    async def _vector(self, content: bytes) -> Vectors:
        async def make() -> Vectors:
            return await self._vectors.submit(await self._open(content))

        encoder = await self.encoder()
        return await self._kept_vectors.get((_digest(content), encoder.fingerprint), make)

    async def _caption_of(self, content: bytes, language: str) -> str:
        async def make() -> str:
            return await self._batch_of(language).submit(await self._open(content))

        captioner = self.models.captioner.get()  # loaded since `_languages`
        key = (_digest(content), captioner.fingerprint, language)
        return await self._kept_captions.get(key, make)

    async def _open(self, content: bytes) -> Image.Image:
        return await self._opening.run(lambda: open_upload(content, self.config))

    async def _languages(self, wanted: str | None) -> tuple[str, ...]:
        """Those to caption in; loads the captioner."""
        part = self.models.captioner
        if part.state == "absent":
            return ()
        loaded = part.loaded
        captioner = await self._captioning.run(part.get) if loaded is None else loaded
        known = tuple(captioner.languages)
        return known if wanted is None else tuple(each for each in known if each == wanted)

    def _lacks(self, language: str) -> LanguageError:
        captioner = self.models.captioner.get()
        return LanguageError(
            f"The captioner {captioner.name} writes {' and '.join(captioner.languages)}, not "
            f"{language!r}. Ask for one of these."
        )

    def _batch_of(self, language: str) -> MicroBatcher[Image.Image, str]:
        if language not in self._captions:

            def compute(pictures: Sequence[Image.Image]) -> list[str]:
                work = partial(self._caption, language, pictures, 1)
                return [each[0] for each in self.models.captioner.computing(work)]

            self._captions[language] = MicroBatcher(self._captioning, compute)
        return self._captions[language]

    def _caption(
        self, language: str, pictures: Sequence[Image.Image], count: int
    ) -> list[list[str]]:
        captioner = self.models.captioner.get()
        found = captioner.captions(list(pictures), language=language, count=count)
        if not all(found):
            raise PictureError("The captioner cannot read the picture.")
        return [[caption.text for caption in each] for each in found]

    def _attention(
        self, picture: Image.Image, texts: Sequence[str], language: str
    ) -> tuple[Attention | None, ...]:
        captioner = self.models.captioner.get()
        return tuple(captioner.attention(picture, text, language) for text in texts)

    def _encode(self, pictures: Sequence[Image.Image]) -> list[Vectors]:
        encoder = self.models.encoder
        vectors = encoder.computing(lambda: encoder.get().encode_images(list(pictures)))
        if np.isfinite(vectors).all():
            return list(vectors)
        # Of several, each is then computed alone. Is it the picture, or does the model fail?
        if np.isfinite(encoder.get().encode_images([TRIAL])).all():
            raise PictureError(
                "The model's vector of this picture is not finite (NaN). Try another picture, or "
                "another model."
            )
        error = RequestError(
            503,
            "encoder-failed",
            "The model's vectors are not finite (NaN), whatever the picture. Start the service "
            "again, or with another model.",
            retry_after=30,
        )
        encoder.failed(error)
        raise error

    def _encode_trial(self) -> Vectors:
        return self.models.encode_texts(["a photo"])


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()

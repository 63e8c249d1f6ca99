"""Why pictures of the gallery match words: heat maps, computed one at a time and kept."""

import logging
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from timanh.api.config import ApiConfig
from timanh.api.gallery.pictures import ByteCache, GalleryPictures
from timanh.api.http.problems import RequestError
from timanh.api.http.uploads import MAX_SIDE
from timanh.api.http.workers import Workers
from timanh.api.search.service import SearchService
from timanh.data import open_picture
from timanh.errors import NoGridError, QueryError
from timanh.search import Query
from timanh.vectors import Item
from timanh.workspace import readable

if TYPE_CHECKING:
    from timanh.models.heat_maps import HeatMaps

log = logging.getLogger("timanh.api")

KEPT_BYTES = 16_000_000


@dataclass(frozen=True)
class Explained:
    """A heat map as PNG, and of which words.

    Attributes:
        text: as the encoder reads it, translated where it has to be.
        words: those of the text that a picture may show.
    """

    text: str
    words: tuple[str, ...]
    png: bytes


class Explainer:
    """Heat maps with the engine's encoder.

    Attributes:
        available: whether the encoder has a grid; None until `look` has found out.
    """

    def __init__(
        self, service: SearchService, pictures: GalleryPictures, config: ApiConfig
    ) -> None:
        self.available: bool | None = None
        self._service = service
        self._pictures = pictures
        self._config = config
        self._workers = Workers(1, "timanh-explain")
        self._maps: HeatMaps | None = None
        self._kept = ByteCache(KEPT_BYTES)

    async def look(self) -> None:
        """Find out whether there can be heat maps."""
        try:
            await self._workers.run(self._load)
        except RequestError:
            pass  # it has none
        except Exception:
            log.exception("Heat maps cannot be computed with this encoder")
            self.available = False

    def close(self) -> None:
        self._workers.close()

    async def explain(self, id: str, words: str, word: str | None) -> Explained:
        """The map of a picture for `words`, or for what `word` adds to them.

        Raises:
            RequestError: 429 busy, 503 deadline-passed; 422 no-grid where the encoder has none.
            UnknownPictureError: no picture has this id.
            QueryError: there are no words, or `word` is not one of them.
        """
        item = self._pictures.item(id)
        with self._service.slots.slot():
            _, understood, _ = await self._service.understand(Query(text=words), None)
            text = understood.words
            if text is None:
                raise QueryError("There are no words to explain. Send some as “words”.")
            async with self._service.slots.deadline(self._config.deadline_s):
                return await self._workers.run(lambda: self._explain(item, text, word))

    def _explain(self, item: Item, text: str, word: str | None) -> Explained:
        from timanh.models.heat_maps import overlay, words_of

        maps = self._load()
        encoder = maps.encoder
        key = "\n".join(
            (item.hash, encoder.fingerprint, encoder.text_fingerprint, text, word or "")
        )
        png = self._kept.get(key)
        if png is None:
            file = self._pictures.file(item.path)
            picture = open_picture(file, longest=MAX_SIDE, label=readable(item.path))
            picture.thumbnail((MAX_SIDE, MAX_SIDE))
            heat = (
                maps.of(picture, text)
                if word is None
                else maps.of_words(picture, text, [word])[word]
            )
            out = BytesIO()
            overlay(heat).save(out, "PNG")
            png = out.getvalue()
            self._kept.put(key, png)
        return Explained(text, tuple(words_of(text)), png)

    def _load(self) -> "HeatMaps":
        """Raises RequestError 422: the encoder has no grid."""
        engine = self._service.engine
        if self._maps is None or self._maps.encoder is not engine.encoder:
            from timanh.models.heat_maps import HeatMaps

            try:
                self._maps = HeatMaps(engine.encoder, engine.encode_texts)
            except NoGridError as error:
                self.available = False
                raise RequestError(422, error.code, str(error)) from error
            self.available = True
        return self._maps

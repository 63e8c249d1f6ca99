"""Why a picture matched: how much each part of it has to do with words."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from timanh.errors import NoGridError, QueryError
from timanh.models.encoder import Encoder, Vectors
from timanh.models.heat_maps.placing import place, scaled
from timanh.models.heat_maps.relevance import relevance
from timanh.models.heat_maps.watching import WatchedTower
from timanh.models.heat_maps.words import without, words_of
from timanh.models.torch_encoder import TorchEncoder
from timanh.workspace import require_whole

HeatMap = NDArray[np.float32]


class HeatMaps:
    """Heat maps of one encoder; may be used from many threads, as long as `encode_texts` may.

    A map is (H, W) float32 in 0..1 at the picture's own size: 1 where most of the score comes
    from, 0 where nothing does, and where the encoder does not look.

        >>> HeatMaps(load_encoder("demo")).of(picture, "a red car").shape
        (480, 640)
    """

    def __init__(
        self, encoder: Encoder, encode_texts: Callable[[Sequence[str]], Vectors] | None = None
    ) -> None:
        """
        Args:
            encode_texts: in place of the encoder's, where several threads share it.

        Raises:
            NoGridError: the encoder has no grid.
        """
        if not isinstance(encoder, TorchEncoder) or encoder.picture_tower.shapes[0] is None:
            raise NoGridError(
                f"{encoder.name} sees a picture as a whole, without a grid of parts, so it cannot "
                "say where the words are. Take a CLIP, SigLIP, ViT or ResNet model, or demo."
            )
        self.encoder = encoder
        self._encode_texts = encode_texts or encoder.encode_texts
        self._tower = WatchedTower(encoder)

    def of(self, image: Image.Image, text: str) -> HeatMap:
        """(H, W): where an RGB picture shows what the text says.

        Raises:
            QueryError: the text is blank.
        """
        _check(text)
        heat: HeatMap = self.of_vectors(image, self._encode_texts([text]))[0]
        return heat

    def of_words(
        self, image: Image.Image, text: str, words: Sequence[str] | None = None
    ) -> dict[str, HeatMap]:
        """The same for single words of the text: where the picture shows what each adds to it.

        Args:
            words: None for all that can be seen, see `words_of`.

        Raises:
            QueryError: the text is blank, or does not have one of the words.
        """
        _check(text)
        chosen = words_of(text) if words is None else list(words)
        if not chosen:
            return {}
        vectors = self._encode_texts([text, *(without(text, word) for word in chosen)])
        maps = self.of_vectors(image, vectors[:1] - vectors[1:])
        return dict(zip(chosen, maps, strict=True))

    def of_vectors(self, image: Image.Image, vectors: Vectors) -> NDArray[np.float32]:
        """(T, H, W): one map for each of (T, dim) vectors of texts."""
        preparation = self.encoder.preparation
        pixels = torch.from_numpy(self.encoder.prepare_images([image])).to(self.encoder.device)
        size = (preparation.height, preparation.width)
        with self._tower.watch(pixels) as seen:
            directions = torch.from_numpy(vectors).to(seen.vector)
            grids = [
                relevance(seen, seen.vector @ each, size, self._tower.config) for each in directions
            ]
        left, top, right, bottom = preparation.seen_area(*image.size)
        width, height = image.size
        part = (left * width, top * height, right * width, bottom * height)
        return np.stack([scaled(place(grid, image.size, part)) for grid in grids])


def _check(text: str) -> None:
    if not require_whole(text).strip():
        raise QueryError("There are no words to explain. Write some, such as “a red car”.")

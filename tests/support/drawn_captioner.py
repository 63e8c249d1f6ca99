"""A captioner that needs no network: it says which colour a picture has most of."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WORDS = {"en": ("red", "green", "blue"), "vi": ("đỏ", "xanh lá", "xanh dương")}
SENTENCES = {"en": "a {} picture", "vi": "một bức ảnh màu {}"}


@dataclass(frozen=True)
class Caption:
    text: str
    language: str
    log_probability: float = -1.0


@dataclass(frozen=True)
class LookedAt:
    word: str
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class Attention:
    words: tuple[LookedAt, ...]
    area: tuple[float, float, float, float]


class ColourCaptioner:
    """Counts what it captioned; fails when `broken`."""

    name = "colours"
    fingerprint = "c0105c0105c0105c"
    languages = ("en", "vi")
    device = "cpu"

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.broken = False
        self.delay_s = 0.0

    def captions(
        self,
        images: Sequence[Image.Image],
        language: str | None = None,
        *,
        beams: int = 5,
        count: int = 1,
    ) -> list[list[Caption]]:
        time.sleep(self.delay_s)
        if self.broken:
            raise RuntimeError("CUDA out of memory")
        self.batches.append(len(images))
        spoken = language or self.languages[0]
        return [[self._caption(image, spoken)] * count for image in images]

    def attention(
        self, image: Image.Image, text: str, language: str | None = None
    ) -> Attention | None:
        """Each word looks at where the picture is bright, the first at its top row alone."""
        light = np.asarray(image.convert("L").resize((4, 3)), np.float32) / 255 / 12
        words = [LookedAt(word, light.copy()) for word in text.split()]
        words[0].weights[1:] = 0
        return Attention(tuple(words), (0.0, 0.0, 1.0, 1.0))

    @staticmethod
    def _caption(image: Image.Image, language: str) -> Caption:
        channel = int(np.asarray(image.convert("RGB"), np.float32).mean(axis=(0, 1)).argmax())
        return Caption(SENTENCES[language].format(WORDS[language][channel]), language)

"""What every encoder offers, whatever network is behind it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Vectors = NDArray[np.float32]


class Encoder(ABC):
    """Turns pictures and texts into unit vectors of one space.

    Attributes:
        name: what a person calls it, such as `openai/clip-vit-base-patch32` or a folder's name.
        dim: length of a vector.
        fingerprint: 16 hex digits of the vectors of pictures; changes when weights or the
            preparation of pictures change. A dictionary is opened by it.
        languages: ISO codes of the languages its text tower was trained on, such as ("en", "vi").
        device: where it computes, such as "cpu" or "cuda".
        enough_pixels: for a picture's shorter side; large JPEGs may be decoded that small with
            as good as the same vector. None where every pixel counts.
        runtime: what computes, such as "torch" or "openvino-bf16".
    """

    name: str
    dim: int
    fingerprint: str
    languages: tuple[str, ...]
    device: str
    enough_pixels: int | None = None
    runtime: str = "torch"

    @property
    def text_fingerprint(self) -> str:
        """The same for the vectors of texts: changes when weights, tokenizer or the cleaning of
        texts change. Pictures that were encoded before stay as good as they were."""
        return self.fingerprint

    def expect(self, *, images: int = 0, texts: int = 0) -> None:  # noqa: B027 - most need none
        """Get ready for so many; an encoder that can compute in several ways chooses now."""

    @abstractmethod
    def prepare_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Resize, crop or pad, and normalise: (N, 3, H, W) float32. Safe to call from threads."""

    @abstractmethod
    def encode_prepared(self, pixels: NDArray[np.float32]) -> Vectors:
        """(N, 3, H, W) float32 from `prepare_images` to (N, dim) float32 rows of unit length."""

    @abstractmethod
    def encode_texts(self, texts: Sequence[str], *, batch_size: int = 64) -> Vectors:
        """(N, dim) float32 rows of unit length; texts beyond the model's limit are cut, with a
        `UserWarning` that counts them."""

    @abstractmethod
    def save_pretrained(self, folder: Path) -> None:
        """Write model, tokenizer and image preparation so that `load_encoder(folder)` gives the
        same vectors."""

    @property
    @abstractmethod
    def model(self) -> Any:
        """The torch module behind it, for training."""

    def encode_images(self, images: Sequence[Image.Image], *, batch_size: int = 32) -> Vectors:
        """(N, dim) float32 rows of unit length, one per RGB picture, in order."""
        self.expect(images=len(images))
        batches = [
            self.encode_prepared(self.prepare_images(images[start : start + batch_size]))
            for start in range(0, len(images), batch_size)
        ]
        return np.concatenate(batches) if batches else np.zeros((0, self.dim), np.float32)

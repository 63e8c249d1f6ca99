"""What every encoder offers, whatever network is behind it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Vectors = NDArray[np.float32]
MARKS = 16  # tokens that stand for no letter of the text, at most: beginning, end, prefix


@dataclass(frozen=True)
class TextLength:
    """How much of a text an encoder reads.

    Attributes:
        limit: the most tokens it reads, those for beginning and end included.
        read: the beginning that is read; None where all of it is.
    """

    limit: int
    read: str | None = None


class Encoder(ABC):
    """Turns pictures and texts into unit vectors of one space.

    Attributes:
        name: what a person calls it, such as `openai/clip-vit-base-patch32` or a folder's name.
        dim: length of a vector.
        fingerprint: 16 hex digits of the vectors of pictures; changes when weights or the
            preparation of pictures change. A dictionary is opened by it.
        languages: ISO codes of the languages its text tower was trained on, such as ("en", "vi").
        reads_unmarked: it was trained on Vietnamese without its marks too, so that nobody need
            restore them.
        device: where it computes, such as "cpu" or "cuda".
        min_decode_side: pixels of the shorter side; a large JPEG may be decoded at any size that
            keeps as many, and its vector stays the same but for rounding. None where every
            pixel counts.
        runtime: what computes pictures, such as "torch" or "openvino-bf16".
    """

    name: str
    dim: int
    fingerprint: str
    languages: tuple[str, ...]
    device: str
    min_decode_side: int | None = None
    runtime: str = "torch"
    reads_unmarked: bool = False

    @property
    def text_fingerprint(self) -> str:
        """16 hex digits of the vectors of texts; changes when weights, tokenizer or the cleaning
        of texts change. It does not concern pictures that were encoded before."""
        return self.fingerprint

    @property
    def max_tokens(self) -> int | None:
        """The most tokens of a text that count; None where that is unknown."""
        return None

    def surely_reads(self, text: str) -> bool:
        """Whether a text is so short that all of it counts, seen without counting tokens."""
        limit = self.max_tokens
        # A token stands for a byte at least, but for a few more.
        return limit is not None and len(text.encode("utf8", "replace")) + MARKS <= limit

    def text_length(self, text: str) -> TextLength | None:
        """How much of a text `encode_texts` reads; None where that is unknown. Not to be called
        from two threads at once, nor beside `encode_texts`."""
        return None

    def choose_runtime_for(self, *, images: int = 0, texts: int = 0) -> None:  # noqa: B027
        """Choose the runtime that suits so many rows; an encoder with one runtime does nothing."""

    @abstractmethod
    def prepare_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Resize, crop or pad, and normalise: (N, 3, H, W) float32. Safe to call from threads."""

    @abstractmethod
    def encode_prepared(self, pixels: NDArray[np.float32]) -> Vectors:
        """(N, 3, H, W) float32 from `prepare_images` to (N, dim) float32 rows of unit length."""

    @abstractmethod
    def encode_texts(self, texts: Sequence[str], *, batch_size: int = 256) -> Vectors:
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
        self.choose_runtime_for(images=len(images))
        batches = [
            self.encode_prepared(self.prepare_images(images[start : start + batch_size]))
            for start in range(0, len(images), batch_size)
        ]
        return np.concatenate(batches) if batches else np.zeros((0, self.dim), np.float32)

    def grid_features(
        self, images: Sequence[Image.Image], *, batch_size: int = 32
    ) -> NDArray[np.float32] | None:
        """(N, H, W, width) float32, what the vision tower sees where, one per RGB picture: the
        patch tokens of a transformer, or the last feature map of a convolutional network, not
        normalised, top left first. None where the tower has no grid."""
        return None

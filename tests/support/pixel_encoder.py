"""A real encoder without torch: fixed random projections of small pictures and of words.

It is quick to import, so a test may start it in a process of its own and kill it.
"""

import threading
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from timanh.models import Encoder, Vectors

SIDE = 12


class PixelEncoder(Encoder):
    """Unit vectors from 12 × 12 pixels; texts by their words. Slow when `delay_s` says so."""

    languages: tuple[str, ...] = ("en",)
    device = "cpu"

    def __init__(self, dim: int = 24, seed: int = 0, delay_s: float = 0.0) -> None:
        self.name = f"pixels-{seed}"
        self.dim = dim
        self.fingerprint = f"{seed:08x}{dim:08x}"
        self.delay_s = delay_s
        self.encoded = 0
        random = np.random.default_rng(seed)
        self._matrix = random.standard_normal((3 * SIDE * SIDE, dim)).astype(np.float32)

    def prepare_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        small = [image.convert("RGB").resize((SIDE, SIDE)) for image in images]
        return np.stack([np.asarray(one, np.float32) / 255 - 0.5 for one in small]).transpose(
            0, 3, 1, 2
        )

    def encode_prepared(self, pixels: NDArray[np.float32]) -> Vectors:
        time.sleep(self.delay_s)
        self.encoded += len(pixels)
        # Row by row, so that the vectors do not depend on who shares the batch.
        return np.stack([unit(one.reshape(-1) @ self._matrix) for one in pixels])

    def encode_texts(self, texts: Sequence[str], *, batch_size: int = 64) -> Vectors:
        return np.stack([unit(sum(map(self._word, text.lower().split()))) for text in texts])

    def _word(self, word: str) -> NDArray[np.float32]:
        random = np.random.default_rng(zlib.crc32(word.encode()))
        return random.standard_normal(self.dim).astype(np.float32)

    def save_pretrained(self, folder: Path) -> None:
        raise NotImplementedError

    @property
    def model(self) -> Any:
        return None


def load_noting(folder: Path, delay_s: float) -> PixelEncoder:
    """Leaves a file in `folder` each time, so that loads in other processes can be counted."""
    (folder / uuid4().hex).touch()
    return PixelEncoder(delay_s=delay_s)


def unit(vector: Any) -> NDArray[np.float32]:
    floats = np.asarray(vector, np.float32)
    return (floats / np.linalg.norm(floats)).astype(np.float32)


def make_pictures(folder: Path, count: int, seed: int = 0) -> Path:
    """`count` small PNGs, each with its own colours, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    for number in range(count):
        pixels = random.integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(pixels).resize((48, 36)).save(folder / f"{number:04d}.png")
    return folder


class Recorder(PixelEncoder):
    """Says which texts it was given."""

    def __init__(self, *languages: str) -> None:
        super().__init__()
        self.languages = languages
        self.texts: list[str] = []
        self.inside = threading.Lock()

    def encode_texts(self, texts: Sequence[str], *, batch_size: int = 64) -> Vectors:
        assert self.inside.acquire(blocking=False), "two threads encode at once"
        try:
            self.texts += texts
            return super().encode_texts(texts)
        finally:
            self.inside.release()

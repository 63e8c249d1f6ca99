"""Galleries of any size with the geometry of real CLIP vectors, and text queries to go with them.

From some real picture vectors: each vector made is one of them drawn towards the mean, plus noise
with their covariance. Queries are real text vectors as they are. Without real ones, a narrow cone
with a falling spectrum stands in, with texts that lie mostly where pictures vary little.
"""

from pathlib import Path
from typing import Any

import numpy as np

DIM = 512
# How much of a vector is its model, and how much is noise.
KEPT = 0.8
BLOCK = 65_536


def unit(rows: Any) -> Any:
    """Rows at length 1, float32."""
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def real(pictures: Path | None, texts: Path | None) -> tuple[Any, Any, str]:
    """Picture vectors, text vectors, and what they are in words."""
    if pictures is not None and texts is not None:
        rows, queries = unit(np.load(pictures)), unit(np.load(texts))
        words = f"imitates {len(rows)} real CLIP vectors; {len(queries)} real text vectors ask"
        return rows, queries, words
    rng = np.random.default_rng(5)
    spectrum = np.exp(-np.arange(DIM) / 60)
    mean, other = rng.standard_normal((2, DIM)) / np.sqrt(DIM)
    rows = unit(mean + 0.1 * rng.standard_normal((1000, DIM)) * spectrum)
    lean = rng.standard_normal((1000, DIM)) * spectrum[::-1]
    return rows, unit(other + 0.3 * mean + 0.05 * lean), "a cone with a falling spectrum"


def gallery(count: int, pictures: Any, seed: int = 0) -> Any:
    """(count, 512) float32 of unit length."""
    rng = np.random.default_rng(seed)
    mean = pictures.mean(axis=0)
    around = pictures - mean
    values, axes = np.linalg.eigh(around.T @ around / len(around))
    mixing = (axes * np.sqrt(np.maximum(values, 0))).T.astype(np.float32)
    out = np.empty((count, pictures.shape[1]), np.float32)
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        noise = rng.standard_normal((size, len(mean)), np.float32) @ mixing
        models = around[rng.integers(len(around), size=size)]
        out[start : start + size] = unit(mean + KEPT * models + np.sqrt(1 - KEPT**2) * noise)
    return out

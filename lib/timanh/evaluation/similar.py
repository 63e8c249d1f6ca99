"""Picture → picture: are the neighbours of a picture those that people describe alike?"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timanh.data import DataFolder
from timanh.evaluation.evaluate import encode_gallery
from timanh.evaluation.recall import intervals
from timanh.models.encoder import Encoder
from timanh.training.shared import words_of

K = 10
CHUNK = 512
Floats = NDArray[np.float32]


def evaluate_similar(
    encoder: Encoder,
    folder: DataFolder,
    names: Sequence[str],
    *,
    batch_size: int = 64,
    progress: bool = True,
) -> dict[str, Any]:
    """nDCG@10 of each picture's neighbours, with agreement of captions as the truth.

    Returns:
        {"gallery", "nDCG@10" in percent, "ci95", "random": what a random order gets}, over the
        pictures that have captions; the picture itself is not counted as a neighbour.
    """
    vectors, kept, _ = encode_gallery(
        encoder, folder, names, batch_size=batch_size, progress=progress
    )
    captioned = [row for row, name in enumerate(kept) if folder.captions_of(name)]
    bags = caption_vectors([folder.captions_of(kept[row]) for row in captioned])
    found = ndcg(vectors[captioned], bags)
    shuffled = ndcg(vectors[np.random.default_rng(0).permutation(captioned)], bags)
    return {
        "gallery": len(captioned),
        f"nDCG@{K}": round(100 * float(found.mean()), 2),
        "ci95": list(intervals(found[:, None], np.arange(len(captioned)))[0]),
        "random": round(100 * float(shuffled.mean()), 2),
    }


def caption_vectors(captions: Sequence[Sequence[str]]) -> Floats:
    """(N, words) unit tf-idf rows: each picture's captions as one bag of words.

    Words of a single picture, which can agree with no other, are left out.
    """
    bags = [Counter(word for caption in texts for word in words_of(caption)) for texts in captions]
    pictures = Counter(word for bag in bags for word in bag)
    known = {word: column for column, word in enumerate(w for w, n in pictures.items() if n > 1)}
    rows = np.zeros((len(bags), max(1, len(known))), np.float32)
    for row, bag in enumerate(bags):
        for word, count in bag.items():
            if word in known:
                rows[row, known[word]] = count * np.log(len(bags) / pictures[word])
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = rows / np.maximum(lengths, 1e-12)
    return unit


def ndcg(vectors: Floats, bags: Floats, k: int = K) -> NDArray[np.float64]:
    """Per picture, DCG of its k nearest others over the best there is (Järvelin 2002).

    Args:
        vectors: (N, dim) unit rows, by which neighbours are found.
        bags: (N, words) unit rows; their cosine is the gain.

    Returns:
        (N,) 0..1; 1 where no other picture agrees at all. Of like near neighbours the first
        in the gallery comes first.
    """
    count = len(vectors)
    discounts = 1 / np.log2(np.arange(2, min(k, count - 1) + 2))
    values = np.empty(count)
    for start in range(0, count, CHUNK):
        rows = np.arange(start, min(start + CHUNK, count))
        gains = bags[rows] @ bags.T
        scores = vectors[rows] @ vectors.T
        itself = np.arange(len(rows)), rows
        gains[itself], scores[itself] = -1.0, -np.inf
        near = np.argsort(-scores, axis=1, kind="stable")[:, : len(discounts)]
        got = np.take_along_axis(gains, near, axis=1) @ discounts
        best = -np.sort(-gains, axis=1)[:, : len(discounts)] @ discounts
        values[rows] = np.where(best > 0, got / np.maximum(best, 1e-12), 1.0)
    return values

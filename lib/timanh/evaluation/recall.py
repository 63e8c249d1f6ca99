"""Recall of retrieval, exact about ties and about several captions per picture.

The five-caption protocol of Flickr8k (Hodosh et al. 2013): text→image has each caption as a query
with one right picture; image→text is a hit if any of the picture's captions is in the top k.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

KS = (1, 5, 10)
RESAMPLES = 1000
CHUNK_BYTES = 64_000_000

Ranks = NDArray[np.int64]


def retrieval_ranks(
    images: NDArray[np.float32], texts: NDArray[np.float32], owner: NDArray[np.int64]
) -> tuple[Ranks, Ranks]:
    """Ranks of the truth, 1 = best, in both directions.

    Args:
        images: (N, dim) vectors, unit length.
        texts: (M, dim) vectors, unit length.
        owner: (M,) row of the picture that each text belongs to.

    Returns:
        (M,) rank of each text's picture among all pictures, and (N,) rank of each picture's best
        own text among the texts of other pictures; 0 for a picture without texts.

    A wrong answer with the same score counts as better, and so does one whose score is not a
    number: ties never help the model. Scores are computed in chunks, so that 100,000 pictures fit.

    Example:
        >>> retrieval_ranks(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32), np.arange(2))
        (array([1, 1]), array([1, 1]))
    """
    best_own = np.full(len(images), -np.inf, np.float32)
    t2i = np.empty(len(texts), np.int64)
    better_texts = np.zeros(len(images), np.int64)
    step = max(1, CHUNK_BYTES // (4 * max(1, len(images))))
    # First pass: ranks of the pictures, and the best own score per picture.
    for start in range(0, len(texts), step):
        rows = slice(start, start + step)
        scores = texts[rows] @ images.T  # (chunk, N)
        own = scores[np.arange(len(scores)), owner[rows]]
        t2i[rows] = (~(scores < own[:, None])).sum(1)  # the truth itself counts once: rank 1
        np.fmax.at(best_own, owner[rows], own)
    # Second pass: other pictures' texts that score as high as the best own one.
    for start in range(0, len(texts), step):
        rows = slice(start, start + step)
        scores = texts[rows] @ images.T
        as_good = ~(scores < best_own[None, :])
        as_good[np.arange(len(scores)), owner[rows]] = False
        better_texts += as_good.sum(0)
    has_texts = np.bincount(owner, minlength=len(images)) > 0
    return t2i, np.where(has_texts, better_texts + 1, 0)


def retrieval_report(
    images: NDArray[np.float32],
    texts: NDArray[np.float32],
    owner: NDArray[np.int64],
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """The document of `timanh evaluate --json`; recalls and intervals in percent.

    The 95 % interval is a bootstrap over pictures (1,000 resamples): a picture drawn brings all
    its captions with it, because captions of one picture are not independent.
    """
    return report_of_ranks(*retrieval_ranks(images, texts, owner), owner, seed=seed)


def report_of_ranks(t2i: Ranks, i2t: Ranks, owner: Ranks, *, seed: int = 0) -> dict[str, Any]:
    """`retrieval_report`'s document from `retrieval_ranks`' answer."""
    counts = np.bincount(owner, minlength=len(i2t))
    captioned = np.flatnonzero(counts)
    per_picture = int(counts[captioned[0]]) if len(captioned) else 0
    even = bool((counts[captioned] == per_picture).all())
    draws = bootstrap_draws(len(captioned), seed)
    return {
        "gallery": len(i2t),
        "captions": len(t2i),
        "protocol": _protocol(per_picture) if even else "all-captions",
        "t2i": _direction(t2i, np.searchsorted(captioned, owner), draws),
        "i2t": _direction(i2t[captioned], np.arange(len(captioned)), draws),
    }


def bootstrap_draws(pictures: int, seed: int = 0) -> NDArray[np.int64]:
    """(1000, pictures) rows of pictures, drawn with replacement; the same for the same count."""
    return np.random.default_rng(seed).integers(0, pictures, (RESAMPLES, pictures), dtype=np.int64)


def _protocol(captions: int) -> str:
    words = {1: "one-caption", 5: "five-caption"}
    return words.get(captions, f"{captions}-caption")


def _direction(ranks: Ranks, picture: Ranks, draws: NDArray[np.int64]) -> dict[str, Any]:
    """Summary of one direction; `picture` (Q,) says whose query each rank belongs to."""
    summary: dict[str, Any] = {f"R@{k}": round(100 * float((ranks <= k).mean()), 4) for k in KS}
    summary["median_rank"] = float(np.median(ranks))
    summary["mean_rank"] = round(float(ranks.mean()), 4)
    summary["MRR"] = round(float((1 / ranks).mean()), 6)
    summary["ci95"] = {f"R@{k}": list(interval(ranks <= k, picture, draws)) for k in KS}
    return summary


def interval(values: NDArray[Any], picture: Ranks, draws: NDArray[np.int64]) -> tuple[float, float]:
    """95 % interval, in percent, of the mean of `values` (Q,) over resampled pictures.

    Args:
        values: per query, such as whether it was a hit.
        picture: (Q,) whose query each is; all of them come or stay away together.
        draws: of `bootstrap_draws`.
    """
    pictures = draws.shape[1]
    total = np.bincount(picture, weights=values, minlength=pictures)
    query_count = np.bincount(picture, minlength=pictures)
    means = 100 * total[draws].sum(1) / query_count[draws].sum(1)
    low, high = np.percentile(means, (2.5, 97.5))
    return round(float(low), 2), round(float(high), 2)

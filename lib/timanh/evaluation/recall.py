"""Recall of retrieval, exact about ties and about several captions per picture.

The five-caption protocol of Flickr8k (Hodosh et al. 2013): text→image has each caption as a query,
and right are all pictures with this very caption, usually one; image→text is a hit
if any of the picture's captions is in the top k.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

KS = (1, 5, 10)
RESAMPLES = 1000
CHUNK_BYTES = 64_000_000
DRAWN_AT_ONCE = 1_000_000  # pictures of the bootstrap; 8 bytes each, three times

Ranks = NDArray[np.int64]


def retrieval_ranks(
    images: NDArray[np.float32],
    texts: NDArray[np.float32],
    owner: NDArray[np.int64],
    same: NDArray[np.int64] | None = None,
) -> tuple[Ranks, Ranks]:
    """Ranks of the truth, 1 = best, in both directions.

    Args:
        images: (N, dim) vectors, unit length.
        texts: (M, dim) vectors, unit length.
        owner: (M,) row of the picture that each text belongs to.
        same: (M,) equal numbers for texts that say the same, of `same_captions`; None: none do.

    Returns:
        (M,) rank of each text's best right picture among the wrong ones, and (N,) rank of each
        picture's best right text among the wrong ones; 0 for a picture without texts. Right is a
        picture for a text where a text that says the same belongs to it.

    A wrong answer with the same score counts as better, and so does one whose score is not a
    number: ties never help the model. Scores are computed in chunks, so that 100,000 pictures fit.

    Example:
        >>> retrieval_ranks(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32), np.arange(2))
        (array([1, 1]), array([1, 1]))
    """
    best_right = np.full(len(images), -np.inf, np.float32)
    t2i = np.empty(len(texts), np.int64)
    better_texts = np.zeros(len(images), np.int64)
    step = max(1, CHUNK_BYTES // (4 * max(1, len(images))))
    right = right_pictures(owner, same)
    # First pass: ranks of the pictures, and the best right score per picture.
    for start in range(0, len(texts), step):
        scores = texts[start : start + step] @ images.T  # (chunk, N)
        pairs = right.of(start, len(scores))
        best = np.full(len(scores), -np.inf, np.float32)
        np.fmax.at(best, pairs[0], scores[pairs])
        as_good = ~(scores < best[:, None])
        as_good[pairs] = False
        t2i[start : start + step] = 1 + as_good.sum(1)
        np.fmax.at(best_right, pairs[1], scores[pairs])
    # Second pass: wrong texts that score as high as the best right one.
    for start in range(0, len(texts), step):
        scores = texts[start : start + step] @ images.T
        as_good = ~(scores < best_right[None, :])
        as_good[right.of(start, len(scores))] = False
        better_texts += as_good.sum(0)
    has_texts = np.bincount(owner, minlength=len(images)) > 0
    return t2i, np.where(has_texts, better_texts + 1, 0)


def retrieval_report(
    images: NDArray[np.float32],
    texts: NDArray[np.float32],
    owner: NDArray[np.int64],
    same: NDArray[np.int64] | None = None,
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """The document of `timanh evaluate --json`; recalls and intervals in percent.

    "shared" says how many captions belong to several pictures, and the "ceiling": the best
    R@k that any model could reach if only a caption's own picture were right, as some count.
    Here all of them are right, and the ceiling is 100.

    The 95 % interval is a bootstrap over pictures (1,000 resamples): a picture drawn brings all
    its captions with it, because captions of one picture are not independent.
    """
    ranks = retrieval_ranks(images, texts, owner, same)
    return report_of_ranks(*ranks, owner, same, seed=seed)


def report_of_ranks(
    t2i: Ranks, i2t: Ranks, owner: Ranks, same: Ranks | None = None, *, seed: int = 0
) -> dict[str, Any]:
    """`retrieval_report`'s document from `retrieval_ranks`' answer."""
    counts = np.bincount(owner, minlength=len(i2t))
    captioned = np.flatnonzero(counts)
    per_picture = int(counts[captioned[0]]) if len(captioned) else 0
    even = bool((counts[captioned] == per_picture).all())
    pictures = right_pictures(owner, same).counts
    return {
        "gallery": len(i2t),
        "captions": len(t2i),
        "protocol": _protocol(per_picture) if even else "all-captions",
        "shared": {
            "captions": int((pictures > 1).sum()),
            "ceiling": {
                f"R@{k}": round(100 * float(np.minimum(1, k / pictures).mean()), 4) for k in KS
            },
        },
        "t2i": _direction(t2i, np.searchsorted(captioned, owner), seed),
        "i2t": _direction(i2t[captioned], np.arange(len(captioned)), seed),
    }


def same_captions(captions: Sequence[str]) -> NDArray[np.int64]:
    """(M,) equal numbers for captions that say the same.

    Upper case, blanks and a full stop at the end make no other caption.
    """
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(_plain(each), len(numbers)) for each in captions], np.int64)


def _plain(caption: str) -> str:
    text = unicodedata.normalize("NFC", caption).casefold()
    return " ".join(text.split()).rstrip(" .")


class RightPictures:
    """Which pictures are right for each text: those of all texts that say the same.

    Attributes:
        counts: (M,) how many, at least one.
    """

    def __init__(self, owner: Ranks, same: Ranks) -> None:
        # Each caption of each picture once, ordered by caption.
        pairs = np.unique(np.stack([same, owner], 1), axis=0) if len(owner) else np.zeros((0, 2))
        self._pictures = pairs[:, 1].astype(np.int64)
        self._first = np.searchsorted(pairs[:, 0], same)
        self.counts = np.searchsorted(pairs[:, 0], same, side="right") - self._first

    def of(self, start: int, count: int) -> tuple[Ranks, Ranks]:
        """(row of the text counted from `start`, picture): all right pairs of `count` texts."""
        counts, first = self.counts[start : start + count], self._first[start : start + count]
        rows = np.repeat(np.arange(len(counts)), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        return rows, self._pictures[np.repeat(first, counts) + within]


def right_pictures(owner: Ranks, same: Ranks | None) -> RightPictures:
    """`RightPictures`; where `same` is None each text says something else."""
    return RightPictures(owner, np.arange(len(owner)) if same is None else same)


def _protocol(captions: int) -> str:
    words = {1: "one-caption", 5: "five-caption"}
    return words.get(captions, f"{captions}-caption")


def _direction(ranks: Ranks, picture: Ranks, seed: int) -> dict[str, Any]:
    """Summary of one direction; `picture` (Q,) says whose query each rank belongs to."""
    summary: dict[str, Any] = {f"R@{k}": round(100 * float((ranks <= k).mean()), 4) for k in KS}
    summary["median_rank"] = float(np.median(ranks))
    summary["mean_rank"] = round(float(ranks.mean()), 4)
    summary["MRR"] = round(float((1 / ranks).mean()), 6)
    hits = np.stack([ranks <= k for k in KS], 1)
    found = intervals(hits, picture, seed)
    summary["ci95"] = {f"R@{k}": list(edges) for k, edges in zip(KS, found, strict=True)}
    return summary


def intervals(values: NDArray[Any], picture: Ranks, seed: int = 0) -> list[tuple[float, float]]:
    """95 % intervals, in percent, of the mean of each column of `values` over resampled pictures.

    Args:
        values: (Q, C) per query, such as whether it was a hit.
        picture: (Q,) whose query each is, 0..P-1; all of them come or stay away together.
        seed: of the 1,000 resamples; the same for the same P, so that models can be compared.

    Pictures are drawn a few resamples at a time: memory does not grow with 1,000 times P.
    """
    pictures = int(picture.max()) + 1
    totals = [np.bincount(picture, column, pictures) for column in values.T]
    queries = np.bincount(picture, minlength=pictures)
    generator = np.random.default_rng(seed)
    means = np.empty((RESAMPLES, len(totals)))
    step = max(1, DRAWN_AT_ONCE // pictures)
    for start in range(0, RESAMPLES, step):
        rows = slice(start, min(start + step, RESAMPLES))
        draws = generator.integers(0, pictures, (rows.stop - start, pictures), dtype=np.int64)
        drawn = queries[draws].sum(1)
        for column, total in enumerate(totals):
            means[rows, column] = 100 * total[draws].sum(1) / drawn
    low, high = np.percentile(means, (2.5, 97.5), axis=0)
    return [(round(float(a), 2), round(float(b), 2)) for a, b in zip(low, high, strict=True)]

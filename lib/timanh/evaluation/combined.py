"""Queries of a picture and words whose one right answer is known: on drawn scenes, and on photos.

A drawn case is a picture, words for a change (“the same but blue”, “at night”, “without the dog”)
and the picture drawn again with that change. The gallery holds both pictures of every case, so the
query's picture stands in the way of the right one.

A case of captioned photos is a photo, the one that people describe most like it, and the photo's
first caption: with the other picture and these words as the query, the photo itself is wanted.
Which photo is most like it follows from the other captions alone, so that the words give nothing
away twice.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timanh.data import DataFolder
from timanh.data.scenes import Change, changes, render, scene_of
from timanh.data.scenes.scene import Scene
from timanh.evaluation.evaluate import encode_gallery
from timanh.evaluation.recall import intervals
from timanh.evaluation.similar import caption_vectors
from timanh.models.encoder import Encoder, Vectors
from timanh.search import combine_query

ALPHAS = tuple(round(0.1 * step, 1) for step in range(11))
KS = (1, 5)


@dataclass(frozen=True)
class Case:
    """The query is `scene` with the words of `change`, whose scene is wanted."""

    scene: Scene
    change: Change


def combined_cases(count: int, seed: int = 0) -> Iterator[Case]:
    """`count` cases, each of another scene; the kinds of changes come in turn where they can."""
    rng = random.Random(seed)
    made: dict[str, int] = {}
    index = 0
    while sum(made.values()) < count:
        scene = scene_of(index, seed)
        index += 1
        options = list(changes(scene))
        rng.shuffle(options)
        if options:
            change = min(options, key=lambda option: made.get(option.what, 0))
            made[change.what] = made.get(change.what, 0) + 1
            yield Case(scene, change)


def evaluate_combined(
    encoder: Encoder,
    count: int = 300,
    *,
    seed: int = 7,
    language: str = "en",
    alphas: Sequence[float] = ALPHAS,
    size: int = 224,
) -> dict[str, Any]:
    """Recall of the one right picture over `alphas`, plain and with both kinds of vectors centred.

    Args:
        count: cases; the gallery has twice as many pictures.
        language: "en" or "vi", of the words.

    Returns:
        {"model", "cases", "gallery", "language", "plain": sweep, "centred": sweep}; a sweep is
        a list of {"alpha", "R@1", "R@5" in percent, "ci95": {…}, "median_rank", "by_change":
        {what: R@5}}.
    """
    cases = list(combined_cases(count, seed))
    scenes = [case.scene for case in cases] + [case.change.scene for case in cases]
    gallery = np.concatenate(
        [
            encoder.encode_images([render(scene, size) for scene in scenes[start : start + 64]])
            for start in range(0, len(scenes), 64)
        ]
    )
    texts = encoder.encode_texts([getattr(case.change, language) for case in cases])
    kinds = np.array([case.change.what for case in cases])
    return {
        "model": encoder.name,
        "cases": count,
        "gallery": len(gallery),
        "language": language,
        **both_ways(texts, gallery, np.arange(count), np.arange(count) + count, kinds, alphas),
    }


def evaluate_combined_photos(
    encoder: Encoder,
    folder: DataFolder,
    names: Sequence[str],
    *,
    alphas: Sequence[float] = ALPHAS,
    progress: bool = True,
) -> dict[str, Any]:
    """`evaluate_combined`'s document, on the photos of `names` that have several captions."""
    several = [name for name in names if len(folder.captions_of(name)) > 1]
    gallery, kept, _ = encode_gallery(encoder, folder, several, progress=progress)
    words = encoder.encode_texts([folder.captions_of(name)[0] for name in kept])
    bags = caption_vectors([folder.captions_of(name)[1:] for name in kept])
    agree = bags @ bags.T
    np.fill_diagonal(agree, -1)
    rows = np.arange(len(kept))
    kinds = np.full(len(kept), "described alike")
    return {
        "model": encoder.name,
        "cases": len(kept),
        "gallery": len(kept),
        "language": "captions",
        **both_ways(words, gallery, agree.argmax(1), rows, kinds, alphas),
    }


def format_combined(document: dict[str, Any]) -> str:
    """The sweep as a table for people."""
    lines = [
        f"{document['model']}: a picture and words, {document['cases']} cases in a gallery of "
        f"{document['gallery']}, words in “{document['language']}”",
        "  alpha      R@1      R@5   centred R@1      R@5",
    ]
    for plain, centred in zip(document["plain"], document["centred"], strict=True):
        lines.append(
            f"  {plain['alpha']:5.1f}{plain['R@1']:9.1f}{plain['R@5']:9.1f}"
            f"{centred['R@1']:14.1f}{centred['R@5']:9.1f}"
        )
    return "\n".join(lines)


def both_ways(
    texts: Vectors,
    gallery: Vectors,
    query_rows: NDArray[np.int64],
    right: NDArray[np.int64],
    kinds: NDArray[np.str_],
    alphas: Sequence[float] = ALPHAS,
) -> dict[str, Any]:
    """{"plain": sweep, "centred": sweep} over alphas.

    Args:
        texts: (Q, dim) of the words.
        gallery: (N, dim).
        query_rows: (Q,) rows of the gallery: the pictures that the words come with.
        right: (Q,) rows of the gallery: the one right answer each.
        kinds: (Q,) names, by which "by_change" is grouped.
    """
    return {
        name: _sweep(words, pictures, query_rows, right, kinds, alphas)
        for name, words, pictures in (
            ("plain", texts, gallery),
            ("centred", _centred(texts), _centred(gallery)),
        )
    }


def _sweep(
    texts: Vectors,
    gallery: Vectors,
    query_rows: NDArray[np.int64],
    right: NDArray[np.int64],
    kinds: NDArray[np.str_],
    alphas: Sequence[float],
) -> list[dict[str, Any]]:
    count = len(texts)
    found = []
    for alpha in alphas:
        queries = np.stack(
            [
                combine_query(text, gallery[row], alpha)
                for text, row in zip(texts, query_rows, strict=True)
            ]
        )
        scores = queries @ gallery.T
        right_scores = scores[np.arange(count), right]
        ranks = (~(scores < right_scores[:, None])).sum(1)  # itself counts: rank 1
        entry: dict[str, Any] = {"alpha": alpha, "median_rank": float(np.median(ranks))}
        entry |= {f"R@{k}": round(100 * float((ranks <= k).mean()), 2) for k in KS}
        edges = intervals(np.stack([ranks <= k for k in KS], 1), np.arange(count))
        entry["ci95"] = {f"R@{k}": list(pair) for k, pair in zip(KS, edges, strict=True)}
        entry["by_change"] = {
            str(what): round(100 * float((ranks[kinds == what] <= KS[-1]).mean()), 2)
            for what in np.unique(kinds)
        }
        found.append(entry)
    return found


def _centred(vectors: Vectors) -> Vectors:
    """The mean taken off, at unit length again."""
    moved = vectors - vectors.mean(0)
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    return np.asarray(moved / np.maximum(lengths, 1e-12), np.float32)

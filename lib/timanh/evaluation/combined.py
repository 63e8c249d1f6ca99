"""Queries of a picture and words, on drawn scenes where the one right answer is known.

A case is a drawn picture, words for a change (“the same but blue”, “at night”, “without the dog”)
and the picture drawn again with that change. The gallery holds both pictures of every case, so the
picture asked with stands in the way of the right one.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timanh.data.scenes import Change, changes, render, scene_of
from timanh.data.scenes.scene import Scene
from timanh.evaluation.recall import intervals
from timanh.models.encoder import Encoder, Vectors
from timanh.search import combine_query

ALPHAS = tuple(round(0.1 * step, 1) for step in range(11))
KS = (1, 5)


@dataclass(frozen=True)
class Case:
    """`scene` is asked with, together with the words of `change`, whose scene is wanted."""

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
    asked: NDArray[np.int64],
    right: NDArray[np.int64],
    kinds: NDArray[np.str_],
    alphas: Sequence[float] = ALPHAS,
) -> dict[str, Any]:
    """{"plain": sweep, "centred": sweep} over alphas.

    Args:
        texts: (Q, dim) of the words.
        gallery: (N, dim).
        asked: (Q,) rows of the gallery: the pictures that the words come with.
        right: (Q,) rows of the gallery: the one right answer each.
        kinds: (Q,) names, by which "by_change" is told apart.
    """
    return {
        name: _sweep(words, pictures, asked, right, kinds, alphas)
        for name, words, pictures in (
            ("plain", texts, gallery),
            ("centred", _centred(texts), _centred(gallery)),
        )
    }


def _sweep(
    texts: Vectors,
    gallery: Vectors,
    asked: NDArray[np.int64],
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
                for text, row in zip(texts, asked, strict=True)
            ]
        )
        scores = queries @ gallery.T
        own = scores[np.arange(count), right]
        ranks = (~(scores < own[:, None])).sum(1)  # the right one itself counts once: rank 1
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

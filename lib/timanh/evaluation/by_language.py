"""Recall by the language of the captions: Vietnamese, Vietnamese without its marks, English."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from timanh.data import detect_language
from timanh.data.vietnamese.marks import without_marks
from timanh.data.vietnamese.restoring import restore_marks
from timanh.evaluation.evaluate import Measured
from timanh.evaluation.recall import KS, Ranks, intervals, retrieval_ranks, same_captions
from timanh.models.encoder import Encoder

FEWEST = 0.05  # of the captions; of fewer some may be taken for the other language
VIETNAMESE, BARE, ENGLISH = "Vietnamese", "without marks", "English"


def recall_by_language(
    encoder: Encoder, measured: Measured, captions: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Text → image recall per language of the captions, among all pictures.

    The Vietnamese captions are queries once more without their marks, as many people type them;
    an encoder that does not read such texts gets them as a search gives them, with marks restored.

    Args:
        captions: the M captions that were the queries, in their order.

    Returns:
        Language → {"captions": how many; "R@1", "R@5", "R@10" in percent; "ci95": their intervals,
        a bootstrap over pictures}; empty where nearly all captions are of one language.
    """
    vietnamese = np.array([detect_language(caption) == "vi" for caption in captions], np.bool_)
    if measured.images is None or not FEWEST <= vietnamese.mean() <= 1 - FEWEST:
        return {}
    owner = measured.owner[vietnamese]
    bare = [without_marks(captions[row]) for row in np.flatnonzero(vietnamese).tolist()]
    if not encoder.reads_unmarked:
        bare = [restore_marks(caption) or caption for caption in bare]
    ranks = retrieval_ranks(
        measured.images, encoder.encode_texts(bare), owner, same_captions(bare)
    )[0]
    return {
        VIETNAMESE: _shares(measured.t2i[vietnamese], owner),
        BARE: _shares(ranks, owner),
        ENGLISH: _shares(measured.t2i[~vietnamese], measured.owner[~vietnamese]),
    }


def format_languages(table: dict[str, dict[str, Any]], model: str) -> str:
    """A table for people, the languages side by side."""
    lines = [f"text → image by language · {model}", " " * 10]
    lines[1] += "".join(f"{language:>24}" for language in table)
    counts = "".join(f"{row['captions']:>24,}" for row in table.values())
    lines.append(f"{'captions':<10}{counts}")
    for k in KS:
        cells = ""
        for row in table.values():
            low, high = row["ci95"][f"R@{k}"]
            cells += f"{row[f'R@{k}']:.1f} [{low:.1f}, {high:.1f}]".rjust(24)
        lines.append(f"{f'R@{k} %':<10}{cells}")
    return "\n".join(lines)


def _shares(ranks: Ranks, owner: Ranks) -> dict[str, Any]:
    hits = np.stack([ranks <= k for k in KS], 1)
    found = intervals(hits, np.unique(owner, return_inverse=True)[1])
    shares = {f"R@{k}": round(100 * float(hits[:, at].mean()), 4) for at, k in enumerate(KS)}
    edges = {f"R@{k}": list(each) for k, each in zip(KS, found, strict=True)}
    return {"captions": len(ranks), **shares, "ci95": edges}

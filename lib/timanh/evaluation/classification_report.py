"""How good a classification is, where the right labels are known."""

from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from timanh.evaluation.figures import INK, MUTED, new_style, saved

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 15
Z95 = 1.959964
MOST_DRAWN = 60  # labels in a figure


def classification_report(
    truth: Sequence[str],
    guesses: Sequence[str],
    probabilities: Sequence[float],
    *,
    none: str | None = None,
) -> dict[str, Any]:
    """Accuracy with its interval, by label, calibration, and how well "none" is told apart.

    Args:
        truth, guesses: N labels each.
        probabilities: N, 0..1, of each guess.
        none: the answer that stands for no label; a picture whose truth is no label that was
            offered has it as its truth.

    Returns:
        {"pictures", "accuracy" and "ci95" in percent (Wilson), "ECE" (0..1, 15 bins of equal
        width), "labels": {label: {"pictures", "right", "recall", "precision"} in percent},
        "confusion": {"labels", "counts": counts[truth][guess]}}
    """
    right = np.array([one == other for one, other in zip(truth, guesses, strict=True)], bool)
    shares = np.asarray(probabilities, np.float64)
    labels = sorted(set(truth) | set(guesses), key=lambda name: (name == none, name))
    place = {name: number for number, name in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), np.int64)
    for one, other in zip(truth, guesses, strict=True):
        counts[place[one], place[other]] += 1
    low, high = wilson(int(right.sum()), len(right))
    return {
        "pictures": len(right),
        "accuracy": _percent(right.sum(), len(right)),
        "ci95": [round(100 * low, 2), round(100 * high, 2)],
        "ECE": round(calibration_error(shares, right), 4),
        "labels": {
            name: {
                "pictures": int(counts[row].sum()),
                "right": int(counts[row, row]),
                "recall": _percent(counts[row, row], counts[row].sum()),
                "precision": _percent(counts[row, row], counts[:, row].sum()),
            }
            for name, row in place.items()
        },
        "confusion": {"labels": labels, "counts": counts.tolist()},
    }


def wilson(right: int, count: int) -> tuple[float, float]:
    """95 % interval of a share, 0..1 (Wilson 1927); right for few pictures and near 0 and 1."""
    if not count:
        return 0.0, 1.0
    share, square = right / count, Z95**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    spread = sqrt(share * (1 - share) / count + square / (4 * count**2))
    spread *= Z95 / (1 + square / count)
    return max(0.0, middle - spread), min(1.0, middle + spread)


def calibration_error(
    probabilities: NDArray[np.float64], right: NDArray[np.bool_], bins: int = BINS
) -> float:
    """Expected calibration error, 0..1 (Guo et al. 2017): how far the probability of a guess is
    from how often such guesses are right.

    Example:
        >>> calibration_error(np.array([0.8, 0.8]), np.array([True, False]))
        0.3
    """
    if not len(right):
        return 0.0
    place = np.clip((probabilities * bins).astype(int), 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    said = np.bincount(place, probabilities, bins)
    was = np.bincount(place, right.astype(np.float64), bins)
    return float(np.abs(said - was).sum() / count.sum())


def auroc(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float:
    """How often a positive scores higher than a negative, 0..1; ties count half."""
    both = np.concatenate([positive, negative])
    values, places = np.unique(both, return_inverse=True)
    count = np.bincount(places, minlength=len(values))
    rank = np.cumsum(count) - (count - 1) / 2
    total = rank[places[: len(positive)]].sum() - len(positive) * (len(positive) + 1) / 2
    return float(total / (len(positive) * len(negative)))


def format_classification(document: dict[str, Any], most: int = 40) -> str:
    """A table for people: the whole first, then each label, the worst first."""
    low, high = document["ci95"]
    rows = sorted(document["labels"].items(), key=lambda pair: (pair[1]["recall"] or 0, pair[0]))
    rows = [pair for pair in rows if pair[1]["pictures"]]
    width = max([5, *(len(name) for name, _ in rows[:most])])
    lines = [
        f"{document['pictures']:,} pictures with a label: {document['accuracy']:.1f} % right "
        f"[{low:.1f}, {high:.1f}], calibration error {document['ECE']:.3f}",
        "",
        f"{'label':<{width}}  pictures  recall %  precision %",
    ]
    for name, each in rows[:most]:
        precision = "–" if each["precision"] is None else f"{each['precision']:.1f}"
        lines.append(
            f"{name:<{width}}  {each['pictures']:8,}  {each['recall']:8.1f}  {precision:>11}"
        )
    if len(rows) > most:
        lines.append(f"and {len(rows) - most:,} more labels")
    return "\n".join(lines)


def plot_confusion(document: dict[str, Any], path: Path | None = None) -> "Figure":
    """The confusion matrix: a row for each right label, as shares of its pictures.

    With more than 60 labels, those with the most pictures are drawn.
    """
    labels = document["confusion"]["labels"]
    counts = np.asarray(document["confusion"]["counts"])
    if len(labels) > MOST_DRAWN:
        kept = np.sort(np.argsort(-(counts.sum(1) + counts.sum(0)), kind="stable")[:MOST_DRAWN])
        labels, counts = [labels[row] for row in kept], counts[np.ix_(kept, kept)]
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    side = max(3.6, 1.8 + 0.3 * len(labels))
    with new_style() as new_figure:
        figure = new_figure(figsize=(side + 0.6, side))
        axis = figure.subplots()
        image = axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axis.set_xticks(range(len(labels)), labels, rotation=90, fontsize=8)
        axis.set_yticks(range(len(labels)), labels, fontsize=8)
        axis.grid(visible=False)
        for row, column in zip(*np.nonzero(counts), strict=True):
            dark = shares[row, column] > 0.5
            axis.text(
                column, row, str(counts[row, column]), ha="center", va="center", fontsize=7,
                color="white" if dark else INK,
            )  # fmt: skip
        low, high = document["ci95"]
        axis.set_title(
            f"{document['accuracy']:.1f} % right [{low:.1f}, {high:.1f}], "
            f"{document['pictures']:,} pictures"
        )
        axis.set(xlabel="answer", ylabel="right label")
        bar = figure.colorbar(image, ax=axis, fraction=0.046, pad=0.03)
        bar.ax.tick_params(labelsize=8, color=MUTED)
    return saved(figure, path)


def _percent(part: Any, whole: Any) -> float | None:
    return round(100 * float(part) / float(whole), 2) if whole else None

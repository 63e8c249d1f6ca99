"""Two models on the same pictures: how far apart they are, and whether that is noise."""

from typing import Any

import numpy as np

from timanh.errors import DataError
from timanh.evaluation.evaluate import Measured
from timanh.evaluation.recall import KS, Ranks, intervals

LABELS = {"t2i": "text → image", "i2t": "image → text"}


def compare(first: Measured, second: Measured) -> dict[str, Any]:
    """Recall of `second` minus recall of `first`, in points, by a paired bootstrap.

    Both models are measured on the same resampled pictures, so what makes a picture hard for
    both takes no part in the interval, which is much narrower than those of the two models.

    Returns:
        {"first", "second": names, "t2i", "i2t": {"R@1", "R@5", "R@10": {"difference",
        "ci95": [low, high], "noise": whether the interval holds 0}}}.

    Raises:
        DataError: they were measured on different pictures.
    """
    if first.names != second.names:
        raise DataError(
            f"One model was measured on {len(first.names)} pictures and the other on "
            f"{len(second.names)}, or on others. Measure both on the same split."
        )
    captioned, picture = np.unique(first.owner, return_inverse=True)
    return {
        "first": first.document["model"],
        "second": second.document["model"],
        "t2i": _direction(first.t2i, second.t2i, picture),
        "i2t": _direction(first.i2t[captioned], second.i2t[captioned], np.arange(len(captioned))),
    }


def format_comparison(document: dict[str, Any]) -> str:
    """The differences as a table for people; those that may be chance are called noise."""
    lines = [f"{document['second']} against {document['first']}, in points"]
    for way, label in LABELS.items():
        for k in KS:
            entry = document[way][f"R@{k}"]
            low, high = entry["ci95"]
            numbers = f"{entry['difference']:+.1f}  [{low:+.1f}, {high:+.1f}]"
            name = f"{label} R@{k}"
            lines.append(f"  {name:<20}{numbers:>24}{'   noise' if entry['noise'] else ''}")
    return "\n".join(lines)


def _direction(first: Ranks, second: Ranks, picture: Ranks) -> dict[str, Any]:
    found: dict[str, Any] = {}
    gains = np.stack([(second <= k).astype(np.float64) - (first <= k) for k in KS], 1)
    for k, gain, (low, high) in zip(KS, gains.T, intervals(gains, picture), strict=True):
        found[f"R@{k}"] = {
            "difference": round(100 * float(gain.mean()), 4),
            "ci95": [low, high],
            "noise": low <= 0 <= high,
        }
    return found

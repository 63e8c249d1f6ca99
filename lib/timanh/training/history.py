"""What is read off the epochs of a run."""

from collections.abc import Sequence
from typing import Any

WAYS, KS = ("t2i", "i2t"), ("R@1", "R@5", "R@10")


def mean_recall(dev: dict[str, Any]) -> float:
    """Mean of R@1, R@5 and R@10 both ways, in percent: by this epochs are compared."""
    return float(sum(dev[way][k] for way in WAYS for k in KS) / 6)


def best_epoch(history: Sequence[dict[str, Any]]) -> int:
    """Index of the epoch with the best mean dev recall; the last where nothing was measured."""
    scores = [mean_recall(entry["dev"]) if entry["dev"] else -1.0 for entry in history]
    return max(range(len(history)), key=lambda index: (scores[index], index))


def out_of_patience(history: Sequence[dict[str, Any]], patience: int | None) -> bool:
    """Whether `patience` epochs have passed since the best one."""
    if patience is None or not history or not history[-1]["dev"]:
        return False
    return len(history) - 1 - best_epoch(history) >= patience


def epoch_table(history: Sequence[dict[str, Any]]) -> str:
    """Average loss, rate and dev recall per epoch, for people."""
    lines = ["epoch    loss  pictures/s   t→i R@1   R@10   i→t R@1   R@10"]
    for entry in history:
        dev = entry["dev"]
        recalls = "        —      —         —      —"
        if dev:
            recalls = (
                f"{dev['t2i']['R@1']:9.1f}{dev['t2i']['R@10']:7.1f}"
                f"{dev['i2t']['R@1']:10.1f}{dev['i2t']['R@10']:7.1f}"
            )
        lines.append(
            f"{entry['epoch']:5}{entry['loss']:8.3f}{entry['pictures_per_s']:12.0f} {recalls}"
        )
    return "\n".join(lines)

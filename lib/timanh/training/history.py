"""What a run gave, and what is read off its epochs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WAYS, KS = ("t2i", "i2t"), ("R@1", "R@5", "R@10")
# What was measured on dev after an epoch, to a number by which epochs are compared.
Merit = Callable[[dict[str, Any]], float]


@dataclass(frozen=True)
class TrainingResult:
    """What a run gave.

    Attributes:
        history: per epoch {"epoch", "loss", "learning_rate", "temperature", "seconds",
            "pictures_per_s", "wait_share", "dev"}; "wait_share" is the part of the time that was
            spent waiting for data, "dev" what `measure` returned, or None.
        folder: the model folder, ready for `load_encoder`.
        best_epoch: index into `history` of the epoch whose weights are in it.
        pictures: how many were trained on.
        skipped: picture → why it could not be opened.
        resumed_at: the step at which an earlier run was taken up; 0 for none.
        found: whether that run was done, so that nothing was left to train.
    """

    history: list[dict[str, Any]]
    folder: Path
    best_epoch: int
    pictures: int
    skipped: dict[str, str]
    resumed_at: int = 0
    found: bool = False


def mean_recall(dev: dict[str, Any]) -> float:
    """Mean of R@1, R@5 and R@10 both ways, in percent: by this epochs are compared."""
    return float(sum(dev[way][k] for way in WAYS for k in KS) / 6)


def best_epoch(history: Sequence[dict[str, Any]], merit: Merit = mean_recall) -> int:
    """Index of the epoch that is best on dev; the last where nothing was measured."""
    scores = [merit(entry["dev"]) if entry["dev"] else float("-inf") for entry in history]
    return max(range(len(history)), key=lambda index: (scores[index], index))


def out_of_patience(
    history: Sequence[dict[str, Any]], patience: int | None, merit: Merit = mean_recall
) -> bool:
    """Whether `patience` epochs have passed since the best one."""
    if patience is None or not history or not history[-1]["dev"]:
        return False
    return len(history) - 1 - best_epoch(history, merit) >= patience


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

"""What a training of a captioner gave, and what is read off its epochs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timanh.training.history import Merit


@dataclass(frozen=True)
class CaptionTraining:
    """What a run gave.

    Attributes:
        history: per epoch {"epoch", "loss", "learning_rate", "seconds", "captions_per_s", "dev"};
            "dev" has "loss" and, where a score was given, its numbers such as "CIDEr".
        folder: the captioner's folder, ready for `load_captioner`.
        best_epoch: index into `history` of the epoch whose weights are in it.
        pictures, captions: how many were trained on.
        words: in the vocabulary.
        skipped: picture → why it could not be opened.
        resumed_at: the step at which an earlier run was taken up; 0 for none.
        found: whether that run was done, so that nothing was left to train.
    """

    history: list[dict[str, Any]]
    folder: Path
    best_epoch: int
    pictures: int
    captions: int
    words: int
    skipped: dict[str, str]
    resumed_at: int = 0
    found: bool = False


def merit_of(judge: str) -> Merit:
    """By what epochs are compared: "cider", where captions were scored, or "loss"."""

    def merit(dev: dict[str, Any]) -> float:
        return float(dev["CIDEr"]) if judge == "cider" and "CIDEr" in dev else -float(dev["loss"])

    return merit


def caption_epoch_table(history: Sequence[dict[str, Any]]) -> str:
    """Losses and dev scores per epoch, for people."""
    lines = ["epoch    loss  captions/s  dev loss   CIDEr"]
    for entry in history:
        dev = entry["dev"] or {}
        loss = f"{dev['loss']:10.3f}" if "loss" in dev else "         —"
        cider = f"{dev['CIDEr']:8.3f}" if "CIDEr" in dev else "       —"
        lines.append(
            f"{entry['epoch']:5}{entry['loss']:8.3f}{entry['captions_per_s']:12.0f}{loss}{cider}"
        )
    return "\n".join(lines)

"""Numbers of a run for TensorBoard, where that is installed."""

from pathlib import Path
from typing import Any, Protocol

FOLDER = "tensorboard"
MEASURES = ("R@1", "R@5", "R@10")


class Scalars(Protocol):
    """Takes numbers by step."""

    def add_scalar(self, tag: str, value: float, step: int) -> None: ...

    def flush(self) -> None: ...

    def close(self) -> None: ...


class NoScalars:
    """Where TensorBoard is not installed."""

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        pass

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def open_scalars(out: Path, step: int) -> Scalars:
    """A writer into `out`/tensorboard; what an earlier run wrote after `step` is struck out.

    `tensorboard --logdir OUT` shows it.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return NoScalars()
    writer: Scalars = SummaryWriter(str(out / FOLDER), purge_step=step)
    return writer


def add_epoch(scalars: Scalars, entry: dict[str, Any], step: int) -> None:
    """Dev recall and speed of an epoch whose last step was `step`."""
    scalars.add_scalar("pictures_per_s", entry["pictures_per_s"], step)
    for way, recalls in (entry["dev"] or {}).items():
        if way in ("t2i", "i2t"):
            for measure in MEASURES:
                scalars.add_scalar(f"dev/{way} {measure}", recalls[measure], step)
    scalars.flush()

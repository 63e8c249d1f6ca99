"""Errors whose cause is outside of a run, each explained in a sentence."""

import errno
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from timanh.errors import DataError, SettingsError, TrainingError
from timanh.training.recipe import Recipe

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# torch's and safetensors' writers do not pass the number of the error on.
NOT_WRITTEN = re.compile(r"PytorchStreamWriter|unexpected pos|No space left|File too large", re.I)
NO_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory", re.I)


def check_captions(captions: Sequence[Sequence[str]]) -> None:
    """Raises DataError where all captions say the same, so that nothing can be learned."""
    different = {caption for texts in captions for caption in texts}
    if len(different) < 2:
        raise DataError(
            f"All {sum(map(len, captions))} captions are the same (“{next(iter(different), '')}”). "
            "A pair learns from what sets it apart from others; give captions that differ."
        )


def check_micro_batch(network: nn.Module, recipe: Recipe) -> None:
    """Raises SettingsError where parts of a batch would not give the whole one's gradients."""
    if recipe.micro_batch is None or recipe.freeze_norm or recipe.micro_batch >= recipe.batch_size:
        return
    if any(isinstance(module, _BatchNorm) for module in network.modules()):
        raise SettingsError(
            f"micro_batch={recipe.micro_batch} computes a batch in parts, but this network "
            "normalises over the batch, and parts have other statistics than the whole. Set "
            "freeze_norm, or leave micro_batch away."
        )


@contextmanager
def explain_failures(out: Path, batch_size: int, part: int | None = None) -> Iterator[None]:
    """Turn a full disk or memory in the block into a TrainingError that says what to do.

    Args:
        part: how much of a batch is computed at a time; None where it is always the whole.
    """
    try:
        yield
    except (OSError, MemoryError, RuntimeError, SafetensorError) as error:
        if _no_memory(error):
            half, smaller = max(2, batch_size // 2), max(1, (part or 2) // 2)
            raise TrainingError(
                f"The memory was not enough for batches of {batch_size} pairs. What was "
                f"finished is in {out}.",
                cli=f"Try half: --batch-size {half}"
                + (
                    f", or keep the batch and compute parts: --micro-batch {smaller}."
                    if part
                    else "."
                ),
                notebook=f"Set BATCH_SIZE = {half}"
                + (f", or keep it and set MICRO_BATCH = {smaller}." if part else "."),
            ) from error
        if _disk_is_full(error):
            raise TrainingError(
                f"The disk of {out} is full: the newest checkpoint could not be written, the one "
                "before it is whole. Free some space",
                cli="and give the same command again.",
                notebook="and run this cell again.",
            ) from error
        raise


def _no_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and NO_MEMORY.search(str(error)) is not None


def _disk_is_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in FULL
    return NOT_WRITTEN.search(str(error)) is not None

"""What a decoder is trained by."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from timanh.captioning.decoders import Decoder

PARTS = 4


def word_loss(
    decoder: Decoder,
    grid: Tensor | None,
    pooled: Tensor,
    tokens: Tensor,
    owner: Tensor,
    smoothing: float,
) -> Tensor:
    """Mean cross-entropy over all words and ends; `<unk>` and marks are read and never asked for.

    Args:
        grid, pooled: (N, places, width) or None, (N, pooled width).
        tokens: (M, T) from start to end, padded behind; owner: (M,) which picture each is of.
        smoothing: share of each target that is spread over all words.
    """
    memory = decoder.memory_of(grid, pooled)
    pad = decoder.vocabulary.pad_id
    targets = tokens[:, 1:].clone()
    for number in decoder.vocabulary.never_written:
        targets[targets == number] = pad
    total = memory.new_zeros((), dtype=torch.float32)
    for rows, longest in _of_like_length(tokens, pad):
        logits = decoder.logits(memory[owner[rows]], tokens[rows, : longest - 1])
        total = total + functional.cross_entropy(
            logits.float().flatten(0, 1),
            targets[rows, : longest - 1].flatten(),
            ignore_index=pad,
            label_smoothing=smoothing,
            reduction="sum",
        )
    return total / (targets != pad).sum().clamp(min=1)


def _of_like_length(tokens: Tensor, pad: int) -> Iterator[tuple[Tensor, int]]:
    """Rows of captions and the length of the longest; on a CPU a few of like length at a time,
    so that little is computed for what is padded."""
    lengths = (tokens != pad).sum(1)
    parts = PARTS if tokens.device.type == "cpu" else 1
    for rows in lengths.argsort(stable=True).chunk(parts):
        yield rows, int(lengths[rows].max())

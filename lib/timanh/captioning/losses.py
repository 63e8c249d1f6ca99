"""What a decoder is trained by."""

from torch import Tensor
from torch.nn import functional

from timanh.captioning.decoders import Decoder


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
    memory = decoder.memory_of(grid, pooled)[owner]
    logits = decoder.logits(memory, tokens[:, :-1])
    targets = tokens[:, 1:].clone()
    for number in decoder.vocabulary.never_written:
        targets[targets == number] = decoder.vocabulary.pad_id
    return functional.cross_entropy(
        logits.float().flatten(0, 1),
        targets.flatten(),
        ignore_index=decoder.vocabulary.pad_id,
        label_smoothing=smoothing,
    )

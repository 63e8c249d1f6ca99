"""Contrastive losses."""

import torch
from torch import Tensor
from torch.nn import functional

MAX_LOGIT_SCALE = 4.6052  # ln 100: CLIP's clamp on 1 / temperature


def info_nce(
    images: Tensor, texts: Tensor, logit_scale: Tensor, ambiguous: Tensor | None = None
) -> Tensor:
    """Symmetric InfoNCE (CLIP, Radford et al. 2021, figure 3).

    Args:
        images, texts: (N, dim), row i of one belongs to row i of the other; not normalised.
        logit_scale: log of 1 / temperature, clamped here to at most ln 100.
        ambiguous: (N, N) bool, False on the diagonal; where True, text j is no wrong answer for
            picture i nor the other way round, and the pair is left out of both sums.

    Returns:
        Mean of both directions' cross-entropies; ln N for vectors that say nothing.
    """
    scale = logit_scale.clamp(max=MAX_LOGIT_SCALE).exp()
    left = functional.normalize(images.float(), dim=-1)
    right = functional.normalize(texts.float(), dim=-1)
    logits = scale * left @ right.T  # (N, N)
    if ambiguous is not None:
        logits = logits.masked_fill(ambiguous.to(logits.device), -torch.inf)
    truth = torch.arange(len(logits), device=logits.device)
    there = functional.cross_entropy(logits, truth)
    back = functional.cross_entropy(logits.T, truth)
    return (there + back) / 2

"""Contrastive losses."""

import torch
from torch import Tensor
from torch.nn import functional

MAX_LOGIT_SCALE = 4.6052  # ln 100: CLIP's clamp on 1 / temperature


def info_nce(images: Tensor, texts: Tensor, logit_scale: Tensor) -> Tensor:
    """Symmetric InfoNCE (CLIP, Radford et al. 2021, figure 3).

    Args:
        images, texts: (N, dim), row i of one belongs to row i of the other; not normalised.
        logit_scale: log of 1 / temperature, clamped here to at most ln 100.

    Returns:
        Mean of both directions' cross-entropies; ln N for vectors that say nothing.
    """
    scale = logit_scale.clamp(max=MAX_LOGIT_SCALE).exp()
    left = functional.normalize(images.float(), dim=-1)
    right = functional.normalize(texts.float(), dim=-1)
    logits = scale * left @ right.T  # (N, N)
    truth = torch.arange(len(logits), device=logits.device)
    there = functional.cross_entropy(logits, truth)
    back = functional.cross_entropy(logits.T, truth)
    return (there + back) / 2

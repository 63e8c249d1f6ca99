"""Contrastive losses over a batch, with one or several right answers each."""

import torch
from torch import Tensor
from torch.nn import functional

MAX_LOGIT_SCALE = 4.6052  # ln 100: CLIP's clamp on 1 / temperature


def info_nce(
    images: Tensor,
    texts: Tensor,
    logit_scale: Tensor,
    *,
    positives: Tensor | None = None,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Symmetric InfoNCE (CLIP, Radford et al. 2021, figure 3).

    With several right answers each has to win against the wrong ones alone, not against the
    other right ones (L_out of Khosla et al. 2020 without positives in its denominator).

    Args:
        images, texts: (N, dim) and (M, dim), not normalised.
        logit_scale: log of 1 / temperature, clamped here to at most ln 100.
        positives: (N, M) bool, which texts are true of which pictures; at least one in each row
            and column. None: N equals M, and row i of one belongs to row i of the other.
        label_smoothing: share of each target that is spread evenly over all candidates, 0..1.

    Returns:
        Mean of both directions; ln N for vectors that say nothing.
    """
    logits = logit_scale.clamp(max=MAX_LOGIT_SCALE).exp() * cosines(images, texts)  # (N, M)
    right = pairs_in_order(logits) if positives is None else positives.to(logits.device)
    there = _cross_entropy(logits, right, label_smoothing)
    back = _cross_entropy(logits.T, right.T, label_smoothing)
    return (there + back) / 2


def sigmoid_loss(
    images: Tensor,
    texts: Tensor,
    logit_scale: Tensor,
    logit_bias: Tensor,
    *,
    positives: Tensor | None = None,
    label_smoothing: float = 0.0,
) -> Tensor:
    """SigLIP's loss (Zhai et al. 2023, algorithm 1): every pair is its own yes or no.

    Args:
        images, texts, logit_scale, positives: as for `info_nce`.
        logit_bias: added to every logit; begins at about -10, since most pairs are a no.
        label_smoothing: yes counts as 1 - half of it, no as half of it.

    Returns:
        Sum over all pairs / N.
    """
    scale = logit_scale.clamp(max=MAX_LOGIT_SCALE).exp()
    logits = scale * cosines(images, texts) + logit_bias
    right = pairs_in_order(logits) if positives is None else positives.to(logits.device)
    wanted = right.to(logits) * (1 - label_smoothing) + label_smoothing / 2
    total = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="sum")
    return total / len(logits)


def cosines(images: Tensor, texts: Tensor) -> Tensor:
    """(N, M) float32."""
    left = functional.normalize(images.float(), dim=-1)
    right = functional.normalize(texts.float(), dim=-1)
    return left @ right.T


def pairs_in_order(logits: Tensor) -> Tensor:
    """(N, M) bool for M = k N: texts i k … i k + k - 1 belong to picture i."""
    rows, columns = logits.shape
    return torch.eye(rows, dtype=torch.bool, device=logits.device).repeat_interleave(
        columns // rows, dim=1
    )


def _cross_entropy(logits: Tensor, right: Tensor, smoothing: float) -> Tensor:
    """Mean over rows of the mean over right answers of -log p(right | it and all wrong ones)."""
    lowest = torch.finfo(logits.dtype).min  # not -inf, whose gradient is NaN
    wrong = logits.masked_fill(right, lowest).logsumexp(dim=1, keepdim=True)  # (N, 1)
    each = functional.softplus(wrong - logits)  # -log(e^l / (e^l + Σ wrong))
    per_row = (each * right).sum(dim=1) / right.sum(dim=1)
    if not smoothing:
        return per_row.mean()
    spread = logits.logsumexp(dim=1) - logits.mean(dim=1)
    return ((1 - smoothing) * per_row + smoothing * spread).mean()

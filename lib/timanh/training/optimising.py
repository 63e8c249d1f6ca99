"""What is trained, by AdamW, at which rate."""

import math
from typing import Protocol

import torch
from torch import nn

from timanh.training.blocks import block_depths, is_head, part_of
from timanh.training.recipe import Recipe

INITIAL_LOGIT_BIAS = -10.0  # as SigLIP starts: nearly all pairs of a batch are a no


class Schedule(Protocol):
    """What a recipe says of its rates over time: `warmup`, the share of steps over which they rise
    from 0, and `cosine`, whether they fall to 0 after."""

    @property
    def warmup(self) -> float: ...

    @property
    def cosine(self) -> bool: ...


def freeze(network: nn.Module, recipe: Recipe, epoch: int) -> None:
    """Set which parameters have gradients in an epoch."""
    depths = block_depths(network)
    heads_alone = epoch < recipe.head_epochs
    for name, parameter in network.named_parameters():
        if is_head(name):
            trained = recipe.temperature is None or "logit_scale" not in name
        elif heads_alone or recipe.train not in ("all", part_of(name)):
            trained = False
        elif recipe.lora:
            trained = "lora_" in name
        else:
            depth, blocks = depths[name]
            trained = depth >= max(recipe.frozen_blocks, int(recipe.frozen_share * blocks))
        parameter.requires_grad_(trained)


def loss_bias(network: nn.Module) -> nn.Parameter:
    """SigLIP's bias of the network; for networks without one a new one, of the loss alone."""
    bias = getattr(network, "logit_bias", None)
    if isinstance(bias, nn.Parameter):
        return bias
    device = next(network.parameters()).device
    return nn.Parameter(torch.tensor(INITIAL_LOGIT_BIAS, device=device))


def make_optimiser(
    network: nn.Module, recipe: Recipe, bias: nn.Parameter | None = None
) -> torch.optim.AdamW:
    """AdamW over groups of like rate; matrices are decayed, the rest is not.

    Args:
        bias: of the loss, where it is not the network's.
    """
    depths = block_depths(network)
    rates = {
        "vision": recipe.learning_rate,
        "text": recipe.text_learning_rate or recipe.learning_rate,
        "head": recipe.head_learning_rate or recipe.learning_rate,
    }
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        rate = rates[part_of(name)]
        if name in depths:
            depth, blocks = depths[name]
            rate *= recipe.layer_decay ** (blocks - 1 - depth)
        groups.setdefault((rate, parameter.ndim >= 2), []).append(parameter)
    if bias is not None and not any(bias is each for each in network.parameters()):
        groups.setdefault((rates["head"], False), []).append(bias)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": rate,
                "peak": rate,
                "weight_decay": recipe.weight_decay if matrix else 0.0,
            }
            for (rate, matrix), parameters in sorted(groups.items(), key=lambda entry: entry[0])
        ],
        betas=(0.9, recipe.beta2),
        eps=recipe.epsilon,
    )


def set_rates(optimiser: torch.optim.Optimizer, recipe: Schedule, step: int, steps: int) -> float:
    """Set each group's rate for `step` of `steps`; returns the highest."""
    factor = rate_factor(recipe, step, steps)
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * factor
    return float(max(group["lr"] for group in optimiser.param_groups))


def rate_factor(recipe: Schedule, step: int, steps: int) -> float:
    """0..1: linear warm-up, then constant or a cosine to 0."""
    warmup = math.ceil(recipe.warmup * steps)
    if step < warmup:
        return (step + 1) / warmup
    if not recipe.cosine:
        return 1.0
    done = (step - warmup) / max(1, steps - warmup)
    return 0.5 * (1 + math.cos(math.pi * done))

"""What is trained, by AdamW, at which rate."""

import torch
from torch import nn

from timanh.captioning.recipe import CaptionRecipe


def make_optimiser(network: nn.ModuleDict, recipe: CaptionRecipe) -> torch.optim.AdamW:
    """AdamW over what is trained of "decoder" and "tower"; only matrices are decayed."""
    rates = {"decoder": recipe.learning_rate, "tower": recipe.encoder_learning_rate}
    groups = []
    for part, module in network.items():
        chosen = [each for each in module.parameters() if each.requires_grad]
        for matrices in (True, False):
            of_kind = [each for each in chosen if (each.ndim > 1) == matrices]
            decay = recipe.weight_decay if matrices else 0.0
            group = {"params": of_kind, "lr": rates[part], "peak": rates[part]}
            groups += [{**group, "weight_decay": decay}] if of_kind else []
    return torch.optim.AdamW(groups)

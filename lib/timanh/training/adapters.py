"""Low-rank adapters (LoRA, Hu et al. 2022) on the towers, by `peft`.

A few numbers beside each matrix are trained in place of the matrix: less memory, less to forget.
For saving they are added into a copy, so that the folder is that of an ordinary model.
"""

import copy
from typing import Any

from torch import nn

from timanh.errors import SettingsError
from timanh.training.blocks import is_head

WORDS_OUT = "lm_head"  # of a language model; it shares its matrix with the words that go in


def add_adapters(network: nn.Module, rank: int) -> None:
    """Put an adapter of `rank` beside each linear layer of the towers, or of a language model, in
    place.

    Raises:
        SettingsError: peft is missing, or the towers have no linear layer.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise SettingsError(
            "LoRA needs the package peft: pip install 'timanh[lora]'.",
            cli="Or train without --lora.",
            notebook="Or leave lora out of the recipe.",
        ) from error
    from transformers.pytorch_utils import Conv1D  # the linear layer of GPT-2

    targets = [
        name
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear | Conv1D) and not is_head(name) and name != WORDS_OUT
    ]
    if not targets:
        raise SettingsError(
            "LoRA adapts linear layers and these towers have none outside their heads.",
            cli="Train without --lora.",
            notebook="Leave lora out of the recipe.",
        )
    transposed = all(isinstance(network.get_submodule(name), Conv1D) for name in targets)
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules=targets, lora_dropout=0.0,
        fan_in_fan_out=transposed,
    )  # fmt: skip
    inject_adapter_in_model(config, network)


def merged(network: nn.Module) -> nn.Module:
    """A copy in which each adapter is merged into its layer; itself where there is none."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    plain = copy.deepcopy(network)
    for name, module in list(plain.named_modules()):
        if isinstance(module, BaseTunerLayer):
            layer: Any = module
            layer.merge()
            parent, _, child = name.rpartition(".")
            setattr(plain.get_submodule(parent), child, layer.get_base_layer())
    if hasattr(plain, "peft_config"):
        del plain.peft_config
    return plain

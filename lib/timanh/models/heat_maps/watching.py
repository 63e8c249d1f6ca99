"""A picture tower that can be watched while it computes: its feature maps and its attention.

The encoder itself stays as it is: what is watched is a copy of its modules, which has the same
weights in memory.
"""

import copy
import inspect
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import AttentionInterface

from timanh.models.torch_encoder import TorchEncoder

WATCHED = "timanh_watched"  # the attention of the copy, by its name in transformers
HIDDEN = "output_hidden_states"


@dataclass
class Seen:
    """What a tower computed for one picture, with gradients.

    Attributes:
        vector: (dim,) of unit length.
        final: (1, width, H, W) or (1, tokens, width), the last hidden state.
        hidden: the hidden states before it, in their order; empty where the tower keeps them.
        attention: (1, heads, tokens, tokens) of each layer; none of a convolutional tower.
    """

    vector: Tensor
    final: Tensor
    hidden: list[Tensor] = field(default_factory=list)
    attention: list[Tensor] = field(default_factory=list)


class WatchedTower:
    """The picture tower of an encoder; may be used from many threads, one at a time."""

    def __init__(self, encoder: TorchEncoder) -> None:
        network = encoder.network
        shared = {id(each): each for each in chain(network.parameters(), network.buffers())}
        self._encoder = copy.copy(encoder)
        self._encoder.network = copy.deepcopy(network, shared)
        tower: Any = self._encoder.network.vision_model
        self._tower = cast(nn.Module, tower)
        for module in self._tower.modules():
            config: Any = getattr(module, "config", None)
            if hasattr(config, "_attn_implementation"):
                config._attn_implementation = WATCHED
        self._lock = threading.Lock()
        self._output: Any = None
        self._tower.register_forward_hook(self._keep)
        if _takes_hidden(self._tower):
            self._tower.register_forward_pre_hook(_with_hidden, with_kwargs=True)

    @property
    def config(self) -> Any:
        """Of the tower; None where it has none."""
        return getattr(self._tower, "config", None)

    @contextmanager
    def watch(self, pixels: Tensor) -> Iterator[Seen]:
        """What it computes for (1, 3, H, W) normalised pixels."""
        with self._lock, torch.enable_grad():
            attention: list[Tensor] = []
            token = _attention.set(attention)
            try:
                # Weights may be frozen; the gradients begin at the pixels then.
                features = self._encoder.image_features(pixels.clone().requires_grad_(True))
                output, self._output = self._output, None
            finally:
                _attention.reset(token)
            vector = nn.functional.normalize(features.float(), dim=-1)[0]
            hidden = getattr(output, "hidden_states", None) or ()
            yield Seen(vector, output.last_hidden_state, list(hidden), attention)

    def _keep(self, module: nn.Module, inputs: Any, output: Any) -> None:
        self._output = output


_attention: ContextVar[list[Tensor] | None] = ContextVar("attention", default=None)


def _watched_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **ignored: Any,
) -> tuple[Tensor, Tensor]:
    """(N, heads, tokens, size) each; as transformers' eager attention, and it is kept."""
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = query @ key.transpose(-1, -2) * scale
    if attention_mask is not None:
        scores = scores + attention_mask
    weights = scores.softmax(-1)  # (N, heads, tokens, tokens)
    kept = _attention.get()
    if kept is not None:
        kept.append(weights)
    return (weights @ value).transpose(1, 2).contiguous(), weights


AttentionInterface.register(WATCHED, _watched_attention)


def _takes_hidden(tower: nn.Module) -> bool:
    taken = inspect.signature(tower.forward).parameters
    anything = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in taken.values())
    return HIDDEN in taken or anything


def _with_hidden(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return args, {**kwargs, HIDDEN: True}

"""A running average of the weights, which generalises better than the last ones."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

Tensors = tuple[Tensor, ...] | list[Tensor]


class Average:
    """An exponential average over steps (Polyak), or nothing where the decay is 0.

    After n steps the decay is (1 + n) / (10 + n) until that reaches `decay`, so that what a network
    was at the start is soon forgotten: at 0.997 all along, it would still be a tenth of the average
    after 740 steps. The rule is that of TensorFlow's ExponentialMovingAverage.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._network = network
        self._averaged = (
            AveragedModel(
                network,
                multi_avg_fn=_average_with(decay),
                use_buffers=True,
            )
            if decay
            else None
        )

    def update(self) -> None:
        """To be called after each step."""
        if self._averaged is not None:
            self._averaged.update_parameters(self._network)

    def state(self) -> dict[str, Any] | None:
        """For the checkpoint."""
        return None if self._averaged is None else self._averaged.state_dict()

    def restore(self, state: dict[str, Any] | None) -> None:
        """What `state` gave."""
        if self._averaged is not None and state is not None:
            self._averaged.load_state_dict(state)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """In the block the network has the averaged weights."""
        if self._averaged is None:
            yield
            return
        trained = {
            name: value.detach().clone() for name, value in self._network.state_dict().items()
        }
        self._network.load_state_dict(self._averaged.module.state_dict())
        try:
            yield
        finally:
            with torch.no_grad():
                self._network.load_state_dict(trained)


def _average_with(most: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    def average(averaged: Tensors, current: Tensors, steps: Tensor | int) -> None:
        decay = min(most, (1 + int(steps)) / (10 + int(steps)))
        get_ema_multi_avg_fn(decay)(averaged, current, steps)  # type: ignore[no-untyped-call]

    return average

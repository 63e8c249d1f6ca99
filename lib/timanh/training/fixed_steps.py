"""A training of a fixed number of steps, taken up again where it was stopped.

The models that come with the package are made this way: what a step learns from follows from its
number alone, and its batch is made while the step before it is computed.
"""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn

from timanh.errors import DivergedError, ResumeError
from timanh.progress import tqdm
from timanh.training.precision import Precision
from timanh.workspace import atomic_write

STATE = "state.pt"
SAVE_EVERY = 120.0  # seconds of work that a kill may cost


class StepPlan(Protocol):
    """What every plan has: a frozen dataclass of numbers.

    Attributes:
        steps: in all. The learning rate rises over the first `warmup`, stays, and falls to 0 over
            the last `fall`, a share of all.
    """

    @property
    def steps(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def warmup(self) -> int: ...
    @property
    def fall(self) -> float: ...


class Stateful(Protocol):
    """A network, an optimiser, or whatever else changes from step to step."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: dict[str, Any]) -> Any: ...


class RandomState:
    """A generator of random numbers as something that is saved."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def state_dict(self) -> dict[str, Any]:
        return {"state": self.generator.get_state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.generator.set_state(state_dict["state"])


class FixedSteps(ABC):
    """The loop around the steps of a training.

    Attributes:
        title: before the progress bar.
        step: how many are done.

    Args:
        out: the folder for the state to go on from; made where it is missing.
    """

    title: ClassVar[str]
    optimiser: torch.optim.Optimizer

    def __init__(self, plan: Any, out: Path) -> None:
        self.plan = plan
        self.out = out
        out.mkdir(parents=True, exist_ok=True)
        self.precision = Precision("cpu", wanted=True)
        self.step = 0

    @abstractmethod
    def changing(self) -> dict[str, Stateful]:
        """What is saved and restored, by its name in the file."""

    @abstractmethod
    def batch(self, step: int) -> tuple[Any, ...]:
        """What step number `step` learns from; made beside the step before."""

    @abstractmethod
    def learn(self, *batch: Any) -> dict[str, float]:
        """One step; returns its losses by name, to be shown."""

    def train(self) -> None:
        """Go on from the saved state, if there is one, to the last step.

        Raises:
            ResumeError: the state in the folder is of another plan.
            DivergedError: see `advance`.
        """
        self.restore()
        saved = time.monotonic()
        with (
            ThreadPoolExecutor(1) as beside,
            tqdm(total=self.plan.steps, initial=self.step, desc=self.title, unit="step") as bar,
        ):
            following = beside.submit(self.batch, self.step)
            while self.step < self.plan.steps:
                batch = following.result()
                following = beside.submit(self.batch, self.step + 1)
                losses = self.advance(*batch)
                shown = {name: f"{loss:.3f}" for name, loss in losses.items()}
                bar.set_postfix(shown, refresh=False)
                bar.update()
                if time.monotonic() - saved > SAVE_EVERY or self.step == self.plan.steps:
                    self.save()
                    saved = time.monotonic()

    def advance(self, *batch: Any) -> dict[str, float]:
        """Learn from a batch at the rate of this step, and go on to the next; returns its losses.

        Raises:
            DivergedError: one is no longer a number.
        """
        plan: StepPlan = self.plan
        rising = (self.step + 1) / plan.warmup
        falling = (plan.steps - self.step) / (plan.fall * plan.steps)
        for group in self.optimiser.param_groups:
            group["lr"] = plan.learning_rate * min(1.0, rising, falling)
        losses = self.learn(*batch)
        if not all(map(math.isfinite, losses.values())):
            raise DivergedError(
                f"The training diverged at step {self.step}: a loss is no longer a number. Take a "
                "smaller learning rate."
            )
        self.step += 1
        return losses

    def descend(self, loss: Tensor, parameters: Iterable[nn.Parameter]) -> None:
        """One step of the optimiser, with gradients no longer than 1."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        self.optimiser.step()

    def save(self) -> None:
        """Write what changes, whole or not at all."""
        state: dict[str, Any] = {"plan": asdict(self.plan), "step": self.step}
        state |= {name: part.state_dict() for name, part in self.changing().items()}
        with atomic_write(self.out / STATE) as temporary:
            torch.save(state, temporary)

    def restore(self) -> None:
        """Take up the saved state; the start where there is none."""
        file = self.out / STATE
        if not file.is_file():
            return
        state: dict[str, Any] = torch.load(file, weights_only=True)
        if state["plan"] != asdict(self.plan):
            raise ResumeError(
                f"{file} is of a run with other settings. Name another folder, or delete this one "
                "to train from the start."
            )
        for name, part in self.changing().items():
            part.load_state_dict(state[name])
        self.step = state["step"]


def decayed_matrices(
    parameters: Iterable[nn.Parameter], weight_decay: float
) -> list[dict[str, Any]]:
    """Groups for an optimiser in which matrices and kernels are decayed and all else is not."""
    chosen = list(parameters)
    return [
        {"params": [each for each in chosen if each.ndim > 1], "weight_decay": weight_decay},
        {"params": [each for each in chosen if each.ndim <= 1], "weight_decay": 0.0},
    ]

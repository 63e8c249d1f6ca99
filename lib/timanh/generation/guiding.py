"""VQGAN+CLIP: the vectors that a VQGAN decodes are changed until an encoder says that it fits.

Each step decodes the picture, cuts it into many parts, encodes them, and moves the vectors so that
the parts come nearer to the prompts on the sphere of unit vectors (Crowson et al. 2022).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import normalize

from timanh.errors import DivergedError, SettingsError
from timanh.generation.cutouts import Cutouts, total_variation
from timanh.generation.prompts import Prompt, Targets, targets
from timanh.generation.vqgan import Vqgan
from timanh.models.encoder import Vectors
from timanh.models.torch_encoder import TorchEncoder
from timanh.training.precision import Precision

SIDES = (32, 1024)  # pixels, the least and the most
MOST_STEPS = 10_000


@dataclass(frozen=True)
class Guidance:
    """All choices of a run but the prompts.

    Attributes:
        width, height: of the picture, in pixels; whole cells of the VQGAN.
        steps: how often the picture is changed.
        rate: Adam's learning rate, in units of the codebook's standard deviation.
        cutouts: what the encoder sees in a step.
        smooth: weight of the picture's total variation.
        seed: of the first picture and of all cut-outs.
        half: compute in bf16 or fp16 where the device has it.
    """

    width: int = 224
    height: int = 224
    steps: int = 150
    rate: float = 0.15
    cutouts: Cutouts = field(default_factory=Cutouts)
    smooth: float = 0.1
    seed: int = 0
    half: bool = True

    def check(self, cell: int) -> None:
        """Raises SettingsError for sizes and numbers out of range."""
        for name, side in (("width", self.width), ("height", self.height)):
            if not SIDES[0] <= side <= SIDES[1] or side % cell:
                raise SettingsError(
                    f"The {name} must be from {SIDES[0]} to {SIDES[1]} pixels, in whole cells "
                    f"of {cell}; got {side}."
                )
        if not 1 <= self.steps <= MOST_STEPS:
            raise SettingsError(f"steps must be from 1 to {MOST_STEPS:,}; got {self.steps}.")
        if not 0 < self.rate <= 10:
            raise SettingsError(f"The rate must be above 0 and at most 10; got {self.rate:g}.")
        if not 1 <= self.cutouts.count <= 512:
            raise SettingsError(f"cutouts must be from 1 to 512; got {self.cutouts.count}.")


@dataclass(frozen=True)
class Step:
    """Where a run is: after `number` steps of `steps`, `distance` being what is made smaller."""

    number: int
    steps: int
    distance: float


class Guided:
    """A run that can be looked at, stopped and kept at every step.

    Args:
        start: a picture to begin with; random codes without one.
        words: in place of the encoder's `encode_texts`, where others use it too.

    Raises:
        SettingsError: sizes or numbers out of range.
        QueryError: prompts that are empty or cancel each other.

    Example:
        >>> run = Guided(load_vqgan(), load_encoder("demo"), [Prompt("a red car")])
        >>> for step in run.steps():
        ...     preview = run.picture()
        >>> run.picture().save("car.png")
    """

    def __init__(
        self,
        vqgan: Vqgan,
        encoder: TorchEncoder,
        prompts: Sequence[Prompt],
        guidance: Guidance | None = None,
        *,
        start: Image.Image | None = None,
        words: Callable[[Sequence[str]], Vectors] | None = None,
    ) -> None:
        self.vqgan = vqgan
        self.encoder = encoder
        self.guidance = guidance or Guidance()
        self.guidance.check(vqgan.cell)
        self.random = torch.Generator().manual_seed(self.guidance.seed)
        self._targets = _on_device(targets(prompts, encoder, words), vqgan.device)
        self._precision = Precision(vqgan.device, self.guidance.half)
        codebook = vqgan.codebook.float()
        self._low, self._high = (
            each[:, None, None] for each in (codebook.amin(0), codebook.amax(0))
        )
        self.latents = self._first(start).requires_grad_(True)
        rate = self.guidance.rate * float(codebook.std())
        self._optimiser = torch.optim.Adam([self.latents], lr=rate)
        self.done = 0

    def _first(self, start: Image.Image | None) -> Tensor:
        chosen, cell = self.guidance, self.vqgan.cell
        with torch.no_grad():
            if start is not None:
                pixels = self.vqgan.prepare([start], chosen.width, chosen.height)
                return self.vqgan.encode(pixels).float().clone()
            count = len(self.vqgan.codebook)
            shape = (1, chosen.height // cell, chosen.width // cell)
            codes = torch.randint(count, shape, generator=self.random)
            return self.vqgan.look_up(codes.to(self.vqgan.device)).float().clone()

    def steps(self) -> Iterator[Step]:
        """Go on to the last step; what is made so far can be taken between two of them.

        Raises:
            DivergedError: the picture is no longer made of numbers.
        """
        while self.done < self.guidance.steps:
            distance = self._step()
            self.done += 1
            yield Step(self.done, self.guidance.steps, distance)

    def picture(self) -> Image.Image:
        """What the codes show now, RGB."""
        with torch.inference_mode():
            return self.vqgan.paint(self.vqgan.nearest(self.latents))[0]

    def go(
        self,
        seen: Callable[[Step], None] = lambda step: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Image.Image:
        """Run to the end, or until `stopped()`, and return the picture as it is then."""
        for step in self.steps():
            seen(step)
            if stopped():
                break
        return self.picture()

    def _step(self) -> float:
        with self._precision():
            pixels = self.vqgan.decode(_through_codebook(self.vqgan, self.latents))
            # Clamped, but for the gradient, which leads back from beyond.
            picture = pixels + (pixels.clamp(0, 1) - pixels).detach()
            parts = self.guidance.cutouts(picture.float(), self.encoder.preparation, self.random)
            features = self.encoder.image_features(parts.to(self.encoder.device))
        near = normalize(features.float(), dim=-1).to(self.vqgan.device)
        # (cut-outs, prompts); weights below 0 make what is near costly
        distance = (sphere_distance(near[:, None], self._targets[0]) * self._targets[1]).sum(1)
        loss = distance.mean() + self.guidance.smooth * total_variation(picture.float())
        if not math.isfinite(loss.item()):
            raise DivergedError(
                "The picture is no longer made of numbers. Take a smaller rate, or compute in full "
                "precision.",
                cli="Give --full.",
            )
        (self.latents.grad,) = torch.autograd.grad(loss, [self.latents])
        self._optimiser.step()
        with torch.no_grad():
            self.latents.copy_(torch.maximum(torch.minimum(self.latents, self._high), self._low))
        return float(distance.mean().item())


def sphere_distance(one: Tensor, other: Tensor) -> Tensor:
    """Half the square of the angle between unit vectors, along the last axis; 0..π²/2."""
    half: Tensor = (one - other).norm(dim=-1).div(2).clamp(max=1 - 1e-6)
    return half.arcsin().pow(2).mul(2)


def _through_codebook(vqgan: Vqgan, latents: Tensor) -> Tensor:
    """The nearest codes, with the gradient of the vectors themselves (straight-through)."""
    with torch.no_grad():
        nearest = vqgan.look_up(vqgan.nearest(latents))
    return latents + (nearest - latents).detach()


def _on_device(found: Targets, device: str) -> tuple[Tensor, Tensor]:
    vectors, weights = torch.from_numpy(found.vectors), torch.from_numpy(found.weights)
    return vectors.to(device), weights.to(device)

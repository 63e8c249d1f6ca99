"""The training loop of the demo checkpoint: a fixed number of steps, taken up where it stopped."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from timanh.data.scenes import english_captions, vietnamese_captions
from timanh.data.vietnamese.marks import without_marks
from timanh.models.two_tower import TwoTowerEncoder
from timanh.models.vision_towers import pool_vision
from timanh.training.drawn.batches import Batch, Batches
from timanh.training.drawn.heads import train_heads
from timanh.training.drawn.network import Teacher, demo_encoder, finding_loss, text_features
from timanh.training.drawn.pictures import Pictures
from timanh.training.fixed_steps import FixedSteps, Stateful, decayed_matrices

WORDS_OF = 4000  # pictures whose captions make the vocabulary


@dataclass(frozen=True)
class Plan:
    """All choices of the run.

    Attributes:
        pictures: how many are drawn from `seed`.
        steps: in all. The learning rate rises over the first `warmup`, stays, and falls to 0 over
            the last `fall`, a share of all.
        batch: pictures in a step.
        short: short texts a picture, beside one caption.
        small_steps, small_side: the first steps are on pictures of fewer pixels, which cost less.
        teaching: weight of naming what stands where, beside that of finding.
        changing: weight of finding a picture by another one and words for a change.
        head_…: of the stage after these steps, see `train_heads`.
    """

    pictures: int = 49152
    steps: int = 5400
    batch: int = 64
    short: int = 2
    side: int = 128
    small_steps: int = 3000
    small_side: int = 80
    widths: tuple[int, ...] = (96, 224, 512)
    depths: tuple[int, ...] = (2, 4, 2)
    text_width: int = 128
    text_layers: int = 2
    dim: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warmup: int = 100
    fall: float = 0.3
    teaching: float = 0.5
    changing: float = 0.5
    head_steps: int = 1500
    head_batch: int = 256
    head_short: int = 3
    head_bare: float = 0.3
    head_rate: float = 7e-4
    seed: int = 1


class Run(FixedSteps):
    """The moving parts.

    Args:
        out: the folder for the drawn pictures, the state to go on from, and the model.
    """

    title = "train"
    plan: Plan

    def __init__(self, plan: Plan, out: Path, *, workers: int | None = None) -> None:
        super().__init__(plan, out)
        pictures = Pictures(out / "pictures", plan.pictures, plan.seed, plan.side, workers=workers)
        self.batches = Batches(pictures, plan.seed, size=plan.batch, short=plan.short)
        self.encoder = self._encoder()
        self.network = self.encoder.network
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.teacher = Teacher(plan.widths[-1])
        parameters = [*self.network.parameters(), *self.teacher.parameters()]
        self.optimiser = torch.optim.AdamW(
            decayed_matrices(parameters, plan.weight_decay),
            lr=plan.learning_rate,
            betas=(0.9, 0.98),
            fused=True,
        )
        self.parameters = parameters

    def _encoder(self) -> TwoTowerEncoder:
        plan = self.plan
        scenes = self.batches.scenes[:WORDS_OF]
        english = [text for scene in scenes for text in english_captions(scene)]
        vietnamese = [text for scene in scenes for text in vietnamese_captions(scene)]
        return demo_encoder(
            [*english, *vietnamese, *map(without_marks, vietnamese)],
            widths=plan.widths,
            depths=plan.depths,
            text_width=plan.text_width,
            text_layers=plan.text_layers,
            dim=plan.dim,
            side=plan.side,
            seed=plan.seed,
        )

    def go(self) -> TwoTowerEncoder:
        """Train to the last step and write the model to `out / "model"`."""
        self.network.train()
        self.train()
        self.network.eval()
        plan = self.plan
        train_heads(
            self.encoder, self.batches, steps=plan.head_steps, size=plan.head_batch,
            short=plan.head_short, bare=plan.head_bare, learning_rate=plan.head_rate,
        )  # fmt: skip
        self.encoder.forget_fingerprint()
        self.encoder.save_pretrained(self.out / "model")
        return self.encoder

    def changing(self) -> dict[str, Stateful]:
        """The networks and the optimiser."""
        return {"network": self.network, "teacher": self.teacher, "optimiser": self.optimiser}

    def batch(self, step: int) -> tuple[Batch, list[list[int]]]:
        """A batch in the size of its step, and the tokens of all its texts."""
        batch = self.batches(step)
        if step < self.plan.small_steps:
            batch = replace(batch, pixels=_reduced(batch.pixels, self.plan.small_side))
        return batch, self.encoder.texts.token_ids([*batch.about.texts, *batch.about.words])

    def learn(self, batch: Batch, tokens: list[list[int]]) -> dict[str, float]:
        """One step; returns its losses, to be shown."""
        network = self.network
        with self.precision():
            seen = network.vision_model(pixel_values=batch.pixels)
            pooled = pool_vision(seen, network.vision_pooling)
            pictures = network.vision_projection(pooled).float()
            texts = text_features(self.encoder, tokens)
        joint, changed = finding_loss(pictures, texts, network.logit_scale, batch.about)
        taught = self.teacher(seen.last_hidden_state.float(), batch.truth)
        loss = joint + self.plan.changing * changed + self.plan.teaching * taught
        self.descend(loss, self.parameters)
        with torch.no_grad():
            self.network.logit_scale.clamp_(0, math.log(100))
        return {"joint": joint.item(), "changed": changed.item(), "taught": taught.item()}


def _reduced(pixels: Tensor, side: int) -> Tensor:
    """(N, 3, H, W) to (N, 3, side, side)."""
    smaller = interpolate(pixels, (side, side), mode="bilinear", antialias=True)
    return smaller.contiguous(memory_format=torch.channels_last)

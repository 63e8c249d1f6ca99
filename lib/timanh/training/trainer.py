"""The training loop: epochs, each followed by a measure, with checkpoints to go on from."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np
import torch

from timanh.data import DataFolder
from timanh.errors import DivergedError
from timanh.models.torch_encoder import TorchEncoder
from timanh.progress import tqdm
from timanh.training.adapters import add_adapters
from timanh.training.averaging import Average
from timanh.training.checkpoints import (
    RECIPE,
    STATE,
    Checkpoints,
    describe,
    require_place,
    require_weights,
)
from timanh.training.failures import check_captions, check_micro_batch, explain_failures
from timanh.training.feeding import Batch, Feeder
from timanh.training.gradients import Gradients
from timanh.training.heads import check_heads, dropping, train_heads
from timanh.training.history import TrainingResult, best_epoch, out_of_patience
from timanh.training.losses import MAX_LOGIT_SCALE
from timanh.training.optimising import freeze, loss_bias, make_optimiser, set_rates
from timanh.training.pairs import steps_per_epoch
from timanh.training.precision import Precision
from timanh.training.recipe import Recipe
from timanh.training.scalars import NoScalars, Scalars, add_epoch, open_scalars
from timanh.training.stored_texts import restore_texts, stored_texts
from timanh.training.streamed import Pixels, open_pixels
from timanh.workspace import in_colab

Measure = Callable[[TorchEncoder], dict[str, Any]]
SAVE_EVERY = 120.0  # seconds of work that a kill may cost
COPY_EVERY = 600.0  # and that the loss of the machine may, where the model is on Drive


def train(
    folder: DataFolder,
    encoder: TorchEncoder,
    recipe: Recipe,
    out: Path,
    *,
    names: Sequence[str] | None = None,
    measure: Measure | None = None,
    resume: bool = True,
    save_every: float = SAVE_EVERY,
    cache: Path | None = None,
    progress: bool = True,
) -> TrainingResult:
    """Train `encoder` in place and write it to `out`, under the name of that folder.

    A run that was done is found again: `encoder` then has the weights of `out`.

    Args:
        names: the pictures to train on; the train split when None.
        measure: called after each epoch, in the precision of the training; the epoch with the best
            mean recall is kept. Such a function is `timanh.evaluation.dev_recall(folder)`.
        resume: go on from the checkpoint in `out`, if there is one; the weights at the end are
            those of an unbroken run on the same device. False starts from the beginning.
        save_every: seconds between checkpoints within an epoch; there is one after each epoch.
            Where `out` is on Google Drive they are written to the machine's disk and copied
            to `out` every ten minutes and after each epoch.
        cache: where decoded pictures are kept; when None `.pixels` below `out`, but in Colab,
            where `out` is on Drive, the machine's disk.

    Raises:
        DataError: no caption file, fewer than two pictures with captions, or captions that are all
            the same.
        DivergedError: the loss became NaN or infinite; the last good checkpoint stays.
        ResumeError: the checkpoint in `out` is of another run.
        SettingsError: the recipe cannot be used on this network.
        TrainingError: memory or disk were not enough; the checkpoint before is whole.
    """
    wanted = folder.to_train_on(names)
    require_place(out)
    out.mkdir(parents=True, exist_ok=True)
    check_micro_batch(encoder.network, recipe)
    if recipe.head_steps or recipe.head_steps_after:
        check_heads(encoder.network, recipe)
    pixels = open_pixels(folder, wanted, encoder.preparation, cache or _pixel_folder(out), progress)
    captions = [folder.captions_of(name) for name in pixels.names]
    check_captions(captions)
    encoder.name = out.resolve().name
    checkpoints = Checkpoints(out, recipe, describe(pixels.names, captions))
    done = checkpoints.finished() if resume else None
    if done is not None:
        checkpoints.take_over(encoder)
        history = done["history"]
        return TrainingResult(
            history, out, best_epoch(history), len(pixels.names), pixels.skipped, done["step"], True
        )
    run = _Run(encoder, recipe, checkpoints, pixels, captions, measure, progress, save_every)
    return run.go(resume)


def _pixel_folder(out: Path) -> Path:
    return Path(gettempdir()) / "timanh-pixels" if in_colab() else out / ".pixels"


class _Run:
    """The moving parts of one `train` call."""

    def __init__(
        self,
        encoder: TorchEncoder,
        recipe: Recipe,
        checkpoints: Checkpoints,
        pixels: Pixels,
        captions: list[tuple[str, ...]],
        measure: Measure | None,
        progress: bool,
        save_every: float,
    ) -> None:
        self.encoder = encoder
        self.recipe = recipe
        self.out = checkpoints.out
        self.pixels = pixels
        self.measure = measure
        self.progress = progress
        self.save_every = save_every
        self.checkpoints = checkpoints
        self.captions = captions
        self.feeder = Feeder(pixels, captions, encoder.texts, recipe)
        self.precision = Precision(encoder.device, recipe.mixed_precision)
        if recipe.lora:
            add_adapters(encoder.network, recipe.lora)
        # Convolutions are several times faster on pixels that are stored together.
        encoder.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if recipe.temperature is not None:
            encoder.logit_scale.data.fill_(-math.log(recipe.temperature))
        self.bias = loss_bias(encoder.network)
        self.optimiser = make_optimiser(encoder.network, recipe, self.bias)
        self.average = Average(encoder.network, recipe.average)
        self.gradients = Gradients(encoder, recipe, self.precision, self.bias)
        self.per_epoch = steps_per_epoch(captions, recipe)
        self.step = 0
        self.history: list[dict[str, Any]] = []
        self.losses: list[float] = []  # of the epoch that is under way
        self.seconds = 0.0
        self.scalars: Scalars = NoScalars()

    def go(self, resume: bool) -> TrainingResult:
        found = resume and self.restore()
        resumed_at = self.step
        self.texts = stored_texts(self.encoder.texts)
        if not found:
            self.checkpoints.begin()
        self.checkpoints.save_json(asdict(self.recipe), RECIPE)
        self.scalars = open_scalars(self.out, self.step)
        batch_size = self.recipe.batch_size
        with explain_failures(self.out, batch_size, self.recipe.micro_batch or batch_size):
            if self.recipe.head_steps and not found:
                self.train_heads()
                self.save()
            for epoch in range(len(self.history), self.recipe.epochs):
                if out_of_patience(self.history, self.recipe.patience):
                    break
                with dropping(self.encoder.network, self.recipe.head_dropout):
                    self.history.append(self.epoch(epoch))
                self.keep_epoch()
                add_epoch(self.scalars, self.history[-1], self.step - 1)
            self.checkpoints.finish(self.step, self.history)
        self.scalars.close()
        return TrainingResult(
            self.history,
            self.out,
            best_epoch(self.history),
            len(self.pixels.names),
            self.pixels.skipped,
            resumed_at,
        )

    def train_heads(self, *, after: bool = False) -> None:
        """Train the heads alone; a running average goes on from there."""
        network = self.encoder.network
        with self.average.in_place():
            train_heads(
                self.encoder, self.pixels, self.captions, self.recipe, self.gradients,
                after=after, progress=self.progress,
            )  # fmt: skip
            weights = {name: value.clone() for name, value in network.state_dict().items()}
        network.load_state_dict(weights)
        self.average = Average(network, self.recipe.average)

    def restore(self) -> bool:
        """Take up an earlier run, if there is one."""
        state = self.checkpoints.load()
        if state is None:
            return False
        require_weights(self.out / STATE, state["model"], self.encoder.network)
        restore_texts(self.encoder.texts, state, self.out)
        self.encoder.network.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.precision.scaler.load_state_dict(state["scaler"])
        self.average.restore(state["average"])
        with torch.no_grad():
            self.bias.copy_(state["bias"])
        self.step, self.history = state["step"], state["history"]
        self.losses, self.seconds = state["losses"], state["seconds"]
        self.encoder.forget_fingerprint()
        return True

    def save(self) -> None:
        """Everything from which the run goes on at this step."""
        self.checkpoints.save(
            {
                "model": self.encoder.network.state_dict(),
                "texts": self.texts,
                "optimiser": self.optimiser.state_dict(),
                "scaler": self.precision.scaler.state_dict(),
                "average": self.average.state(),
                "bias": self.bias.detach(),
                "step": self.step,
                "history": self.history,
                "losses": self.losses,
                "seconds": self.seconds,
            }
        )

    def keep_epoch(self) -> None:
        """Write model, history and state of the epoch just ended."""
        self.losses, self.seconds = [], 0.0
        if best_epoch(self.history) == len(self.history) - 1:
            with self.average.in_place():
                self.checkpoints.save_model(self.encoder)
        self.checkpoints.save_history(self.history)
        self.save()
        self.checkpoints.publish()

    def epoch(self, epoch: int) -> dict[str, Any]:
        first = self.step - epoch * self.per_epoch
        freeze(self.encoder.network, self.recipe, epoch)
        self.train_mode()
        began = saved = copied = time.monotonic()
        before, self.feeder.waited = self.seconds, 0.0
        with tqdm(
            total=self.per_epoch,
            initial=first,
            unit="batch",
            disable=not self.progress,
            desc=f"epoch {epoch + 1}/{self.recipe.epochs}",
        ) as bar:
            for batch in self.feeder.batches(epoch, first, self.per_epoch):
                self.losses.append(self.learn(batch))
                bar.set_postfix(self.status(len(batch), time.monotonic() - began), refresh=False)
                bar.update()
                if time.monotonic() - saved >= self.save_every and self.step % self.per_epoch:
                    self.seconds = before + time.monotonic() - began
                    self.save()
                    saved = time.monotonic()
                    if saved - copied >= COPY_EVERY:
                        self.checkpoints.publish()
                        copied = time.monotonic()
        if self.recipe.head_steps_after and epoch == self.recipe.epochs - 1:
            self.train_heads(after=True)
        self.encoder.network.eval()
        self.encoder.forget_fingerprint()
        seconds = time.monotonic() - began
        done = (len(self.losses) - first) * min(self.recipe.batch_size, len(self.pixels.names))
        with self.average.in_place(), self.precision():
            dev = self.measure(self.encoder) if self.measure else None
        self.encoder.forget_fingerprint()
        return {
            "epoch": epoch + 1,
            "loss": float(np.mean(self.losses)),
            "learning_rate": float(max(group["lr"] for group in self.optimiser.param_groups)),
            "temperature": self.temperature,
            "seconds": before + seconds,
            "pictures_per_s": done / seconds,
            "wait_share": self.feeder.waited / seconds,
            "dev": dev,
        }

    def learn(self, batch: Batch) -> float:
        """One step; returns its loss."""
        rate = set_rates(
            self.optimiser, self.recipe, self.step, self.recipe.epochs * self.per_epoch
        )
        self.optimiser.zero_grad(set_to_none=True)
        value = float(self.gradients(batch))
        if not math.isfinite(value):
            raise DivergedError(
                f"The loss became {value} in step {self.step + 1} (epoch {len(self.history) + 1}). "
                f"The last good checkpoint is in {self.out}. Try a smaller learning rate (now "
                f"{self.recipe.learning_rate:g}) or full precision."
            )
        self.precision.step(self.optimiser, self.encoder.network, self.recipe.clip_norm)
        with torch.no_grad():
            self.encoder.logit_scale.clamp_(0, MAX_LOGIT_SCALE)
        self.average.update()
        self.scalars.add_scalar("loss", value, self.step)
        self.scalars.add_scalar("learning rate", rate, self.step)
        self.scalars.add_scalar("temperature", self.temperature, self.step)
        self.step += 1
        return value

    @property
    def temperature(self) -> float:
        return math.exp(-float(self.encoder.logit_scale.detach().cpu()))

    def status(self, batch: int, seconds: float) -> dict[str, str]:
        """What is shown after the progress bar."""
        return {
            "loss": f"{np.mean(self.losses[-50:]):.3f}",
            "T": f"{self.temperature:.3f}",
            "wait": f"{self.feeder.waited / max(seconds, 1e-9):.0%}",
        }

    def train_mode(self) -> None:
        """Dropout on; batch statistics only where the recipe learns them."""
        self.encoder.network.train()
        if self.recipe.freeze_norm:
            for module in self.encoder.network.modules():
                if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                    module.eval()

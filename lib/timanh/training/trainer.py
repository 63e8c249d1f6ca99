"""The training loop: one epoch after the other, each followed by a checkpoint."""

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from timanh.data import DataFolder
from timanh.errors import DataError, DivergedError
from timanh.models.torch_encoder import TorchEncoder
from timanh.training.ambiguity import SaidOf
from timanh.training.augmenting import flip_some, random_crops
from timanh.training.checkpoints import (
    HISTORY,
    RECIPE,
    load_state,
    save_json,
    save_model,
    save_state,
)
from timanh.training.losses import MAX_LOGIT_SCALE, info_nce
from timanh.training.optimising import Precision, is_head, make_optimiser, set_rates
from timanh.training.pairs import Pair, batches, epoch_pairs, steps_per_epoch
from timanh.training.pixels import PixelCache, cache_pixels
from timanh.training.recipe import Recipe
from timanh.training.scalars import NoScalars, Scalars, add_epoch, open_scalars
from timanh.training.trouble import check_captions, explained

Measure = Callable[[TorchEncoder], dict[str, Any]]


@dataclass(frozen=True)
class TrainingResult:
    """What a run gave.

    Attributes:
        history: per epoch {"epoch", "loss", "learning_rate", "temperature", "seconds",
            "pictures_per_s", "dev"}; "dev" is what `measure` said, or None.
        folder: the model folder, ready for `load_encoder`.
        best_epoch: whose weights are in it.
        pictures: how many were trained on.
        skipped: picture → why it could not be opened.
    """

    history: list[dict[str, Any]]
    folder: Path
    best_epoch: int
    pictures: int
    skipped: dict[str, str]


def train(
    folder: DataFolder,
    encoder: TorchEncoder,
    recipe: Recipe,
    out: Path,
    *,
    names: Sequence[str] | None = None,
    measure: Measure | None = None,
    resume: bool = False,
    cache: Path | None = None,
    progress: bool = True,
) -> TrainingResult:
    """Train `encoder` in place and write it to `out`.

    Args:
        names: the pictures to train on; the train split when None.
        measure: called after each epoch; the epoch with the best mean recall is kept. Such a
            function is `timanh.evaluation.dev_recall(folder)`.
        resume: go on from the checkpoint in `out`, if there is one.
        cache: where decoded pictures are kept; `.pixels` below `out` when None.

    Raises:
        DataError: fewer than two pictures with captions, or captions that are all the same.
        DivergedError: the loss is no longer a number; the last good checkpoint stays.
        ResumeError: the checkpoint in `out` is of another run.
        TrainingError: memory or disk were not enough; the checkpoint before is whole.
    """
    out.mkdir(parents=True, exist_ok=True)
    wanted = tuple(name for name in names or folder.split("train") if folder.captions_of(name))
    if len(wanted) < 2:
        raise DataError(
            f"{folder.root} has {len(wanted)} captioned pictures to train on and at least 2 are "
            "needed. Check that the caption file names the pictures as they are called on disk."
        )
    pixels = cache_pixels(
        folder, wanted, encoder.preparation, cache or out / ".pixels", progress=progress
    )
    captions = [folder.captions_of(name) for name in pixels.names]
    check_captions(captions)
    run = _Run(encoder, recipe, out, pixels, captions, measure, progress)
    return run.go(resume)


class _Run:
    """The moving parts of one `train` call."""

    def __init__(
        self,
        encoder: TorchEncoder,
        recipe: Recipe,
        out: Path,
        pixels: PixelCache,
        captions: list[tuple[str, ...]],
        measure: Measure | None,
        progress: bool,
    ) -> None:
        self.encoder = encoder
        self.recipe = recipe
        self.out = out
        self.pixels = pixels
        self.captions = captions
        self.measure = measure
        self.progress = progress
        self.data = _describe(pixels, captions)
        self.said = SaidOf(captions) if recipe.spare_ambiguous else None
        self.precision = Precision(encoder.device, recipe.mixed_precision)
        # Convolutions are several times faster on pixels that lie together; others do not mind.
        encoder.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = make_optimiser(encoder.network, recipe)
        self.steps = recipe.epochs * steps_per_epoch(captions, recipe)
        self.step = 0
        self.history: list[dict[str, Any]] = []
        self.scalars: Scalars = NoScalars()

    def go(self, resume: bool) -> TrainingResult:
        first = self.restore() if resume else 0
        save_json(asdict(self.recipe), self.out / RECIPE)
        self.scalars = open_scalars(self.out, self.step)
        for epoch in range(first, self.recipe.epochs):
            with explained(self.recipe, self.out):
                self.history.append(self.epoch(epoch))
                self.keep()
            add_epoch(self.scalars, self.history[-1], self.step - 1)
        self.scalars.close()
        best = best_epoch(self.history)
        return TrainingResult(
            self.history, self.out, best, len(self.pixels.names), self.pixels.skipped
        )

    def restore(self) -> int:
        """Take up an earlier run; returns the number of its finished epochs."""
        state = load_state(self.out, self.recipe, self.data)
        if state is None:
            return 0
        self.encoder.network.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.precision.scaler.load_state_dict(state["scaler"])
        self.step = state["step"]
        self.history = state["history"]
        return len(self.history)

    def keep(self) -> None:
        """Write model, history and state of the epoch just ended."""
        self.encoder.forget_fingerprint()
        if best_epoch(self.history) == len(self.history) - 1:
            save_model(self.encoder, self.out)
        save_json(self.history, self.out / HISTORY)
        state = {
            "model": self.encoder.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.precision.scaler.state_dict(),
            "step": self.step,
            "history": self.history,
        }
        save_state(self.out, self.recipe, self.data, state)

    def epoch(self, epoch: int) -> dict[str, Any]:
        # All randomness of an epoch follows from seed and number, so a resumed run repeats it.
        torch.manual_seed(self.recipe.seed * 1_000_003 + epoch)
        self.freeze_towers(epoch < self.recipe.head_epochs)
        pairs = epoch_pairs(self.captions, self.recipe, epoch)
        steps = list(batches(pairs, self.recipe.batch_size))
        losses: list[float] = []
        began = time.monotonic()
        self.train_mode()
        with tqdm(
            total=sum(map(len, steps)),
            unit="img",
            disable=not self.progress,
            desc=f"epoch {epoch + 1}/{self.recipe.epochs}",
        ) as bar:
            for pairs_of_step in steps:
                losses.append(self.learn(pairs_of_step, epoch))
                bar.update(len(pairs_of_step))
                bar.set_postfix(loss=f"{np.mean(losses[-50:]):.3f}", refresh=False)
        self.encoder.network.eval()
        seconds = time.monotonic() - began
        return {
            "epoch": epoch + 1,
            "loss": float(np.mean(losses)),
            "learning_rate": float(max(group["lr"] for group in self.optimiser.param_groups)),
            "temperature": math.exp(-float(self.encoder.logit_scale.detach().cpu())),
            "seconds": seconds,
            "pictures_per_s": sum(map(len, steps)) / seconds,
            "dev": self.measure(self.encoder) if self.measure else None,
        }

    def learn(self, pairs: Sequence[Pair], epoch: int) -> float:
        """One step; returns its loss."""
        rate = set_rates(self.optimiser, self.recipe, self.step, self.steps)
        device = self.encoder.device
        pixels = self.look_up(pairs)
        tokens = self.encoder.texts.pad(
            self.encoder.texts.token_ids([caption for _, caption in pairs])
        )
        with self.precision():
            images = self.encoder.image_features(pixels.to(device))
            texts = self.encoder.text_features(
                {key: value.to(device) for key, value in tokens.items()}
            )
        ambiguous = None
        if self.said is not None:
            rows, captions = zip(*pairs, strict=True)
            ambiguous = self.said.ambiguous(rows, captions)
        loss = info_nce(images, texts, self.encoder.logit_scale, ambiguous)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise DivergedError(
                f"The loss became {value} in step {self.step + 1} (epoch {epoch + 1}). The last "
                f"good checkpoint is in {self.out}. Try a smaller learning rate (now "
                f"{self.recipe.learning_rate:g}) or full precision."
            )
        self.optimiser.zero_grad(set_to_none=True)
        self.precision.step(loss, self.optimiser, self.encoder.network, self.recipe.clip_norm)
        with torch.no_grad():
            self.encoder.logit_scale.clamp_(0, MAX_LOGIT_SCALE)
        self.scalars.add_scalar("loss", value, self.step)
        self.scalars.add_scalar("learning rate", rate, self.step)
        self.step += 1
        return value

    def look_up(self, pairs: Sequence[Pair]) -> torch.Tensor:
        """(N, 3, H, W) float32 of the pairs' pictures, as the recipe varies them."""
        raw = np.stack([self.pixels.pixels[row] for row, _ in pairs])  # (N, H, W, 3) uint8
        if self.recipe.flip:
            flip_some(raw, [caption for _, caption in pairs])
        pixels = torch.from_numpy(self.encoder.preparation.normalise(raw))
        if self.recipe.crop < 1:
            pixels = random_crops(pixels, self.recipe.crop)
        return pixels.contiguous(memory_format=torch.channels_last)

    def train_mode(self) -> None:
        """Dropout on; batch statistics only where the recipe learns them."""
        self.encoder.network.train()
        if self.recipe.freeze_norm:
            for module in self.encoder.network.modules():
                if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def freeze_towers(self, frozen: bool) -> None:
        for name, parameter in self.encoder.network.named_parameters():
            if not is_head(name):
                parameter.requires_grad_(not frozen)


def epoch_table(history: Sequence[dict[str, Any]]) -> str:
    """Average loss, rate and dev recall per epoch, for people."""
    lines = ["epoch    loss  pictures/s   t→i R@1   R@10   i→t R@1   R@10"]
    for entry in history:
        dev = entry["dev"]
        recalls = "        —      —         —      —"
        if dev:
            recalls = (
                f"{dev['t2i']['R@1']:9.1f}{dev['t2i']['R@10']:7.1f}"
                f"{dev['i2t']['R@1']:10.1f}{dev['i2t']['R@10']:7.1f}"
            )
        lines.append(
            f"{entry['epoch']:5}{entry['loss']:8.3f}{entry['pictures_per_s']:12.0f} {recalls}"
        )
    return "\n".join(lines)


def mean_recall(dev: dict[str, Any]) -> float:
    """Mean of R@1, R@5 and R@10 in both directions, in percent."""
    return float(np.mean([dev[way][f"R@{k}"] for way in ("t2i", "i2t") for k in (1, 5, 10)]))


def best_epoch(history: Sequence[dict[str, Any]]) -> int:
    """Index of the epoch with the best mean dev recall; the last where nothing was measured."""
    scores = [mean_recall(entry["dev"]) if entry["dev"] else -1.0 for entry in history]
    return max(range(len(history)), key=lambda index: (scores[index], index))


def _describe(pixels: PixelCache, captions: list[tuple[str, ...]]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for name, own in zip(pixels.names, captions, strict=True):
        digest.update("\t".join((name, *own)).encode())
    return digest.hexdigest()

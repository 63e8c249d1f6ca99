"""The training of a captioner: epochs, each followed by a measure, with checkpoints to go on from.

Checkpoints, precision, rates, averages and TensorBoard are those of `timanh.training`.
"""

import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from timanh.captioning.dev_measure import DevMeasure, Score
from timanh.captioning.examples import (
    KNOWN_LANGUAGES,
    Examples,
    Step,
    epoch_steps,
    language_of,
    languages_in,
)
from timanh.captioning.history import CaptionTraining, merit_of
from timanh.captioning.losses import word_loss
from timanh.captioning.optimising import make_optimiser
from timanh.captioning.pieces import PieceVocabulary
from timanh.captioning.recipe import CaptionRecipe
from timanh.captioning.tower_source import TowerSource
from timanh.captioning.trained import Shapes, TrainedCaptioner
from timanh.captioning.views import View, open_view
from timanh.captioning.vocabulary import Vocabulary, count_words
from timanh.data import DataFolder
from timanh.errors import DivergedError, LanguageError, SettingsError
from timanh.progress import tqdm
from timanh.training.averaging import Average
from timanh.training.checkpoints import (
    RECIPE,
    STATE,
    Checkpoints,
    describe,
    require_place,
    require_weights,
)
from timanh.training.failures import check_captions, explain_failures
from timanh.training.feeding import step_seed
from timanh.training.history import best_epoch, out_of_patience
from timanh.training.optimising import set_rates
from timanh.training.precision import Precision
from timanh.training.scalars import NoScalars, Scalars, open_scalars

SAVE_EVERY = 120.0  # seconds of work that a kill may cost
DEV_PICTURES = 500  # measured after each epoch
PARTS = (
    "recipe", "data", "network", "optimiser", "scaler", "average", "step", "history", "losses",
    "seconds",
)  # fmt: skip


def train_captioner(
    folder: DataFolder,
    source: TowerSource,
    recipe: CaptionRecipe,
    out: Path,
    *,
    names: Sequence[str] | None = None,
    dev: Sequence[str] = (),
    score: Score | None = None,
    languages: Sequence[str] | None = None,
    resume: bool = True,
    save_every: float = SAVE_EVERY,
    cache: Path | None = None,
    progress: bool = True,
) -> CaptionTraining:
    """Train a decoder on what `source` sees and write the captioner to `out`.

    A run that was done is found again.

    Args:
        names: the pictures to train on; the train split when None.
        dev: pictures that the epochs are compared on, at most 500 of them; none keeps the last.
        score: of the captions of `dev`, after each epoch.
        languages: of the captions, "en" and "vi"; None finds them out.
        resume: go on from the checkpoint in `out`, if there is one; the weights at the end are
            those of an unbroken run on the same device.
        save_every: seconds between checkpoints within an epoch.
        cache: where features or decoded pictures are kept; `.features` below `out` when None.

    Raises:
        DataError: too few captioned pictures, captions that are all the same, or no word that
            occurs often enough.
        LanguageError: another language.
        SettingsError: the recipe looks at a grid and the tower has none, or the pictures are in
            tar shards.
        DivergedError, ResumeError, TrainingError: as `timanh.training.train`.
    """
    if folder.streamed:
        raise SettingsError(
            f"{folder.root} holds tar shards, of which a captioner cannot be trained. Unpack them "
            "into a folder of pictures with a caption file."
        )
    for one in languages or ():
        if one not in KNOWN_LANGUAGES:
            raise LanguageError(
                f"Captions in {one!r} cannot be learned; known are {' and '.join(KNOWN_LANGUAGES)}."
            )
    wanted = folder.to_train_on(names)
    require_place(out)
    out.mkdir(parents=True, exist_ok=True)
    if recipe.grid and source.tower.shapes[0] is None:
        raise SettingsError(
            f"The tower of {source.name} has no grid to attend to, only a vector a picture. Set "
            "grid=false to look at that alone, or choose a ResNet, MobileNet, ViT or CLIP model."
        )
    measured = tuple(name for name in dev if folder.captions_of(name))
    measured = measured[:: max(1, -(-len(measured) // DEV_PICTURES))]
    view = open_view(
        folder, (*wanted, *measured), source, recipe, cache or out / ".features", progress
    )
    known = set(measured)
    train_names = [name for name in view.names if name not in known]
    captions = [folder.captions_of(name) for name in train_names]
    check_captions(captions)
    texts = [text for each in captions for text in each]
    found = languages_in(texts)
    spoken = tuple(languages or found)
    if recipe.splitting == "report" and "vi" in spoken:
        warnings.warn(
            "The report's way of taking captions apart keeps the letters a to z alone, which "
            "spoils Vietnamese words. Set splitting=plain, or choose the preset strong.",
            stacklevel=2,
        )
    # Unbroken runs of the languages that were found are known by their captions alone.
    data = "" if spoken == found else f"{spoken}"
    vocabulary: Vocabulary
    if recipe.decoder == "prefix":
        vocabulary = PieceVocabulary.open(recipe.language_model, spoken)
    else:
        vocabulary = count_words(
            {one: [text for text in texts if language_of(text, spoken) == one] for one in spoken},
            min_count=recipe.min_count,
            splitting=recipe.splitting,
        )
    run = _Run(
        folder, source, recipe, out, view, vocabulary, len(train_names), score, progress, data
    )
    return run.go(resume, save_every)


class _Run:
    """The moving parts of one `train_captioner` call."""

    def __init__(
        self,
        folder: DataFolder,
        source: TowerSource,
        recipe: CaptionRecipe,
        out: Path,
        view: View,
        vocabulary: Vocabulary,
        pictures: int,
        score: Score | None,
        progress: bool,
        data: str,
    ) -> None:
        self.recipe, self.out, self.view, self.source = recipe, out, view, source
        self.merit = merit_of(recipe.judge)
        self.progress, self.pictures = progress, pictures
        texts = [folder.captions_of(name) for name in view.names]
        self.examples = Examples.of(texts[:pictures], vocabulary, recipe)
        data = describe(view.names, texts) + source.fingerprint + data
        self.checkpoints = Checkpoints(out, recipe, data, PARTS)
        torch.manual_seed(recipe.seed)
        shapes = Shapes.of(source.tower, grid=recipe.grid)
        decoder = shapes.decoder(recipe, vocabulary)
        self.captioner = TrainedCaptioner(source, decoder, recipe, shapes, name=out.resolve().name)
        references = texts[pictures:]
        self.measure = (
            DevMeasure(self.captioner, view, pictures, references, score) if references else None
        )
        self.network = nn.ModuleDict({"decoder": decoder})
        for name, parameter in source.tower.module.named_parameters():
            parameter.requires_grad_(name in source.tuned)
        if source.tuned:
            self.network["tower"] = source.tower.module
        self.precision = Precision(source.tower.device, recipe.mixed_precision)
        self.optimiser = make_optimiser(self.network, recipe)
        self.average = Average(self.network, recipe.average)
        self.per_epoch = len(epoch_steps(self.examples, recipe, 0))
        self.step = 0
        self.history: list[dict[str, Any]] = []
        self.losses: list[float] = []  # of the epoch that is under way
        self.seconds = 0.0
        self.scalars: Scalars = NoScalars()

    def go(self, resume: bool, save_every: float) -> CaptionTraining:
        done = self.checkpoints.finished() if resume else None
        if done is not None:
            return self.result(done["history"], done["step"], found=True)
        resumed_at = self.restore() if resume else 0
        if not resumed_at:
            self.checkpoints.begin()
        self.source.save_copy(self.out)
        if isinstance(self.captioner.decoder.vocabulary, PieceVocabulary):
            self.captioner.decoder.vocabulary.save_copy(self.out)
        self.checkpoints.save_json(asdict(self.recipe), RECIPE)
        self.scalars = open_scalars(self.out, self.step)
        with explain_failures(self.out, self.recipe.batch_size):
            for epoch in range(len(self.history), self.recipe.epochs):
                if out_of_patience(self.history, self.recipe.patience, self.merit):
                    break
                self.history.append(self.epoch(epoch, save_every))
                self.keep_epoch()
            self.checkpoints.finish(self.step, self.history)
        self.scalars.close()
        return self.result(self.history, resumed_at)

    def result(
        self, history: list[dict[str, Any]], resumed_at: int, found: bool = False
    ) -> CaptionTraining:
        return CaptionTraining(
            history,
            self.out,
            best_epoch(history, self.merit),
            self.pictures,
            sum(map(len, self.examples.tokens)),
            len(self.captioner.decoder.vocabulary),
            self.view.skipped,
            resumed_at,
            found,
        )

    def restore(self) -> int:
        """Take up an earlier run; returns the number of its finished steps."""
        state = self.checkpoints.load()
        if state is None:
            return 0
        require_weights(self.out / STATE, state["network"], self.network)
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.precision.scaler.load_state_dict(state["scaler"])
        self.average.restore(state["average"])
        self.step, self.history = state["step"], state["history"]
        self.losses, self.seconds = state["losses"], state["seconds"]
        return self.step

    def save(self) -> None:
        """Everything from which the run goes on at this step."""
        self.checkpoints.save(
            {
                "network": self.network.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "scaler": self.precision.scaler.state_dict(),
                "average": self.average.state(),
                "step": self.step,
                "history": self.history,
                "losses": self.losses,
                "seconds": self.seconds,
            }
        )

    def keep_epoch(self) -> None:
        """Write captioner, history and state of the epoch just ended."""
        self.losses, self.seconds = [], 0.0
        if best_epoch(self.history, self.merit) == len(self.history) - 1:
            with self.average.in_place():
                self.captioner.save(self.out)
        self.checkpoints.save_history(self.history)
        self.save()
        self.checkpoints.publish()
        for name, value in (self.history[-1]["dev"] or {}).items():
            self.scalars.add_scalar(f"dev/{name}", value, self.step - 1)
        self.scalars.flush()

    def epoch(self, epoch: int, save_every: float) -> dict[str, Any]:
        first = self.step - epoch * self.per_epoch
        steps = epoch_steps(self.examples, self.recipe, epoch)[first:]
        self.captioner.decoder.train()
        began = saved = time.monotonic()
        before, written = self.seconds, 0
        label = f"epoch {epoch + 1}/{self.recipe.epochs}"
        with tqdm(
            total=self.per_epoch, initial=first, unit="batch", disable=not self.progress, desc=label
        ) as bar:
            for step in steps:
                self.losses.append(self.learn(step, epoch))
                written += sum(len(self.examples.tokens[row]) for row in step.rows)
                bar.set_postfix(loss=f"{np.mean(self.losses[-50:]):.3f}", refresh=False)
                bar.update()
                if time.monotonic() - saved >= save_every and self.step % self.per_epoch:
                    self.seconds = before + time.monotonic() - began
                    self.save()
                    saved = time.monotonic()
        seconds = time.monotonic() - began
        self.captioner.decoder.eval()
        with self.average.in_place():
            dev = self.measure() if self.measure else None
        return {
            "epoch": epoch + 1,
            "loss": float(np.mean(self.losses)),
            "learning_rate": float(max(group["lr"] for group in self.optimiser.param_groups)),
            "seconds": before + seconds,
            "captions_per_s": written / max(seconds, 1e-9),
            "dev": dev,
        }

    def learn(self, step: Step, epoch: int) -> float:
        """One step; returns its loss."""
        recipe = self.recipe
        rate = set_rates(self.optimiser, recipe, self.step, recipe.epochs * self.per_epoch)
        self.optimiser.zero_grad(set_to_none=True)
        seed = step_seed(recipe.seed, self.step)
        torch.manual_seed(seed)  # dropout, so that any step can be repeated alone
        tokens, owner = (each.to(self.captioner.device) for each in self.examples.padded(step.rows))
        with self.precision():
            with torch.set_grad_enabled(epoch >= recipe.encoder_from):
                grid, pooled = self.view.training(step, seed)
            loss = word_loss(
                self.captioner.decoder, grid, pooled, tokens, owner, recipe.label_smoothing
            )
        value = float(loss.detach())
        if not math.isfinite(value):
            raise DivergedError(
                f"The loss became {value} in step {self.step + 1} (epoch {len(self.history) + 1}). "
                f"The last good checkpoint is in {self.out}. Try a smaller learning rate (now "
                f"{recipe.learning_rate:g})."
            )
        self.precision.backward(loss)
        self.precision.step(self.optimiser, self.network, recipe.clip_norm)
        self.average.update()
        self.scalars.add_scalar("loss", value, self.step)
        self.scalars.add_scalar("learning rate", rate, self.step)
        self.step += 1
        return value

"""The training of the demo writer: the codes of drawn scenes after their captions.

python -m timanh.generation.training.writer_loop FOLDER

A run that was stopped goes on where it was. The VQGAN is the one of the package. The model is then
in FOLDER/model, from where `python -m timanh.generation.training.shipping FOLDER/model` puts it
into the package.
"""

import math
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, interpolate

from timanh.data.scenes import scene_of
from timanh.errors import DivergedError, ResumeError
from timanh.generation.loading import load_vqgan
from timanh.generation.training.run_folder import run_in_folder
from timanh.generation.training.texts import caption_tokenizer, text_of
from timanh.generation.transformer import CaptionToCodes, TransformerSize
from timanh.generation.vqgan import Vqgan
from timanh.generation.writer import PictureWriter
from timanh.progress import tqdm
from timanh.training.drawn.pictures import Pictures, scene_at
from timanh.training.precision import Precision
from timanh.workspace import atomic_write

STATE = "state.pt"
SAVE_EVERY = 120.0  # seconds
WORDS_OF = 1500  # scenes whose captions make the vocabulary
ENCODED = 64  # pictures at once
LANGUAGES = ("en", "vi")


@dataclass(frozen=True)
class WriterPlan:
    """All choices of the run.

    Attributes:
        pictures: how many are drawn from `seed`; each is learned as drawn and mirrored.
        drawn_side: of the drawings, in pixels, which are then reduced to `side`.
    """

    pictures: int = 49152
    drawn_side: int = 128
    side: int = 64
    steps: int = 3600
    batch: int = 32
    words: int = 1000
    longest: int = 40
    width: int = 208
    layers: int = 4
    heads: int = 4
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warmup: int = 100
    fall: float = 0.5
    seed: int = 1


class WriterRun:
    """The moving parts.

    Args:
        out: the folder for the drawn pictures, their codes, the state, and the model.
        vqgan: whose codes are written; the package's when None.
    """

    def __init__(
        self, plan: WriterPlan, out: Path, *, vqgan: Vqgan | None = None, workers: int | None = None
    ) -> None:
        self.plan = plan
        self.out = out
        out.mkdir(parents=True, exist_ok=True)
        self.vqgan = vqgan or load_vqgan("demo", device="cpu")
        self.codes = self._codes(workers)
        self.scenes = [scene_at(row, plan.seed)[0] for row in range(plan.pictures)]
        known = [scene_of(row, plan.seed) for row in range(min(WORDS_OF, plan.pictures))]
        tokenizer: Any = caption_tokenizer(known, vocabulary=plan.words)
        torch.manual_seed(plan.seed)
        size = TransformerSize(
            words=tokenizer.get_vocab_size(), codes=len(self.vqgan.codebook),
            grid=plan.side // self.vqgan.cell, longest=plan.longest, width=plan.width,
            layers=plan.layers, heads=plan.heads,
        )  # fmt: skip
        self.network = CaptionToCodes(size)
        self.writer = PictureWriter(
            self.network, tokenizer, self.vqgan, name="demo", languages=LANGUAGES, device="cpu"
        )
        parameters = list(self.network.parameters())
        self.optimiser = torch.optim.AdamW(
            [
                {
                    "params": [p for p in parameters if p.ndim > 1],
                    "weight_decay": plan.weight_decay,
                },
                {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
            ],
            lr=plan.learning_rate,
            betas=(0.9, 0.98),
            fused=True,
        )
        self.precision = Precision("cpu", wanted=True)
        self.step = 0

    def _codes(self, workers: int | None) -> NDArray[np.int16]:
        """(pictures, 2, cells), as drawn and mirrored; made once for a VQGAN."""
        plan = self.plan
        digest = f"{float(self.vqgan.codebook.double().sum()):.9f}".replace("-", "m")
        file = self.out / f"codes-{plan.seed}-{plan.pictures}-{plan.side}-{digest}.npy"
        if not file.is_file():
            folder = self.out / "pictures"
            pictures = Pictures(folder, plan.pictures, plan.seed, plan.drawn_side, workers=workers)
            found = np.empty((plan.pictures, 2, (plan.side // self.vqgan.cell) ** 2), np.int16)
            with (
                torch.inference_mode(),
                tqdm(total=plan.pictures, desc="encode", unit="img") as bar,
            ):
                for start in range(0, plan.pictures, ENCODED):
                    rows = range(start, min(start + ENCODED, plan.pictures))
                    pixels = torch.from_numpy(pictures[rows]).permute(0, 3, 1, 2).float() / 255
                    if plan.side != plan.drawn_side:
                        size = (plan.side, plan.side)
                        pixels = interpolate(pixels, size, mode="bilinear", antialias=True)
                    for way, shown in enumerate((pixels, pixels.flip(-1))):
                        codes = self.vqgan.nearest(self.vqgan.encode(shown))
                        found[rows.start : rows.stop, way] = codes.flatten(1).numpy()
                    bar.update(len(rows))
            with atomic_write(file) as temporary, temporary.open("wb") as stream:
                np.save(stream, found)
        kept: NDArray[np.int16] = np.load(file, mmap_mode="r")
        return kept

    def go(self) -> PictureWriter:
        """Train to the last step and write the model to `out / "model"`."""
        self._restore()
        self.network.train()
        saved = time.monotonic()
        with tqdm(total=self.plan.steps, initial=self.step, desc="writer", unit="step") as bar:
            while self.step < self.plan.steps:
                loss = self.learn(*self._batch(self.step))
                self.step += 1
                bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
                bar.update()
                if time.monotonic() - saved > SAVE_EVERY or self.step == self.plan.steps:
                    self._save()
                    saved = time.monotonic()
        self.network.eval()
        self.writer.save(self.out / "model")
        return self.writer

    def _batch(self, step: int) -> tuple[list[str], Tensor]:
        """Texts and codes (N, cells) of a step, by its number."""
        plan = self.plan
        epoch, place = divmod(step, plan.pictures // plan.batch)
        order = np.random.default_rng((plan.seed, epoch)).permutation(plan.pictures)
        rows = order[place * plan.batch : (place + 1) * plan.batch]
        rng = random.Random(f"{plan.seed}/{step}")
        texts = [text_of(self.scenes[row], rng) for row in rows]
        ways = [rng.randrange(2) for _ in rows]
        return texts, torch.from_numpy(self.codes[rows, ways].astype(np.int64))

    def learn(self, texts: list[str], codes: Tensor) -> float:
        """One step; returns its loss, in nats a code."""
        for group in self.optimiser.param_groups:
            group["lr"] = _rate(self.plan, self.step)
        captions, there = self.writer.tokens(texts)
        with self.precision():
            logits = self.network(captions, there, codes)
        loss = cross_entropy(logits.float().flatten(0, 1), codes.flatten())
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        value = float(loss.item())
        if not math.isfinite(value):
            raise DivergedError("The training of the writer diverged. Take a smaller rate.")
        return value

    def _save(self) -> None:
        state = {
            "plan": asdict(self.plan),
            "step": self.step,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        with atomic_write(self.out / STATE) as temporary:
            torch.save(state, temporary)

    def _restore(self) -> None:
        file = self.out / STATE
        if not file.is_file():
            return
        state: dict[str, Any] = torch.load(file, weights_only=True)
        if state["plan"] != asdict(self.plan):
            raise ResumeError(
                f"{file} is of a run with other settings. Name another folder, or delete this one "
                "to train from the start."
            )
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]


def _rate(plan: WriterPlan, step: int) -> float:
    rising = (step + 1) / plan.warmup
    falling = (plan.steps - step) / (plan.fall * plan.steps)
    return plan.learning_rate * min(1.0, rising, falling)


if __name__ == "__main__":
    run_in_folder(lambda folder: WriterRun(WriterPlan(), folder).go())

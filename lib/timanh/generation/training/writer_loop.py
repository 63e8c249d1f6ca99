"""The training of the demo writer: the codes of drawn scenes after their captions.

python -m timanh.generation.training.writer_loop FOLDER

A run that was stopped goes on where it was. The VQGAN is the one of the package. The model is then
in FOLDER/model, from where `python -m timanh.generation.training.shipping FOLDER/model` puts it
into the package.
"""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, interpolate

from timanh.data.scenes import scene_of
from timanh.generation.loading import load_vqgan
from timanh.generation.training.texts import caption_tokenizer, text_of
from timanh.generation.transformer import CaptionToCodes, TransformerSize
from timanh.generation.vqgan import Vqgan
from timanh.generation.writer import PictureWriter
from timanh.progress import tqdm
from timanh.training.drawn.pictures import Pictures, scene_at
from timanh.training.fixed_steps import FixedSteps, Stateful, decayed_matrices
from timanh.training.run_folder import run_in_folder
from timanh.workspace import atomic_write

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
    steps: int = 10000
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


class WriterRun(FixedSteps):
    """The moving parts.

    Args:
        out: the folder for the drawn pictures, their codes, the state, and the model.
        vqgan: whose codes are written; the package's when None.
    """

    title = "writer"
    plan: WriterPlan

    def __init__(
        self, plan: WriterPlan, out: Path, *, vqgan: Vqgan | None = None, workers: int | None = None
    ) -> None:
        super().__init__(plan, out)
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
        self.optimiser = torch.optim.AdamW(
            decayed_matrices(self.network.parameters(), plan.weight_decay),
            lr=plan.learning_rate,
            betas=(0.9, 0.98),
            fused=True,
        )

    def _codes(self, workers: int | None) -> NDArray[np.int16]:
        """(pictures, 2, cells), as drawn and mirrored; made once for a VQGAN."""
        plan = self.plan
        digest = self.vqgan.codebook_digest
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
        self.network.train()
        self.train()
        self.network.eval()
        self.writer.save(self.out / "model")
        return self.writer

    def changing(self) -> dict[str, Stateful]:
        """The network and its optimiser."""
        return {"network": self.network, "optimiser": self.optimiser}

    def batch(self, step: int) -> tuple[list[str], Tensor]:
        """Texts and codes (N, cells)."""
        plan = self.plan
        epoch, place = divmod(step, plan.pictures // plan.batch)
        order = np.random.default_rng((plan.seed, epoch)).permutation(plan.pictures)
        rows = order[place * plan.batch : (place + 1) * plan.batch]
        rng = random.Random(f"{plan.seed}/{step}")
        texts = [text_of(self.scenes[row], rng) for row in rows]
        ways = [rng.randrange(2) for _ in rows]
        return texts, torch.from_numpy(self.codes[rows, ways].astype(np.int64))

    def learn(self, texts: list[str], codes: Tensor) -> dict[str, float]:
        """One step; returns its loss, in nats a code."""
        captions, there = self.writer.tokens(texts)
        with self.precision():
            logits = self.network(captions, there, codes)
        loss = cross_entropy(logits.float().flatten(0, 1), codes.flatten())
        self.descend(loss, self.network.parameters())
        return {"loss": loss.item()}


if __name__ == "__main__":
    run_in_folder(lambda folder: WriterRun(WriterPlan(), folder).go())

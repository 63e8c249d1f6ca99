"""The training of the demo VQGAN on drawn scenes.

python -m timanh.generation.training.vqgan_loop FOLDER

A run that was stopped goes on where it was. The model is then in FOLDER/model, from where
`python -m timanh.generation.training.shipping FOLDER/model` puts it into the package.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, mse_loss

from timanh.generation.loading import require_diffusers
from timanh.generation.training.codebook import RunningCodebook
from timanh.generation.training.discriminator import (
    PatchDiscriminator,
    judging_loss,
    weight_beside,
)
from timanh.generation.training.likeness import Unlikeness
from timanh.generation.vqgan import Vqgan
from timanh.models import load_encoder
from timanh.models.torch_encoder import TorchEncoder
from timanh.training.drawn.pictures import Pictures
from timanh.training.fixed_steps import FixedSteps, RandomState, Stateful
from timanh.training.run_folder import run_in_folder

UNSEEN_SEED = 977  # of the scenes that it is measured on


@dataclass(frozen=True)
class VqganPlan:
    """All choices of the run.

    Attributes:
        pictures: how many are drawn from `seed`, `drawn_side` pixels wide, and then reduced to
            `side`. The demo model learns from the same ones.
        small_side: every second step is on pictures of this size, which the writer writes.
        patch: pixels, whose colours are one input of the network.
        free: share of the steps, at the beginning, in which vectors are not replaced by codes.
        judged: share of the steps, at the end, in which the discriminator takes part.
        fooling: what it counts beside the likeness to the picture.
        seen: what the demo encoder's view counts in the likeness to the picture.
        committing: weight of the distance between vectors and their codes.
    """

    pictures: int = 49152
    drawn_side: int = 128
    side: int = 96
    small_side: int = 64
    steps: int = 5600
    batch: int = 8
    widths: tuple[int, ...] = (32, 64, 96)
    patch: int = 2
    codes: int = 1024
    code_width: int = 32
    learning_rate: float = 1.2e-3
    warmup: int = 100
    fall: float = 0.5
    free: float = 0.03
    judged: float = 0.15
    fooling: float = 0.1
    seen: float = 0.5
    committing: float = 0.25
    seed: int = 1


class VqganRun(FixedSteps):
    """The moving parts.

    Args:
        out: the folder for the drawn pictures, the state to go on from, and the model.
        encoder: who looks at what is painted; the demo's when None.
    """

    title = "vqgan"
    plan: VqganPlan

    def __init__(
        self,
        plan: VqganPlan,
        out: Path,
        *,
        encoder: TorchEncoder | None = None,
        workers: int | None = None,
    ) -> None:
        super().__init__(plan, out)
        looking = encoder or load_encoder("demo", device="cpu", runtime="torch")
        self.unlikeness = Unlikeness(looking, seen=plan.seen)
        self.pictures = Pictures(
            out / "pictures", plan.pictures, plan.seed, plan.drawn_side, workers=workers
        )
        torch.manual_seed(plan.seed)
        self.network = make_network(plan)
        self.codebook = RunningCodebook(plan.codes, plan.code_width)
        self.judge = PatchDiscriminator()
        fast: dict[str, Any] = {"lr": plan.learning_rate, "betas": (0.8, 0.98), "fused": True}
        learned = [p for name, p in self.network.named_parameters() if "quantize" not in name]
        self.optimiser = torch.optim.AdamW(learned, weight_decay=1e-4, **fast)
        self.learned = learned
        self.judging = torch.optim.AdamW(self.judge.parameters(), lr=5e-4, betas=(0.5, 0.9))
        self.random = torch.Generator().manual_seed(plan.seed)

    def go(self) -> Vqgan:
        """Train to the last step and write the model to `out / "model"`."""
        self.network.train()
        self.train()
        with torch.no_grad():
            self.network.quantize.embedding.weight.copy_(self.codebook.codes)
        self.network.eval()
        self.network.save_pretrained(self.out / "model")
        return Vqgan(self.network, name="demo", device="cpu")

    def changing(self) -> dict[str, Stateful]:
        """The networks, their optimisers, the codebook, and what it draws by."""
        names = ("network", "codebook", "judge", "optimiser", "judging")
        return {name: getattr(self, name) for name in names} | {"random": RandomState(self.random)}

    def batch(self, step: int) -> tuple[Tensor]:
        """((N, 3, side, side) in -1..1,)."""
        plan = self.plan
        per_epoch = plan.pictures // plan.batch
        epoch, place = divmod(step, per_epoch)
        order = np.random.default_rng((plan.seed, epoch)).permutation(plan.pictures)
        rows = order[place * plan.batch : (place + 1) * plan.batch]
        pixels = torch.from_numpy(self.pictures[rows.tolist()]).permute(0, 3, 1, 2).float()
        if epoch % 2:
            pixels = pixels.flip(-1)
        side = plan.small_side if step % 2 else plan.side
        if side != plan.drawn_side:
            pixels = interpolate(pixels, (side, side), mode="bilinear", antialias=True)
        return (pixels.div_(127.5).sub_(1),)

    def learn(self, pixels: Tensor) -> dict[str, float]:
        """One step; returns its losses, to be shown."""
        plan, network = self.plan, self.network
        free = self.step < plan.free * plan.steps
        with self.precision():
            latents = network.encode(into_patches(pixels, plan.patch)).latents
        latents = latents.float()
        vectors = latents.permute(0, 2, 3, 1).flatten(0, 2)
        if not free and not self.codebook.started:
            self.codebook.begin(self._many_vectors(), self.random)
        if free:
            chosen, commitment = latents, vectors.pow(2).mean() * 0.01
        else:
            near, numbers = self.codebook(vectors)
            self.codebook.learn(vectors, numbers, self.random)
            commitment = plan.committing * mse_loss(vectors, near)
            grid = near.view(latents.permute(0, 2, 3, 1).shape).permute(0, 3, 1, 2)
            chosen = latents + (grid - latents).detach()
        with self.precision():
            painted = from_patches(network.decoder(network.post_quant_conv(chosen)), plan.patch)
        painted = painted.float()
        with self.precision():
            unlike = self.unlikeness(painted, pixels)
        loss = unlike + commitment
        shown = {"unlike": unlike.item()}
        judged = self.step >= (1 - plan.judged) * plan.steps
        if judged:
            with self.precision():
                fooling = -self.judge(painted).float().mean()
            layer = network.decoder.conv_out.weight
            loss = loss + plan.fooling * weight_beside(unlike, fooling, layer) * fooling
        self.descend(loss, self.learned)
        if judged:
            with self.precision():
                judging = judging_loss(
                    self.judge(pixels).float(), self.judge(painted.detach()).float()
                )
            self.judging.zero_grad(set_to_none=True)
            judging.backward()  # type: ignore[no-untyped-call]
            self.judging.step()
            shown["judge"] = judging.item()
        return shown

    def _many_vectors(self) -> Tensor:
        """Vectors of some batches, for the codebook to begin with."""
        found = []
        with torch.no_grad(), self.precision():
            for step in range(4):
                patches = into_patches(*self.batch(step), self.plan.patch)
                latents = self.network.encode(patches).latents.float()
                found.append(latents.permute(0, 2, 3, 1).flatten(0, 2))
        return torch.cat(found)


def make_network(plan: VqganPlan) -> Any:
    """A `VQModel` of the plan's size."""
    require_diffusers()
    from diffusers import VQModel

    levels = len(plan.widths)
    channels = 3 * plan.patch**2
    return VQModel(
        in_channels=channels,
        out_channels=channels,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=plan.widths,
        layers_per_block=1,
        latent_channels=plan.widths[-1],
        num_vq_embeddings=plan.codes,
        vq_embed_dim=plan.code_width,
        norm_num_groups=16,
        sample_size=plan.side,
    )


def into_patches(pixels: Tensor, patch: int) -> Tensor:
    """(N, 3, H, W) to (N, 3·patch², H / patch, W / patch)."""
    return nn.functional.pixel_unshuffle(pixels, patch)


def from_patches(patches: Tensor, patch: int) -> Tensor:
    """The way back."""
    return nn.functional.pixel_shuffle(patches, patch)


def psnr(vqgan: Vqgan, pictures: np.ndarray[Any, np.dtype[np.uint8]]) -> float:
    """Decibels of (N, side, side, 3) pictures after encoding and decoding: the mean of theirs."""
    found = []
    with torch.inference_mode():
        for start in range(0, len(pictures), 32):
            batch = torch.from_numpy(pictures[start : start + 32]).permute(0, 3, 1, 2).float() / 255
            painted = vqgan.decode(vqgan.look_up(vqgan.nearest(vqgan.encode(batch))))
            error = (painted.clamp(0, 1) - batch).pow(2).mean((1, 2, 3)).clamp(min=1e-10)
            found.append(-10 * error.log10())
    return float(torch.cat(found).mean())


if __name__ == "__main__":
    run_in_folder(lambda folder: VqganRun(VqganPlan(), folder).go())

"""The last stage: the text tower and both heads, in large batches over pictures encoded once.

Only in a large batch does a text such as “a child flying a kite” meet pictures with a child and a
kite that does not fly from its hand. The picture tower stays as it is, so that its grid does too.
"""

import math
import random
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from timanh.models.two_tower import TwoTowerEncoder
from timanh.models.vision_towers import pool_vision
from timanh.progress import tqdm
from timanh.training.drawn.batches import Batches, Texts, as_pixels
from timanh.training.drawn.network import finding_loss, text_features
from timanh.training.precision import Precision

WARMUP = 50
PARTS = 12


def train_heads(
    encoder: TwoTowerEncoder,
    batches: Batches,
    *,
    steps: int,
    size: int,
    short: int,
    bare: float,
    learning_rate: float,
) -> None:
    """Train on the pictures of `batches`; begun again from the start when it was stopped.

    Args:
        size: pictures in a batch.
        short, bare: see `Batches`.
        learning_rate: falls to 0 by a cosine.
    """
    if not steps:
        return
    network, precision = encoder.network, Precision("cpu", wanted=True)
    pooled = _pooled(encoder, batches)
    stage = Batches(
        batches.pictures, batches.seed + 1, size=min(size, batches.pictures.count), short=short,
        bare=bare, scenes_of=batches.seed,
    )  # fmt: skip
    network.text_model.train()
    parameters = [
        *network.text_model.parameters(), *network.text_projection.parameters(),
        *network.vision_projection.parameters(), network.logit_scale,
    ]  # fmt: skip
    optimiser = torch.optim.AdamW(parameters, lr=learning_rate, betas=(0.9, 0.98), fused=True)

    def prepared(step: int) -> tuple[Tensor, Texts, list[list[int]]]:
        rows = stage.rows(step)
        about = stage.texts(rows, random.Random(f"heads {stage.seed}/{step}"))
        tokens = encoder.texts.token_ids([*about.texts, *about.words])
        return pooled[torch.from_numpy(rows)], about, tokens

    with (
        ThreadPoolExecutor(1) as beside,
        tqdm(total=steps, desc="heads", unit="step") as bar,
    ):
        following = beside.submit(prepared, 0)
        for step in range(steps):
            features, about, tokens = following.result()
            following = beside.submit(prepared, step + 1)
            rate = min(1.0, (step + 1) / WARMUP) * (1 + math.cos(math.pi * step / steps)) / 2
            for group in optimiser.param_groups:
                group["lr"] = learning_rate * rate
            with precision():
                pictures = network.vision_projection(features).float()
                texts = text_features(encoder, tokens, PARTS)
            joint, changed = finding_loss(pictures, texts, network.logit_scale, about)
            optimiser.zero_grad(set_to_none=True)
            precision.backward(joint + 0.5 * changed)
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            with torch.no_grad():
                network.logit_scale.clamp_(0, math.log(100))
            bar.set_postfix(joint=f"{joint.item():.3f}", changed=f"{changed.item():.3f}")
            bar.update()
    network.eval()


def _pooled(encoder: TwoTowerEncoder, batches: Batches) -> Tensor:
    """(count, width) what the picture tower says of each picture as it was drawn."""
    network, count, found = encoder.network.eval(), batches.pictures.count, []
    with torch.inference_mode(), tqdm(total=count, desc="encode", unit="img") as bar:
        for start in range(0, count, 64):
            rows = range(start, min(start + 64, count))
            pixels = as_pixels(torch.from_numpy(batches.pictures[rows]))
            seen = network.vision_model(pixel_values=pixels)
            found.append(pool_vision(seen, network.vision_pooling).float())
            bar.update(len(rows))
    return torch.cat(found).clone()

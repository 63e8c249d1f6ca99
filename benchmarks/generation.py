"""How fast a VQGAN of the published size is guided, and whether what is painted can be recognised.

`size`: a VQGAN with the layers of `vqgan_imagenet_f16_1024` (72 M weights) and an encoder of the
size of CLIP ViT-B/32, both with random weights, since neither time nor memory depends on them: ten
guided steps at 224 pixels.

`reconstructions`: what the demo's VQGAN keeps of drawn scenes: decibels, and of 1,000 pictures with
one thing in each the share whose kind the demo encoder names, as drawn, reduced, and painted.

`prompts`: captions from the scenes' own grammar, half of them in each language. A picture is made
from each, and an encoder that did not guide ranks the captions of its language by it: the share of
pictures whose own caption comes first, with a contact sheet.

    python benchmarks/generation.py size
    python benchmarks/generation.py reconstructions
    python benchmarks/generation.py prompts --judge FOLDER [--way written|guided] [--count 40]

A judge is an encoder that was trained apart from the demo's: the demo model of an earlier commit is
one (docs/generate.md).
"""

import argparse
import resource
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from common import keep
from PIL import Image, ImageDraw, ImageFont
from zero_shot import KINDS_OF_ONE, one_thing, report
from zero_shot import SEED as OF_ONE_THING

from timanh.data.scenes import english_captions, render, scene_of, vietnamese_captions
from timanh.evaluation.classification_report import wilson
from timanh.generation import (
    Cutouts,
    Guidance,
    Guided,
    Prompt,
    Sampling,
    Vqgan,
    load_vqgan,
    load_writer,
)
from timanh.generation.training.vqgan_loop import UNSEEN_SEED, psnr
from timanh.models import load_encoder
from timanh.models.torch_encoder import TorchEncoder
from timanh.models.zero_shot import ZeroShot

SEED = 11
SIDES, PSNR_SCENES = (128, 96, 64), 100
TILE, LINE, LINES = 160, 46, 3
STEPS_MEASURED, WARM = 10, 1


def main() -> None:
    """One of the measures; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("measure", choices=("size", "reconstructions", "prompts"))
    parser.add_argument("--judge", help="an encoder trained apart from the one that guides")
    parser.add_argument("--vqgan", default="demo")
    parser.add_argument("--way", default="written", choices=("guided", "written"))
    parser.add_argument("--count", type=int, default=40, help="captions, half in each language")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--cutouts", type=int, default=32)
    parser.add_argument("--sheet", type=Path, help="where to write the contact sheet")
    given = parser.parse_args()
    if given.measure == "size":
        keep("generation-size", measure_size(given.cutouts))
        return
    if given.measure == "reconstructions":
        keep("generation-reconstructions", measure_reconstructions(load_vqgan(given.vqgan)))
        return
    if given.judge is None:
        parser.error("--judge is wanted: the encoder that guides is no judge of its own work")
    keep("generation-prompts", measure_prompts(given))


def measure_size(cutouts: int) -> dict[str, Any]:
    """Seconds a step and the most memory, of this process."""
    vqgan, encoder = published_size()
    guidance = Guidance(steps=WARM + STEPS_MEASURED, cutouts=Cutouts(count=cutouts))
    run = Guided(vqgan, encoder, [Prompt("a red car")], guidance)
    took = []
    before = time.perf_counter()
    for _ in run.steps():
        took.append(time.perf_counter() - before)
        before = time.perf_counter()
    found = {
        "vqgan_weights": vqgan.parameters,
        "pixels": guidance.width,
        "cutouts": cutouts,
        "steps": STEPS_MEASURED,
        "seconds_a_step": round(float(np.median(took[WARM:])), 2),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
    }
    print("\n".join(f"{name:>16} {value}" for name, value in found.items()))
    return found


def published_size() -> tuple[Vqgan, TorchEncoder]:
    """A VQGAN as vqgan_imagenet_f16_1024, and an encoder as large as CLIP ViT-B/32."""
    from diffusers import VQModel
    from transformers import CLIPConfig, CLIPModel

    from timanh.models.preparation import ImagePreparation

    network: Any = VQModel(
        down_block_types=(*["DownEncoderBlock2D"] * 4, "AttnDownEncoderBlock2D"),
        up_block_types=("AttnUpDecoderBlock2D", *["UpDecoderBlock2D"] * 4),
        block_out_channels=(128, 128, 256, 256, 512),
        layers_per_block=2,
        latent_channels=256,
        vq_embed_dim=256,
        num_vq_embeddings=1024,
        sample_size=256,
    )
    clip: Any = CLIPModel(CLIPConfig())

    class Same(TorchEncoder):
        """Pictures by the tower; the words are always the same vector."""

        def image_features(self, pixels: Any) -> Any:
            output = self.network.get_image_features(pixel_values=pixels)  # type: ignore[operator]
            return getattr(output, "pooler_output", output)

        def encode_texts(self, texts: Any, *, batch_size: int = 64) -> Any:
            rows = np.random.default_rng(0).standard_normal((len(texts), self.dim))
            return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    encoder = Same(
        clip, ImagePreparation(), None, name="ViT-B/32", dim=512, languages=("en",), device="cpu"
    )  # type: ignore[arg-type]
    return Vqgan(network, name="f16", device="cpu"), encoder


def measure_reconstructions(vqgan: Vqgan, count: int = 1000) -> dict[str, Any]:
    """Decibels on scenes of a seed of no training, and the zero-shot accuracy before and after."""
    encoder = load_encoder("demo", runtime="torch")
    labels = ZeroShot(encoder).labels(KINDS_OF_ONE, language="en")
    drawn, kinds = zip(*one_thing(KINDS_OF_ONE, OF_ONE_THING, count=count), strict=True)

    def accuracy(pictures: Sequence[Image.Image]) -> dict[str, Any]:
        return report(labels, encoder.encode_images(pictures), np.array(kinds))

    found: dict[str, Any] = {"pictures": count, "drawn": accuracy(drawn)}
    scenes = [scene_of(number, UNSEEN_SEED) for number in range(PSNR_SCENES)]
    for side in SIDES:
        small = [each.resize((side, side), Image.Resampling.BICUBIC) for each in drawn]
        painted = [picture for each in small for picture in through(vqgan, each)]
        unseen = np.stack([np.asarray(render(scene, side)) for scene in scenes])
        found[f"{side}"] = {
            "decibels": round(psnr(vqgan, unseen), 2),
            "reduced": accuracy(small),
            "painted": accuracy(painted),
        }
    print(found)
    return found


def through(vqgan: Vqgan, picture: Image.Image) -> list[Image.Image]:
    """The picture from its codes."""
    with torch.inference_mode():
        pixels = vqgan.prepare([picture], picture.width, picture.height)
        return vqgan.paint(vqgan.nearest(vqgan.encode(pixels)))


def measure_prompts(given: argparse.Namespace) -> dict[str, Any]:
    """The share of pictures whose own caption the judge puts first, by language."""
    guide = load_encoder("demo", runtime="torch")
    judge = load_encoder(given.judge, runtime="torch")
    paint = painter(given, guide)
    half = given.count // 2
    found: dict[str, Any] = {
        "way": given.way, "captions": 2 * half, "seed": SEED, "guide": guide.fingerprint,
        "judge": judge.fingerprint,
    }  # fmt: skip
    tiles = []
    for language, captions in (("en", english_captions), ("vi", vietnamese_captions)):
        texts = [captions(scene_of(number, SEED))[0] for number in range(half)]
        pictures = [paint(text, number) for number, text in enumerate(texts)]
        scores = judge.encode_images(pictures) @ judge.encode_texts(texts).T
        first = scores.argmax(1) == np.arange(half)
        low, high = wilson(int(first.sum()), half)
        found[language] = {
            "first_percent": round(100 * float(first.mean()), 1),
            "ci95": [round(100 * low, 1), round(100 * high, 1)],
            "chance_percent": round(100 / half, 1),
        }
        tiles += list(zip(texts, pictures, strict=True))
    if given.sheet is not None:
        contact_sheet(tiles).save(given.sheet)
    print(found)
    return found


def painter(given: argparse.Namespace, guide: TorchEncoder) -> Any:
    """From a caption and a seed to a picture."""
    if given.way == "written":
        writer = load_writer()
        return lambda text, seed: writer.best(text, guide, 16, Sampling(seed=seed))[0].picture
    vqgan = load_vqgan(given.vqgan)
    side = vqgan.usual_side

    def paint(text: str, seed: int) -> Image.Image:
        cutouts = Cutouts(count=given.cutouts)
        guidance = Guidance(width=side, height=side, steps=given.steps, seed=seed, cutouts=cutouts)
        return Guided(vqgan, guide, [Prompt(text)], guidance).go()

    return paint


def contact_sheet(tiles: list[tuple[str, Image.Image]], columns: int = 8) -> Image.Image:
    """Pictures with the beginnings of their captions."""
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * TILE, rows * (TILE + LINE)), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(matplotlib.get_data_path() + "/fonts/ttf/DejaVuSans.ttf", 11)
    for number, (text, picture) in enumerate(tiles):
        left, top = number % columns * TILE, number // columns * (TILE + LINE)
        sheet.paste(picture.resize((TILE, TILE), Image.Resampling.BICUBIC), (left, top))
        lines = textwrap.wrap(text, 24)[:LINES]
        draw.multiline_text((left + 2, top + TILE + 2), "\n".join(lines), "black", font, spacing=2)
    return sheet


if __name__ == "__main__":
    main()

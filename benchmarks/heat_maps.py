"""Whether heat maps are right: on drawn pictures, where each thing's place is known.

Of pictures with two or more kinds of things one is named, in English and Vietnamese by turns:
- how often the highest point of its map is inside the box around one of its pieces, beside the
  share of the picture that these boxes take, which is chance;
- the same for the words of “a red car next to a dog”, each by itself;
- how often covering the hottest tenth of the picture by its mean colour lowers the score more than
  covering a tenth at random, in squares of the same size.

Then the time of a map beside one encoding, of this model and of a CLIP in the size of ViT-B/32 with
random weights.

    python benchmarks/heat_maps.py [--model FOLDER] [--count 500] [--seed 77] [--sheet FILE.png]
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import keep
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

from timanh.data.scenes import Scene, english, render, scene_of, vietnamese
from timanh.data.scenes.outlines import Box, boxes
from timanh.models import load_encoder
from timanh.models.heat_maps import HeatMaps, on_picture
from timanh.models.torch_encoder import TorchEncoder
from timanh.progress import tqdm

SEED, COUNT, SIDE, CELLS, TENTH = 77, 500, 224, 10, 0.1
TIMED, SHOWN = 8, 12
LANGUAGES = (("en", english), ("vi", vietnamese))


@dataclass(frozen=True)
class Case:
    """A picture and one of its things: its words in a language, and its boxes."""

    scene: Scene
    thing: int
    language: str
    text: str
    boxes: list[Box]


def main() -> None:
    """All measures; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="demo", help="another checkpoint of drawn pictures")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=SEED, help="of the pictures; not 1 and not 0")
    parser.add_argument("--sheet", type=Path, help="draw the first maps, with the boxes")
    parser.add_argument("--no-base", action="store_true", help="leave out the time of a ViT-B/32")
    args = parser.parse_args()
    encoder = load_encoder(args.model, device="cpu", runtime="torch")
    maps = HeatMaps(encoder)
    found = measure(maps, args.count, args.seed, args.sheet)
    found["time"] = {"model": measure_time(maps)}
    if not args.no_base:
        found["time"]["vit_b32"] = measure_time(HeatMaps(base_size()))
    for name, value in found.items():
        print(f"{name}: {value}")
    if (args.model, args.count, args.seed) == ("demo", COUNT, SEED):
        keep("heat_maps", {"seed": SEED, "pictures": COUNT, **found})


def cases(count: int, seed: int) -> Iterator[Case]:
    """The first `count` pictures of a seed with two or more kinds of things."""
    index = 0
    for number in range(count):
        while len((scene := scene_of(index, seed)).things) < 2:
            index += 1
        rng = random.Random(f"{seed}/{index}")
        index += 1
        thing = rng.randrange(len(scene.things))
        language, words = LANGUAGES[number % 2]
        text = words.noun_phrase(scene.things[thing], rng)
        yield Case(scene, thing, language, text, boxes(scene, SIDE)[thing])


def measure(maps: HeatMaps, count: int, seed: int, sheet: Path | None) -> dict[str, Any]:
    """Everything but time."""
    inside: dict[str, list[bool]] = {language: [] for language, _ in LANGUAGES}
    of_words: list[bool] = []
    chance, deleted, drawn = [], [], []
    for case in tqdm(cases(count, seed), total=count, desc="map", unit="img"):
        picture = render(case.scene, SIDE)
        heat = maps.of(picture, case.text)
        inside[case.language].append(is_inside(heat, case.boxes))
        chance.append(covered(case.boxes))
        deleted.append(deletion(maps.encoder, picture, case.text, heat, random.Random(seed)))
        if case.language == "en":
            of_words += word_by_word(maps, case.scene, picture)
        if sheet is not None and len(drawn) < SHOWN:
            drawn.append(framed(on_picture(picture, heat), case))
    if sheet is not None:
        contact_sheet(drawn).save(sheet)
    every = [hit for hits in inside.values() for hit in hits]
    return {
        "highest_point_inside_percent": percent(every),
        **{f"inside_percent_{language}": percent(hits) for language, hits in inside.items()},
        "chance_percent": percent(chance),
        "words_inside_percent": percent(of_words),
        "words": len(of_words),
        "hottest_tenth_matters_more_percent": percent(deleted),
    }


def word_by_word(maps: HeatMaps, scene: Scene, picture: Image.Image) -> list[bool]:
    """Whether each kind's own word, in a text with two of them, has its highest point inside."""
    names = [english.NAMES.get(thing.kind, ((thing.kind,),))[0][0] for thing in scene.things[:2]]
    if any(" " in name or "-" in name for name in names):
        return []
    text = f"a {scene.things[0].colour} {names[0]} next to a {names[1]}"
    found = maps.of_words(picture, text, names)
    places = boxes(scene, SIDE)
    return [is_inside(found[name], places[number]) for number, name in enumerate(names)]


def is_inside(heat: Any, places: list[Box]) -> bool:
    """Whether the highest point of a map is inside one of the boxes."""
    row, column = divmod(int(heat.argmax()), heat.shape[1])
    x, y = (column + 0.5) / heat.shape[1], (row + 0.5) / heat.shape[0]
    return any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in places)


def covered(places: list[Box]) -> float:
    """The share of the picture that the boxes take together."""
    mask = np.zeros((SIDE, SIDE), bool)
    for box in places:
        left, top, right, bottom = (round(part * SIDE) for part in box)
        mask[top:bottom, left:right] = True
    return float(mask.mean())


def deletion(
    encoder: TorchEncoder, picture: Image.Image, text: str, heat: Any, rng: random.Random
) -> bool:
    """Whether the score falls more without the hottest squares than without others."""
    edges = np.linspace(0, SIDE, CELLS + 1).astype(int)
    sums = np.add.reduceat(np.add.reduceat(heat, edges[:-1], 0), edges[:-1], 1)  # (CELLS, CELLS)
    order = np.argsort(-sums.ravel(), kind="stable")
    number = round(TENTH * CELLS * CELLS)
    chosen = (order[:number], rng.sample(range(CELLS * CELLS), number))
    pixels = np.asarray(picture)
    variants = []
    for squares in chosen:
        changed = pixels.copy()
        for square in squares:
            row, column = divmod(int(square), CELLS)
            changed[edges[row] : edges[row + 1], edges[column] : edges[column + 1]] = pixels.mean(
                (0, 1)
            )
        variants.append(Image.fromarray(changed))
    hottest, other = encoder.encode_images(variants) @ encoder.encode_texts([text])[0]
    return bool(hottest < other)


def measure_time(maps: HeatMaps) -> dict[str, float]:
    """Median seconds of one map and of one encoding, on the threads that torch has."""
    random_pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    picture = Image.fromarray(random_pixels)
    text = maps.encoder.encode_texts(["a red car"])
    took: dict[str, list[float]] = {"map": [], "encoding": []}
    for turn in range(TIMED + 1):
        for name, work in (
            ("map", lambda: maps.of_vectors(picture, text)),
            ("encoding", lambda: maps.encoder.encode_images([picture])),
        ):
            began = time.perf_counter()
            work()
            if turn:
                took[name].append(time.perf_counter() - began)
    median = {f"{name}_s": round(statistics.median(each), 4) for name, each in took.items()}
    return {
        **median,
        "times_one_encoding": round(median["map_s"] / median["encoding_s"], 2),
        "threads": torch.get_num_threads(),
    }


def base_size() -> TorchEncoder:
    """CLIP ViT-B/32 with random weights, and the demo's tokenizer, which does not matter here."""
    from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPVisionConfig

    from timanh.models.clip import ClipEncoder
    from timanh.models.preparation import ImagePreparation
    from timanh.models.sidecar import Sidecar

    tokenizer = load_encoder("demo", device="cpu").texts.tokenizer
    text = CLIPTextConfig(vocab_size=len(tokenizer), num_hidden_layers=2, eos_token_id=2)
    config = CLIPConfig(
        text_config=text.to_dict(), vision_config=CLIPVisionConfig(patch_size=32).to_dict()
    )
    sidecar = Sidecar("vit-b32", ("en",))
    return ClipEncoder(CLIPModel(config), tokenizer, ImagePreparation(), sidecar, device="cpu")


def framed(picture: Image.Image, case: Case) -> Image.Image:
    """A map with the boxes of what was named, and its words below."""
    place = Image.new("RGB", (SIDE, SIDE + 16), "white")
    place.paste(picture)
    draw = ImageDraw.Draw(place)
    for box in case.boxes:
        draw.rectangle([part * SIDE for part in box], outline=(40, 220, 90), width=2)
    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 11)  # it has Vietnamese letters
    draw.text((4, SIDE + 1), case.text[:36], fill="black", font=font)
    return place


def contact_sheet(pictures: list[Image.Image]) -> Image.Image:
    """Six in a row."""
    width, height = pictures[0].size
    sheet = Image.new("RGB", (6 * width, -(-len(pictures) // 6) * height), "white")
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (number % 6 * width, number // 6 * height))
    return sheet


def percent(values: list[Any]) -> float:
    """The mean in percent."""
    return round(100 * statistics.mean(map(float, values)), 1) if values else float("nan")


if __name__ == "__main__":
    sys.exit(main())

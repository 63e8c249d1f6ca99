"""Classification by prompts on drawn pictures: which template is worth how much."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from timanh.data.scenes import render, scene_of, vietnamese
from timanh.data.scenes.kinds import KINDS
from timanh.evaluation.lessons.tables import Table
from timanh.models.encoder import Encoder
from timanh.models.zero_shot import ZeroShot

SEED = 5151  # of no gallery and no training
SIDE = 224


@dataclass(frozen=True)
class Labelled:
    """Pictures with one thing in each: picture i shows `labels[truth[i]]`."""

    pictures: tuple[Image.Image, ...]
    truth: tuple[int, ...]
    labels: tuple[str, ...]


def draw_labelled(count: int = 96, language: str = "en") -> Labelled:
    """Drawn pictures, with the names of all kinds in "en" or "vi" as labels."""
    kinds = sorted(KINDS)
    names = [vietnamese.NAMES[kind][0] if language == "vi" else kind for kind in kinds]
    pictures: list[Image.Image] = []
    truth: list[int] = []
    index = 0
    while len(pictures) < count:
        scene = scene_of(index, SEED)
        index += 1
        if len(scene.things) == 1 and scene.main.count == 1:
            pictures.append(render(scene, SIDE))
            truth.append(kinds.index(scene.main.kind))
    return Labelled(tuple(pictures), tuple(truth), tuple(names))


def templates_table(encoder: Encoder, drawn: Labelled, templates: Sequence[str]) -> Table:
    """How often the likeliest label is right: with each template alone, and with all together."""
    images = encoder.encode_images(list(drawn.pictures))  # once, for all templates
    zero_shot = ZeroShot(encoder)
    rows = []
    for name, used in [*((each, [each]) for each in templates), ("all · tất cả", list(templates))]:
        labels = zero_shot.labels(drawn.labels, templates=used)
        right = labels.classify(images).argmax(axis=1) == np.asarray(drawn.truth)
        rows.append((name, f"{right.mean():.1%}"))
    title = f"{len(drawn.truth)} pictures, {len(drawn.labels)} labels · ảnh, nhãn"
    return Table(("template · mẫu câu", "right · đúng"), rows, title)

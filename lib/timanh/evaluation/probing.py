"""What a model still knows outside of what it is trained on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from timanh.data import list_pictures, open_data
from timanh.data.scenes import render, scene_of
from timanh.data.scenes.kinds import KINDS
from timanh.errors import DataError
from timanh.evaluation.evaluate import encode_gallery, evaluate
from timanh.models.encoder import Encoder
from timanh.training import mean_recall

PROMPT = "a picture of a {}"
DRAWN, DRAWN_SEED = 360, 4242


@dataclass(frozen=True)
class Probe:
    """A measure in percent; `what` says of what, on which pictures."""

    what: str
    measure: Callable[[Encoder], float]


def open_probe(folder: Path | None = None) -> Probe:
    """A probe from a folder, or from drawn scenes.

    Args:
        folder: with a caption file: mean recall on its pictures. With folders named after what
            their pictures show: zero-shot accuracy over those names. None: zero-shot accuracy
            over the kinds of things on drawn scenes.

    Raises:
        DataError: the folder has neither captions nor named folders.
    """
    if folder is None:
        return Probe(f"zero-shot accuracy, {DRAWN} drawn scenes", _drawn_accuracy)
    data = open_data(folder)
    captioned = tuple(name for name in data.names if data.captions_of(name))
    if captioned:

        def recall(encoder: Encoder) -> float:
            return mean_recall(evaluate(encoder, data, captioned, progress=False))

        return Probe(f"mean recall, {len(captioned):,} pictures of {folder.name}", recall)
    names = [name for name in list_pictures(folder) if "/" in name]
    labels = sorted({name.rsplit("/", 2)[-2] for name in names})
    if len(labels) < 2:
        raise DataError(
            f"{folder} has neither captions nor two folders named after what their pictures show, "
            "so nothing can be measured on it. Add a caption file, or sort the pictures."
        )

    def accuracy(encoder: Encoder) -> float:
        vectors, kept, _ = encode_gallery(encoder, data, names, progress=False)
        truth = [labels.index(name.rsplit("/", 2)[-2]) for name in kept]
        return zero_shot_accuracy(encoder, vectors, truth, labels)

    return Probe(f"zero-shot accuracy, {len(names):,} pictures of {folder.name}", accuracy)


def zero_shot_accuracy(
    encoder: Encoder, vectors: np.ndarray, truth: list[int], labels: list[str]
) -> float:
    """Percent of (N, dim) unit `vectors` whose nearest prompt is that of their label."""
    prompts = encoder.encode_texts([PROMPT.format(label.replace("_", " ")) for label in labels])
    guessed = (vectors @ prompts.T).argmax(axis=1)
    return float((guessed == np.asarray(truth)).mean() * 100)


def _drawn_accuracy(encoder: Encoder) -> float:
    shown, pictures = _drawn()
    vectors = np.concatenate(
        [encoder.encode_images(pictures[start : start + 60]) for start in range(0, DRAWN, 60)]
    )
    kinds = sorted(KINDS)
    return zero_shot_accuracy(encoder, vectors, [kinds.index(kind) for kind in shown], kinds)


@cache
def _drawn() -> tuple[list[str], list[Image.Image]]:
    """What the scenes show, and their pictures (54 MB): drawing them takes longer than encoding,
    and models are measured on them one after the other."""
    scenes = [scene_of(index, DRAWN_SEED) for index in range(DRAWN)]
    return [scene.main.kind for scene in scenes], [render(scene, 224) for scene in scenes]

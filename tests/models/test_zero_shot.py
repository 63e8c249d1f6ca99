"""Labels without training, against transformers' own pipeline."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pixel_encoder import PixelEncoder, Recorder

from timanh.data.scenes import render, scene_of
from timanh.data.scenes.vietnamese import NAMES
from timanh.errors import QueryError
from timanh.models import Vectors, load_encoder
from timanh.models.zero_shot import GENERIC, Labels, ZeroShot

LABELS = ["cat", "red car", "two dogs", "tree"]
TEMPLATE = "This is a photo of {}."


def pictures(count: int = 3) -> list[Image.Image]:
    random = np.random.default_rng(1)
    return [Image.fromarray(random.integers(0, 256, (40, 48, 3), np.uint8)) for _ in range(count)]


@pytest.mark.parametrize("family", ["clip", "siglip"])
def test_the_probabilities_of_transformers_pipeline(hub: dict[str, Path], family: str) -> None:
    from transformers import pipeline

    encoder = load_encoder(hub[family], device="cpu")
    made = ZeroShot(encoder).labels(LABELS, templates=[TEMPLATE])
    ours = made.classify(encoder.encode_images(pictures()))
    theirs = pipeline("zero-shot-image-classification", model=str(hub[family]), device="cpu")
    for row, picture in zip(ours, pictures(), strict=True):
        found = theirs(picture, candidate_labels=LABELS, hypothesis_template=TEMPLATE)
        expected = {each["label"]: each["score"] for each in found}
        assert row == pytest.approx([expected[label] for label in LABELS], abs=1e-5)
    assert made.independent is (family == "siglip")


def test_several_templates_are_averaged_as_unit_vectors() -> None:
    encoder = PixelEncoder()
    made = ZeroShot(encoder).labels(["a b", "c"], templates=["{} x", "y {}"])
    mean = encoder.encode_texts(["a b x", "y a b"]).mean(axis=0)
    assert made.vectors[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    assert np.linalg.norm(made.vectors, axis=1) == pytest.approx([1, 1], abs=1e-6)


def axes(*rows: Sequence[float]) -> Vectors:
    return np.array(rows, np.float32)


def test_none_of_these_takes_what_goes_to_the_generic_texts() -> None:
    made = Labels(("x", "y"), axes([1, 0, 0], [0, 1, 0]), axes([0, 0, 1]), 10.0, 0.0, False)
    share = made.classify(axes([0, 0, 1], [1, 0, 0]))
    assert share.shape == (2, 3)
    assert share.sum(axis=1) == pytest.approx([1, 1], abs=1e-6)
    assert share.argmax(axis=1).tolist() == [2, 0]
    alone = Labels(("x", "y"), axes([1, 0, 0], [0, 1, 0]), axes([0, 0, 1]), 10.0, -5.0, True)
    expected = 1 / (1 + np.exp(-(10 * axes([1, 0, 0], [0, 1, 0], [0, 0, 1]) - 5)))
    assert alone.classify(axes([1, 0, 0], [0, 1, 0], [0, 0, 1])) == pytest.approx(expected)


def test_the_same_labels_are_encoded_once() -> None:
    encoder = Recorder("en")
    zero_shot = ZeroShot(encoder)
    first = zero_shot.labels(["cat", "dog"], none=True)
    count = len(encoder.texts)
    assert zero_shot.labels(["cat", "dog"], none=True) is first
    assert len(encoder.texts) == count
    assert zero_shot.labels(["cat", "dog"], templates=["{}!"], none=True) is not first
    assert encoder.texts[-len(GENERIC["en"]) - 2 :][:2] == ["cat!", "dog!"]


@pytest.mark.parametrize(
    ("labels", "templates", "message"),
    [
        ([], None, "no label"),
        (["cat", " "], None, "blank"),
        (["cat", "cat "], None, "twice"),
        (["cat"], ["a photo"], "no {}"),
        ([str(n) for n in range(1001)], None, "too many"),
    ],
)
def test_labels_that_make_no_sense(
    labels: list[str], templates: list[str] | None, message: str
) -> None:
    with pytest.raises(QueryError, match=message):
        ZeroShot(PixelEncoder()).labels(labels, templates=templates)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_demo_model_tells_drawn_things_apart(language: str) -> None:
    scenes = [scene for scene in (scene_of(n, seed=20261129) for n in range(150))
              if len(scene.things) == 1 and scene.things[0].count == 1]  # fmt: skip
    encoder = load_encoder("demo", device="cpu")
    vectors = encoder.encode_images([render(scene) for scene in scenes])
    kinds = sorted({scene.things[0].kind for scene in scenes})
    words = kinds if language == "en" else [NAMES[kind][0] for kind in kinds]
    share = ZeroShot(encoder).labels(words, language=language).classify(vectors)
    right = [
        kinds[row] == scene.things[0].kind
        for row, scene in zip(share.argmax(1), scenes, strict=True)
    ]
    assert np.mean(right) > 0.7

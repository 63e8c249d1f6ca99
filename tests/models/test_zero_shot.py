"""Labels without training, against transformers' own pipeline."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pixel_encoder import PixelEncoder, Recorder

from timanh.data.scenes import render, scene_of
from timanh.data.scenes.vietnamese import NAMES
from timanh.errors import DataError, QueryError
from timanh.models import Vectors, load_encoder
from timanh.models.zero_shot import (
    GENERIC,
    LABEL_SETS,
    MAX_LABELS,
    SETS,
    Labels,
    ZeroShot,
    choose_templates,
    fit_examples,
    name_of_set,
    templates_of,
)

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
        ([str(n) for n in range(MAX_LABELS + 1)], None, "too many"),
    ],
)
def test_labels_that_make_no_sense(
    labels: list[str], templates: list[str] | None, message: str
) -> None:
    with pytest.raises(QueryError, match=message):
        ZeroShot(PixelEncoder()).labels(labels, templates=templates)


def test_five_thousand_labels_are_encoded_a_part_at_a_time() -> None:
    encoder = Recorder("en")
    names = [f"label {number}" for number in range(5000)]
    made = ZeroShot(encoder).labels(names, templates=["{}"], none=True)
    assert made.vectors.shape == (5000, encoder.dim)
    alone = ZeroShot(encoder).labels(names[4321:4322], templates=["{}"])
    assert made.vectors[4321] == pytest.approx(alone.vectors[0], abs=1e-6)
    assert made.classify(made.vectors[:2]).shape == (2, 5001)


def test_one_label_alone_is_not_certain_where_none_of_these_is_an_answer() -> None:
    made = Labels(("x",), axes([1, 0, 0]), axes([0, 0, 1]), 10.0, 0.0, False)
    assert made.classify(axes([0, 1, 0]))[0] == pytest.approx([0.5, 0.5])
    assert Labels(("x",), axes([1, 0, 0]), None, 10.0, 0.0, False).classify(axes([0, 1, 0])) == 1


def test_several_labels_at_once_are_compared_with_the_background_alone() -> None:
    both = axes([0.6, 0.6, 0.0], [0.0, 0.1, 0.9])
    made = Labels(("x", "y"), axes([1, 0, 0], [0, 1, 0]), axes([0, 0, 1]), 20.0, 0.0, False)
    shares = made.classify_each(both)
    expected = 1 / (1 + np.exp(-20 * (both[:, :2] - both[:, 2:])))
    assert shares == pytest.approx(expected, abs=1e-6)
    assert (shares[0] > 0.9).all() and (shares[1] < 0.1).all()
    with pytest.raises(QueryError, match="none of these"):
        Labels(("x",), axes([1, 0, 0]), None, 20.0, 0.0, False).classify_each(both)


def test_templates_belong_to_the_encoder(hub: dict[str, Path]) -> None:
    assert name_of_set(load_encoder("demo", device="cpu")) == "demo"
    assert name_of_set(load_encoder(hub["clip"], device="cpu")) == "clip"
    assert name_of_set(load_encoder(hub["siglip"], device="cpu")) == "siglip"
    assert templates_of(PixelEncoder(), "vi") == SETS["usual"].of("vi")
    assert len(SETS["clip-80"].of("en")) == 80 and len(set(SETS["clip-80"].of("en"))) == 80
    assert set(SETS["clip"].of("en")) <= set(SETS["clip-80"].of("en"))
    assert all(
        "{}" in each for one in SETS.values() for way in one.by_language.values() for each in way
    )


def test_shipped_labels_have_words_in_both_languages() -> None:
    for chosen in LABEL_SETS.values():
        for language in ("en", "vi"):
            assert len(chosen.names[language]) == len(set(chosen.names[language]))
            assert len(chosen.names[language]) == len(chosen.words[language])


def clouds(each: int, seed: int, spread: float) -> tuple[Vectors, np.ndarray]:
    """Four clouds of unit vectors around axes that are not the words'."""
    random = np.random.default_rng(seed)
    middles = np.eye(16)[:4] + 0.8 * np.eye(16)[[8, 9, 10, 11]]
    truth = np.repeat(np.arange(4), each)
    found = middles[truth] + spread * random.standard_normal((4 * each, 16))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32), truth


def test_examples_cut_the_errors() -> None:
    words = Labels(tuple("abcd"), np.eye(16, dtype=np.float32)[:4], None, 20.0, 0.0, False)
    added, report = fit_examples(*clouds(16, 1, 0.4), 4, words.logits, words.scale)
    assert report.errors < report.errors_without and report.way != "words alone"
    vectors, truth = clouds(250, 2, 0.4)
    without = (words.classify(vectors).argmax(1) != truth).sum()
    assert without > 50
    having = (words.with_examples(added).classify(vectors).argmax(1) != truth).sum()
    assert having <= 0.75 * without


def test_examples_that_help_nothing_change_nothing() -> None:
    words = Labels(tuple("abcd"), np.eye(16, dtype=np.float32)[:4], None, 20.0, 0.0, False)
    vectors, truth = clouds(16, 1, 0.02)  # no errors to cut
    assert fit_examples(vectors, truth, 4, words.logits, words.scale)[0] is None
    vectors, truth = clouds(1, 1, 0.5)  # nothing to hold out
    assert fit_examples(vectors, truth, 4, words.logits, words.scale)[0] is None
    shuffled = np.random.default_rng(0).permutation(np.repeat(np.arange(4), 16))
    noise = clouds(16, 3, 5.0)[0]
    added, report = fit_examples(noise, shuffled, 4, words.logits, words.scale)
    assert added is None or report.errors < report.errors_without


def test_templates_are_chosen_on_one_half_and_measured_on_the_other() -> None:
    class Deaf(PixelEncoder):
        """Understands labels behind “a big” alone."""

        def encode_texts(self, texts: Sequence[str], *, batch_size: int = 64) -> Vectors:
            heard = [
                each.removeprefix("a big ").rstrip(".") if each.startswith("a big ") else "noise"
                for each in texts
            ]
            return super().encode_texts(heard)

    encoder, names = Deaf(), ["red", "green", "blue"]
    truth = np.arange(30) % 3
    vectors = PixelEncoder().encode_texts([names[row] for row in truth])
    choice = choose_templates(encoder, vectors, truth, names)
    assert choice.templates[0].startswith("a big {}")
    assert (choice.accuracy, choice.pictures) == (100.0, 15) and choice.better
    with pytest.raises(DataError, match="20 are needed"):
        choose_templates(encoder, vectors[:10], truth[:10], names)


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

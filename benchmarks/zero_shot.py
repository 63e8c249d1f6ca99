"""Classification without training: on drawn pictures of one thing, and speed.

    python benchmarks/zero_shot.py                      # the demo model, 1,000 pictures
    python benchmarks/zero_shot.py --model tuned --count 200
    python benchmarks/zero_shot.py --choose             # which templates suit this model

Drawn: top-1 of 32 kinds in both languages with its interval, the calibration error, how well "none
of these" is told apart (AUROC, half of the kinds left out of the labels in turn), and what 16
examples of each kind change. Speed: 100 pictures and 1,000 labels with a tiny CLIP of random
weights, by transformers' own pipeline and by us, in one run and with equal probabilities.
"""

import argparse
import itertools
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent))

from common import ROOT, keep

from timanh.data.scenes import render, scene_of
from timanh.data.scenes.kinds import KINDS
from timanh.data.scenes.vietnamese import NAMES
from timanh.evaluation import auroc, classification_report
from timanh.models import Encoder, load_encoder
from timanh.models.zero_shot import (
    Labels,
    ZeroShot,
    choose_templates,
    fit_examples,
    name_of_set,
)
from timanh.progress import tqdm

SEED, EXAMPLE_SEED = 20_270_101, 20_270_102  # of no training
EXAMPLES = 16
PEOPLE = ("man", "woman", "boy", "girl")
KINDS_OF_ONE = sorted(kind for kind in KINDS if kind not in PEOPLE)
TEMPLATE = "This is a photo of {}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="demo", help="demo, a folder, or a Hugging Face id")
    parser.add_argument("--count", type=int, default=1000, help="pictures to measure on")
    parser.add_argument("--examples", type=int, default=EXAMPLES, help="of each kind")
    parser.add_argument("--choose", action="store_true", help="choose templates, and end")
    parser.add_argument("--no-speed", action="store_true", help="leave out the comparison of speed")
    parser.add_argument("--no-keep", action="store_true", help="write no file of results")
    options = parser.parse_args()
    encoder = load_encoder(options.model, device="cpu", runtime="torch")
    kinds = KINDS_OF_ONE
    vectors, truth = drawn(encoder, kinds, SEED, count=options.count)
    if options.choose:
        for language in ("en", "vi"):
            show_choice(encoder, vectors, truth, kinds, language)
        return
    few = drawn(encoder, kinds, EXAMPLE_SEED, each=options.examples)
    document: dict[str, Any] = {
        "model": encoder.name, "fingerprint": encoder.fingerprint, "pictures": len(vectors),
        "kinds": len(kinds), "templates": name_of_set(encoder), "examples_each": options.examples,
    }  # fmt: skip
    for language in ("en", "vi"):
        document[language] = measure(encoder, vectors, truth, kinds, few, language)
    if not options.no_speed:
        document["speed"] = speed()
    show(document)
    if not options.no_keep:
        keep("zero_shot", document)


def drawn(
    encoder: Encoder, kinds: Sequence[str], seed: int, *, count: int = 0, each: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Vectors of pictures with one thing in them, and which kind it is: `count` as they come, or
    `each` of every kind."""
    vectors, truth = [], []
    found = one_thing(kinds, seed, count=count, each=each)
    with tqdm(total=count or each * len(kinds), desc="draw", unit="img") as bar:
        while few := list(itertools.islice(found, 64)):
            pictures, numbers = zip(*few, strict=True)
            vectors.append(encoder.encode_images(pictures))
            truth += numbers
            bar.update(len(few))
    return np.concatenate(vectors), np.array(truth)


def one_thing(
    kinds: Sequence[str], seed: int, *, count: int = 0, each: int = 0
) -> Iterator[tuple[Image.Image, int]]:
    """Those pictures, and the number of the kind of each."""
    have: Counter[int] = Counter()
    place = {kind: number for number, kind in enumerate(kinds)}
    for number in itertools.count():
        if have.total() == (count or each * len(kinds)):
            return
        scene = scene_of(number, seed=seed)
        kind = place.get(scene.main.kind)
        if kind is None or len(scene.things) > 1 or scene.main.count > 1:
            continue
        if each and have[kind] == each:
            continue
        have[kind] += 1
        yield render(scene), kind


def measure(
    encoder: Encoder,
    vectors: NDArray[np.float32],
    truth: NDArray[np.int64],
    kinds: Sequence[str],
    few: tuple[NDArray[np.float32], NDArray[np.int64]],
    language: str,
) -> dict[str, Any]:
    zero_shot = ZeroShot(encoder)
    words = words_of(kinds, language)
    labels = zero_shot.labels(words, language=language)
    with_none = zero_shot.labels(words, language=language, none=True)
    added, fitted = fit_examples(*few, len(words), labels.logits, labels.scale)
    plain = report(labels, vectors, truth)
    helped = report(labels.with_examples(added), vectors, truth)
    errors, after = 100 - plain["accuracy"], 100 - helped["accuracy"]
    return {
        "zero_shot": plain,
        "none_as_an_answer": report(with_none, vectors, truth),
        "none_AUROC": round(none_auroc(zero_shot, vectors, truth, words, language), 4),
        "examples": helped,
        "examples_by": fitted.way,
        "errors_cut_by": round(100 * (errors - after) / errors, 1) if errors else 0.0,
    }


def words_of(kinds: Sequence[str], language: str) -> list[str]:
    return [kind if language == "en" else NAMES[kind][0] for kind in kinds]


def report(
    labels: Labels, vectors: NDArray[np.float32], truth: NDArray[np.int64]
) -> dict[str, Any]:
    shares = labels.classify(vectors)
    names = labels.answers
    found = classification_report(
        [names[row] for row in truth],
        [names[row] for row in shares.argmax(axis=1)],
        shares.max(axis=1).tolist(),
    )
    return {key: found[key] for key in ("accuracy", "ci95", "ECE")}


def none_auroc(
    zero_shot: ZeroShot,
    vectors: NDArray[np.float32],
    truth: NDArray[np.int64],
    words: Sequence[str],
    language: str,
) -> float:
    """How often a picture of a kind that is no label has more of "none" than one of a label; the
    mean of both halves of the kinds."""
    found = []
    for half in (0, 1):
        there = [word for number, word in enumerate(words) if number % 2 == half]
        labels = zero_shot.labels(there, language=language, none=True)
        none = labels.classify(vectors)[:, -1].astype(np.float64)
        known = truth % 2 == half
        found.append(auroc(none[~known], none[known]))
    return float(np.mean(found))


def show_choice(
    encoder: Encoder,
    vectors: NDArray[np.float32],
    truth: NDArray[np.int64],
    kinds: Sequence[str],
    language: str,
) -> None:
    choice = choose_templates(encoder, vectors, truth, words_of(kinds, language), language=language)
    print(
        f"{language}: {choice.accuracy:.1f} % of {choice.pictures} held-out pictures, with those "
        f"of “{name_of_set(encoder)}” {choice.usual:.1f} %"
    )
    for template in choice.templates:
        print(f"    {template}")


def speed(pictures: int = 100, labels: int = 1000) -> dict[str, Any]:
    """Seconds of both, each with its model loaded before and its fastest way of being called."""
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    import hub_checkpoints
    from transformers import pipeline

    random = np.random.default_rng(1)
    images = [
        Image.fromarray(random.integers(0, 256, (224, 224, 3), np.uint8)) for _ in range(pictures)
    ]
    names = [f"thing {number}" for number in range(labels)]
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "clip"
        hub_checkpoints.clip(checkpoint)
        theirs = pipeline("zero-shot-image-classification", model=str(checkpoint), device="cpu")
        encoder = load_encoder(checkpoint, device="cpu", runtime="torch")
        # Both have answered something before; with the first labels the text side's fingerprint,
        # which labels are kept by, is computed once for a model that was loaded.
        theirs(images[0], candidate_labels=names[:2])
        ZeroShot(encoder).labels(names[:2]).classify(encoder.encode_images(images[:1]))
        began = time.perf_counter()
        made = ZeroShot(encoder).labels(names, templates=[TEMPLATE])
        ours = made.classify(encoder.encode_images(images))
        ours_s = time.perf_counter() - began
        began = time.perf_counter()
        found = theirs(images, candidate_labels=names, hypothesis_template=TEMPLATE)
        theirs_s = time.perf_counter() - began
    place = {name: number for number, name in enumerate(names)}
    expected = np.zeros_like(ours)
    for row, answers in enumerate(found):
        for each in answers:
            expected[row, place[each["label"]]] = each["score"]
    return {
        "pictures": pictures,
        "labels": labels,
        "transformers_s": round(theirs_s, 3),
        "ours_s": round(ours_s, 3),
        "times_as_fast": round(theirs_s / ours_s, 1),
        "largest_difference": float(np.abs(ours - expected).max()),
    }


def show(document: dict[str, Any]) -> None:
    print(f"{document['model']}: {document['pictures']:,} pictures, {document['kinds']} kinds")
    for language in ("en", "vi"):
        found = document[language]
        for name in ("zero_shot", "none_as_an_answer", "examples"):
            one = found[name]
            low, high = one["ci95"]
            print(
                f"  {language} {name:<18} {one['accuracy']:5.1f} % [{low:.1f}, {high:.1f}]  "
                f"ECE {one['ECE']:.3f}"
            )
        print(
            f"  {language} AUROC of “none” {found['none_AUROC']:.3f}; examples "
            f"({found['examples_by']}) cut the errors by {found['errors_cut_by']:.0f} %"
        )
    if "speed" in document:
        one = document["speed"]
        print(
            f"  {one['pictures']} pictures × {one['labels']:,} labels: transformers' pipeline "
            f"{one['transformers_s']:.2f} s, ours {one['ours_s']:.2f} s: "
            f"{one['times_as_fast']:.0f} times as fast, largest difference "
            f"{one['largest_difference']:.0e}"
        )


if __name__ == "__main__":
    main()

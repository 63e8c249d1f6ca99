"""Recall, held against a slow reference that follows the definition word by word."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from timanh.data import open_data
from timanh.data.scenes import Scene, to_json
from timanh.errors import DataError, EmptyGalleryError
from timanh.evaluation import (
    Measured,
    combined_cases,
    compare,
    dev_recall,
    evaluate,
    evaluate_combined,
    format_comparison,
    format_kinds,
    format_report,
    kinds_of,
    plot_combined,
    recall_by_kind,
    retrieval_ranks,
    retrieval_report,
    training_report,
)
from timanh.evaluation import recall as recall_module
from timanh.evaluation.combined import Case
from timanh.models import load_encoder
from timanh.models.torch_encoder import TorchEncoder


def slow_ranks(
    images: np.ndarray, texts: np.ndarray, owner: np.ndarray
) -> tuple[list[int], list[int]]:
    """Pairs one by one; ties count against the model."""
    t2i = []
    for text, own in zip(texts, owner, strict=True):
        truth = float(np.dot(text, images[own]))
        others = (j for j in range(len(images)) if j != own)
        t2i.append(1 + sum(float(np.dot(text, images[j])) >= truth for j in others))
    i2t = []
    for row, image in enumerate(images):
        own_scores = [
            float(np.dot(t, image)) for t, o in zip(texts, owner, strict=True) if o == row
        ]
        other = [float(np.dot(t, image)) for t, o in zip(texts, owner, strict=True) if o != row]
        i2t.append(1 + sum(score >= max(own_scores) for score in other) if own_scores else 0)
    return t2i, i2t


def random_case(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Small whole numbers, so that ties are common and sums are exact in float32."""
    rng = np.random.default_rng(seed)
    pictures = int(rng.integers(1, 9))
    owner = np.repeat(np.arange(pictures), rng.integers(0, 4, pictures))
    if not len(owner):
        owner = np.array([0])
    images = rng.integers(-1, 2, (pictures, 3)).astype(np.float32)
    texts = rng.integers(-1, 2, (len(owner), 3)).astype(np.float32)
    return images, texts, rng.permutation(owner)


@pytest.mark.parametrize("chunk", [1, 10**9])
def test_ranks_equal_the_slow_reference_with_ties_and_uneven_captions(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recall_module, "CHUNK_BYTES", chunk)
    for seed in range(200):
        images, texts, owner = random_case(seed)
        t2i, i2t = retrieval_ranks(images, texts, owner)
        assert (list(t2i), list(i2t)) == slow_ranks(images, texts, owner), seed


def test_a_model_that_says_nothing_gets_the_worst_rank() -> None:
    same = np.ones((7, 4), np.float32) / 2
    t2i, i2t = retrieval_ranks(same, same, np.arange(7))
    assert set(t2i) == set(i2t) == {7}


def test_scores_that_are_no_numbers_count_against_the_model() -> None:
    images = np.eye(3, dtype=np.float32)
    texts = images.copy()
    texts[1] = math.nan
    t2i, i2t = retrieval_ranks(images, texts, np.arange(3))
    assert list(t2i) == [1, 3, 1]
    assert i2t[0] == 2


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.data())
def test_a_rank_never_rises_when_a_distractor_is_removed(seed: int, data: st.DataObject) -> None:
    images, texts, owner = random_case(seed)
    if len(images) < 2:
        return
    gone = data.draw(st.integers(0, len(images) - 1))
    kept_texts = owner != gone
    kept_images = np.arange(len(images)) != gone
    before = retrieval_ranks(images, texts, owner)
    smaller = owner[kept_texts] - (owner[kept_texts] > gone)
    if not len(smaller):
        return
    after = retrieval_ranks(images[kept_images], texts[kept_texts], smaller)
    assert (after[0] <= before[0][kept_texts]).all()
    assert (after[1] <= before[1][kept_images]).all()


def test_the_report_of_a_case_done_by_hand() -> None:
    images = np.eye(4, dtype=np.float32)
    owner = np.repeat(np.arange(4), 2)
    texts = images[[0, 0, 1, 2, 2, 2, 0, 1]]  # right, right, right, no, right, right, no, no
    report = retrieval_report(images, texts, owner)
    assert (report["gallery"], report["captions"]) == (4, 8)
    assert report["protocol"] == "2-caption"
    assert report["t2i"]["R@1"] == pytest.approx(100 * 5 / 8)
    # Pictures 0 and 2 tie with a foreign caption, 1 with another's; 3 has none that is near.
    assert report["i2t"]["R@1"] == 0.0
    low, high = report["t2i"]["ci95"]["R@1"]
    assert low <= 62.5 <= high and low < high


def test_five_captions_and_a_perfect_model() -> None:
    images = np.eye(12, dtype=np.float32)
    report = retrieval_report(images, np.repeat(images, 5, axis=0), np.repeat(np.arange(12), 5))
    assert report["protocol"] == "five-caption"
    for way in ("t2i", "i2t"):
        assert report[way]["R@1"] == 100
        assert report[way]["median_rank"] == report[way]["MRR"] == 1
        assert report[way]["ci95"]["R@10"] == [100, 100]


def test_evaluate_leaves_out_what_cannot_be_opened_and_says_so(
    gallery: Path, tiny_encoder: TorchEncoder
) -> None:
    (gallery / "images" / "blue_square_0.jpg").write_bytes(b"\xff\xd8 cut short")
    folder = open_data(gallery)
    document = evaluate(tiny_encoder, folder, folder.names, progress=False)
    assert (document["gallery"], document["captions"]) == (11, 22)
    assert list(document["skipped"]) == ["blue_square_0.jpg"]
    table = format_report(document)
    assert "11 pictures · 22 captions" in table and "blue_square_0.jpg" in table


def test_evaluate_refuses_what_it_cannot_measure(gallery: Path, tiny_encoder: TorchEncoder) -> None:
    for picture in (gallery / "images").iterdir():
        picture.write_bytes(b"text")
    folder = open_data(gallery)
    with pytest.raises(EmptyGalleryError, match="None of the 12"):
        evaluate(tiny_encoder, folder, folder.names, progress=False)
    (gallery / "captions.txt").unlink()
    folder = open_data(gallery)
    with pytest.raises(DataError, match="no captions to search with"):
        evaluate(tiny_encoder, folder, folder.names, progress=False)


def test_dev_recall_measures_the_dev_split(gallery: Path, tiny_encoder: TorchEncoder) -> None:
    names = sorted(path.name for path in (gallery / "images").iterdir())[:3]
    (gallery / "Flickr_8k.devImages.txt").write_text("\n".join(names))
    assert dev_recall(open_data(gallery))(tiny_encoder)["gallery"] == 3


def test_a_right_picture_out_of_sight_is_shown_last_with_its_rank() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.1, 0.3], np.float32)
    names = list("abcdefg")
    hits = training_report._hits(scores, 5, 7, names)
    assert [(hit.rank, hit.path) for hit in hits] == [
        (1, "a"), (2, "b"), (3, "c"), (4, "d"), (7, "f"),
    ]  # fmt: skip
    assert [hit.path for hit in training_report._hits(scores, 4, 5, names)] == list("abcde")


def measured(t2i: list[int], names: tuple[str, ...], model: str) -> Measured:
    """Two captions a picture; the best rank of a picture's captions is its own."""
    ranks, owner = np.array(t2i), np.repeat(np.arange(len(names)), 2)
    i2t, same = ranks.reshape(-1, 2).min(1), np.arange(len(owner))
    return Measured({"model": model}, names, owner, same, ranks, i2t)


def test_a_model_against_itself_is_noise_and_a_better_one_is_not() -> None:
    names = tuple(f"{number}.jpg" for number in range(100))
    rng = np.random.default_rng(0)
    ranks = rng.integers(1, 20, 200)
    first = measured(ranks.tolist(), names, "first")
    same = compare(first, first)
    for way in ("t2i", "i2t"):
        assert all(
            same[way][f"R@{k}"] == {"difference": 0, "ci95": [0, 0], "noise": True}
            for k in (1, 5, 10)
        )
    better = compare(first, measured(np.maximum(1, ranks - 4).tolist(), names, "better"))
    gain = better["t2i"]["R@5"]
    hits = 100 * ((np.maximum(1, ranks - 4) <= 5).mean() - (ranks <= 5).mean())
    assert gain["difference"] == pytest.approx(hits, abs=1e-3) and not gain["noise"]
    assert gain["ci95"][0] < gain["difference"] < gain["ci95"][1]
    assert "noise" not in format_comparison(better)
    assert format_comparison(same).count("noise") == 6
    with pytest.raises(DataError, match="on 100 pictures and the other on 2"):
        compare(first, measured([1, 1, 1, 1], names[:2], "few"))


def test_the_paired_interval_is_that_of_a_slow_bootstrap() -> None:
    names = tuple("abcdefgh")
    rng = np.random.default_rng(1)
    one, two = rng.integers(1, 8, 16), rng.integers(1, 8, 16)
    found = compare(measured(one.tolist(), names, "a"), measured(two.tolist(), names, "b"))
    draws = np.random.default_rng(0).integers(0, 8, (1000, 8), dtype=np.int64)
    slow = []
    for draw in draws:
        queries = [query for picture in draw for query in (2 * picture, 2 * picture + 1)]
        slow.append(100 * np.mean([float(two[q] <= 5) - float(one[q] <= 5) for q in queries]))
    assert found["t2i"]["R@5"]["ci95"] == pytest.approx(np.percentile(slow, (2.5, 97.5)), abs=0.01)


class KnowsChanges:
    """Axes for what a scene is before its change, and for each change; pictures hold both."""

    name, languages, dim = "knowing", ("en",), 64

    def __init__(self, cases: list[Case]) -> None:
        self.places = {id_of(case.change.scene): row for row, case in enumerate(cases)}
        self.first = {id_of(case.scene): row for row, case in enumerate(cases)}

    def encode_images(self, images: list[Scene]) -> np.ndarray:
        rows = []
        for scene in images:
            vector = np.zeros(self.dim, np.float32)
            changed = self.places.get(id_of(scene))
            vector[changed if changed is not None else self.first[id_of(scene)]] = 0.8
            vector[32 + changed if changed is not None else 31] = 0.6
            rows.append(vector)
        return np.stack(rows)

    def encode_texts(self, texts: list[str]) -> np.ndarray:
        return np.eye(self.dim, dtype=np.float32)[32 : 32 + len(texts)]


def id_of(scene: Scene) -> str:
    return json.dumps(to_json(scene))


def test_combined_queries_need_both_the_picture_and_the_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cases = list(combined_cases(12, seed=7))
    assert {case.change.what for case in cases} == {"colour", "light", "weather", "without"}
    monkeypatch.setattr("timanh.evaluation.combined.render", lambda scene, size: scene)
    document = evaluate_combined(KnowsChanges(cases), 12, alphas=(0.0, 0.6))  # type: ignore[arg-type]
    alone, both = document["plain"]
    assert (document["cases"], document["gallery"]) == (12, 24)
    assert alone["R@1"] == 0, "the picture alone finds itself first"
    assert both["R@1"] == both["R@5"] == 100 and both["median_rank"] == 1
    assert set(both["by_change"].values()) == {100}


def test_the_figure_of_combined_queries_is_drawn(tmp_path: Path) -> None:
    document = evaluate_combined(load_encoder("demo", device="cpu"), 6, language="vi", size=64)
    plot_combined(document, tmp_path / "combined.png")
    assert Image.open(tmp_path / "combined.png").width > 400
    assert [entry["alpha"] for entry in document["centred"]] == [step / 10 for step in range(11)]


@pytest.mark.parametrize(
    ("caption", "kinds"),
    [
        ("Two red birds flying", ("count", "colour", "action", "short")),
        ("a building in the morning by a wing of the king", ()),
        ("hai con chó đang chạy", ("count", "action", "short")),
        ("một chiếc xe màu đỏ bên cạnh một ngôi nhà lớn", ("colour", "relation")),
        ("a man holding a hat", ("action", "relation", "short")),
        ("a " * 11 + "tree", ("long",)),
        ("a scared dog with a tenth bone on grass", ()),
    ],
)
def test_kinds_of_captions(caption: str, kinds: tuple[str, ...]) -> None:
    assert kinds_of(caption) == kinds


def test_recall_by_kind_counts_only_captions_of_that_kind() -> None:
    captions = ["a red car", "a blue car", "two tables by the wall of a house", "two lamps"]
    table = recall_by_kind(measured([1, 1, 2, 3], ("a.jpg", "b.jpg"), "demo"), captions)
    assert (table["colour"]["captions"], table["colour"]["R@1"]) == (2, 100)
    assert (table["count"]["captions"], table["count"]["R@1"]) == (2, 0)
    assert table["count"]["ci95"]["R@5"] == [100, 100]
    assert table["short"]["R@1"] == pytest.approx(66.6667)
    assert table["long"] == {"captions": 0}
    assert "colour" in format_kinds(table, "demo")

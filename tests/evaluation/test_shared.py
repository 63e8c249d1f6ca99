"""Captions that stand under several pictures, splits by their names, and the bootstrap's memory."""

import tracemalloc
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from evaluation.test_evaluation import random_case
from matplotlib.colors import to_rgba
from PIL import Image

from timanh.data import open_data
from timanh.errors import DataError
from timanh.evaluation import (
    format_report,
    plot_hit_rows,
    retrieval_ranks,
    retrieval_report,
    split_with_captions,
)
from timanh.evaluation import recall as recall_module
from timanh.evaluation.figures import RIGHT
from timanh.evaluation.recall import intervals, same_captions


def slow_ranks_shared(
    images: np.ndarray, texts: np.ndarray, owner: np.ndarray, same: np.ndarray
) -> tuple[list[int], list[int]]:
    """As `slow_ranks`, where a picture is right for every text that says what one of its does."""
    right = [
        [j for j in range(len(images)) if any(owner[o] == j and same[o] == same[q] for o in
         range(len(texts)))] for q in range(len(texts))
    ]  # fmt: skip
    t2i, i2t = [], []
    for q, text in enumerate(texts):
        best = max(float(np.dot(text, images[j])) for j in right[q])
        wrong = [j for j in range(len(images)) if j not in right[q]]
        t2i.append(1 + sum(float(np.dot(text, images[j])) >= best for j in wrong))
    for j, image in enumerate(images):
        mine = [float(np.dot(t, image)) for q, t in enumerate(texts) if j in right[q]]
        others = [float(np.dot(t, image)) for q, t in enumerate(texts) if j not in right[q]]
        i2t.append(1 + sum(score >= max(mine) for score in others) if mine else 0)
    return t2i, i2t


@pytest.mark.parametrize("chunk", [1, 10**9])
def test_all_pictures_of_a_shared_caption_are_right_as_a_slow_reference_says(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recall_module, "CHUNK_BYTES", chunk)
    for seed in range(120):
        images, texts, owner = random_case(seed)
        same = np.random.default_rng(seed).integers(0, 4, len(owner))
        texts = texts[[int(np.flatnonzero(same == group)[0]) for group in same]]
        t2i, i2t = retrieval_ranks(images, texts, owner, same)
        assert (list(t2i), list(i2t)) == slow_ranks_shared(images, texts, owner, same), seed


def test_a_perfect_model_reaches_100_though_pictures_share_captions() -> None:
    said = ["một con chó", "Một con chó.", "một con  chó", "hai con mèo"]
    same = same_captions(said)
    assert same.tolist() == [0, 0, 0, 1]
    texts = np.eye(2, dtype=np.float32)[same]
    images = texts + np.array([[0, 0], [0.01, 0], [0.02, 0], [0, 0]], np.float32)
    report = retrieval_report(images, texts, np.arange(4), same)
    assert report["t2i"]["R@1"] == report["i2t"]["R@1"] == 100
    assert report["shared"] == {"captions": 3, "ceiling": {"R@1": 50, "R@5": 100, "R@10": 100}}
    table = format_report({"model": "m", "split": "test", **report})
    assert "3 captions (75%) stand under several pictures, which are all right answers" in table
    assert "R@1/5/10 50.0, 100.0, 100.0 %" in table and "here the ceiling is 100 %" in table
    alone = retrieval_report(images, texts, np.arange(4))
    assert alone["t2i"]["R@1"] == 50 and alone["shared"]["captions"] == 0
    assert "several pictures" not in format_report({"model": "m", **alone})


def test_the_bootstrap_of_20000_pictures_takes_little_memory() -> None:
    """321 MB where all 1,000 resamples stood in memory at once."""
    ranks = np.random.default_rng(0).integers(1, 30, (20_000, 5))
    tracemalloc.start()
    found = intervals(ranks <= 10, np.arange(20_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6, f"{peak / 1e6:.0f} MB"
    low, high = found[0]
    assert low < 100 * (ranks[:, 0] <= 10).mean() < high < low + 2


def test_a_split_is_named_as_what_it_is(gallery: Path) -> None:
    names = sorted(path.name for path in (gallery / "images").iterdir())
    (gallery / "Flickr_8k.trainImages.txt").write_text("\n".join(names[3:]))
    (gallery / "Flickr_8k.devImages.txt").write_text("\n".join(names[:3]))
    folder = open_data(gallery)
    assert split_with_captions(folder, "test", "dev") == ("dev", tuple(names[:3]))
    assert split_with_captions(folder, "train")[0] == "train"
    with pytest.raises(DataError, match="in split test has a caption"):
        split_with_captions(folder, "test")


def test_each_row_frames_its_own_right_pictures_only(tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (20, 20), "grey")] * 2
    hits = [SimpleNamespace(rank=1, score=0.5, path=name) for name in ("a.jpg", "b.jpg")]
    rows = [("one", hits, pictures, ()), ("two", hits, pictures, ())]
    figure = plot_hit_rows(rows, right=[{"a.jpg"}, {"b.jpg"}])
    framed = [
        [cell.spines["top"].get_edgecolor() == to_rgba(RIGHT) and cell.axison for cell in part.axes]
        for part in figure.subfigs
    ]
    assert framed == [[True, False], [False, True]]


def test_a_long_query_stands_whole_over_a_single_hit() -> None:
    hits = [SimpleNamespace(rank=1, score=0.5, path="a.jpg")]
    picture = Image.new("RGB", (20, 20), "grey")
    query = "Dưới trời nắng, một cái ô to màu xanh dương với hai con chim màu tím trên bãi cát"
    figure = plot_hit_rows([(query, hits, [picture], ())])
    figure.savefig(BytesIO())
    (title,) = [part._suptitle for part in figure.subfigs]
    assert title.get_window_extent().x1 <= figure.bbox.x1

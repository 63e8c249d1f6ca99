"""Picture → picture, probes of what is kept, and weights between before and after."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from timanh.data import open_data
from timanh.errors import DataError, SettingsError
from timanh.evaluation import (
    evaluate_combined_photos,
    evaluate_similar,
    format_interpolation,
    interpolate,
    open_probe,
    plot_interpolation,
    probing,
)
from timanh.evaluation.probing import Probe
from timanh.evaluation.similar import caption_vectors, ndcg
from timanh.models import load_encoder
from timanh.models.torch_encoder import TorchEncoder


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_ndcg_is_the_textbooks() -> None:
    draw = np.random.default_rng(0)
    vectors, bags = unit(draw.normal(size=(9, 4))), unit(draw.random((9, 6)))
    found = ndcg(vectors, bags, k=3)
    for one in range(9):
        others = [other for other in range(9) if other != one]
        near = sorted(others, key=lambda other: -float(vectors[one] @ vectors[other]))[:3]
        best = sorted((float(bags[one] @ bags[other]) for other in others), reverse=True)[:3]
        got = sum(float(bags[one] @ bags[o]) / math.log2(i + 2) for i, o in enumerate(near))
        wanted = sum(gain / math.log2(place + 2) for place, gain in enumerate(best))
        assert found[one] == pytest.approx(got / wanted, rel=1e-5)


def test_words_that_all_share_or_one_alone_has_do_not_count() -> None:
    bags = caption_vectors([["a dog runs"], ["a dog sleeps"], ["a cat"], ["a cat jumps"]])
    agree = np.round(bags @ bags.T, 4)
    assert agree[0, 1] == 1 and agree[2, 3] == 1 and agree[0, 2] == 0
    nothing = caption_vectors([["one"], ["two"]])
    assert ndcg(np.eye(2, dtype=np.float32), nothing).tolist() == [1.0, 1.0]


def test_pictures_with_like_captions_are_the_truth(
    gallery: Path, tiny_encoder: TorchEncoder
) -> None:
    folder = open_data(gallery)
    found = evaluate_similar(tiny_encoder, folder, folder.names, progress=False)
    low, high = found["ci95"]
    assert found["gallery"] == 12 and 0 <= low <= found["nDCG@10"] <= high <= 100
    assert 0 < found["random"] < 100


# --- probes


def test_a_probe_needs_captions_or_named_folders(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "one.jpg")
    with pytest.raises(DataError, match="neither captions nor two folders"):
        open_probe(tmp_path)


def test_named_folders_make_a_zero_shot_probe(tmp_path: Path) -> None:
    for name, colour in (("red_things", (250, 0, 0)), ("blue_things", (0, 0, 250))):
        (tmp_path / name).mkdir()
        for number in range(3):
            Image.new("RGB", (40, 40), colour).save(tmp_path / name / f"{number}.png")
    probe = open_probe(tmp_path)
    assert probe.what.startswith("zero-shot accuracy, 6 pictures")

    class Colours:
        """Pictures by red against blue; texts by the word in them."""

        dim, name, min_decode_side = 2, "colours", None

        def prepare_images(self, images: Any) -> np.ndarray:
            return np.stack([np.asarray(image)[0, 0].astype(np.float32) for image in images])

        def encode_prepared(self, pixels: np.ndarray) -> np.ndarray:
            return unit(pixels[:, [0, 2]] + 1e-3)

        def encode_texts(self, texts: Any, *, batch_size: int = 64) -> np.ndarray:
            assert all(text.startswith("a picture of a") and "_" not in text for text in texts)
            return unit(np.array([["red" in text, "blue" in text] for text in texts]) + 1e-3)

    encoder: Any = Colours()
    assert probe.measure(encoder) == 100
    encoder.encode_texts = lambda texts: unit(np.array([["blue" in t, "red" in t] for t in texts]))
    assert probe.measure(encoder) == 0


def test_drawn_scenes_and_captions_make_probes(
    gallery: Path, tiny_encoder: TorchEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 0 <= open_probe(gallery).measure(tiny_encoder) <= 100
    probe = open_probe()
    first = probe.measure(tiny_encoder)
    assert "drawn scenes" in probe.what and 0 <= first <= 30
    monkeypatch.setattr(probing, "render", None)  # drawn once, however many models are measured
    assert probe.measure(tiny_encoder) == first


# --- between before and after


def flat(value: float) -> dict[str, Any]:
    recalls = {"R@1": value, "R@5": value, "R@10": value}
    return {"t2i": recalls, "i2t": recalls}


def test_the_point_with_the_largest_sum_is_chosen_and_left_in_place(
    tiny_clip_folder: Path, tmp_path: Path
) -> None:
    before, after = (load_encoder(tiny_clip_folder, device="cpu") for _ in range(2))
    with torch.no_grad():
        for value in after.network.parameters():
            value.add_(1.0)
    name, old = next(iter(before.network.named_parameters()))

    def share() -> float:
        here = dict(after.network.named_parameters())[name]
        return round(float((here - old).flatten()[0].detach()), 3)

    dev = {0.0: 10.0, 0.25: 30.0, 0.5: 45.0, 0.75: 50.0, 1.0: 52.0}
    kept = {0.0: 60.0, 0.25: 58.0, 0.5: 50.0, 0.75: 30.0, 1.0: 10.0}
    probe = Probe("things kept", lambda encoder: kept[share()])
    found = interpolate(before, after, lambda encoder: flat(dev[share()]), probe)
    assert [point["dev"] for point in found["points"]] == list(dev.values())
    assert found["chosen"] == 0.5 and share() == 0.5
    assert "0.50         45.0    50.0  ← chosen" in format_interpolation(found)
    plot_interpolation(found, tmp_path / "between.png")
    assert (tmp_path / "between.png").stat().st_size > 8000


def test_there_is_nothing_between_two_networks(
    tiny_clip_folder: Path, tiny_encoder: TorchEncoder
) -> None:
    other = load_encoder("demo", device="cpu")
    with pytest.raises(SettingsError, match="not the same network"):
        interpolate(tiny_encoder, other, lambda encoder: flat(0), Probe("", lambda encoder: 0))


def test_photos_are_searched_with_the_one_described_most_like_them(
    gallery: Path, tiny_encoder: TorchEncoder
) -> None:
    folder = open_data(gallery)
    found = evaluate_combined_photos(tiny_encoder, folder, folder.names, progress=False)
    assert (found["cases"], found["gallery"]) == (12, 12)
    assert [entry["alpha"] for entry in found["plain"]] == [step / 10 for step in range(11)]
    # With the picture alone, that picture comes first and the wanted one cannot.
    assert found["plain"][0]["R@1"] == 0

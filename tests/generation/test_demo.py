"""The networks that come with the package: what they paint can be recognised."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from timanh.cli import run
from timanh.data.scenes import english_captions, render, scene_of, vietnamese_captions
from timanh.generation import Sampling, load_painter, load_vqgan, load_writer, read_note
from timanh.generation.offered import DEMO_VQGAN, DEMO_WRITER
from timanh.generation.training.vqgan_loop import UNSEEN_SEED, psnr
from timanh.models import load_encoder
from timanh.models.shipping import size_of
from timanh.models.torch_encoder import TorchEncoder

CAPTIONS_SEED = 12  # of no measure that chose anything


def test_the_vqgan_keeps_unseen_scenes() -> None:
    scenes = [scene_of(row, UNSEEN_SEED) for row in range(24)]
    vqgan = load_vqgan("demo", device="cpu")
    for side, decibels in ((96, 23), (64, 21.5)):
        pictures = np.stack([np.asarray(render(scene, side)) for scene in scenes])
        assert psnr(vqgan, pictures) > decibels


@pytest.mark.parametrize("captions", [english_captions, vietnamese_captions])
def test_what_is_written_is_found_by_its_words(captions: object) -> None:
    writer = load_writer(device="cpu")
    encoder = load_encoder("demo", device="cpu", runtime="torch")
    texts = [captions(scene_of(number, CAPTIONS_SEED))[0] for number in range(8)]  # type: ignore[operator]
    pictures = [
        writer.best(text, encoder, 8, Sampling(seed=number))[0].picture
        for number, text in enumerate(texts)
    ]
    scores = encoder.encode_images(pictures) @ encoder.encode_texts(texts).T
    assert (scores.argmax(1) == np.arange(len(texts))).sum() >= 6


def test_the_demo_ranks_its_drawings_whoever_searches(encoder: TorchEncoder) -> None:
    """An encoder of photos, or without Vietnamese, would choose among them by chance."""
    painter = load_painter(encoder, device="cpu", words=lambda texts: encoder.encode_texts(texts))
    assert painter.encoder.name == "demo"
    assert painter.words(["chiếc ô tô màu đỏ"]).shape == (1, painter.encoder.dim)
    searching = load_encoder("demo", device="cpu", runtime="torch")
    assert load_painter(searching, device="cpu").encoder is searching


def test_what_was_given_decides_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["generate", "fog:0", "a red car", "--count", "2", "--candidates", "3"]) == 0
    notes = [note_in(tmp_path / name) for name in ("fog-0-a-red-car.png", "fog-0-a-red-car-2.png")]
    assert [note["rank"] for note in notes] == [1, 2]
    assert all((note["way"], note["candidates"]) == ("written", 3) for note in notes)
    guided = ["generate", "a red car", "--steps", "2", "--cutouts", "2", "--count", "2"]
    assert run([*guided, "--width", "64", "--height", "32", "--seed", "5"]) == 0
    notes = [note_in(tmp_path / name) for name in ("a-red-car.png", "a-red-car-2.png")]
    assert [(note["way"], note["seed"]) for note in notes] == [("guided", 5), ("guided", 6)]
    with Image.open(tmp_path / "a-red-car.png") as picture:
        assert picture.size == (64, 32)


def test_both_are_small_enough_for_the_package() -> None:
    assert size_of(DEMO_VQGAN) <= 4_000_000 and size_of(DEMO_WRITER) <= 6_000_000


def note_in(file: Path) -> dict[str, object]:
    with Image.open(file) as picture:
        note = read_note(picture)
    assert note is not None
    return note

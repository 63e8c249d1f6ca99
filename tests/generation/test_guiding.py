"""VQGAN+CLIP on tiny networks."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pixel_encoder import Recorder

from timanh.errors import (
    ContradictionError,
    EmptyQueryError,
    OnlyExcludedError,
    QueryError,
    SettingsError,
)
from timanh.generation import (
    Cutouts,
    Guidance,
    Guided,
    Prompt,
    Vqgan,
    check_prompts,
    free_name,
    read_note,
    read_prompt,
    save_film,
    save_png,
)
from timanh.generation.guiding import sphere_distance
from timanh.generation.prompts import targets
from timanh.models.torch_encoder import TorchEncoder

# Networks of random weights are not the same from the side as from the front.
FEW = Cutouts(count=4, smallest=1.0, turn=0, slant=0, colour=0, noise=0)
SMALL = Guidance(width=64, height=48, steps=12, rate=0.5, cutouts=FEW, half=False, smooth=0.0)


def test_steps_bring_the_picture_nearer_to_the_words(vqgan: Vqgan, encoder: TorchEncoder) -> None:
    run = Guided(vqgan, encoder, [Prompt("a red car")], SMALL)
    before = run.picture()
    words = encoder.encode_texts(["a red car"])[0]
    seen = []
    after = run.go(seen.append)
    assert [step.number for step in seen] == list(range(1, 13))
    assert after.size == (64, 48)
    near = encoder.encode_images([before, after]) @ words
    assert near[1] > near[0]


def test_a_negative_prompt_leads_away(vqgan: Vqgan, encoder: TorchEncoder) -> None:
    vectors = encoder.encode_texts(["a red car", "một chiếc xe đỏ"])
    prompts = [Prompt("a red car", weight=0.05), Prompt("một chiếc xe đỏ", weight=-1)]
    run = Guided(vqgan, encoder, prompts, SMALL)
    before = encoder.encode_images([run.picture()])[0]
    after = encoder.encode_images([run.go()])[0]
    assert after @ vectors[1] < before @ vectors[1]


def test_the_same_seed_gives_the_same_picture_and_stopping_keeps_what_is_there(
    vqgan: Vqgan, encoder: TorchEncoder
) -> None:
    def made(steps: int | None) -> Image.Image:
        run = Guided(vqgan, encoder, [Prompt("a red car")], SMALL)
        picture = run.go(stopped=lambda: run.done == steps)
        assert run.done == (steps or 12)
        return picture

    assert made(3).tobytes() == made(3).tobytes() != made(None).tobytes()


def test_begins_with_a_picture_and_is_led_by_one(vqgan: Vqgan, encoder: TorchEncoder) -> None:
    start = Image.new("RGB", (100, 80), "red")
    run = Guided(vqgan, encoder, [Prompt(image=start)], SMALL, start=start)
    pixels = vqgan.prepare([start], 64, 48)
    with torch.inference_mode():
        expected = vqgan.paint(vqgan.nearest(vqgan.encode(pixels)))[0]
    assert run.picture().tobytes() == expected.tobytes()
    run.go()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"width": 100}, "The width must be from 32 to 1024 pixels, in whole cells of 8; got 100"),
        ({"height": 0}, "The height must be .* got 0"),
        ({"height": 4096}, "The height must be .* got 4096"),
        ({"steps": 0}, "steps must be from 1 to 10,000; got 0"),
        ({"rate": -1.0}, "The rate must be above 0 and at most 10; got -1"),
        ({"cutouts": Cutouts(count=0)}, "cutouts must be from 1 to 512; got 0"),
    ],
)
def test_numbers_out_of_range_are_refused(
    settings: dict[str, object], sentence: str, vqgan: Vqgan, encoder: TorchEncoder
) -> None:
    with pytest.raises(SettingsError, match=sentence):
        Guided(vqgan, encoder, [Prompt("a red car")], Guidance(**settings))  # type: ignore[arg-type]


def test_prompts_that_say_nothing_are_refused() -> None:
    for nothing in ([], [Prompt("  ")]):
        with pytest.raises(EmptyQueryError, match="nothing to paint"):
            check_prompts(nothing)
    with pytest.raises(ContradictionError, match="cancel each other"):
        check_prompts([read_prompt("a red  car"), read_prompt("A red car:-1")])
    with pytest.raises(OnlyExcludedError):
        check_prompts([read_prompt("fog:-1")])
    with pytest.raises(QueryError, match=r"got 1e\+06"):
        check_prompts([Prompt("x", weight=1e6)])
    with pytest.raises(QueryError, match="got nan"):
        check_prompts([Prompt("x", weight=math.nan)])
    with pytest.raises(QueryError, match="17 prompts"):
        check_prompts([Prompt(str(number)) for number in range(17)])


def test_weights_stand_behind_a_colon() -> None:
    assert read_prompt("a red car: 2") == Prompt("a red car", weight=2)
    assert read_prompt("fog :-.5") == Prompt("fog", weight=-0.5)
    assert read_prompt("tỉ lệ 3:4 và hơn") == Prompt("tỉ lệ 3:4 và hơn")
    joined = check_prompts([Prompt("a cat"), Prompt("A  CAT", weight=2), Prompt("fog", weight=-1)])
    assert [(each.text, each.weight) for each in joined] == [("A  CAT", 3), ("fog", -1)]


def test_prompts_are_read_with_the_marks_that_were_meant() -> None:
    encoder = Recorder("en", "vi")
    targets([Prompt("con meo den"), Prompt("a red car"), Prompt("con chos", weight=-1)], encoder)
    assert encoder.texts == ["con mèo đen", "a red car", "con chó"]
    encoder.reads_unmarked = True
    targets([Prompt("con meo den")], encoder)
    assert encoder.texts[3:] == ["con meo den"]


def test_distance_is_half_the_square_of_the_angle() -> None:
    one = torch.tensor([1.0, 0.0])
    for angle in (0.1, 1.0, 2.5):
        other = torch.tensor([math.cos(angle), math.sin(angle)])
        assert sphere_distance(one, other).item() == pytest.approx(angle**2 / 2, rel=1e-4)


def test_cutouts_are_as_the_encoder_takes_them(encoder: TorchEncoder) -> None:
    """Without any change, of a picture of one colour: that colour, normalised, with gradients."""
    plain = Cutouts(count=5, turn=0, slant=0, colour=0, noise=0)
    picture = torch.full((1, 3, 40, 60), 0.75, requires_grad=True)
    parts = plain(picture, encoder.preparation, torch.Generator().manual_seed(0))
    assert parts.shape == (5, 3, 32, 32)
    mean, std = encoder.preparation.mean[0], encoder.preparation.std[0]
    torch.testing.assert_close(parts, torch.full_like(parts, (0.75 - mean) / std))
    parts.sum().backward()  # type: ignore[no-untyped-call]
    assert picture.grad is not None and picture.grad.abs().sum() > 0


def test_a_picture_keeps_its_prompt_and_no_file_is_overwritten(tmp_path: Path) -> None:
    picture = Image.fromarray(np.full((8, 8, 3), 7, np.uint8))
    made = {"prompt": "chiếc ô tô màu đỏ", "seed": 3}
    first = free_name(tmp_path, "Chiếc ô tô: màu đỏ!")
    assert first.name == "chiếc-ô-tô-màu-đỏ.png"
    save_png(picture, first, made)
    with Image.open(first) as opened:
        assert read_note(opened) == made
        assert opened.text["Description"] == "chiếc ô tô màu đỏ"  # type: ignore[attr-defined]
    assert free_name(tmp_path, "Chiếc ô tô: màu đỏ!").name == "chiếc-ô-tô-màu-đỏ-2.png"
    with pytest.raises(SettingsError, match="is there already"):
        save_png(picture, first, made)
    with pytest.raises(SettingsError, match=r"ends in \.png"):
        save_png(picture, tmp_path / "a.jpg", made)


@pytest.mark.parametrize("ending", [".gif", ".webp"])
def test_a_film_has_its_frames(ending: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), (40 * number, 0, 0)) for number in range(5)]
    save_film(frames, tmp_path / f"film{ending}")
    with Image.open(tmp_path / f"film{ending}") as opened:
        assert opened.n_frames == 5  # type: ignore[attr-defined]
    with pytest.raises(SettingsError, match="a name that ends in"):
        save_film(frames, tmp_path / "film.avi")

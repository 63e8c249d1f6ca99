"""Where in a picture the words are: right where the answer is known, and in the right place."""

import random
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pixel_encoder import PixelEncoder
from small_training import tiny
from tower_checkpoints import resnet, vit

from timanh.data.scenes import english, render, scene_of
from timanh.data.scenes.outlines import boxes
from timanh.errors import NoGridError, QueryError
from timanh.models import join_towers, load_encoder
from timanh.models.heat_maps import HeatMaps, on_picture, overlay, words_of
from timanh.models.heat_maps.placing import place, resized, smooth
from timanh.models.heat_maps.watching import WatchedTower
from timanh.models.heat_maps.words import without
from timanh.models.preparation import ImagePreparation
from timanh.models.torch_encoder import TorchEncoder


def picture(width: int = 60, height: int = 40) -> Image.Image:
    numbers = np.random.default_rng(width)
    return Image.fromarray(numbers.integers(0, 256, (height, width, 3), np.uint8))


@pytest.mark.parametrize("family", ["clip", "siglip", "siglip2", "metaclip2", "altclip"])
def test_each_family_has_maps_of_the_pictures_own_size(hub: dict[str, Path], family: str) -> None:
    encoder = load_encoder(hub[family], device="cpu")
    before = encoder.encode_images([picture()])
    maps = HeatMaps(encoder)
    heat = maps.of(picture(), "a red car")
    assert heat.shape == (40, 60) and heat.dtype == np.float32
    assert heat.min() >= 0 and heat.max() == 1
    # The encoder is as it was, and is what was watched.
    np.testing.assert_array_equal(encoder.encode_images([picture()]), before)
    pixels = torch.from_numpy(encoder.prepare_images([picture()]))
    with maps._tower.watch(pixels) as seen:
        np.testing.assert_allclose(seen.vector.detach(), before[0], atol=1e-5)
        assert len(seen.attention) == 2 and seen.attention[0].requires_grad
    assert all(each.grad is None for each in encoder.network.parameters())


@pytest.mark.parametrize("make", [resnet, vit], ids=["resnet", "vit"])
def test_joined_towers_have_maps(tmp_path: Path, tiny_clip_folder: Path, make: Any) -> None:
    from tower_checkpoints import mbert

    make(tmp_path / "vision", side=64)
    mbert(tmp_path / "text")
    encoder = join_towers(tmp_path / "vision", tmp_path / "text", device="cpu")
    heat = HeatMaps(encoder).of(picture(), "một chiếc ô tô")
    assert heat.shape == (40, 60) and heat.max() == 1


def test_an_encoder_without_a_grid_says_so() -> None:
    with pytest.raises(NoGridError, match="pixels-0 sees a picture as a whole"):
        HeatMaps(PixelEncoder())


class Spot(torch.nn.Module):
    """A convolutional tower with one feature: how red each of 8 × 8 cells is."""

    class Output(dict):
        __getattr__ = dict.get

    def __init__(self) -> None:
        super().__init__()
        self.config = SimpleNamespace(image_size=None)
        self.weight = torch.nn.Parameter(torch.tensor([1.0, -0.5, -0.5])[None, :, None, None])

    def forward(self, pixel_values: torch.Tensor) -> Any:
        red = torch.nn.functional.conv2d(pixel_values, self.weight).clamp(min=0)
        grid = torch.nn.functional.avg_pool2d(red, 4)
        return self.Output(last_hidden_state=torch.cat([grid, 0.1 + 0 * grid], 1))


def seeing_red(preparation: ImagePreparation) -> TorchEncoder:
    """An encoder whose “red” is Spot's; no other word counts."""
    made = tiny()
    made.preparation = preparation
    made.network.vision_model = Spot()
    made.network.vision_projection = torch.nn.Identity()
    made.network.vision_options = {}
    made.encode_texts = lambda texts: np.array(  # type: ignore[method-assign]
        [[1, 0] if "red" in text else [0, 1] for text in texts], np.float32
    )
    return made


def spotted(width: int, height: int, x: int, y: int) -> Image.Image:
    """Grey with a red square around a point."""
    made = Image.new("RGB", (width, height), (120, 120, 120))
    made.paste((230, 10, 10), (x - 8, y - 8, x + 8, y + 8))
    return made


PLAIN = {"height": 32, "width": 32, "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}


@pytest.mark.parametrize(
    "preparation",
    [
        ImagePreparation(**PLAIN, resize_to=32),
        ImagePreparation(**PLAIN, resize_to=40),  # and a crop of its middle
        ImagePreparation(**PLAIN, resize_to=32, square_padding=True),
        ImagePreparation(**PLAIN, resize="exact", resize_to=32),
        ImagePreparation(**PLAIN, resize="exact-then-crop", resize_to=40),
    ],
    ids=["shortest", "cropped", "padded", "squeezed", "squeezed-cropped"],
)
@pytest.mark.parametrize("size", [(120, 80), (80, 120), (96, 96)])
def test_the_highest_point_is_where_the_thing_is(
    preparation: ImagePreparation, size: tuple[int, int]
) -> None:
    maps = HeatMaps(seeing_red(preparation))
    left, top, right, bottom = (
        share * side for share, side in zip(preparation.seen_area(*size), 2 * size, strict=True)
    )
    for across, down in ((0.3, 0.3), (0.7, 0.4), (0.5, 0.7)):
        x = round(max(0, left) + across * (min(size[0], right) - max(0, left)))
        y = round(max(0, top) + down * (min(size[1], bottom) - max(0, top)))
        heat = maps.of(spotted(*size, x, y), "red")
        row, column = divmod(int(heat.argmax()), size[0])
        assert abs(column - x) < 8 and abs(row - y) < 8
        inside = np.zeros(heat.shape, bool)
        inside[max(0, round(top)) : round(bottom), max(0, round(left)) : round(right)] = True
        assert not heat[~inside].any()


def test_a_grid_is_placed_smoothly_and_at_its_middles() -> None:
    grid = np.zeros((4, 4), np.float32)
    grid[1, 2] = 1
    placed = place(grid, (80, 60), (0.0, 0.0, 80.0, 60.0))
    row, column = divmod(int(placed.argmax()), 80)
    assert abs(row + 0.5 - 1.5 * 15) <= 1 and abs(column + 0.5 - 2.5 * 20) <= 1
    np.testing.assert_allclose(resized(np.ones((3, 5), np.float32), (7, 9)), 1, atol=1e-5)
    assert smooth(grid, 0.2).argmax() == grid.argmax() and smooth(grid, 0.2).max() < 0.5


def test_maps_of_the_demo_model_are_mostly_right() -> None:
    """benchmarks/heat_maps.py has 500 pictures; these are the first of another seed."""
    maps = HeatMaps(load_encoder("demo", device="cpu", runtime="torch"))
    scenes = [scene for scene in (scene_of(index, 5) for index in range(40)) if scene.things[1:]]
    inside = []
    for number, scene in enumerate(scenes[:16]):
        thing = number % 2
        text = english.noun_phrase(scene.things[thing], random.Random(number))
        heat = maps.of(render(scene, 160), text)
        row, column = divmod(int(heat.argmax()), 160)
        inside.append(
            any(
                left <= column / 160 <= right and top <= row / 160 <= bottom
                for left, top, right, bottom in boxes(scene, 160)[thing]
            )
        )
    assert sum(inside) >= 11


def test_each_word_by_itself() -> None:
    maps = HeatMaps(load_encoder("demo", device="cpu", runtime="torch"))
    image = render(scene_of(3, 5), 96)
    found = maps.of_words(image, "a red car on the beach")
    assert list(found) == ["red", "car", "beach"]
    assert all(heat.shape == (96, 96) and heat.max() <= 1 for heat in found.values())
    assert maps.of_words(image, "the") == {}
    with pytest.raises(QueryError, match="“dog” is not in"):
        maps.of_words(image, "a red car", ["dog"])
    with pytest.raises(QueryError, match="no words"):
        maps.of(image, "  ")
    with pytest.raises(QueryError, match="is not UTF-8"):
        maps.of(image, "a red \udcff")


def test_words_that_can_be_seen() -> None:
    assert words_of("a photo of two dogs, two cats") == ["two", "dogs", "cats"]
    assert words_of("hai chiếc ô tô màu đỏ trên bãi biển") == ["hai", "ô tô", "đỏ", "bãi biển"]
    assert words_of("người phụ nữ") == ["người", "phụ nữ"]
    assert without("a red car, red", "red") == "a car,"
    assert without("hai ô tô đỏ", "ô tô") == "hai đỏ"
    assert without("a redder car (red)", "red") == "a redder car ( )"


def test_many_threads_get_the_same_maps(tiny_encoder: TorchEncoder) -> None:
    maps = HeatMaps(tiny_encoder)
    vectors = tiny_encoder.encode_texts(["ab", "cd"])
    wanted = maps.of_vectors(picture(), vectors)
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(maps.of_vectors(picture(), vectors)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for each in found:
        np.testing.assert_allclose(each, wanted, atol=1e-6)


def test_training_goes_on_beside_it(tiny_encoder: TorchEncoder) -> None:
    """New weights are seen, for they are shared."""
    watched = WatchedTower(tiny_encoder)
    pixels = torch.from_numpy(tiny_encoder.prepare_images([picture()]))
    weight = tiny_encoder.network.visual_projection.weight
    before = weight.detach().clone()
    try:
        with torch.no_grad():
            weight.mul_(torch.linspace(0.5, 2, len(weight))[:, None])
        with watched.watch(pixels) as seen:
            found = seen.vector.detach().numpy()
        np.testing.assert_allclose(found, tiny_encoder.encode_images([picture()])[0], atol=1e-5)
    finally:
        with torch.no_grad():
            weight.copy_(before)


def test_as_pictures() -> None:
    heat = np.zeros((40, 80), np.float32)
    heat[10:20, 50:60] = 1
    laid = overlay(heat, 40)
    assert laid.mode == "RGBA" and laid.size == (40, 20)
    assert laid.getpixel((2, 2))[3] == 0 and laid.getpixel((27, 7))[3] > 200  # type: ignore[index]
    image = Image.new("RGB", (80, 40), (10, 120, 10))
    shown = on_picture(image, heat)
    assert shown.getpixel((5, 35)) == (10, 120, 10) and shown.getpixel((55, 15)) != (10, 120, 10)
    assert np.array_equal(np.asarray(on_picture(image, heat, 0.0)), np.asarray(image))

"""What a batch holds: pictures and captions of an epoch, and their variations."""

from collections import Counter
from pathlib import Path

import numpy as np
import torch
from small_training import recipe, tiny

from timanh.data import detect_language, open_data
from timanh.data.vietnamese.marks import without_marks
from timanh.training import Recipe
from timanh.training.augmenting import coloured, cropped, draw_variation, flip_some
from timanh.training.feeding import Feeder
from timanh.training.pairs import epoch_batches, epoch_items, names_a_side
from timanh.training.pixels import cache_pixels


def test_distinct_pictures_come_once_each_and_other_captions_come_in_other_epochs() -> None:
    captions = [tuple(f"{row}-{number}" for number in range(5)) for row in range(40)]
    chosen = recipe(captions_per_picture=1, drop_words=0.0, drop_marks=0.0)
    first, second = (epoch_items(captions, chosen, epoch) for epoch in (0, 1))
    for items in (first, second):
        assert Counter(row for row, _ in items) == Counter(range(40))
        assert all(len(own) == 1 and own[0] in captions[row] for row, own in items)
    assert first == epoch_items(captions, chosen, 0)
    assert dict(first) != dict(second)


def test_several_captions_of_a_picture_are_different_ones_as_far_as_it_has_them() -> None:
    captions = [("a", "b", "c"), ("d",)]
    chosen = recipe(captions_per_picture=2, drop_words=0.0, drop_marks=0.0)
    own = dict(epoch_items(captions, chosen, 0))
    assert len(set(own[0])) == 2 and own[1] == ("d", "d")


def test_the_report_takes_every_caption_as_an_item() -> None:
    captions = [("a", "b", "c"), ("d",), ()]
    items = epoch_items(captions, Recipe.named("report"), 0)
    assert sorted(items) == [(0, ("a",)), (0, ("b",)), (0, ("c",)), (1, ("d",))]


def test_batches_are_full_but_a_small_set_is_one_batch() -> None:
    captions = [("x",)] * 7
    assert [len(batch) for batch in epoch_batches(captions, recipe(batch_size=3), 0)] == [3, 3]
    assert [len(batch) for batch in epoch_batches(captions, recipe(batch_size=50), 0)] == [7]


def test_captions_with_sides_and_marks() -> None:
    assert names_a_side("A dog LEFT of a car") and names_a_side("con chó bên trái")
    assert names_a_side("con cho ben trai") and names_a_side("ben PHAI")
    assert not names_a_side("leftovers on a table")
    assert without_marks("Chiếc ô tô màu đỏ") == "Chiec o to mau do"


def test_a_share_of_english_captions_is_shown_in_vietnamese() -> None:
    captions = [("a black dog on a beach",), ("hai con mèo",)] * 100
    plain, mixed, whole = (
        [own[0] for _, own in epoch_items(captions, Recipe.named("strong", vietnamese=share), 1)]
        for share in (0.0, 0.4, 1.0)
    )
    assert set(plain) == {"a black dog on a beach", "hai con mèo"}
    assert mixed.count("hai con mèo") == 100 and 40 < mixed.count("a black dog on a beach") < 80
    assert all(detect_language(caption) == "vi" for caption in whole)
    again = epoch_items(captions, Recipe.named("strong", vietnamese=0.4), 1)
    assert mixed == [own[0] for _, own in again]


def test_all_captions_of_a_picture_are_its_positives(gallery: Path, tmp_path: Path) -> None:
    folder, encoder = open_data(gallery), tiny()
    pixels = cache_pixels(folder, folder.names, encoder.preparation, tmp_path, progress=False)
    captions = [folder.captions_of(name) for name in pixels.names]
    chosen = recipe(batch_size=12, captions_per_picture=2, drop_marks=0.0, drop_words=0.0)
    batch = next(Feeder(pixels, captions, encoder.texts, chosen).batches(0, 0, 1))
    assert batch.positives is not None and batch.positives.shape == (12, 24)
    # Each shape in each colour is there twice under the same words.
    assert batch.positives.sum(1).tolist() == [4] * 12


# Variations


def test_variations_follow_from_the_generator_alone() -> None:
    def drawn(seed: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        torch.rand(3)  # the global generator has no part in it
        variation = draw_variation(4, crop=0.4, colour=0.3, generator=generator)
        return variation.apply(torch.linspace(0, 1, 4 * 3 * 64).reshape(4, 3, 8, 8))

    assert torch.equal(drawn(3), drawn(3)) and not torch.equal(drawn(3), drawn(4))


def test_a_crop_of_everything_and_factors_of_one_change_nothing() -> None:
    pictures = torch.rand(2, 3, 8, 8)
    whole = torch.tensor([[1.0, 0, 0], [0, 1, 0]]).expand(2, 2, 3)
    assert torch.allclose(cropped(pictures, whole), pictures, atol=1e-6)
    assert torch.allclose(coloured(pictures, torch.ones(2, 3)), pictures, atol=1e-6)
    grey = coloured(pictures, torch.tensor([[1.0, 1, 0]]).expand(2, 3))
    assert torch.allclose(grey[:, 0], grey[:, 1], atol=1e-6)


def test_a_picture_is_not_mirrored_when_one_of_its_captions_names_a_side() -> None:
    pictures = np.zeros((64, 2, 2, 3), np.uint8)
    pictures[:, :, 0] = 1
    captions = [("a dog", "a dog on the left") if row % 2 else ("a dog",) for row in range(64)]
    flip_some(pictures, captions, torch.Generator().manual_seed(0))
    mirrored = pictures[:, 0, 0, 0] == 0
    assert not mirrored[1::2].any() and 8 < mirrored[::2].sum() < 24

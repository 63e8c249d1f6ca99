"""Captions that name every thing in a drawn picture, and what is read back from them."""

import random
from dataclasses import replace

import pytest

from timanh.data.scenes import scene_of
from timanh.data.scenes.queries import NamedThing
from timanh.data.scenes.said import Comparison, compare, things_said
from timanh.data.scenes.whole import whole_caption

COUNT = 400


@pytest.mark.parametrize("language", ["en", "vi"])
def test_what_they_say_is_all_that_is_there(language: str) -> None:
    for index in range(COUNT):
        scene = scene_of(index, 5)
        text = whole_caption(scene, language, random.Random(index))
        compared = compare(scene, text, language)
        held = sum(thing.item in ("umbrella", "balloon", "bicycle", "kite", "ball")
                   for thing in scene.things)  # fmt: skip
        assert compared.main and compared.found == compared.there == len(scene.things), text
        assert compared.named == compared.right == compared.there + held, text
        assert compared.named == compared.colours == compared.colours_right, text
        assert compared.counts == compared.counts_right >= compared.there, text


@pytest.mark.parametrize("language", ["en", "vi"])
def test_of_another_picture_they_are_not_true(language: str) -> None:
    scenes = [scene_of(index, 5) for index in range(60)]
    texts = [whole_caption(scene, language, random.Random(0)) for scene in scenes]
    wrong = 0
    for scene, text in zip(scenes[1:], texts, strict=False):
        compared = compare(scene, text, language)
        wrong += compared.right < compared.named or not compared.main
    assert wrong > 50


def test_wrong_colours_numbers_and_doubles_are_counted() -> None:
    scene = next(
        scene for scene in (scene_of(index, 5) for index in range(500))
        if len(scene.things) == 1 and scene.main.kind == "dog" and scene.main.count == 1
    )  # fmt: skip
    scene = replace(scene, things=(replace(scene.main, colour="brown"),))
    assert compare(scene, "two black dogs in a meadow", "en") == Comparison(
        main=True, named=1, right=1, colours=1, colours_right=0, counts=1, counts_right=0,
        there=1, found=1,
    )  # fmt: skip
    twice = compare(scene, "một con chó nâu và một con chó màu nâu trong rừng", "vi")
    assert (twice.named, twice.right, twice.colours_right) == (2, 1, 1)
    nothing = compare(scene, "a red car among the trees", "en")
    assert (nothing.main, nothing.named, nothing.right, nothing.found) == (False, 1, 0, 0)


def test_words_for_places_and_colours_name_no_thing() -> None:
    assert things_said("on a farm near a barn in front of tall buildings", "en") == []
    assert things_said("một chiếc xe xanh lá cây trong nhà giữa rừng cây", "vi") == []
    assert things_said("three children in red shirts inside a house", "en") == [
        NamedThing(("boy", "girl"), "red", 3)
    ]
    assert things_said("hai đứa trẻ mặc áo đỏ đang thả diều màu vàng trong nhà", "vi") == [
        NamedThing(("boy", "girl"), "red", 2),
        NamedThing(("kite",), "yellow"),
    ]

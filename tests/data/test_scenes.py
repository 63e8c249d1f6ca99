"""The drawn gallery: same bytes, true captions, both languages, and enough of everything."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from timanh.data import open_data
from timanh.data.scenes import (
    EXAMPLES,
    changes,
    draw_gallery,
    english_captions,
    load_truth,
    matches,
    render,
    scene_of,
    to_json,
    vietnamese_captions,
)
from timanh.data.scenes.kinds import COLOURS, KINDS
from timanh.errors import DataError

TRUTH = {f"{index}": to_json(scene_of(index, 0)) for index in range(2000)}


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*") if path.is_file()
    }  # fmt: skip


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "mine.jpg").touch()
    with pytest.raises(DataError, match="not drawn here"):
        draw_gallery(tmp_path, count=1, progress=False)
    (tmp_path / "written").mkdir()
    (tmp_path / "written" / "captions.vi.txt").write_text("của tôi")
    with pytest.raises(DataError, match=r"captions\.vi\.txt not drawn here"):
        draw_gallery(tmp_path / "written", count=1, progress=False)
    draw_gallery(tmp_path / "own", count=2, size=64, workers=1, progress=False)
    with pytest.raises(DataError, match="another drawn gallery"):
        draw_gallery(tmp_path / "own", count=2, size=64, seed=1, progress=False)


def test_the_same_seed_gives_the_same_bytes_whatever_the_workers(tmp_path: Path) -> None:
    one = draw_gallery(tmp_path / "one", count=130, size=64, workers=1, progress=False)
    two = draw_gallery(tmp_path / "two", count=130, size=64, workers=2, progress=False)
    assert files(one) == files(two)
    other = draw_gallery(tmp_path / "other", count=4, size=64, seed=9, workers=1, progress=False)
    assert files(one)["images/scene_000000.jpg"] != files(other)["images/scene_000000.jpg"]


def test_an_interrupted_drawing_goes_on(tmp_path: Path) -> None:
    whole = draw_gallery(tmp_path / "whole", count=12, size=64, workers=1, progress=False)
    broken = draw_gallery(tmp_path / "broken", count=12, size=64, workers=1, progress=False)
    stored = json.loads((broken / "truth.json").read_text())
    del stored["pictures"]
    (broken / "truth.json").unlink()
    (broken / "drawing.json").write_text(json.dumps(stored))
    for name in ("scene_000003.jpg", "scene_000011.jpg"):
        (broken / "images" / name).unlink()
    draw_gallery(broken, count=12, size=64, workers=1, progress=False)
    assert files(whole) == files(broken)


def test_a_drawn_gallery_is_a_data_folder(tmp_path: Path) -> None:
    folder = open_data(draw_gallery(tmp_path, count=6, size=64, workers=1, progress=False))
    assert len(folder.names) == 6 and folder.captions.problem_count == 0
    assert all(len(folder.captions_of(name)) == 10 for name in folder.names)
    stored = json.loads(json.dumps(to_json(scene_of(2, 0))))
    assert load_truth(tmp_path)["scene_000002.jpg"] == stored


def test_there_is_enough_of_everything() -> None:
    kinds = Counter(thing["kind"] for scene in TRUTH.values() for thing in scene["things"])
    assert set(kinds) == set(KINDS) and len(KINDS) >= 24
    colours = Counter(thing["colour"] for scene in TRUTH.values() for thing in scene["things"])
    assert set(colours) == set(COLOURS) and len(COLOURS) >= 8
    assert {scene["light"] for scene in TRUTH.values()} == {"day", "night", "sunset"}
    assert len({scene["place"] for scene in TRUTH.values()}) >= 10
    assert len({scene["weather"] for scene in TRUTH.values()}) >= 5
    assert len(matches(TRUTH, kind="car", colour="red")) >= 12
    assert len(matches(TRUTH, kind="car", colour="red", light="night")) >= 3


def test_the_examples_have_answers() -> None:
    wanted = (
        {"kind": "car", "colour": "red"}, {"kind": "dog", "place": "meadow"},
        {"kind": "boat", "place": "sea"}, {"kind": "cat", "colour": "black"},
        {"kind": "horse", "colour": "white"}, {"action": "flying a kite"},
        {"kind": "fish", "colour": "yellow"}, {"action": "holding an umbrella", "weather": "rainy"},
    )  # fmt: skip
    assert len(EXAMPLES["en"]) == len(EXAMPLES["vi"]) == len(wanted)
    for query, facts in zip(EXAMPLES["en"], wanted, strict=True):
        assert len(matches(TRUTH, **facts)) >= 5, query


def test_things_stay_in_the_picture_and_apart() -> None:
    for index in range(300):
        scene = scene_of(index, 3)
        for thing in scene.things:
            assert len(thing.spots) == thing.count
            for spot in thing.spots:
                assert 0 < spot.x < 1 and 0 < spot.y <= 0.95 and spot.scale > 0.03


def test_captions_say_nothing_untrue() -> None:
    numbers = {"two": 2, "three": 3, "four": 4, "five": 5}
    for index in range(400):
        scene = scene_of(index, 5)
        allowed = {thing.colour for thing in scene.things}
        allowed |= {thing.item_colour for thing in scene.things if thing.item_colour}
        counts = {thing.count for thing in scene.things}
        for caption in english_captions(scene):
            # "a green field" speaks of the meadow.
            words = re.findall(r"[a-z]+", caption.lower().replace("green field", ""))
            assert {word for word in words if word in COLOURS} <= allowed, caption
            assert {numbers[word] for word in words if word in numbers} <= counts, caption
            assert ("night" in words) <= (scene.light == "night"), caption
            assert ("snow" in words or "snowy" in words) <= (scene.weather == "snowy"), caption
            assert not re.search(r"\ba [aeiou]", caption, re.I), caption
            assert not re.search(r"\ban [^aeiou]", caption, re.I), caption


def test_both_languages_tell_as_much() -> None:
    english = [len(set(english_captions(scene_of(index, 2)))) for index in range(200)]
    vietnamese = [len(set(vietnamese_captions(scene_of(index, 2)))) for index in range(200)]
    assert min(english) >= 3 and min(vietnamese) >= 3
    assert abs(np.mean(english) - np.mean(vietnamese)) < 0.3
    text = " ".join(" ".join(vietnamese_captions(scene_of(index, 2))) for index in range(200))
    assert all(letter in text.lower() for letter in "ăâđêôơưạảấầậắếềểịọốồổộớờụứừữự")


def test_a_scene_can_be_changed() -> None:
    scene = scene_of(11, 0)
    found = list(changes(scene))
    assert found
    for change in found:
        assert change.scene != scene and change.en and change.vi
        assert replace(change.scene, things=scene.things, light=scene.light,
                       weather=scene.weather) == scene  # fmt: skip


def test_a_colour_is_seen_even_at_night() -> None:
    scene = scene_of(0, 4)
    assert render(scene, 64).size == (64, 64)
    assert len(english_captions(scene)) == len(vietnamese_captions(scene)) == 5
    name = matches(TRUTH, kind="car", colour="red", light="night")[0]
    pixels = np.asarray(render(scene_of(int(name), 0))).astype(int)
    assert ((pixels[..., 0] - pixels[..., 1] > 70) & (pixels[..., 0] - pixels[..., 2] > 60)).any()

"""English captions word by word in Vietnamese."""

import random
from importlib.resources import files

import pytest

from timanh.data.vietnamese.language import detect_language
from timanh.data.vietnamese.words import in_vietnamese

LIST = files("timanh.data.vietnamese").joinpath("words.txt").read_text("utf8")


def ways(caption: str) -> set[str]:
    """All that is drawn for a caption."""
    draw = random.Random(0)
    return {in_vietnamese(caption, draw) for _ in range(300)}


@pytest.mark.parametrize(
    ("caption", "wanted"),
    [
        ("two dogs in a park", "hai con chó trong công viên"),
        ("A big black dog is running through the snow .", "con chó đen to đang chạy qua tuyết"),
        ("a black and white dog", "một con chó đen và trắng"),
        ("Three children play soccer on the beach", "ba đứa trẻ chơi bóng đá trên bãi biển"),
        ("a man riding a bike", "người đàn ông đang đi xe đạp"),
        ("a boy's red shirt", "áo đỏ cậu bé"),
        ("a woman sits on her bench in front of a shop", None),
        ("an orange ball", "quả bóng cam"),
        ("a girl eats an orange", "cô gái ăn quả cam"),
        ("the dogs run", "con chó chạy"),
        ("dogs on a run", None),
        ("a man to kick a ball", "người đàn ông để đá quả bóng"),
    ],
)
def test_captions_are_said_in_vietnamese_order(caption: str, wanted: str | None) -> None:
    said = ways(caption)
    assert wanted is None or wanted in said
    assert all(detect_language(one) == "vi" for one in said)


def test_what_is_not_known_stays_and_other_languages_stay_as_they_are() -> None:
    assert any(one.endswith("zorbing") for one in ways("a man and a zorbing"))
    for text in ("Ein Hund läuft über die Wiese", "hai con mèo đen trên ghế", "", "!!!", "42"):
        assert ways(text) == {text}


def test_it_follows_from_what_is_drawn_alone() -> None:
    caption = "a little girl in a pink dress going into a wooden cabin"
    once, again = (in_vietnamese(caption, random.Random(seed)) for seed in (3, 3))
    assert once == again and len(ways(caption)) > 20


def test_the_list_is_sound() -> None:
    seen = set()
    for line in LIST.splitlines():
        if line.startswith("#"):
            continue
        left, colon, right = line.partition(":")
        kind, *words = left.split()
        assert colon and kind in ("d", "n", "a", "v", "h", "p") and words, line
        assert (kind, *words) not in seen, line
        seen.add((kind, *words))
        ways_to_say = [way.strip() for way in right.split("|")]
        assert len(set(ways_to_say)) == len(ways_to_say), line
        assert all(way or kind in "dp" for way in ways_to_say), line

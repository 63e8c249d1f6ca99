"""Texts about a scene, short as people ask or long as a caption, and exactly what they say.

What a text says is kept beside it, so that it can be compared with the truth of any other scene:
“a red car” is as true of another picture with a red car as of the one that it was made for.
"""

import random
from dataclasses import dataclass, replace
from types import ModuleType

from timanh.data.scenes import english, vietnamese
from timanh.data.scenes.captions import plans
from timanh.data.scenes.scene import Scene, Thing
from timanh.data.vietnamese.marks import without_marks

LANGUAGES: dict[str, ModuleType] = {"en": english, "vi": vietnamese}
CHILDREN = ("boy", "girl")
CHILD_WORDS = ("child", "đứa trẻ")  # "child", "children"; the same word for boys and girls
BARE = 0.45  # share of the texts such as "a red car" and no more, as people search most
WITHOUT_MARKS = 0.08  # share of the Vietnamese texts that are written so

# What stands before a Vietnamese noun and is left out by people in a hurry: "mèo đen".
CLASSIFIERS = (
    "chiếc ", "con ", "cái ", "chú ", "ngôi ", "căn ", "bông ", "đóa ", "quả ", "trái ", "đoàn ",
)  # fmt: skip
OPENINGS = {
    "en": ("a photo of {}", "a picture of {}", "a drawing of {}", "there is {}", "find {}"),
    "vi": ("một bức ảnh chụp {}", "bức ảnh {}", "hình ảnh {}", "có {}", "tìm {}"),
}
THE_SAME_BUT = {"en": "the same but {}", "vi": "giống vậy nhưng {}"}
WITHOUT = {"en": "without the {}", "vi": "không có {}"}


@dataclass(frozen=True)
class NamedThing:
    """What a text says of one thing; None where it says nothing."""

    kinds: tuple[str, ...]
    colour: str | None = None
    count: int | None = None
    action: str | None = None
    item: str | None = None
    item_colour: str | None = None


@dataclass(frozen=True)
class Query:
    """A text and what it says.

    Attributes:
        things: each is in the picture.
        place, light, weather: of the scene; None where the text does not say.
        missing: a kind that is not in the picture.
        main_colour: of the thing that the picture is about, whatever it is.
        whole: a caption, which says more than these facts: right for its own picture, not known
            for others of which they are true.
    """

    text: str
    things: tuple[NamedThing, ...] = ()
    place: str | None = None
    light: str | None = None
    weather: str | None = None
    missing: str | None = None
    main_colour: str | None = None
    whole: bool = False


def caption_query(scene: Scene, number: int, language: str) -> Query:
    """Caption `number`, 0 to 4, of the scene."""
    plan = plans(scene)[number]
    text = getattr(LANGUAGES[language], CAPTIONS[language])(scene)[number]
    main = scene.main
    named = NamedThing(_kinds(main.kind, text), main.colour if plan.with_colour else None)
    light, weather = _time_said(scene) if "time" in plan.parts else (None, None)
    place = scene.place if "place" in plan.parts else None
    return Query(text, (named,), place, light, weather, whole=True)


CAPTIONS = {"en": "english_captions", "vi": "vietnamese_captions"}


def short_query(scene: Scene, language: str, rng: random.Random, *, bare: float = BARE) -> Query:
    """A text of a few words that is true of the scene: “a red car”, “hai con chó”, “at night”.

    Args:
        bare: share of those that name things and say no more of what they do, where and when.
    """
    kind = rng.random()
    if kind < 0.10:
        return _of_the_scene(scene, language, rng)
    if kind < 0.13:
        words = LANGUAGES[language].COLOURS[scene.main.colour][0] if language == "vi" else None
        text = THE_SAME_BUT[language].format(words or scene.main.colour)
        return Query(text, main_colour=scene.main.colour)
    if kind < 0.16:
        return _of_nothing(scene, language, rng)
    return _of_things(scene, language, rng, rng.random() < bare)


def _of_things(scene: Scene, language: str, rng: random.Random, bare: bool) -> Query:
    first = scene.main if rng.random() < 0.6 else rng.choice(scene.things)
    things = [first]
    if len(scene.things) > 1 and rng.random() < 0.08:
        things.append(rng.choice([other for other in scene.things if other is not first]))
    said, named = zip(*(_thing(each, language, rng, bare) for each in things), strict=True)
    text = (" and " if language == "en" else " và ").join(said)
    place = light = weather = None
    if not bare and rng.random() < 0.35:
        place = scene.place
        text += " " + LANGUAGES[language].place_words(first, place, rng)
    if not bare and rng.random() < 0.35 and scene.place != "underwater":
        light, weather = _time_said(scene)
        text += " " + LANGUAGES[language].time_words(scene.light, scene.weather, rng)
    if bare and rng.random() < 0.15:
        text = rng.choice(OPENINGS[language]).format(text)
    return Query(_written(text, language, rng), named, place, light, weather)


def _thing(thing: Thing, language: str, rng: random.Random, bare: bool) -> tuple[str, NamedThing]:
    words = LANGUAGES[language]
    counted = thing.count > 1 and rng.random() < 0.5
    coloured = rng.random() < (0.85 if bare else 0.7)
    shown = replace(thing, count=thing.count if counted else 1)
    text = words.noun_phrase(shown, rng, coloured=coloured)
    kinds = _kinds(thing.kind, text)
    action = item = paint = None
    if not bare and rng.random() < 0.4:
        painted = rng.random() < 0.3
        done = words.action_words(shown, rng, coloured=painted)
        if done:
            text = f"{text} {done}"
            action, item = thing.action, thing.item
            paint = thing.item_colour if painted and item in words.HOLDING else None
    text = _casual(text, language, rng)
    colour = thing.colour if coloured else None
    return text, NamedThing(kinds, colour, thing.count if counted else None, action, item, paint)


def _of_the_scene(scene: Scene, language: str, rng: random.Random) -> Query:
    """Where or when: “on the beach”, “at night”."""
    words = LANGUAGES[language]
    if scene.place == "underwater" or rng.random() < 0.35:
        text = words.place_words(scene.main, scene.place, rng)
        return Query(_written(text, language, rng), place=scene.place)
    light, weather = _time_said(scene)
    text = words.time_words(scene.light, scene.weather, rng)
    return Query(_written(text, language, rng), light=light, weather=weather)


def _of_nothing(scene: Scene, language: str, rng: random.Random) -> Query:
    """What is not there: “without the dog”."""
    absent = sorted(vietnamese.NAMES.keys() - {thing.kind for thing in scene.things})
    kind = rng.choice(absent)
    if language == "vi":
        name = vietnamese.NAMES[kind][0]
    else:
        name = english.NAMES.get(kind, ((kind, f"{kind}s"),))[0][rng.random() < 0.2]
    return Query(_written(WITHOUT[language].format(name), language, rng), missing=kind)


def _casual(text: str, language: str, rng: random.Random) -> str:
    """With or without what people leave out: articles, “một”, classifiers."""
    if language == "en":
        if rng.random() < 0.15:
            text = text.removeprefix("an ").removeprefix("a ")
        return text
    if rng.random() < 0.75:
        text = text.removeprefix("một ")
    if rng.random() < 0.2:
        for classifier in CLASSIFIERS:
            text = text.removeprefix(classifier)
    if rng.random() < 0.3:
        text = text.replace("chiếc ô tô", "xe ô tô")
    return text


def _written(text: str, language: str, rng: random.Random) -> str:
    return without_marks(text) if language == "vi" and rng.random() < WITHOUT_MARKS else text


def _kinds(kind: str, text: str) -> tuple[str, ...]:
    """The kinds that the words in `text` for `kind` are true of."""
    child = kind in CHILDREN and any(word in text.lower() for word in CHILD_WORDS)
    return CHILDREN if child else (kind,)


def _time_said(scene: Scene) -> tuple[str | None, str | None]:
    """(light, weather) as the words for the scene's time say them.

    “in the snow” is true of a night with snow too, and “at night” of a rainy one; only a clear
    day is called “by day”.
    """
    if scene.place == "underwater":
        return None, None
    light = scene.light if scene.light != "day" or scene.weather == "clear" else None
    return light, scene.weather if scene.weather != "clear" else None

"""Captions that name every thing in a picture, in one sentence as a person would write it."""

import random
from collections.abc import Mapping
from types import ModuleType

from timanh.data.scenes import english, vietnamese
from timanh.data.scenes.scene import Scene

LANGUAGES: Mapping[str, ModuleType] = {"en": english, "vi": vietnamese}
AND = {"en": " and ", "vi": " và "}
ABOVE_INDOORS = {"en": ("with {} in the air",), "vi": ("với {} ở phía trên",)}
BELOW = {"en": ("with {} below",), "vi": ("với {} ở bên dưới",)}


def whole_caption(scene: Scene, language: str, rng: random.Random) -> str:
    """The main thing with what it does, what stands beside it, where, when, and what is above it
    or below; without capital and full stop.

    A clear day is not spoken of, as people would not.

    Example:
        >>> whole_caption(scene_of(0, 0), "en", random.Random(0))
        'a red car next to two brown dogs on the street at night'
    """
    words = LANGUAGES[language]
    main = scene.main
    others: dict[str | None, list[str]] = {}
    for thing in scene.things[1:]:
        others.setdefault(thing.relation, []).append(words.noun_phrase(thing, rng))
    above = words.ABOVE if scene.place != "room" else ABOVE_INDOORS[language]
    plain = scene.place == "underwater" or (scene.light, scene.weather) == ("day", "clear")
    parts = [
        words.noun_phrase(main, rng),
        words.action_words(main, rng, coloured=True),
        _beside(words.BESIDE, others.get("next to", []), language, rng),
        words.place_words(main, scene.place, rng),
        None if plain else words.time_words(scene.light, scene.weather, rng),
        _beside(above, others.get("above", []), language, rng),
        _beside(BELOW[language], others.get("below", []), language, rng),
    ]
    return " ".join(part for part in parts if part)


def _beside(
    forms: tuple[str, ...], phrases: list[str], language: str, rng: random.Random
) -> str | None:
    return rng.choice(forms).format(AND[language].join(phrases)) if phrases else None

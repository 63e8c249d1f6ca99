"""A scene with one thing changed, and the words for the change in both languages."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from timanh.data.scenes import english, vietnamese
from timanh.data.scenes.kinds import EIGHT, KINDS
from timanh.data.scenes.scene import Scene


@dataclass(frozen=True)
class Change:
    """`scene` is the target; `en` and `vi` say how to get there from the original."""

    what: str  # colour | light | weather | without
    scene: Scene
    en: str
    vi: str


def changes(scene: Scene) -> Iterator[Change]:
    """Every change that makes sense, with the same layout."""
    yield from _colours(scene)
    if scene.place not in ("underwater", "room"):
        yield from _times(scene)
    for index, thing in enumerate(scene.things[1:], 1):
        left = tuple(other for place, other in enumerate(scene.things) if place != index)
        name = english.NAMES.get(thing.kind, ((thing.kind, f"{thing.kind}s"),))[0]
        yield Change(
            "without",
            replace(scene, things=left),
            f"without the {name[0 if thing.count == 1 else 1]}",
            f"không có {vietnamese.NAMES[thing.kind][0]}",
        )


def _colours(scene: Scene) -> Iterator[Change]:
    main = scene.main
    for colour in KINDS[main.kind].colours:
        if colour != main.colour and colour in EIGHT:
            painted = replace(main, colour=colour)
            yield Change(
                "colour",
                replace(scene, things=(painted, *scene.things[1:])),
                f"the same but {colour}",
                f"giống vậy nhưng {vietnamese.COLOURS[colour][0]}",
            )


def _times(scene: Scene) -> Iterator[Change]:
    rng = random.Random(scene.seed)
    options = [("night", "clear"), ("sunset", "clear"), ("day", "sunny"), ("day", "rainy")]
    if scene.place not in ("desert", "sea", "beach"):
        options.append(("day", "snowy"))
    for light, weather in options:
        if (light, weather) != (scene.light, scene.weather):
            yield Change(
                "light" if light != scene.light else "weather",
                replace(scene, light=light, weather=weather),
                english.time_words(light, weather, rng),
                vietnamese.time_words(light, weather, rng),
            )

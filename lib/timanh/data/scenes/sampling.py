"""Which scene a picture shows: kinds and colours in turn, all else at random but sensible."""

import random
from functools import cache

from timanh.data.scenes.kinds import CITY, ITEMS, KINDS, OUTDOOR_ACTIONS, Kind
from timanh.data.scenes.layout import place_things
from timanh.data.scenes.scene import Scene, Thing

ITEM_COLOURS = ("red", "orange", "yellow", "green", "blue", "purple")
SIZES = ("small", "medium", "medium", "medium", "big")


@cache
def all_pairs() -> tuple[tuple[str, str], ...]:
    """Every (kind, colour) as often as its share says."""
    return tuple(
        (kind.name, colour)
        for kind in KINDS.values()
        for colour in kind.colours
        for _ in range(kind.share)
    )


def scene_of(index: int, seed: int) -> Scene:
    """The scene of picture `index`: in each round every kind comes in each of its colours once.

    Depends on index and seed alone, so a larger gallery begins with the smaller one's pictures.
    """
    pairs = all_pairs()
    turn, position = divmod(index, len(pairs))
    order = list(range(len(pairs)))
    random.Random(f"{seed}/round/{turn}").shuffle(order)
    kind, colour = pairs[order[position]]
    return _sample_scene(random.Random(f"{seed}/{index}"), kind, colour)


def _sample_scene(rng: random.Random, kind: str, colour: str) -> Scene:
    chosen = KINDS[kind]
    place = rng.choice(chosen.places)
    light, weather = _sample_light(rng, place)
    main = _sample_thing(rng, chosen, colour, place, weather)
    things = [main]
    extras = rng.choices((0, 1, 2), (50, 33, 17))[0]
    if main.count > 3:
        extras = min(extras, 1)
    taken = {kind}
    for _ in range(extras):
        extra = _sample_extra(rng, place, weather, taken)
        if extra is not None:
            taken.add(extra.kind)
            things.append(extra)
    return place_things(Scene(place, weather, light, tuple(things), rng.getrandbits(32)), rng)


def _sample_light(rng: random.Random, place: str) -> tuple[str, str]:
    """(light, weather) that go together and with the place."""
    if place == "underwater":
        return "day", "clear"
    light = rng.choices(("day", "night", "sunset"), (58, 26, 16))[0]
    if place == "room":
        return light, "clear"
    if light != "day":
        choices = {"clear": 70, "rainy": 12, "snowy": 10}
    else:
        choices = {"clear": 16, "sunny": 28, "cloudy": 16, "rainy": 16, "snowy": 12, "foggy": 12}
    if place in ("desert", "sea", "beach"):
        choices.pop("snowy")
    return light, rng.choices(list(choices), list(choices.values()))[0]


def _sample_thing(rng: random.Random, kind: Kind, colour: str, place: str, weather: str) -> Thing:
    most = kind.most if kind.group != "person" else 3
    counts = list(range(1, most + 1))
    weights = [60, 22, 14, 9, 7][:most]
    actions = [
        action for action in kind.actions
        if not (action in OUTDOOR_ACTIONS and place in ("room", "forest"))
        and not (action == "eating grass" and (weather == "snowy" or place in ("desert", "beach")))
        and not (action == "reading" and weather in ("rainy", "snowy"))
    ]  # fmt: skip
    action = rng.choice(actions)
    if kind.group == "person" and weather == "rainy" and rng.random() < 0.5:
        action = "holding an umbrella"
    count = rng.choices(counts, weights)[0]
    item = ITEMS[action][0] if action in ITEMS else None
    if item is not None:
        count = min(count, 2)
    paint = None
    if item is not None:
        paint = rng.choice([each for each in ITEM_COLOURS if each != colour])
    size = rng.choice(SIZES) if kind.group != "person" else "medium"
    return Thing(kind.name, colour, count, size, action, None, item, paint)


def _sample_extra(rng: random.Random, place: str, weather: str, taken: set[str]) -> Thing | None:
    """Something else that fits the place; single or two, so that there is room."""
    fitting = [
        kind for kind in KINDS.values()
        if place in kind.places and kind.name not in taken and kind.lane != "rails"
        and not (kind.group == "person" and any(KINDS[name].group == "person" for name in taken))
        and not (place in CITY and kind.name in ("boat", "house"))
    ]  # fmt: skip
    if not fitting:
        return None
    kind = rng.choice(fitting)
    thing = _sample_thing(rng, kind, rng.choice(kind.colours), place, weather)
    single = Thing(kind.name, thing.colour, min(thing.count, 2), "medium", thing.action)
    if thing.item is not None:
        return Thing(kind.name, thing.colour, 1, "medium", "waving")
    return single

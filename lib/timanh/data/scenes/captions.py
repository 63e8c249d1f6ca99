"""Which facts each of a picture's five captions states; the same for both languages.

A caption is a list of parts in order: "main", "second", "place", "time" (light and weather), each
turned into words by a language. Four of the five say enough to find the picture among hundreds;
the fifth is as short as a query: "a red car", "two dogs on the beach".
"""

import random
from dataclasses import dataclass

from timanh.data.scenes.scene import Scene, Thing

FIRST_FOUR = (
    ("main", "place", "time"),
    ("main", "second", "place"),
    ("time", "main", "second", "place"),
    ("there", "main", "place", "time"),
    ("main", "second", "place", "time"),
    ("picture", "main", "second", "time"),
    ("place", "main", "time"),
)
BARE = ("main",)
SHORT = (
    *(BARE, BARE), ("main", "time"), ("main", "place"), ("main", "second"),
    ("main", "place", "time"),
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """One caption: its parts, and what is mentioned of the main thing."""

    parts: tuple[str, ...]
    with_action: bool
    with_size: bool
    with_colour: bool
    seed: int


def plans(scene: Scene) -> list[Plan]:
    """Five plans, drawn from the scene's own seed."""
    rng = random.Random(scene.seed ^ 0x5EED)
    whole = [_plan(parts, scene, rng) for parts in rng.sample(FIRST_FOUR, 4)]
    short, acting = rng.choice(SHORT), rng.random() < 0.5
    # "a child flying a kite" is worth asking for, "a kite" alone is not.
    coloured = (short == BARE and not acting) or rng.random() < 0.6
    return [*whole, Plan(short, acting, False, coloured, rng.getrandbits(32))]


def _plan(parts: tuple[str, ...], scene: Scene, rng: random.Random) -> Plan:
    if len(scene.things) == 1:
        # Nothing stands beside it: describe the place and the weather instead.
        parts = tuple(dict.fromkeys("place" if part == "second" else part for part in parts))
        if "time" not in parts and len(parts) > 2:
            parts = (*parts, "time")
    return Plan(parts, rng.random() < 0.8, rng.random() < 0.6, True, rng.getrandbits(32))


def second_of(scene: Scene, rng: random.Random) -> Thing | None:
    """The other thing that a caption speaks of."""
    others = scene.things[1:]
    return rng.choice(others) if others else None

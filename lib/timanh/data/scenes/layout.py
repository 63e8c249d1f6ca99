"""Where things stand, so that none hides another."""

import random
from dataclasses import replace

from timanh.data.scenes.kinds import ITEMS, KINDS
from timanh.data.scenes.scene import Scene, Spot, Thing

SIZE = {"small": 0.72, "medium": 1.0, "big": 1.32}
AIR, DEEP = "air", "deep"
WIDTH = 0.94  # share of the picture's width that a row may fill
# Highest share of the picture that a thing may take in its row.
TALLEST = {"low": 0.62, "air": 0.36, "deep": 0.5}


def place_things(scene: Scene, rng: random.Random) -> Scene:
    """The scene with a spot for each piece of each thing, side by side in rows."""
    rows: dict[str, list[int]] = {}
    for index, thing in enumerate(scene.things):
        rows.setdefault(_row_of(thing), []).append(index)
    spots: dict[int, tuple[Spot, ...]] = {}
    for row, members in rows.items():
        order = members[:]
        rng.shuffle(order)
        alone = len(rows) == 1
        spots.update(_fill(row, [scene.things[i] for i in order], order, scene.place, alone, rng))
    things = tuple(
        replace(thing, spots=spots[index], relation=_relation(scene.things[0], thing, index))
        for index, thing in enumerate(scene.things)
    )
    return replace(scene, things=things)


def _row_of(thing: Thing) -> str:
    lane = KINDS[thing.kind].lane
    return lane if lane in (AIR, DEEP) else "low"


def _relation(main: Thing, thing: Thing, index: int) -> str | None:
    if index == 0:
        return None
    if _row_of(main) == _row_of(thing):
        return "next to"
    return "above" if _row_of(thing) == AIR else "below"


def _measures(thing: Thing) -> tuple[float, float, float]:
    """(width, height, scale) of one piece with what it holds."""
    kind = KINDS[thing.kind]
    width, height = kind.width, kind.height
    if thing.action in ITEMS:
        width = max(width, ITEMS[thing.action][1])
        height += 0.5 if thing.item in ("umbrella", "balloon", "kite") else 0
    elif thing.action in ("sitting", "waving", "jumping") and kind.group == "person":
        width, height = 1.25, height + 0.1
    return width, height, kind.scale * SIZE[thing.size]


def _fill(
    row: str, things: list[Thing], order: list[int], place: str, alone: bool, rng: random.Random
) -> dict[int, tuple[Spot, ...]]:
    pieces = [(index, thing) for index, thing in zip(order, things, strict=True)
              for _ in range(thing.count)]  # fmt: skip
    total = sum(width * scale for width, _, scale in map(_measures, (t for _, t in pieces)))
    shrink = min(1.0, WIDTH / total)
    tallest = max(height * scale for _, height, scale in map(_measures, (t for _, t in pieces)))
    room = TALLEST[row] * (1.2 if alone else 1.0)
    shrink = min(shrink, room / tallest)
    gaps = [rng.random() + 0.2 for _ in range(len(pieces) + 1)]
    gap = (1 - 0.03 - total * shrink) / sum(gaps)
    x = 0.015 + gaps[0] * gap
    spots: dict[int, list[Spot]] = {index: [] for index in order}
    for number, (index, thing) in enumerate(pieces):
        width, height, scale = _measures(thing)
        size = scale * shrink
        spot = Spot(
            round(x + width * size / 2, 4),
            round(_height(row, thing, place, height * size, alone, rng), 4),
            round(size, 4),
            rng.random() < 0.5,
        )
        spots[index].append(spot)
        x += width * size + gaps[number + 1] * gap
    return {index: tuple(places) for index, places in spots.items()}


def _height(
    row: str, thing: Thing, place: str, tall: float, alone: bool, rng: random.Random
) -> float:
    if row == DEEP:
        return rng.uniform(max(0.2, tall / 2), min(0.74, 0.95 - tall / 2))
    if row == AIR:
        low = 0.44 if alone else 0.3
        return rng.uniform(0.06 + tall / 2, max(low, 0.06 + tall / 2 + 0.02))
    lane = KINDS[thing.kind].lane
    if lane == "water":
        return {"beach": 0.66, "lake": 0.76}.get(place, rng.uniform(0.74, 0.86))
    if lane == "road" and place in ("street", "city"):
        return rng.uniform(0.84, 0.91)
    return rng.uniform(0.86, 0.94)

"""What many scenes show, as arrays: which texts are true of which, and where things stand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from timanh.data.scenes.kinds import COLOURS, KINDS, PLACES
from timanh.data.scenes.queries import NamedThing, Query
from timanh.data.scenes.scene import Scene, Spot, Thing

Bools = NDArray[np.bool_]
Ints = NDArray[np.int16]
Floats = NDArray[np.float32]

MOST_THINGS, MOST_PIECES = 3, 8
ITEMS = ("umbrella", "balloon", "bicycle", "kite", "ball", "book")
ACTIONS = tuple(sorted({action for kind in KINDS.values() for action in kind.actions if action}))
LIGHTS = ("day", "sunset", "night")
WEATHERS = ("clear", "sunny", "cloudy", "rainy", "snowy", "foggy")
# Names to numbers; -1 stands for none.
KIND_OF = {name: number for number, name in enumerate(KINDS)}
COLOUR_OF = {name: number for number, name in enumerate(COLOURS)}
ACTION_OF = {name: number for number, name in enumerate(ACTIONS)}
ITEM_OF = {name: number for number, name in enumerate(ITEMS)}
PLACE_OF = {name: number for number, name in enumerate(PLACES)}
LIGHT_OF = {name: number for number, name in enumerate(LIGHTS)}
WEATHER_OF = {name: number for number, name in enumerate(WEATHERS)}
FIELDS = ("kind", "colour", "count", "action", "item", "item_colour")


@dataclass(frozen=True)
class Truth:
    """N scenes.

    Attributes:
        things: (N, 3, 6) numbers of what is known of each thing, by `FIELDS`; -1 for none.
        scene: (N, 3) numbers of place, light and weather.
        boxes: (N, 8, 4) left, top, right, bottom of each piece in parts of the picture; pieces
            that stand in front come later.
        pieces: (N, 8, 3) its kind, colour and action; kind -1 where there is no further piece.
    """

    things: Ints
    scene: Ints
    boxes: Floats
    pieces: Ints

    @classmethod
    def of(cls, scenes: Sequence[Scene]) -> "Truth":
        """The truth of the scenes, in their order."""
        count = len(scenes)
        things = np.full((count, MOST_THINGS, len(FIELDS)), -1, np.int16)
        places = np.zeros((count, 3), np.int16)
        boxes = np.zeros((count, MOST_PIECES, 4), np.float32)
        pieces = np.full((count, MOST_PIECES, 3), -1, np.int16)
        for row, scene in enumerate(scenes):
            places[row] = (
                PLACE_OF[scene.place], LIGHT_OF[scene.light], WEATHER_OF[scene.weather],
            )  # fmt: skip
            for column, thing in enumerate(scene.things):
                things[row, column] = _numbers(thing)
            standing = [(spot, thing) for thing in scene.things for spot in thing.spots]
            standing.sort(key=lambda piece: (KINDS[piece[1].kind].lane == "air", piece[0].y))
            for column, (spot, thing) in enumerate(standing[:MOST_PIECES]):
                boxes[row, column] = _box(spot, thing)
                pieces[row, column] = _numbers(thing)[[0, 1, 3]]
        return cls(things, places, boxes, pieces)

    def __getitem__(self, rows: NDArray[np.int64]) -> "Truth":
        return Truth(self.things[rows], self.scene[rows], self.boxes[rows], self.pieces[rows])

    def answers(self, queries: Sequence[Query], owners: Sequence[int]) -> tuple[Bools, Bools]:
        """Which texts are true of which scenes, and of which that is not known.

        Args:
            queries: M texts.
            owners: M rows, of the scene that each text was made for.

        Returns:
            right, unknown: (N, M) each. A whole caption is right for its owner alone, and not
            known for other scenes of which what is known of it is true.
        """
        true = np.stack([self._true(query) for query in queries], 1)
        whole = np.array([query.whole for query in queries])
        own = np.zeros_like(true)
        own[np.asarray(owners), np.arange(len(queries))] = True
        right = np.where(whole, own, true)
        unsure = true | np.stack([self._possible(query) for query in queries], 1)
        return right, unsure & ~right

    def _true(self, query: Query) -> Bools:
        found = np.ones(len(self.scene), np.bool_)
        for said, numbers, column in (
            (query.place, PLACE_OF, 0), (query.light, LIGHT_OF, 1), (query.weather, WEATHER_OF, 2),
        ):  # fmt: skip
            if said is not None:
                found &= self.scene[:, column] == numbers[said]
        for named in query.things:
            found &= self._shows(named).any(1)
        if query.missing is not None:
            found &= ~(self.things[:, :, 0] == KIND_OF[query.missing]).any(1)
        if query.main_colour is not None:
            found &= self.things[:, 0, 1] == COLOUR_OF[query.main_colour]
        return found

    def _possible(self, query: Query) -> Bools:
        """Scenes of which the text may be said, though it was not meant for them."""
        if query.main_colour is None:
            return np.zeros(len(self.scene), np.bool_)
        somewhere: Bools = (self.things[:, :, 1] == COLOUR_OF[query.main_colour]).any(1)
        return somewhere

    def _shows(self, named: NamedThing) -> Bools:
        """(N, 3): which things are as it is said."""
        found = np.isin(self.things[:, :, 0], [KIND_OF[kind] for kind in named.kinds])
        for said, numbers, column in (
            (named.colour, COLOUR_OF, 1), (named.action, ACTION_OF, 3),
            (named.item, ITEM_OF, 4), (named.item_colour, COLOUR_OF, 5),
        ):  # fmt: skip
            if said is not None:
                found &= self.things[:, :, column] == numbers[said]
        if named.count is not None:
            found &= self.things[:, :, 2] == named.count
        return found

    def grid(self, side: int) -> NDArray[np.int64]:
        """(N, side, side, 3): kind, colour and action of what stands in each cell; -1 for none.

        A cell belongs to the foremost piece whose box its middle is in; a piece smaller than a
        cell has the one that its own middle is in.
        """
        middles = (np.arange(side) + 0.5) / side
        half = np.maximum((self.boxes[..., 2:] - self.boxes[..., :2]) / 2, 0.5 / side)
        centre = (self.boxes[..., 2:] + self.boxes[..., :2]) / 2  # (N, 8, 2)
        near = np.abs(middles - centre[..., None]) <= half[..., None]  # (N, 8, 2, side)
        there = near[:, :, 1, :, None] & near[:, :, 0, None, :]  # (N, 8, rows, columns)
        there &= (self.pieces[:, :, 0] >= 0)[:, :, None, None]
        order = np.arange(1, MOST_PIECES + 1)[None, :, None, None]
        foremost = (there * order).max(1)  # 0 where nothing stands
        padded = np.concatenate([np.full_like(self.pieces[:, :1], -1), self.pieces], 1)
        rows = np.arange(len(padded))[:, None, None]
        standing: NDArray[np.int64] = padded[rows, foremost].astype(np.int64)
        return standing

    def mirrored(self, flipped: Bools) -> "Truth":
        """The same with some of the pictures (N, bool) turned left to right."""
        boxes = self.boxes.copy()
        boxes[flipped, :, 0] = 1 - self.boxes[flipped, :, 2]
        boxes[flipped, :, 2] = 1 - self.boxes[flipped, :, 0]
        return Truth(self.things, self.scene, boxes, self.pieces)

    def moved(self, by: Floats) -> "Truth":
        """The same with the pictures moved by (N, 2) parts of their side, right and down."""
        boxes = self.boxes + np.tile(by, 2)[:, None]
        return Truth(self.things, self.scene, boxes, self.pieces)


def _numbers(thing: Thing) -> Ints:
    return np.array(
        [
            KIND_OF[thing.kind],
            COLOUR_OF[thing.colour],
            thing.count,
            ACTION_OF.get(thing.action or "", -1),
            ITEM_OF.get(thing.item or "", -1),
            COLOUR_OF.get(thing.item_colour or "", -1),
        ],
        np.int16,
    )


def _box(spot: Spot, thing: Thing) -> tuple[float, float, float, float]:
    """What a piece covers, without what a person holds."""
    kind = KINDS[thing.kind]
    width, height = kind.width * spot.scale, kind.height * spot.scale
    bottom = spot.y + height / 2 if kind.lane in ("air", "deep") else spot.y
    return (spot.x - width / 2, bottom - height, spot.x + width / 2, bottom)

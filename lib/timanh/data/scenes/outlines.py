"""Where the things of a scene are in its picture: each is drawn alone."""

import random

import numpy as np
from numpy.typing import NDArray

from timanh.data.scenes.canvas import Canvas
from timanh.data.scenes.rendering import OVERSAMPLING, draw_piece, far_first
from timanh.data.scenes.scene import Scene

Box = tuple[float, float, float, float]  # left, top, right, bottom in parts of the picture, 0..1
SOLID = 0.5  # how opaque a pixel of a thing is at least; shadows are not


def outlines(scene: Scene, size: int = 224) -> list[list[NDArray[np.bool_]]]:
    """Of each thing, for each of its pieces: (size, size), the pixels that it covers.

    What a person holds belongs to the person; rails and shadows belong to nothing. A part that
    another thing hides is covered all the same.
    """
    found: list[list[NDArray[np.bool_]]] = [[] for _ in scene.things]
    looks = random.Random(scene.seed + 1)
    for spot, thing in far_first(scene):
        look = looks.randrange(64)
        drawn = []
        for colour in (0, 255):
            canvas = Canvas(scene, size * OVERSAMPLING)
            canvas.image.paste((colour,) * 3, (0, 0, canvas.side, canvas.side))
            draw_piece(canvas, thing, spot, look, rails=False)
            drawn.append(np.asarray(canvas.image.reduce(OVERSAMPLING), np.float32))
        # On white and on black, what is opaque looks the same.
        opaque = 1 - (drawn[1] - drawn[0]).mean(2) / 255
        found[scene.things.index(thing)].append(opaque > SOLID)
    return found


def boxes(scene: Scene, size: int = 224) -> list[list[Box]]:
    """Of each thing, for each of its pieces: the box around what `outlines` finds.

    A piece that is smaller than a pixel has none.
    """
    return [[_box(mask) for mask in pieces if mask.any()] for pieces in outlines(scene, size)]


def _box(mask: NDArray[np.bool_]) -> Box:
    side = len(mask)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return (
        float(columns[0]) / side, float(rows[0]) / side,
        float(columns[-1] + 1) / side, float(rows[-1] + 1) / side,
    )  # fmt: skip

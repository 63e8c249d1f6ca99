"""From a scene to its picture; the same scene and size give the same pixels."""

import random
from dataclasses import replace

from PIL import Image

from timanh.data.scenes import animals, objects, vehicles
from timanh.data.scenes.backdrops import draw_backdrop, draw_weather
from timanh.data.scenes.canvas import Canvas
from timanh.data.scenes.colours import Paint, tone_of
from timanh.data.scenes.kinds import KINDS
from timanh.data.scenes.pen import Pen
from timanh.data.scenes.people import person
from timanh.data.scenes.scene import Scene, Spot, Thing

OVERSAMPLING = 3
DRAW = {**vehicles.DRAW, **animals.DRAW, **objects.DRAW}
# Things keep most of their colour at night, so that red stays red.
THING_TONE = 0.42


def render(scene: Scene, size: int = 224) -> Image.Image:
    """An RGB picture of `size` × `size` pixels, drawn larger and reduced."""
    canvas = Canvas(scene, size * OVERSAMPLING)
    draw_backdrop(canvas)
    looks = random.Random(scene.seed + 1)
    for spot, thing in far_first(scene):
        draw_piece(canvas, thing, spot, looks.randrange(64))
    draw_weather(canvas)
    return canvas.image.reduce(OVERSAMPLING)


def far_first(scene: Scene) -> list[tuple[Spot, Thing]]:
    """Each piece of each thing, in the order in which they are drawn."""
    pieces = [(spot, thing) for thing in scene.things for spot in thing.spots]
    return sorted(pieces, key=lambda piece: (KINDS[piece[1].kind].lane == "air", piece[0].y))


def draw_piece(canvas: Canvas, thing: Thing, spot: Spot, looks: int, *, rails: bool = True) -> None:
    """One piece of a thing at its spot.

    Args:
        looks: 0..63, chooses hair and skin of a person.
        rails: those under a train too.
    """
    pen = Pen(
        canvas.draw, spot.x * canvas.side, spot.y * canvas.side, spot.scale * canvas.side,
        spot.flip, tone=tone_of(canvas.scene.light, canvas.scene.weather, THING_TONE),
    )  # fmt: skip
    kind = KINDS[thing.kind]
    paint = Paint.of(thing.colour)
    if kind.lane == "rails" and rails:
        _rails(replace(pen, flip=False))
    if kind.group == "person":
        item = Paint.of(thing.item_colour) if thing.item_colour else None
        person(pen, thing.kind, paint, thing.action, item, looks)
    else:
        DRAW[thing.kind](pen, paint, thing.action)


def _rails(pen: Pen) -> None:
    for tie in range(-9, 10):
        pen.box(tie * 0.45 - 0.08, -0.12, tie * 0.45 + 0.08, 0.0, (120, 92, 72))
    pen.box(-9, -0.04, 9, 0.01, (150, 154, 164))

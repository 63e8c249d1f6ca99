"""Things that do not move by themselves; foot (or middle, in the air) at (0, 0)."""

import math

from timanh.data.scenes.colours import INK, PAPER, Colour, Paint, clear
from timanh.data.scenes.pen import Pen

WOOD: Colour = (140, 98, 62)
STEM: Colour = (64, 140, 72)


def house(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.oval(0, 0.02, 0.9, 0.06, clear(INK, 50))
    pen.box(0.34, 1.1, 0.52, 1.6, (150, 90, 80))
    pen.box(-0.7, 0.0, 0.7, 0.98, paint.base)
    pen.box(-0.7, 0.0, 0.7, 0.1, paint.dark)
    pen.poly([(-0.86, 0.94), (0.86, 0.94), (0.0, 1.62)], (134, 74, 62))
    pen.poly([(0.0, 1.62), (0.86, 0.94), (0.6, 0.94)], (112, 60, 52))
    pen.box(-0.16, 0.0, 0.18, 0.56, WOOD, 0.03)
    pen.disc(0.11, 0.28, 0.03, (246, 214, 120))
    for x in (-0.45, 0.47):
        pen.box(x - 0.15, 0.42, x + 0.15, 0.74, PAPER)
        pen.box(x - 0.12, 0.45, x + 0.12, 0.71, (255, 226, 140))
        pen.line([(x, 0.45), (x, 0.71)], 0.025, PAPER)
        pen.line([(x - 0.12, 0.58), (x + 0.12, 0.58)], 0.025, PAPER)


def tree(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.oval(0, 0.02, 0.5, 0.06, clear(INK, 50))
    pen.limb([(0, 0), (0.02, 0.5), (0, 0.9)], 0.22, 0.14, (118, 80, 52))
    pen.line([(0.02, 0.6), (0.24, 0.9)], 0.07, (118, 80, 52))
    for x, y, r in ((-0.3, 0.98, 0.28), (0.3, 1.0, 0.27), (0.0, 0.92, 0.3)):
        pen.disc(x, y, r, paint.dark)
    for x, y, r in ((-0.2, 1.2, 0.32), (0.2, 1.24, 0.31), (0.0, 1.42, 0.32)):
        pen.disc(x, y, r, paint.base)
    for x, y, r in ((-0.16, 1.44, 0.1), (0.1, 1.56, 0.09), (0.22, 1.3, 0.08), (-0.3, 1.2, 0.08)):
        pen.disc(x, y, r, paint.light)


def flower(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.curve([(0, 0), (0.04, 0.5), (0, 1.0)], 0.07, STEM)
    pen.blob([(0.02, 0.3), (0.24, 0.52), (0.36, 0.48), (0.2, 0.28)], STEM)
    pen.blob([(0.02, 0.2), (-0.24, 0.44), (-0.34, 0.36), (-0.16, 0.16)], (54, 122, 62))
    for index in range(7):
        angle = 2 * math.pi * index / 7
        x, y = 0.22 * math.cos(angle), 1.05 + 0.22 * math.sin(angle)
        pen.oval(x, y, 0.19, 0.11, paint.base if index % 2 else paint.light, angle)
    centre = (250, 200, 60) if paint.name != "yellow" else (150, 92, 40)
    pen.disc(0, 1.05, 0.13, centre)


def ball(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.oval(0, 0.02, 0.46, 0.07, clear(INK, 60))
    pen.disc(0, 0.48, 0.47, paint.base)
    pen.pie(0, 0.48, 0.47, 0.47, 60, 120, paint.trim)
    pen.pie(0, 0.48, 0.47, 0.47, 240, 300, paint.trim)
    pen.oval(0, 0.48, 0.16, 0.46, paint.dark)
    pen.oval(0, 0.48, 0.11, 0.45, paint.base)
    pen.oval(-0.18, 0.68, 0.1, 0.07, clear((255, 255, 255), 150), 0.7)


def umbrella(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.line([(0, 0.06), (0, 1.4)], 0.05, WOOD)
    pen.curve([(0, 0.1), (0.02, 0.0), (0.12, 0.0), (0.13, 0.1)], 0.05, WOOD)
    pen.pie(0, 0.86, 0.7, 0.6, 0, 180, paint.base)
    for x in (-0.47, 0.0, 0.47):
        pen.pie(x, 0.86, 0.235, 0.1, 0, 180, paint.dark)
    pen.blob([(0, 1.46), (-0.22, 1.2), (-0.24, 0.9), (-0.12, 0.92)], paint.light)
    pen.line([(0, 1.44), (0, 1.52)], 0.04, WOOD)


def balloon(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.curve([(0, -0.1), (0.07, -0.4), (-0.04, -0.75)], 0.02, (120, 120, 130))
    pen.blob([(0, 0.75), (0.34, 0.58), (0.36, 0.26), (0.0, -0.06), (-0.36, 0.26), (-0.34, 0.58)],
             paint.base)  # fmt: skip
    pen.poly([(0, -0.04), (0.08, -0.15), (-0.08, -0.15)], paint.dark)
    pen.oval(-0.15, 0.5, 0.07, 0.14, clear((255, 255, 255), 150), 0.4)


def kite(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.curve([(0, -0.1), (0.1, -0.4), (-0.08, -0.6), (0.04, -0.8)], 0.02, (110, 110, 120))
    for x, y in ((0.08, -0.36), (-0.06, -0.56)):
        pen.poly([(x - 0.1, y + 0.06), (x + 0.1, y - 0.06), (x + 0.1, y + 0.06), (x - 0.1, y - 0.06)],
                 paint.light)  # fmt: skip
    pen.poly([(0, 0.8), (0.48, 0.36), (0, -0.1), (-0.48, 0.36)], paint.base)
    pen.poly([(0, 0.8), (0.48, 0.36), (0, 0.36)], paint.dark)
    pen.poly([(0, -0.1), (-0.48, 0.36), (0, 0.36)], paint.light)
    pen.line([(0, 0.8), (0, -0.1)], 0.025, PAPER)
    pen.line([(-0.48, 0.36), (0.48, 0.36)], 0.025, PAPER)


def chair(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.oval(0, 0.02, 0.45, 0.05, clear(INK, 50))
    for x in (-0.36, 0.36):
        pen.line([(x, 0.03), (x, 0.6)], 0.08, paint.dark)
    for x in (-0.2, 0.24):
        pen.line([(x, 0.1), (x, 0.6)], 0.06, paint.dark)
    pen.line([(-0.38, 0.6), (-0.42, 1.3)], 0.09, paint.dark)
    pen.line([(0.2, 0.6), (0.16, 1.3)], 0.09, paint.dark)
    pen.box(-0.46, 0.84, 0.2, 1.3, paint.base, 0.1)
    pen.box(-0.44, 0.54, 0.44, 0.7, paint.base, 0.06)


def cup(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.oval(0, 0.03, 0.56, 0.08, (214, 214, 222))
    pen.ring(0.4, 0.36, 0.18, 0.08, paint.dark)
    pen.blob([(-0.4, 0.62), (0.4, 0.62), (0.36, 0.2), (0.2, 0.06), (-0.2, 0.06), (-0.36, 0.2)],
             paint.base)  # fmt: skip
    pen.oval(0, 0.62, 0.41, 0.1, paint.light)
    pen.oval(0, 0.61, 0.34, 0.07, (104, 64, 44))
    for x in (-0.12, 0.1):
        pen.curve([(x, 0.7), (x + 0.06, 0.8), (x - 0.02, 0.92)], 0.03, clear((255, 255, 255), 150))


def tent(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.oval(0, 0.02, 1.0, 0.06, clear(INK, 50))
    pen.poly([(-0.9, 0), (0, 1.18), (0.9, 0)], paint.base)
    pen.poly([(0, 1.18), (0.9, 0), (0.5, 0)], paint.dark)
    pen.poly([(-0.28, 0), (0, 0.86), (0.28, 0)], (58, 50, 60))
    pen.poly([(-0.28, 0), (0, 0.86), (-0.12, 0)], paint.light)
    pen.line([(-0.06, 1.24), (0.06, 1.1)], 0.04, WOOD)


def gift(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.oval(0, 0.02, 0.55, 0.06, clear(INK, 50))
    ribbon = (250, 206, 70) if paint.name not in ("yellow", "orange") else (214, 52, 64)
    pen.box(-0.46, 0.0, 0.46, 0.72, paint.base)
    pen.box(-0.5, 0.62, 0.5, 0.84, paint.light, 0.03)
    pen.box(-0.09, 0.0, 0.09, 0.84, ribbon)
    for side in (-1, 1):
        pen.blob([(0, 0.84), (side * 0.16, 1.12), (side * 0.36, 1.08), (side * 0.3, 0.9)], ribbon)
    pen.disc(0, 0.88, 0.08, ribbon)


def teddy_bear(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.oval(0, 0.02, 0.5, 0.05, clear(INK, 50))
    for side in (-1, 1):
        pen.oval(side * 0.36, 0.14, 0.2, 0.15, paint.base, side * 0.3)
        pen.disc(side * 0.42, 0.14, 0.09, paint.light)
        pen.oval(side * 0.4, 0.5, 0.11, 0.22, paint.base, -side * 0.6)
        pen.disc(side * 0.26, 1.2, 0.13, paint.base)
        pen.disc(side * 0.26, 1.2, 0.07, paint.light)
    pen.oval(0, 0.38, 0.34, 0.36, paint.base)
    pen.oval(0, 0.36, 0.2, 0.23, paint.light)
    pen.oval(0, 0.96, 0.35, 0.31, paint.base)
    pen.oval(0, 0.87, 0.16, 0.12, paint.light)
    pen.oval(0, 0.92, 0.06, 0.04, (40, 32, 34))
    for x in (-0.14, 0.14):
        pen.disc(x, 1.04, 0.045, (30, 26, 30))


def book(pen: Pen, paint: Paint, action: str | None) -> None:
    """An open book, held in hands: middle at (0, 0)."""
    pen.poly([(-0.26, 0.12), (0, 0.02), (0.26, 0.12), (0.26, -0.1), (0, -0.18), (-0.26, -0.1)],
             paint.base)  # fmt: skip
    pen.poly([(-0.22, 0.13), (0, 0.04), (0, -0.13), (-0.22, -0.06)], PAPER)
    pen.poly([(0.22, 0.13), (0, 0.04), (0, -0.13), (0.22, -0.06)], (238, 236, 228))


DRAW = {
    "house": house, "tree": tree, "flower": flower, "ball": ball, "umbrella": umbrella,
    "balloon": balloon, "kite": kite, "chair": chair, "cup": cup, "tent": tent, "gift": gift,
    "teddy bear": teddy_bear,
}  # fmt: skip

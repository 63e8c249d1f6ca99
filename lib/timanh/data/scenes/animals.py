"""Animals, looking to the right; foot (or middle, in air and water) at (0, 0)."""

from timanh.data.scenes.colours import INK, PAPER, Colour, Paint, clear
from timanh.data.scenes.pen import Pen

PINK: Colour = (240, 160, 160)
BEAK: Colour = (246, 160, 40)


def _shadow(pen: Pen, half: float) -> None:
    pen.oval(0, 0.02, half, 0.06, clear(INK, 50))


def _eye(pen: Pen, x: float, y: float, r: float = 0.045) -> None:
    pen.disc(x, y, r * 1.5, PAPER)
    pen.disc(x + r * 0.3, y, r, (24, 22, 28))


def _legs(
    pen: Pen, paint: Paint, feet: list[tuple[float, float]], top: float, width: float
) -> None:
    """Straight or striding legs: (hip x, foot x) each."""
    for index, (hip, foot) in enumerate(feet):
        colour = paint.dark if index % 2 else paint.base
        pen.limb(
            [(hip, top), ((hip + foot) / 2, top / 2), (foot, 0.05)], width, width * 0.7, colour
        )


def _strides(action: str | None, spread: float) -> list[tuple[float, float]]:
    """Legs of a four-footed animal with hips at ±spread."""
    if action == "running":
        return [(-spread, -spread - 0.3), (-spread, -spread + 0.2),
                (spread, spread + 0.32), (spread, spread - 0.12)]  # fmt: skip
    if action == "walking":
        return [(-spread, -spread - 0.12), (-spread, -spread + 0.12),
                (spread, spread + 0.14), (spread, spread - 0.1)]  # fmt: skip
    return [(-spread - 0.06, -spread - 0.06), (-spread + 0.1, -spread + 0.1),
            (spread - 0.1, spread - 0.1), (spread + 0.06, spread + 0.06)]  # fmt: skip


def dog(pen: Pen, paint: Paint, action: str | None) -> None:
    _shadow(pen, 0.7)
    if action == "sitting":
        pen.blob([(-0.42, 0.04), (-0.46, 0.36), (-0.1, 0.82), (0.16, 0.8), (0.2, 0.3), (0.22, 0.02)],
                 paint.base)  # fmt: skip
        pen.limb([(0.12, 0.5), (0.14, 0.05)], 0.16, 0.12, paint.dark)
        pen.limb([(-0.42, 0.1), (-0.66, 0.2), (-0.72, 0.42)], 0.1, 0.05, paint.base)
        head = pen.at(0.2, 0.9)
    else:
        lift = pen.at(0, 0.22, 1, 0.22) if action == "jumping" else pen
        _legs(lift, paint, _strides("running" if action == "jumping" else action, 0.36), 0.46, 0.15)
        lift.blob([(-0.52, 0.5), (-0.4, 0.74), (0.3, 0.78), (0.52, 0.66), (0.4, 0.42), (-0.4, 0.38)],
                  paint.base)  # fmt: skip
        lift.limb([(-0.48, 0.66), (-0.7, 0.84), (-0.72, 1.02)], 0.11, 0.05, paint.base)
        head = lift.at(0.52, 0.86)
    head.blob([(-0.22, -0.06), (-0.16, 0.2), (0.1, 0.22), (0.2, 0.06), (0.4, 0.02), (0.4, -0.12),
               (0.12, -0.18), (-0.14, -0.2)], paint.base)  # fmt: skip
    head.blob([(-0.2, 0.18), (-0.06, 0.16), (-0.1, -0.16), (-0.24, -0.18), (-0.3, 0.0)], paint.dark)
    head.oval(0.38, 0.0, 0.06, 0.05, (30, 26, 30))
    _eye(head, 0.1, 0.08)
    head.line([(-0.18, -0.2), (0.1, -0.2)], 0.06, (206, 60, 60))


def cat(pen: Pen, paint: Paint, action: str | None) -> None:
    _shadow(pen, 0.55)
    if action == "sleeping":
        pen.oval(-0.02, 0.26, 0.56, 0.27, paint.base)
        pen.curve([(-0.5, 0.2), (-0.3, 0.04), (0.1, 0.03), (0.36, 0.1)], 0.13, paint.dark)
        head = pen.at(0.36, 0.3)
    elif action == "walking":
        _legs(pen, paint, _strides("walking", 0.3), 0.42, 0.12)
        pen.blob([(-0.46, 0.46), (-0.36, 0.66), (0.3, 0.66), (0.44, 0.5), (0.3, 0.36), (-0.36, 0.34)],
                 paint.base)  # fmt: skip
        pen.limb([(-0.42, 0.56), (-0.62, 0.8), (-0.5, 1.06)], 0.1, 0.07, paint.base)
        head = pen.at(0.46, 0.76)
    else:
        pen.limb([(-0.26, 0.1), (-0.56, 0.1), (-0.58, 0.42)], 0.11, 0.08, paint.base)
        pen.blob([(-0.36, 0.02), (-0.36, 0.36), (-0.1, 0.76), (0.16, 0.74), (0.26, 0.3), (0.26, 0.02)],
                 paint.base)  # fmt: skip
        pen.limb([(0.12, 0.44), (0.14, 0.05)], 0.12, 0.1, paint.dark)
        head = pen.at(0.1, 0.86)
    head.poly([(-0.24, 0.06), (-0.22, 0.36), (-0.02, 0.2)], paint.base)
    head.poly([(0.24, 0.06), (0.22, 0.36), (0.02, 0.2)], paint.base)
    head.poly([(-0.19, 0.14), (-0.18, 0.28), (-0.08, 0.2)], PINK)
    head.poly([(0.19, 0.14), (0.18, 0.28), (0.08, 0.2)], PINK)
    head.oval(0, 0, 0.27, 0.23, paint.base)
    for x in (-0.1, 0.1):
        if action == "sleeping":
            head.curve([(x - 0.05, 0.03), (x, 0.0), (x + 0.05, 0.03)], 0.025, INK)
        else:
            head.oval(x, 0.03, 0.05, 0.06, (120, 190, 110))
            head.oval(x, 0.03, 0.02, 0.055, (20, 20, 24))
    head.poly([(-0.035, -0.05), (0.035, -0.05), (0, -0.09)], PINK)
    for y in (-0.06, -0.11):
        head.line([(-0.38, y), (-0.12, -0.08)], 0.014, (120, 116, 124))
        head.line([(0.38, y), (0.12, -0.08)], 0.014, (120, 116, 124))


def bird(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.poly([(-0.36, 0.02), (-0.7, 0.16), (-0.68, -0.08)], paint.dark)
    pen.blob([(-0.44, 0.0), (-0.1, 0.18), (0.3, 0.16), (0.42, 0.0), (0.2, -0.18), (-0.2, -0.16)],
             paint.base)  # fmt: skip
    pen.disc(0.38, 0.12, 0.17, paint.base)
    pen.poly([(0.53, 0.16), (0.72, 0.1), (0.53, 0.05)], BEAK)
    _eye(pen, 0.43, 0.16, 0.035)
    pen.blob([(0.16, 0.06), (0.0, 0.4), (-0.34, 0.52), (-0.2, 0.2), (-0.16, 0.04)], paint.dark)
    pen.blob([(0.1, -0.02), (-0.06, -0.36), (-0.32, -0.44), (-0.24, -0.16), (-0.12, 0.0)],
             paint.light)  # fmt: skip


def horse(pen: Pen, paint: Paint, action: str | None) -> None:
    _shadow(pen, 0.85)
    _legs(pen, paint, _strides(action, 0.46), 0.74, 0.17)
    for _, foot in _strides(action, 0.46):
        pen.box(foot - 0.07, 0.0, foot + 0.07, 0.09, INK)
    pen.limb([(-0.62, 0.98), (-0.86, 0.86), (-0.88, 0.46)], 0.16, 0.08, paint.dark)
    pen.blob([(-0.66, 0.84), (-0.5, 1.06), (0.3, 1.04), (0.6, 0.98), (0.54, 0.7), (-0.44, 0.62)],
             paint.base)  # fmt: skip
    if action == "eating grass":
        neck, head = [(0.5, 0.92), (0.8, 0.66), (0.84, 0.36)], pen.at(0.86, 0.28, 1, -1.1)
    else:
        neck, head = [(0.46, 0.9), (0.66, 1.2), (0.74, 1.42)], pen.at(0.78, 1.44, 1, -0.5)
    pen.limb(neck, 0.42, 0.26, paint.base)
    pen.curve([(x - 0.16, y + 0.05) for x, y in neck], 0.13, paint.dark)
    head.blob([(-0.16, -0.1), (-0.14, 0.16), (0.14, 0.13), (0.44, 0.06), (0.44, -0.1), (0.1, -0.15)],
              paint.base)  # fmt: skip
    head.poly([(-0.14, 0.1), (-0.12, 0.34), (0.0, 0.14)], paint.base)
    head.oval(0.4, -0.02, 0.08, 0.09, paint.dark)
    _eye(head, 0.06, 0.05, 0.035)


def cow(pen: Pen, paint: Paint, action: str | None) -> None:
    _shadow(pen, 0.85)
    _legs(pen, paint, _strides(action, 0.46), 0.5, 0.17)
    pen.curve([(-0.72, 0.94), (-0.86, 0.7), (-0.84, 0.42)], 0.05, paint.dark)
    pen.box(-0.76, 0.42, 0.62, 1.06, paint.base, 0.26)
    spots = (60, 50, 48) if paint.name == "white" else PAPER
    pen.blob([(-0.5, 0.96), (-0.16, 1.0), (-0.2, 0.72), (-0.46, 0.68)], spots)
    pen.blob([(0.1, 0.76), (0.34, 0.84), (0.38, 0.58), (0.14, 0.54)], spots)
    pen.oval(-0.26, 0.4, 0.13, 0.09, PINK)
    head = pen.at(0.78, 0.36 if action == "eating grass" else 0.94)
    head.limb([(-0.24, 0.02), (0.0, 0.02)], 0.34, 0.3, paint.base)
    head.poly([(-0.12, 0.2), (-0.18, 0.36), (-0.04, 0.22)], (236, 226, 200))
    head.poly([(0.1, 0.2), (0.18, 0.36), (0.2, 0.18)], (236, 226, 200))
    head.oval(-0.2, 0.12, 0.12, 0.06, paint.dark)
    head.blob([(-0.16, 0.2), (0.16, 0.22), (0.22, -0.1), (0.1, -0.24), (-0.1, -0.2)], paint.base)
    head.oval(0.12, -0.16, 0.16, 0.11, PINK)
    _eye(head, 0.06, 0.08, 0.035)


def sheep(pen: Pen, paint: Paint, action: str | None) -> None:
    _shadow(pen, 0.6)
    for x in (-0.34, -0.16, 0.2, 0.36):
        pen.limb([(x, 0.4), (x + (0.06 if action == "walking" else 0), 0.04)], 0.1, 0.09, INK)
    for x, y, r in ((-0.42, 0.62, 0.24), (-0.14, 0.78, 0.26), (0.18, 0.78, 0.25), (0.4, 0.6, 0.23),
                    (-0.2, 0.48, 0.26), (0.16, 0.46, 0.26), (0.0, 0.62, 0.34)):  # fmt: skip
        pen.disc(x, y, r, paint.base)
    pen.curve([(-0.3, 0.6), (-0.2, 0.52), (-0.08, 0.6)], 0.03, paint.dark)
    pen.curve([(0.04, 0.72), (0.14, 0.64), (0.26, 0.72)], 0.03, paint.dark)
    face = (58, 52, 56) if paint.name != "black" else (226, 206, 186)
    head = pen.at(0.58, 0.34 if action == "eating grass" else 0.74)
    head.oval(-0.16, 0.08, 0.12, 0.05, face, 0.4)
    head.oval(0.02, 0.0, 0.16, 0.21, face)
    head.disc(-0.02, 0.19, 0.12, paint.base)
    _eye(head, 0.07, 0.04, 0.03)


def rabbit(pen: Pen, paint: Paint, action: str | None) -> None:
    _shadow(pen, 0.45)
    body = pen.at(0, 0.24, 1, 0.3) if action == "jumping" else pen
    body.disc(-0.42, 0.26, 0.12, PAPER if paint.name != "white" else (226, 226, 232))
    body.blob([(-0.42, 0.1), (-0.36, 0.46), (0.0, 0.56), (0.26, 0.36), (0.24, 0.06), (-0.2, 0.02)],
              paint.base)  # fmt: skip
    body.oval(-0.2, 0.08, 0.24, 0.09, paint.dark)
    body.limb([(0.16, 0.2), (0.22, 0.05)], 0.13, 0.1, paint.dark)
    head = body.at(0.24, 0.6)
    for x, turn in ((-0.1, 0.2), (0.06, -0.08)):
        head.oval(x, 0.34, 0.08, 0.26, paint.base, turn)
        head.oval(x, 0.34, 0.04, 0.19, PINK, turn)
    head.oval(0, 0, 0.23, 0.2, paint.base)
    _eye(head, 0.09, 0.04, 0.035)
    head.disc(0.22, -0.03, 0.03, PINK)


def duck(pen: Pen, paint: Paint, action: str | None) -> None:
    _shadow(pen, 0.45)
    for x in (-0.06, 0.12):
        pen.line([(x, 0.2), (x, 0.04), (x + 0.12, 0.03)], 0.06, BEAK)
    pen.blob([(-0.54, 0.52), (-0.34, 0.2), (0.1, 0.14), (0.4, 0.3), (0.34, 0.52), (0.0, 0.5),
              (-0.3, 0.48)], paint.base)  # fmt: skip
    pen.limb([(0.24, 0.4), (0.3, 0.7)], 0.22, 0.18, paint.base)
    pen.disc(0.32, 0.76, 0.18, paint.base)
    pen.blob([(0.46, 0.8), (0.66, 0.76), (0.66, 0.7), (0.46, 0.68)], BEAK)
    pen.blob([(-0.34, 0.44), (-0.06, 0.48), (0.14, 0.34), (-0.1, 0.24)], paint.dark)
    _eye(pen, 0.38, 0.8, 0.035)


def fish(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.poly([(-0.46, 0.0), (-0.8, 0.3), (-0.7, 0.0), (-0.8, -0.3)], paint.dark)
    pen.blob([(-0.1, 0.26), (0.06, 0.5), (0.34, 0.24)], paint.dark)
    pen.blob([(-0.52, 0.0), (-0.1, 0.3), (0.4, 0.26), (0.76, 0.0), (0.4, -0.26), (-0.1, -0.3)],
             paint.base)  # fmt: skip
    for x in (-0.14, 0.1):
        pen.curve([(x, 0.24), (x + 0.08, 0.0), (x, -0.24)], 0.07, paint.trim)
    pen.blob([(0.1, -0.08), (-0.1, -0.26), (0.24, -0.2)], paint.dark)
    _eye(pen, 0.52, 0.07, 0.05)
    pen.curve([(0.66, -0.08), (0.6, -0.12), (0.54, -0.1)], 0.03, paint.dark)


def butterfly(pen: Pen, paint: Paint, action: str | None) -> None:
    for side in (-1, 1):
        pen.blob([(side * 0.05, 0.04), (side * 0.3, 0.52), (side * 0.62, 0.46), (side * 0.5, 0.06)],
                 paint.base)  # fmt: skip
        pen.blob([(side * 0.05, 0.0), (side * 0.44, 0.0), (side * 0.42, -0.4), (side * 0.16, -0.44)],
                 paint.dark)  # fmt: skip
        pen.disc(side * 0.4, 0.3, 0.09, paint.trim)
        pen.disc(side * 0.3, -0.2, 0.07, paint.light)
        pen.curve([(0, 0.2), (side * 0.08, 0.38), (side * 0.16, 0.46)], 0.025, INK)
    pen.oval(0, 0, 0.06, 0.3, INK)


DRAW = {
    "dog": dog, "cat": cat, "bird": bird, "horse": horse, "cow": cow, "sheep": sheep,
    "rabbit": rabbit, "duck": duck, "fish": fish, "butterfly": butterfly,
}  # fmt: skip

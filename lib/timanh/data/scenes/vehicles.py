"""Vehicles, each in its own units: foot (or middle, in the air) at (0, 0)."""

from timanh.data.scenes.colours import INK, PAPER, Colour, Paint, clear
from timanh.data.scenes.pen import Pen

GLASS: Colour = (186, 222, 240)
TYRE: Colour = (38, 38, 46)
RIM: Colour = (206, 210, 218)
LAMP: Colour = (255, 236, 150)


def wheel(pen: Pen, x: float, r: float) -> None:
    """A tyre with its rim, standing on the ground."""
    pen.disc(x, r, r, TYRE)
    pen.disc(x, r, r * 0.55, RIM)
    pen.disc(x, r, r * 0.2, TYRE)


def car(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.oval(0, 0.02, 1.1, 0.08, clear(INK, 60))
    pen.blob([(-0.66, 0.45), (-0.4, 0.86), (0.1, 0.92), (0.42, 0.84), (0.72, 0.45)], paint.base)
    pen.box(-1.05, 0.16, 1.05, 0.52, paint.base, 0.14)
    pen.box(-1.05, 0.16, 1.05, 0.28, paint.dark, 0.06)
    pen.poly([(-0.52, 0.5), (-0.34, 0.78), (-0.02, 0.82), (-0.02, 0.5)], GLASS)
    pen.poly([(0.06, 0.5), (0.06, 0.82), (0.34, 0.77), (0.56, 0.5)], GLASS)
    pen.line([(0.02, 0.3), (0.02, 0.5)], 0.025, paint.dark)
    pen.oval(0.98, 0.4, 0.07, 0.07, LAMP)
    pen.box(-1.06, 0.36, -0.98, 0.46, (220, 60, 60))
    for x in (-0.6, 0.6):
        wheel(pen, x, 0.22)


def bus(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.oval(0, 0.02, 1.4, 0.08, clear(INK, 60))
    pen.box(-1.35, 0.16, 1.35, 1.22, paint.base, 0.14)
    pen.box(-1.35, 0.16, 1.35, 0.36, paint.dark, 0.06)
    pen.box(-1.3, 0.48, 1.3, 0.54, paint.trim)
    for index in range(5):
        left = -1.22 + index * 0.47
        pen.box(left, 0.64, left + 0.39, 1.06, GLASS, 0.05)
    pen.box(1.14, 0.6, 1.35, 1.08, GLASS, 0.04)
    pen.oval(1.28, 0.34, 0.06, 0.06, LAMP)
    for x in (-0.8, 0.8):
        wheel(pen, x, 0.24)


def truck(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.oval(0, 0.02, 1.35, 0.08, clear(INK, 60))
    pen.box(-1.3, 0.3, 0.5, 1.18, (226, 228, 232), 0.05)
    pen.box(-1.3, 0.3, 0.5, 0.5, (190, 194, 202), 0.03)
    for x in (-0.85, -0.4, 0.05):
        pen.line([(x, 0.54), (x, 1.12)], 0.02, (200, 204, 212))
    pen.box(-1.3, 0.2, 1.28, 0.34, paint.dark, 0.05)
    pen.blob(
        [(0.56, 0.24), (0.56, 0.98), (0.86, 1.02), (1.1, 0.92), (1.26, 0.56), (1.28, 0.24)],
        paint.base,
    )
    pen.poly([(0.82, 0.6), (0.82, 0.9), (1.04, 0.86), (1.17, 0.6)], GLASS)
    pen.oval(1.22, 0.38, 0.06, 0.06, LAMP)
    for x in (-0.9, -0.4, 0.86):
        wheel(pen, x, 0.23)


def bicycle(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.oval(0, 0.01, 0.8, 0.05, clear(INK, 50))
    for x in (-0.5, 0.5):
        pen.ring(x, 0.32, 0.3, 0.055, TYRE)
        pen.disc(x, 0.32, 0.05, RIM)
    frame = [(-0.5, 0.32), (-0.22, 0.76), (0.34, 0.78), (0.0, 0.32), (-0.5, 0.32)]
    pen.line(frame, 0.075, paint.base)
    pen.line([(0.0, 0.32), (-0.22, 0.76)], 0.075, paint.base)
    pen.line([(0.5, 0.32), (0.3, 0.95)], 0.075, paint.base)
    pen.line([(-0.22, 0.76), (-0.25, 0.86)], 0.05, INK)
    pen.line([(-0.38, 0.87), (-0.12, 0.87)], 0.09, INK)
    pen.curve([(0.16, 0.98), (0.3, 0.98), (0.42, 0.88)], 0.05, INK)
    pen.disc(0.0, 0.32, 0.08, paint.dark)


def motorbike(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.oval(0, 0.01, 0.85, 0.06, clear(INK, 55))
    for x in (-0.56, 0.58):
        pen.disc(x, 0.28, 0.28, TYRE)
        pen.disc(x, 0.28, 0.15, RIM)
    pen.line([(0.58, 0.28), (0.34, 0.86)], 0.09, RIM)
    pen.blob([(-0.4, 0.3), (-0.3, 0.52), (0.3, 0.5), (0.22, 0.26)], (96, 98, 110))
    pen.blob([(-0.06, 0.56), (0.06, 0.78), (0.36, 0.76), (0.4, 0.56), (0.1, 0.48)], paint.base)
    pen.blob([(-0.84, 0.6), (-0.66, 0.72), (-0.3, 0.6), (-0.5, 0.46)], paint.base)
    pen.blob([(-0.6, 0.66), (-0.4, 0.74), (-0.02, 0.68), (-0.1, 0.58), (-0.4, 0.58)], INK)
    pen.curve([(0.18, 0.96), (0.34, 0.92), (0.42, 0.8)], 0.05, INK)
    pen.disc(0.46, 0.74, 0.09, LAMP)


def train(pen: Pen, paint: Paint, action: str | None) -> None:
    for left, right in ((-1.72, -0.62), (-0.55, 0.5)):
        pen.box(left, 0.2, right, 1.02, paint.base, 0.06)
        pen.box(left, 0.2, right, 0.42, paint.dark, 0.04)
        width = (right - left - 0.2) / 3
        for index in range(3):
            x = left + 0.12 + index * width
            pen.box(x, 0.56, x + width * 0.8, 0.9, GLASS, 0.04)
    pen.blob(
        [(0.58, 0.2), (0.58, 1.06), (1.1, 1.06), (1.5, 0.86), (1.74, 0.4), (1.74, 0.2)], paint.base
    )
    pen.box(0.58, 0.2, 1.7, 0.4, paint.dark, 0.04)
    pen.poly([(1.14, 0.62), (1.14, 0.96), (1.36, 0.9), (1.54, 0.62)], GLASS)
    pen.box(0.68, 0.62, 1.02, 0.92, GLASS, 0.04)
    pen.disc(1.64, 0.34, 0.06, LAMP)
    for x in (-1.45, -0.9, -0.3, 0.25, 0.85, 1.4):
        pen.disc(x, 0.13, 0.13, TYRE)
        pen.disc(x, 0.13, 0.06, RIM)


def boat(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.line([(0.0, 0.3), (0.0, 1.68)], 0.05, (120, 84, 54))
    pen.blob([(0.06, 0.42), (0.06, 1.62), (0.36, 1.1), (0.62, 0.46)], PAPER)
    pen.poly([(-0.06, 0.46), (-0.06, 1.42), (-0.5, 0.52)], (232, 234, 240))
    pen.poly([(0.0, 1.68), (0.0, 1.54), (-0.22, 1.61)], paint.base)
    pen.poly([(-0.8, 0.36), (0.8, 0.36), (0.52, 0.0), (-0.54, 0.0)], paint.base)
    pen.poly([(-0.64, 0.14), (0.64, 0.14), (0.52, 0.0), (-0.54, 0.0)], paint.dark)
    pen.line([(-0.78, 0.35), (0.78, 0.35)], 0.05, paint.trim)
    pen.oval(0, -0.02, 0.75, 0.06, clear((255, 255, 255), 120))


def plane(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.poly([(-0.2, 0.06), (-0.62, 0.46), (-0.42, 0.46), (0.28, 0.08)], paint.dark)
    pen.poly([(-1.16, 0.06), (-1.26, 0.46), (-1.06, 0.46), (-0.78, 0.1)], paint.base)
    pen.blob(
        [(-1.2, 0.06), (-0.9, 0.18), (0.7, 0.19), (1.12, 0.1), (1.24, -0.02), (1.0, -0.14),
         (0.6, -0.17), (-0.7, -0.12)], paint.base,
    )  # fmt: skip
    pen.blob([(-0.9, -0.04), (0.6, -0.06), (1.18, -0.06), (0.9, -0.16), (0.4, -0.17)], paint.dark)
    pen.poly([(0.92, 0.03), (0.86, 0.15), (1.04, 0.12), (1.14, 0.04)], GLASS)
    for index in range(6):
        pen.disc(-0.5 + index * 0.2, 0.06, 0.045, GLASS)
    pen.poly([(0.24, -0.06), (-0.5, -0.48), (-0.26, -0.48), (0.62, -0.06)], paint.light)


def helicopter(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.line([(-0.2, 0.06), (-1.05, 0.2)], 0.11, paint.base)
    pen.poly([(-1.1, 0.12), (-1.16, 0.44), (-0.96, 0.4), (-0.94, 0.14)], paint.dark)
    pen.blob([(-0.46, -0.06), (-0.2, 0.26), (0.36, 0.27), (0.66, 0.0), (0.46, -0.24),
              (-0.2, -0.26)], paint.base)  # fmt: skip
    pen.blob([(0.18, 0.22), (0.4, 0.22), (0.62, 0.0), (0.5, -0.06), (0.18, -0.04)], GLASS)
    pen.box(-0.14, -0.04, 0.1, 0.16, GLASS, 0.04)
    pen.line([(0.06, 0.26), (0.06, 0.42)], 0.06, INK)
    pen.line([(-1.0, 0.44), (1.08, 0.44)], 0.05, INK)
    for x in (-0.2, 0.3):
        pen.line([(x, -0.24), (x, -0.4)], 0.04, INK)
    pen.curve([(-0.5, -0.42), (0.4, -0.42), (0.6, -0.36)], 0.05, INK)


def hot_air_balloon(pen: Pen, paint: Paint, action: str | None) -> None:
    pen.line([(-0.26, -0.2), (-0.12, -0.52)], 0.02, INK)
    pen.line([(0.26, -0.2), (0.12, -0.52)], 0.02, INK)
    pen.blob([(0, 0.75), (0.42, 0.58), (0.5, 0.2), (0.24, -0.22), (-0.24, -0.22), (-0.5, 0.2),
              (-0.42, 0.58)], paint.base)  # fmt: skip
    pen.blob([(0, 0.75), (0.16, 0.5), (0.18, 0.16), (0.1, -0.24), (-0.1, -0.24), (-0.18, 0.16),
              (-0.16, 0.5)], paint.light)  # fmt: skip
    pen.blob([(0.3, 0.6), (0.46, 0.2), (0.22, -0.22), (0.34, 0.2)], paint.dark)
    pen.box(-0.15, -0.75, 0.15, -0.52, (150, 104, 62), 0.03)
    pen.line([(-0.15, -0.54), (0.15, -0.54)], 0.04, (112, 76, 46))


DRAW = {
    "car": car, "bus": bus, "truck": truck, "bicycle": bicycle, "motorbike": motorbike,
    "train": train, "boat": boat, "plane": plane, "helicopter": helicopter,
    "hot-air balloon": hot_air_balloon,
}  # fmt: skip

"""What is special to each place: shops, trees, hills, waves, a room's window."""

import math
from collections.abc import Callable

from timanh.data.scenes.canvas import Canvas
from timanh.data.scenes.colours import HORIZON, WATER, Colour, clear, mix


def _hills(canvas: Canvas, colour: Colour, height: float, waves: int = 3) -> None:
    rng = canvas.random
    phase, steps = rng.random() * 6, 30
    points = [
        (step / steps, HORIZON - height * (0.5 + 0.5 * math.sin(phase + waves * step / steps * 3)))
        for step in range(steps + 1)
    ]
    canvas.poly([(0, HORIZON + 0.01), *points, (1, HORIZON + 0.01)], canvas.tone(colour))


def _trees(canvas: Canvas, count: int, size: float, colour: Colour, base: float) -> None:
    rng = canvas.random
    for index in range(count):
        x = (index + rng.random()) / count
        h = size * rng.uniform(0.75, 1.2)
        leaf = canvas.tone(mix(colour, (30, 90, 60), rng.random() * 0.4))
        canvas.box(x - h * 0.04, base - h * 0.3, x + h * 0.04, base, canvas.tone((104, 74, 52)))
        for level in range(3):
            y, half = base - h * (0.2 + 0.25 * level), h * (0.3 - 0.07 * level)
            canvas.poly([(x - half, y), (x + half, y), (x, y - h * 0.42)], leaf)


def _buildings(canvas: Canvas, tall: float) -> None:
    rng, night = canvas.random, canvas.scene.light == "night"
    x = -0.03
    while x < 1:
        width, height = rng.uniform(0.1, 0.19), tall * rng.uniform(0.5, 1.0)
        wall = rng.choice(((176, 186, 204), (204, 190, 178), (186, 178, 196), (170, 192, 196)))
        top = HORIZON - height
        canvas.box(x, top, x + width, HORIZON + 0.005, canvas.tone(wall))
        pane: Colour = (255, 222, 120) if night else canvas.tone((222, 236, 246))
        for row in range(int(height / 0.05)):
            for column in range(int(width / 0.04)):
                if not night or rng.random() < 0.6:
                    left, y = x + 0.012 + column * 0.04, top + 0.014 + row * 0.05
                    canvas.box(left, y, left + 0.02, y + 0.026, pane)
        x += width + rng.uniform(0.0, 0.03)


def _road(canvas: Canvas) -> None:
    canvas.box(0, 0.7, 1, 0.95, canvas.tone((98, 102, 112)))
    canvas.box(0, 0.69, 1, 0.705, canvas.tone((206, 208, 210)))
    for index in range(5):
        left = index * 0.23 - 0.05
        canvas.box(left, 0.825, left + 0.12, 0.84, canvas.tone((240, 240, 232)))


def _street(canvas: Canvas) -> None:
    rng = canvas.random
    for index in range(4):  # shop fronts with awnings
        left, wall = (
            index * 0.26 - 0.03,
            rng.choice(((226, 196, 168), (196, 210, 196), (214, 200, 214))),
        )
        top = HORIZON - rng.uniform(0.24, 0.32)
        canvas.box(left, top, left + 0.25, HORIZON + 0.02, canvas.tone(wall))
        pane = (255, 220, 130) if canvas.scene.light == "night" else canvas.tone((214, 230, 240))
        canvas.box(left + 0.03, HORIZON - 0.1, left + 0.13, HORIZON - 0.01, pane)
        canvas.box(
            left + 0.17, HORIZON - 0.12, left + 0.22, HORIZON + 0.02, canvas.tone((122, 92, 74))
        )
        for stripe in range(6):
            x = left + 0.01 + stripe * 0.0383
            colour = (240, 238, 230) if stripe % 2 else (150, 160, 176)
            canvas.box(x, HORIZON - 0.16, x + 0.0383, HORIZON - 0.12, canvas.tone(colour))
    _road(canvas)


def _city(canvas: Canvas) -> None:
    _buildings(canvas, 0.46)
    _road(canvas)


def _park(canvas: Canvas) -> None:
    _trees_round(canvas, 6)
    canvas.poly(
        [(0.36, HORIZON), (0.46, HORIZON), (0.86, 1), (0.2, 1)], canvas.tone((226, 208, 168))
    )
    canvas.box(0.02, 0.6, 0.2, 0.615, canvas.tone((150, 104, 66)))
    for x in (0.04, 0.17):
        canvas.box(x, 0.615, x + 0.012, 0.65, canvas.tone((90, 80, 80)))


def _trees_round(canvas: Canvas, count: int) -> None:
    rng = canvas.random
    for index in range(count):
        x, r = (index + rng.random()) / count, rng.uniform(0.06, 0.09)
        canvas.box(x - 0.01, HORIZON - 0.1, x + 0.01, HORIZON + 0.01, canvas.tone((112, 80, 56)))
        canvas.oval(x, HORIZON - 0.13, r, r * 1.1, canvas.tone((94, 162, 84)))
        canvas.oval(x - 0.02, HORIZON - 0.15, r * 0.6, r * 0.6, canvas.tone((120, 184, 100)))


def _beach(canvas: Canvas) -> None:
    canvas.gradient(HORIZON - 0.1, HORIZON + 0.06, canvas.tone(WATER[1]), canvas.tone(WATER[0]))
    canvas.box(0, HORIZON + 0.055, 1, HORIZON + 0.07, canvas.tone((244, 250, 252)))
    if canvas.random.random() < 0.6:
        x = canvas.random.choice((0.08, 0.93))
        canvas.poly([(x - 0.012, 0.72), (x + 0.012, 0.72), (x + 0.02, 0.4), (x, 0.4)],
                    canvas.tone((150, 110, 74)))  # fmt: skip
        for turn in range(5):
            angle = math.pi * (0.1 + 0.2 * turn)
            tip = (x + 0.13 * math.cos(angle), 0.42 - 0.07 * math.sin(angle))
            canvas.poly([(x, 0.38), tip, (x + 0.02, 0.43)], canvas.tone((74, 150, 84)))


def _meadow(canvas: Canvas) -> None:
    _hills(canvas, (142, 196, 104), 0.07)
    rng = canvas.random
    for _ in range(26):
        x, y = rng.random(), HORIZON + 0.04 + 0.38 * rng.random()
        colour = rng.choice(((250, 244, 210), (252, 220, 120), (232, 214, 250)))
        canvas.oval(x, y, 0.006, 0.005, canvas.tone(colour))


def _forest(canvas: Canvas) -> None:
    _trees(canvas, 9, 0.42, (70, 130, 80), HORIZON + 0.01)
    _trees(canvas, 6, 0.5, (52, 112, 70), HORIZON + 0.06)


def _mountains(canvas: Canvas) -> None:
    rng = canvas.random
    for x, h in ((0.1, 0.3), (0.85, 0.34), (0.48, 0.42)):
        x += rng.uniform(-0.08, 0.08)
        canvas.poly([(x - 0.34, HORIZON), (x, HORIZON - h), (x + 0.34, HORIZON)],
                    canvas.tone((138, 148, 172)))  # fmt: skip
        canvas.poly([(x, HORIZON - h), (x + 0.34, HORIZON), (x + 0.06, HORIZON)],
                    canvas.tone((116, 126, 152)))  # fmt: skip
        canvas.poly([(x - 0.09, HORIZON - h * 0.74), (x, HORIZON - h), (x + 0.09, HORIZON - h * 0.74),
                     (x + 0.03, HORIZON - h * 0.8), (x - 0.03, HORIZON - h * 0.7)],
                    canvas.tone((248, 250, 252)))  # fmt: skip
    canvas.box(0, HORIZON - 0.005, 1, HORIZON + 0.01, canvas.tone((124, 170, 104)))


def _lake(canvas: Canvas) -> None:
    _hills(canvas, (112, 164, 116), 0.1, 2)
    canvas.gradient(HORIZON, 0.8, canvas.tone(WATER[0]), canvas.tone(WATER[1]))
    for _ in range(9):
        x, y = canvas.random.random(), HORIZON + 0.03 + 0.16 * canvas.random.random()
        canvas.box(x, y, x + 0.08, y + 0.005, clear(canvas.tone((226, 242, 250)), 150))


def _sea(canvas: Canvas) -> None:
    for _ in range(22):
        x, y = canvas.random.random(), HORIZON + 0.03 + 0.38 * canvas.random.random()
        width = 0.05 + 0.08 * (y - HORIZON)
        canvas.oval(x, y, width, 0.005, clear(canvas.tone((210, 236, 250)), 150))


def _desert(canvas: Canvas) -> None:
    _hills(canvas, (238, 192, 116), 0.1, 2)
    rng = canvas.random
    for _ in range(3):
        x, y, h = rng.random(), HORIZON + 0.01 + 0.05 * rng.random(), 0.1
        green = canvas.tone((92, 148, 92))
        canvas.box(x - 0.012, y - h, x + 0.012, y, green)
        canvas.box(x - 0.045, y - h * 0.62, x, y - h * 0.44, green)
        canvas.box(x - 0.045, y - h * 0.85, x - 0.026, y - h * 0.44, green)


def _farm(canvas: Canvas) -> None:
    rng = canvas.random
    x = rng.choice((0.04, 0.66))
    canvas.box(x, HORIZON - 0.17, x + 0.26, HORIZON, canvas.tone((168, 112, 96)))
    canvas.poly([(x - 0.02, HORIZON - 0.16), (x + 0.13, HORIZON - 0.27), (x + 0.28, HORIZON - 0.16)],
                canvas.tone((112, 84, 80)))  # fmt: skip
    canvas.box(x + 0.09, HORIZON - 0.1, x + 0.17, HORIZON, canvas.tone((232, 220, 200)))
    for row in range(6):
        y = HORIZON + 0.02 + row * 0.012
        canvas.box(0, y, 1, y + 0.005, canvas.tone((176, 160, 80)))
    for post in range(9):
        left = post * 0.125
        canvas.box(left, HORIZON + 0.05, left + 0.014, HORIZON + 0.13, canvas.tone((236, 226, 206)))
    for y in (0.07, 0.1):
        canvas.box(0, HORIZON + y, 1, HORIZON + y + 0.009, canvas.tone((236, 226, 206)))


def room(canvas: Canvas) -> None:
    rng, night = canvas.random, canvas.scene.light == "night"
    wall: Colour = rng.choice(((236, 222, 206), (214, 226, 226), (228, 218, 232), (232, 230, 208)))
    shade: Colour = (60, 60, 110)
    wall = mix(wall, shade, 0.42) if night else wall
    canvas.gradient(0, 0.72, wall, mix(wall, (255, 255, 255), 0.1))
    floor: Colour = (196, 150, 108)
    canvas.gradient(0.72, 1, mix(floor, shade, 0.36 if night else 0), mix(floor, (90, 60, 50), 0.2))
    canvas.box(0, 0.705, 1, 0.725, mix(wall, (110, 90, 80), 0.4))
    x = rng.choice((0.08, 0.62))
    sky = {"night": (20, 26, 66), "sunset": (250, 160, 110)}.get(
        canvas.scene.light, (150, 206, 246)
    )
    canvas.box(x - 0.02, 0.1, x + 0.3, 0.46, (250, 248, 242))
    canvas.box(x, 0.12, x + 0.28, 0.44, sky)
    if night:
        canvas.oval(x + 0.2, 0.2, 0.03, 0.03, (252, 246, 208))
    canvas.box(x + 0.133, 0.12, x + 0.147, 0.44, (250, 248, 242))
    other = 0.74 if x < 0.3 else 0.18
    canvas.box(other - 0.08, 0.16, other + 0.08, 0.36, (150, 112, 84))
    canvas.box(other - 0.065, 0.175, other + 0.065, 0.345, (244, 238, 226))
    canvas.oval(other, 0.27, 0.04, 0.05, (150, 186, 170))
    canvas.oval(0.5, 0.9, 0.44, 0.075, mix((190, 176, 196), shade, 0.3 if night else 0))


def underwater(canvas: Canvas) -> None:
    canvas.gradient(0, 0.84, (92, 196, 224), (22, 92, 160))
    canvas.gradient(0.84, 1, (226, 206, 154), (200, 172, 116))
    rng = canvas.random
    for _ in range(5):
        x = rng.random()
        canvas.poly([(x, 0), (x + 0.06, 0), (x - 0.06, 0.84), (x - 0.2, 0.84)], (255, 255, 255, 22))
    for _ in range(8):
        x, h = rng.random(), rng.uniform(0.12, 0.26)
        for bend in range(8):
            y = 0.9 - h * bend / 8
            canvas.oval(x + 0.012 * math.sin(bend * 1.4), y, 0.014, h / 12, (52, 140, 96))
    for _ in range(14):
        r = rng.uniform(0.004, 0.012)
        canvas.oval(rng.random(), 0.8 * rng.random(), r, r, (230, 248, 255, 120))


BEHIND: dict[str, Callable[[Canvas], None]] = {
    "street": _street, "city": _city, "park": _park, "beach": _beach, "meadow": _meadow,
    "forest": _forest, "mountains": _mountains, "lake": _lake, "sea": _sea, "desert": _desert,
    "farm": _farm,
}  # fmt: skip

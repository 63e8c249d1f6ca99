"""Men, women, boys and girls with what they do; foot at (0, 0), about 1.95 units tall."""

from timanh.data.scenes.colours import HAIRS, INK, SKINS, Colour, Paint, clear
from timanh.data.scenes.objects import ball, balloon, book, kite, umbrella
from timanh.data.scenes.pen import Pen, Point
from timanh.data.scenes.vehicles import bicycle

TROUSERS: tuple[Colour, ...] = ((66, 74, 110), (92, 84, 78), (60, 88, 96), (104, 96, 120))

# Arms and legs as points from shoulder or hip: (left arm, right arm, left leg, right leg).
Limbs = tuple[list[Point], list[Point], list[Point], list[Point]]
STAND_LEGS: tuple[list[Point], list[Point]] = (
    [(-0.12, 0.78), (-0.14, 0.4), (-0.15, 0.05)],
    [(0.12, 0.78), (0.14, 0.4), (0.15, 0.05)],
)
POSES: dict[str, Limbs] = {
    "walking": ([(-0.2, 1.3), (-0.34, 1.06), (-0.28, 0.84)], [(0.2, 1.3), (0.36, 1.08), (0.42, 0.88)],
                [(-0.08, 0.78), (-0.2, 0.42), (-0.36, 0.06)], [(0.08, 0.78), (0.22, 0.42), (0.32, 0.05)]),
    "running": ([(-0.2, 1.3), (-0.46, 1.14), (-0.36, 0.92)], [(0.2, 1.3), (0.42, 1.1), (0.6, 1.26)],
                [(-0.08, 0.78), (-0.26, 0.46), (-0.62, 0.5)], [(0.08, 0.78), (0.4, 0.56), (0.34, 0.05)]),
    "waving": ([(-0.2, 1.3), (-0.34, 1.06), (-0.32, 0.82)], [(0.2, 1.3), (0.44, 1.5), (0.5, 1.84)],
               *STAND_LEGS),
    "jumping": ([(-0.2, 1.3), (-0.48, 1.5), (-0.56, 1.78)], [(0.2, 1.3), (0.48, 1.5), (0.56, 1.78)],
                [(-0.08, 0.78), (-0.34, 0.62), (-0.46, 0.32)], [(0.08, 0.78), (0.34, 0.62), (0.46, 0.32)]),
    "holding": ([(-0.2, 1.3), (-0.34, 1.06), (-0.32, 0.82)], [(0.2, 1.3), (0.38, 1.14), (0.44, 1.3)],
                *STAND_LEGS),
    "reading": ([(-0.2, 1.3), (-0.3, 1.06), (-0.06, 1.02)], [(0.2, 1.3), (0.32, 1.06), (0.2, 1.02)],
                *STAND_LEGS),
    "sitting": ([(-0.18, 0.82), (-0.3, 0.56), (-0.12, 0.4)], [(0.18, 0.82), (0.34, 0.58), (0.36, 0.42)],
                [(-0.1, 0.24), (0.24, 0.34), (0.44, 0.08)], [(0.1, 0.2), (0.4, 0.26), (0.64, 0.07)]),
    "riding": ([(-0.04, 1.3), (0.16, 1.08), (0.36, 1.0)], [(0.1, 1.3), (0.26, 1.1), (0.42, 1.0)],
               [(-0.2, 0.92), (0.14, 0.74), (-0.02, 0.36)], [(-0.16, 0.92), (0.22, 0.66), (0.12, 0.26)]),
}  # fmt: skip
HELD = {"holding an umbrella": "holding", "holding a balloon": "holding",
        "flying a kite": "waving", "playing ball": "running",
        "riding a bicycle": "riding"}  # fmt: skip


def person(
    pen: Pen, kind: str, paint: Paint, action: str | None, item: Paint | None, looks: int
) -> None:
    """Draw one person; `looks` picks skin, hair and trousers."""
    pose = HELD.get(action or "", action or "waving")
    skin, hair = SKINS[looks % 4], HAIRS[looks // 4 % 4]
    trousers = TROUSERS[looks // 16 % 4]
    sits = pose == "sitting"
    body = pen.at(0, 0.2) if pose == "jumping" else pen
    if pose == "riding" and item is not None:
        bicycle(pen.at(0.05, 0, 0.95), item, None)
    else:
        pen.oval(0.1 if sits else 0, 0.02, 0.42, 0.05, clear(INK, 50))
    left_arm, right_arm, left_leg, right_leg = POSES[pose]
    female = kind in ("woman", "girl")
    leg = skin if female and not sits else trousers
    body.limb(left_arm, 0.15, 0.12, paint.dark)
    for points in (left_leg, right_leg):
        body.limb(points, 0.21, 0.15, leg)
        x, y = points[-1]
        body.oval(x + 0.06, y, 0.13, 0.065, (70, 52, 50))
    _torso(body, paint, female, sits, pose)
    drop = 0.48 if sits else 0.0
    head = body.at(0.02 if pose != "riding" else 0.06, 1.62 - drop)
    _head(head, skin, hair, female)
    body.limb(right_arm, 0.15, 0.12, paint.light if paint.name == "black" else paint.dark)
    for points in (left_arm, right_arm):
        body.disc(*points[-1], 0.075, skin)
    if item is not None:
        _hold(body, action, item, right_arm[-1])


def _torso(pen: Pen, paint: Paint, female: bool, sits: bool, pose: str) -> None:
    drop = 0.48 if sits else 0.0
    if female and pose not in ("riding", "sitting"):
        pen.blob([(-0.22, 1.36), (0.22, 1.36), (0.2, 1.0), (0.4, 0.52), (0.0, 0.46), (-0.4, 0.52),
                  (-0.2, 1.0)], paint.base)  # fmt: skip
        pen.line([(-0.19, 0.98), (0.19, 0.98)], 0.05, paint.dark)
        return
    lean = 0.1 if pose == "riding" else 0.0
    pen.blob([(-0.24 + lean, 1.36 - drop), (0.24 + lean, 1.36 - drop), (0.22, 1.0 - drop),
              (0.2 - lean, 0.72 - drop), (-0.2 - lean, 0.72 - drop), (-0.22, 1.0 - drop)],
             paint.base)  # fmt: skip


def _head(pen: Pen, skin: Colour, hair: Colour, female: bool) -> None:
    if female:
        pen.blob([(-0.27, 0.1), (0.0, 0.3), (0.27, 0.1), (0.27, -0.34), (-0.27, -0.34)], hair)
    pen.limb([(0, -0.3), (0, -0.1)], 0.13, 0.13, skin)
    pen.oval(0, 0, 0.22, 0.25, skin)
    pen.pie(0, 0.05, 0.25, 0.24, 10, 170, hair)
    for x in (-0.07, 0.1):
        pen.disc(x, 0.0, 0.026, (36, 30, 34))
    pen.curve([(-0.06, -0.1), (0.02, -0.14), (0.1, -0.1)], 0.024, (176, 76, 76))


def _hold(pen: Pen, action: str | None, item: Paint, hand: Point) -> None:
    x, y = hand
    if action == "holding an umbrella":
        umbrella(pen.at(x, y - 0.26, 0.98), item, None)
    elif action == "holding a balloon":
        balloon(pen.at(x, y + 0.64, 0.86), item, None)
    elif action == "flying a kite":
        pen.curve([(x, y), (x + 0.2, y + 0.2), (x + 0.46, y + 0.36)], 0.02, (110, 110, 120))
        kite(pen.at(x + 0.5, y + 0.72, 0.7, -0.4), item, None)
    elif action == "playing ball":
        ball(pen.at(0.78, 0.0, 0.46), item, None)
    elif action == "reading":
        book(pen.at(0.07, 1.06), item, None)

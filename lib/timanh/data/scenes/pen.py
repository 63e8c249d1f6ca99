"""Drawing in a thing's own coordinates: x to the right, y up, the foot at (0, 0)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from PIL import ImageDraw

from timanh.data.scenes.colours import Colour

Point = tuple[float, float]


@dataclass(frozen=True)
class Pen:
    """Draws on a picture through a similarity: scale, mirror, turn, move.

    `x`, `y` are pixels of the origin, `scale` is pixels per unit, `turn` radians
    (anticlockwise), `tone` maps every colour to the light of the scene. Colours with
    four numbers are blended.
    """

    draw: ImageDraw.ImageDraw
    x: float
    y: float
    scale: float
    flip: bool = False
    turn: float = 0.0
    tone: Callable[[Colour], Colour] = lambda colour: colour

    def at(self, x: float, y: float, scale: float = 1.0, turn: float = 0.0) -> "Pen":
        """The pen of a part: its origin at (x, y) of this one, `scale` times as large."""
        px, py = self._point((x, y))
        return replace(self, x=px, y=py, scale=self.scale * scale, turn=self.turn + turn)

    def _point(self, point: Point) -> Point:
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        x = point[0] * cos - point[1] * sin
        y = point[0] * sin + point[1] * cos
        return self.x + (-x if self.flip else x) * self.scale, self.y - y * self.scale

    def poly(self, points: Sequence[Point], fill: Colour) -> None:
        """A polygon with straight sides."""
        self.draw.polygon([self._point(point) for point in points], fill=self.tone(fill))

    def blob(self, points: Sequence[Point], fill: Colour) -> None:
        """A closed smooth shape through the points."""
        self.poly(smooth(points, closed=True), fill)

    def oval(
        self, x: float, y: float, rx: float, ry: float, fill: Colour, turn: float = 0.0
    ) -> None:
        """An ellipse with half-axes rx and ry, turned anticlockwise."""
        self.poly(arc_points(x, y, rx, ry, 0, 360, turn), fill)

    def disc(self, x: float, y: float, r: float, fill: Colour) -> None:
        """A circle."""
        px, py = self._point((x, y))
        r *= self.scale
        self.draw.ellipse((px - r, py - r, px + r, py + r), fill=self.tone(fill))

    def pie(
        self, x: float, y: float, rx: float, ry: float, start: float, end: float, fill: Colour
    ) -> None:
        """A part of an ellipse between two angles (degrees), closed by its chord."""
        self.poly(arc_points(x, y, rx, ry, start, end), fill)

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: Colour, r: float = 0.0) -> None:
        """A rectangle with corners of radius r."""
        if r <= 0:
            self.poly([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill)
            return
        r = min(r, abs(x1 - x0) / 2, abs(y1 - y0) / 2)
        corners = ((x1 - r, y1 - r, 0), (x0 + r, y1 - r, 90), (x0 + r, y0 + r, 180))
        points: list[Point] = []
        for x, y, start in (*corners, (x1 - r, y0 + r, 270)):
            points += arc_points(x, y, r, r, start, start + 90, steps=6)
        self.poly(points, fill)

    def line(self, points: Sequence[Point], width: float, fill: Colour) -> None:
        """A line with round ends and joints."""
        placed = [self._point(point) for point in points]
        colour = self.tone(fill)
        pixels = max(1.0, width * self.scale)
        self.draw.line(placed, fill=colour, width=round(pixels), joint="curve")
        if len(colour) == 3 and pixels > 2:
            r = pixels / 2
            for x, y in (placed[0], placed[-1]):
                self.draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def curve(self, points: Sequence[Point], width: float, fill: Colour) -> None:
        """A smooth line through the points."""
        self.line(smooth(points, closed=False), width, fill)

    def limb(self, points: Sequence[Point], start: float, end: float, fill: Colour) -> None:
        """A limb that tapers from one width to another along the points, with round ends."""
        path = smooth(points, closed=False)
        for index, ((x0, y0), (x1, y1)) in enumerate(pairwise(path)):
            along = index / max(1, len(path) - 2)
            r = (start + (end - start) * along) / 2
            length = math.hypot(x1 - x0, y1 - y0) or 1e-9
            nx, ny = -(y1 - y0) / length * r, (x1 - x0) / length * r
            quad = [(x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny), (x0 - nx, y0 - ny)]
            self.poly(quad, fill)
            self.disc(x0, y0, r, fill)
        self.disc(*path[-1], end / 2, fill)

    def ring(self, x: float, y: float, r: float, width: float, fill: Colour) -> None:
        """A circle's outline; `r` is to the middle of the line."""
        px, py = self._point((x, y))
        outer = (r + width / 2) * self.scale
        self.draw.ellipse(
            (px - outer, py - outer, px + outer, py + outer),
            outline=self.tone(fill),
            width=max(1, round(width * self.scale)),
        )


def arc_points(
    x: float,
    y: float,
    rx: float,
    ry: float,
    start: float,
    end: float,
    turn: float = 0.0,
    steps: int = 36,
) -> list[Point]:
    """Points on an ellipse from one angle to another (degrees); `turn` in radians."""
    points = []
    for step in range(steps + 1):
        angle = math.radians(start + (end - start) * step / steps)
        px, py = rx * math.cos(angle), ry * math.sin(angle)
        cos, sin = math.cos(turn), math.sin(turn)
        points.append((x + px * cos - py * sin, y + px * sin + py * cos))
    return points


def smooth(points: Sequence[Point], *, closed: bool, steps: int = 7) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    count = len(points)
    if count < 3:
        return list(points)
    curve: list[Point] = []
    for index in range(count if closed else count - 1):
        if closed:
            a, b, c, d = (points[(index + shift) % count] for shift in (-1, 0, 1, 2))
        else:
            a, b = points[max(0, index - 1)], points[index]
            c, d = points[index + 1], points[min(count - 1, index + 2)]
        curve += [_spline(a, b, c, d, step / steps) for step in range(steps)]
    if not closed:
        curve.append(points[-1])
    return curve


def _spline(a: Point, b: Point, c: Point, d: Point, t: float) -> Point:
    def one(p: float, q: float, r: float, s: float) -> float:
        return 0.5 * (
            2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t * t
            + (3 * q - p - 3 * r + s) * t**3
        )  # fmt: skip

    return one(a[0], b[0], c[0], d[0]), one(a[1], b[1], c[1], d[1])

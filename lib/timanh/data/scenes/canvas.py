"""A picture being drawn."""

import random

import numpy as np
from PIL import Image, ImageDraw

from timanh.data.scenes.colours import Colour, tone_of
from timanh.data.scenes.scene import Scene


class Canvas:
    """A picture being drawn: measures in parts of it, colours toned by the scene's light."""

    def __init__(self, scene: Scene, side: int) -> None:
        self.scene = scene
        self.side = side
        self.random = random.Random(scene.seed)
        self.tone = tone_of(scene.light, scene.weather)
        self.image = Image.new("RGB", (side, side))
        self.draw = ImageDraw.Draw(self.image, "RGBA")

    def gradient(self, top: float, bottom: float, first: Colour, last: Colour) -> None:
        """A vertical gradient between two heights."""
        y0, y1 = round(top * self.side), round(bottom * self.side)
        if y1 <= y0:
            return
        share = np.linspace(0, 1, y1 - y0)[:, None]
        rows = np.asarray(first[:3]) * (1 - share) + np.asarray(last[:3]) * share
        block = np.repeat(rows.round().astype(np.uint8)[:, None], self.side, axis=1)
        self.image.paste(Image.fromarray(block), (0, y0))

    def poly(self, points: list[tuple[float, float]], fill: Colour) -> None:
        """A polygon in parts of the picture."""
        self.draw.polygon([(x * self.side, y * self.side) for x, y in points], fill=fill)

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """An ellipse in parts of the picture."""
        s = self.side
        self.draw.ellipse(((x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s), fill=fill)

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: Colour) -> None:
        """A rectangle in parts of the picture."""
        s = self.side
        self.draw.rectangle((x0 * s, y0 * s, x1 * s, y1 * s), fill=fill)

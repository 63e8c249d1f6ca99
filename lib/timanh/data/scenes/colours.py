"""The named colours of things and what light does to a colour."""

from collections.abc import Callable
from dataclasses import dataclass

Colour = tuple[int, ...]  # (r, g, b) or (r, g, b, a), 0..255

NAMED: dict[str, Colour] = {
    "red": (222, 44, 46),
    "orange": (247, 138, 24),
    "yellow": (252, 212, 40),
    "green": (48, 164, 76),
    "blue": (38, 104, 220),
    "purple": (140, 70, 190),
    "black": (42, 42, 50),
    "white": (247, 247, 243),
    "brown": (126, 78, 44),
}

HORIZON = 0.58  # where ground meets sky, in parts of the picture from its top
WATER: tuple[Colour, Colour] = ((110, 184, 222), (58, 136, 198))

INK: Colour = (46, 44, 56)
PAPER: Colour = (252, 250, 244)
SKINS: tuple[Colour, ...] = ((255, 219, 186), (241, 194, 150), (214, 158, 112), (160, 108, 74))
HAIRS: tuple[Colour, ...] = ((44, 34, 32), (84, 54, 38), (124, 80, 46), (58, 46, 48))


@dataclass(frozen=True)
class Paint:
    """One named colour as it is used on a thing: its body, its shade, its light side."""

    name: str
    base: Colour
    dark: Colour
    light: Colour
    trim: Colour  # stands out against the body: stripes, bands, ribbons

    @classmethod
    def of(cls, name: str) -> "Paint":
        """The paint of a named colour."""
        base = NAMED[name]
        if name == "black":
            return cls(name, base, (24, 24, 30), (84, 84, 98), (210, 210, 216))
        if name == "white":
            return cls(name, base, (206, 210, 218), (255, 255, 255), (176, 186, 200))
        trim = PAPER if name != "yellow" else (255, 246, 206)
        return cls(name, base, mix(base, (20, 16, 40), 0.24), mix(base, PAPER, 0.36), trim)


def mix(colour: Colour, other: Colour, share: float) -> Colour:
    """`colour` moved towards `other` by `share`, 0..1; transparency is kept."""
    mixed = tuple(round(a + (b - a) * share) for a, b in zip(colour[:3], other[:3], strict=True))
    return mixed + tuple(colour[3:])


def clear(colour: Colour, alpha: int) -> Colour:
    """The colour with a transparency, 0 (unseen) to 255."""
    return (*colour[:3], alpha)


def tone_of(light: str, weather: str, share: float = 1.0) -> Callable[[Colour], Colour]:
    """What the light does to a colour; `share` 1 for scenery, less for things.

    Things are toned less than scenery, so that their colours keep their names at night.
    """
    if light == "night":
        return lambda colour: mix(_dim(colour, 1 - 0.34 * share), (30, 44, 110), 0.34 * share)
    if light == "sunset":
        return lambda colour: mix(_dim(colour, 1 - 0.1 * share), (232, 118, 92), 0.24 * share)
    if weather == "rainy":
        return lambda colour: mix(_dim(colour, 1 - 0.1 * share), (112, 130, 152), 0.26 * share)
    if weather == "cloudy":
        return lambda colour: mix(colour, (150, 160, 172), 0.16 * share)
    if weather == "foggy":
        return lambda colour: mix(colour, (214, 220, 224), 0.3 * share)
    return lambda colour: colour


def _dim(colour: Colour, factor: float) -> Colour:
    return tuple(round(part * factor) for part in colour[:3]) + tuple(colour[3:])

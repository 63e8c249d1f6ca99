"""What a drawn picture shows, as data: everything that is true of it, and where it stands."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Spot:
    """Where one piece of a thing stands.

    `x`, `y` are its foot (for things in the air or water its middle) in parts of the
    picture, 0..1, y downwards; `scale` is its unit length in parts of the picture.
    """

    x: float
    y: float
    scale: float
    flip: bool


@dataclass(frozen=True)
class Thing:
    """One kind of thing, once or several times.

    `colour` of a person is that of the shirt or dress. `relation` is where it is
    seen from the scene's first thing: "next to", "behind", "above" or "below"; the
    first thing has none. `item` is what a person holds, rides or plays with.
    """

    kind: str
    colour: str
    count: int = 1
    size: str = "medium"  # small | medium | big
    action: str | None = None
    relation: str | None = None
    item: str | None = None
    item_colour: str | None = None
    spots: tuple[Spot, ...] = ()


@dataclass(frozen=True)
class Scene:
    """A picture's truth; `seed` fixes what no caption speaks of: clouds, hills, hair."""

    place: str
    weather: str  # clear | sunny | cloudy | rainy | snowy | foggy
    light: str  # day | sunset | night
    things: tuple[Thing, ...]
    seed: int = 0

    @property
    def main(self) -> Thing:
        """The thing that the picture is about."""
        return self.things[0]


def to_json(scene: Scene) -> dict[str, Any]:
    """The scene as plain lists and dicts for `json.dump`."""
    return asdict(scene)

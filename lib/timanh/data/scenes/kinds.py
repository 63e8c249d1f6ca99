"""Every kind of thing that can be drawn: its colours, places, actions and measures."""

from dataclasses import dataclass

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "black", "white", "brown")
BRIGHT = ("red", "orange", "yellow", "green", "blue", "purple")
EIGHT = (*BRIGHT, "black", "white")
CLOTHES = EIGHT

CITY = ("street", "city")
WILD = ("meadow", "forest", "mountains", "lake", "farm")
OPEN = ("meadow", "mountains", "lake", "sea", "beach", "desert", "farm", "city", "park")
PLACES = (
    *("street", "city", "park", "beach", "meadow", "forest", "mountains"),
    *("lake", "sea", "desert", "farm", "room", "underwater"),
)


@dataclass(frozen=True)
class Kind:
    """What the sampler and the layout must know of one kind.

    `width` and `height` are in units of the drawing, `scale` is one unit in parts of the
    picture when the thing is alone. `lane` says where it stands: ground, road, rails,
    water, air or deep. `share` is how often each of its colours comes in one round.
    """

    name: str
    group: str  # vehicle | animal | object | person
    colours: tuple[str, ...]
    places: tuple[str, ...]
    width: float
    height: float
    scale: float
    lane: str = "ground"
    actions: tuple[str | None, ...] = (None,)
    most: int = 3
    share: int = 1


def _people(name: str, height_scale: float) -> Kind:
    actions = (
        *("walking", "running", "sitting", "waving", "jumping", "reading"),
        *("holding an umbrella", "holding a balloon"),
        *("riding a bicycle", "flying a kite", "playing ball"),
    )
    places = (*CITY, "park", "beach", *WILD, "desert", "room")
    return Kind(name, "person", CLOTHES, places, 0.95, 1.95, height_scale, "ground", actions)


_ALL = (
    Kind("car", "vehicle", EIGHT, (*CITY, *CITY, "mountains", "desert", "farm", "beach"),
         2.1, 0.9, 0.29, "road", share=2),
    Kind("bus", "vehicle", BRIGHT, (*CITY, *CITY, "mountains"), 2.7, 1.25, 0.25, "road", most=2),
    Kind("truck", "vehicle", EIGHT, (*CITY, "mountains", "desert", "farm"),
         2.6, 1.2, 0.25, "road", most=2),
    Kind("bicycle", "vehicle", ("red", "orange", "yellow", "green", "blue", "black"),
         (*CITY, "park", "beach", "meadow", "farm"), 1.6, 1.05, 0.32),
    Kind("motorbike", "vehicle", ("red", "yellow", "green", "blue", "black", "white"),
         (*CITY, "mountains", "farm"), 1.7, 1.0, 0.32, "road"),
    Kind("train", "vehicle", ("red", "yellow", "green", "blue", "black"),
         ("meadow", "mountains", "farm", "forest", "desert"), 3.5, 1.15, 0.24, "rails", most=1),
    Kind("boat", "vehicle", EIGHT, ("lake", "sea", "sea", "beach"), 1.6, 1.7, 0.3, "water"),
    Kind("plane", "vehicle", EIGHT, OPEN, 2.5, 1.0, 0.24, "air"),
    Kind("helicopter", "vehicle", BRIGHT, OPEN, 2.2, 1.0, 0.24, "air", most=2),
    Kind("hot-air balloon", "vehicle", BRIGHT, ("mountains", "meadow", "desert", "lake", "farm"),
         1.0, 1.5, 0.3, "air"),
    Kind("dog", "animal", ("black", "white", "brown", "yellow"),
         (*CITY, "park", "beach", "meadow", "forest", "lake", "farm", "room"),
         1.45, 1.15, 0.36, actions=("running", "sitting", None, "jumping"), most=5, share=2),
    Kind("cat", "animal", ("black", "white", "orange", "brown"),
         (*CITY, "park", "meadow", "farm", "room", "room"),
         1.2, 1.1, 0.36, actions=("sitting", "walking", "sleeping"), most=5, share=2),
    Kind("bird", "animal", EIGHT, (*OPEN, "forest", "street"), 1.3, 1.0, 0.3, "air",
         actions=("flying",), most=5),
    Kind("horse", "animal", ("black", "white", "brown"), ("meadow", "farm", "beach", "mountains",
         "desert", "forest", "lake"), 1.8, 1.65, 0.33, actions=("running", None, "eating grass"),
         most=4, share=2),
    Kind("cow", "animal", ("black", "white", "brown"), ("meadow", "farm", "mountains", "lake"),
         1.85, 1.25, 0.34, actions=(None, "eating grass", "walking"), most=4, share=2),
    Kind("sheep", "animal", ("white", "black", "brown"), ("meadow", "farm", "mountains", "lake"),
         1.35, 1.1, 0.34, actions=(None, "eating grass", "walking"), most=5),
    Kind("rabbit", "animal", ("white", "black", "brown"), ("meadow", "forest", "park", "farm"),
         0.95, 1.15, 0.36, actions=("sitting", "jumping"), most=5),
    Kind("duck", "animal", ("yellow", "white", "brown"), ("lake", "lake", "farm"), 1.1, 0.95,
         0.32, actions=(None,), most=5),
    Kind("fish", "animal", EIGHT, ("underwater",), 1.6, 1.0, 0.33, "deep",
         actions=("swimming",), most=5),
    Kind("butterfly", "animal", EIGHT, ("meadow", "park", "forest", "farm"), 1.3, 1.1, 0.28,
         "air", actions=("flying",), most=5),
    Kind("house", "object", EIGHT, ("meadow", "mountains", "lake", "farm", "beach", "forest"),
         1.6, 1.65, 0.36, most=2),
    Kind("tree", "object", ("green", "orange", "yellow", "red"),
         ("meadow", "park", "mountains", "lake", "farm", "street"), 1.15, 1.75, 0.36),
    Kind("flower", "object", ("red", "orange", "yellow", "purple", "white", "blue"),
         ("meadow", "park", "farm", "forest", "lake", "room"), 0.75, 1.4, 0.4, most=5),
    Kind("ball", "object", EIGHT, ("beach", "park", "meadow", "room", "street"),
         1.0, 1.0, 0.3, most=5),
    Kind("umbrella", "object", EIGHT, ("beach", "beach", "park", "street", "city"),
         1.4, 1.5, 0.36),
    Kind("balloon", "object", EIGHT, ("park", "beach", "meadow", "city", "room", "farm"),
         0.75, 1.5, 0.3, "air", most=5),
    Kind("kite", "object", BRIGHT, ("beach", "park", "meadow", "farm", "mountains"), 1.0, 1.6,
         0.3, "air"),
    Kind("chair", "object", EIGHT, ("room", "room", "beach", "park", "lake"), 0.9, 1.35, 0.4),
    Kind("cup", "object", EIGHT, ("room", "park", "beach", "meadow"), 1.15, 0.95, 0.4),
    Kind("tent", "object", BRIGHT, ("meadow", "forest", "mountains", "lake", "beach", "desert"),
         1.8, 1.2, 0.36, most=2),
    Kind("gift", "object", BRIGHT, ("room", "room", "park", "street"), 1.0, 1.15, 0.36, most=4),
    Kind("teddy bear", "object", ("brown", "white", "yellow", "blue"),
         ("room", "room", "park", "beach"), 1.05, 1.3, 0.38),
    _people("man", 0.31),
    _people("woman", 0.30),
    _people("boy", 0.26),
    _people("girl", 0.26),
)  # fmt: skip

KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}

# What a person's action needs beside the person: the item, and the width it takes.
ITEMS: dict[str, tuple[str, float]] = {
    "holding an umbrella": ("umbrella", 1.3),
    "holding a balloon": ("balloon", 1.3),
    "riding a bicycle": ("bicycle", 1.7),
    "flying a kite": ("kite", 1.9),
    "playing ball": ("ball", 1.6),
    "reading": ("book", 1.0),
}

OUTDOOR_ACTIONS = ("riding a bicycle", "flying a kite")

"""Captions in English."""

import random

from timanh.data.scenes.captions import Plan, plans, second_of
from timanh.data.scenes.kinds import KINDS
from timanh.data.scenes.scene import Scene, Thing

NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five"}
NAMES: dict[str, tuple[tuple[str, str], ...]] = {  # singular, plural; the first is the usual one
    "bus": (("bus", "buses"),),
    "truck": (("truck", "trucks"), ("lorry", "lorries")),
    "bicycle": (("bicycle", "bicycles"), ("bike", "bikes")),
    "motorbike": (("motorbike", "motorbikes"), ("motorcycle", "motorcycles")),
    "boat": (("boat", "boats"), ("sailing boat", "sailing boats")),
    "plane": (("plane", "planes"), ("airplane", "airplanes")),
    "sheep": (("sheep", "sheep"),),
    "fish": (("fish", "fish"),),
    "butterfly": (("butterfly", "butterflies"),),
    "rabbit": (("rabbit", "rabbits"), ("bunny", "bunnies")),
    "gift": (("gift", "gifts"), ("present", "presents")),
    "cup": (("cup", "cups"), ("mug", "mugs")),
    "man": (("man", "men"),),
    "woman": (("woman", "women"), ("lady", "ladies")),
    "boy": (("boy", "boys"), ("child", "children")),
    "girl": (("girl", "girls"), ("child", "children")),
}
SIZES = {"small": ("small", "little"), "big": ("big", "large")}
ACTIONS = {
    "waving": ("waving", "waving a hand"),
    "jumping": ("jumping", "leaping"),
    "eating grass": ("eating grass", "grazing"),
    "reading": ("reading a book", "reading"),
    "sleeping": ("sleeping", "asleep"),
}
ALWAYS = {
    "plane": ("flying",), "helicopter": ("flying",), "hot-air balloon": ("floating", "flying"),
    "boat": ("sailing",), "kite": ("flying",), "balloon": ("floating",),
}  # fmt: skip
PLACES = {
    "street": ("on a street", "on the street", "in front of the shops"),
    "city": ("in the city", "in a big city", "in front of tall buildings"),
    "park": ("in a park", "in the park"),
    "beach": ("on the beach", "on a sandy beach"),
    "meadow": ("in a meadow", "on the grass", "in a green field"),
    "forest": ("in the forest", "in the woods", "among the trees"),
    "mountains": ("in the mountains", "near the mountains"),
    "lake": ("by a lake", "beside the lake"),
    "sea": ("on the sea", "at sea"),
    "desert": ("in the desert", "on the desert sand"),
    "farm": ("on a farm", "near a barn"),
    "room": ("in a room", "indoors", "inside a house"),
    "underwater": ("under water", "in the sea", "underwater"),
}
OVER = {
    "street": ("over a street", "above the street"), "city": ("over the city", "above the city"),
    "park": ("over a park", "above the park"), "beach": ("over the beach", "above the beach"),
    "meadow": ("over a meadow", "above a green field"), "forest": ("over the forest floor", "in the forest"),
    "mountains": ("near the mountains", "over the mountains"), "lake": ("over a lake", "above the lake"),
    "sea": ("over the sea", "above the sea"), "desert": ("over the desert", "above the desert"),
    "farm": ("over a farm", "above the farm"),
}  # fmt: skip
WATER = {"lake": "on a lake", "beach": "near the beach"}
NIGHT = {
    "clear": ("at night", "in the dark", "under the night sky"), "rainy": ("on a rainy night", "in the rain at night"),
    "snowy": ("on a snowy night", "in the snow at night"),
}  # fmt: skip
SUNSET = {
    "clear": ("at sunset", "in the evening", "as the sun goes down"),
    "rainy": ("on a rainy evening", "in the rain at sunset"),
    "snowy": ("on a snowy evening", "in the snow at sunset"),
}
DAY = {
    "clear": ("by day", "during the day", "in daylight"),
    "sunny": ("on a sunny day", "in the sunshine", "under a bright sun"),
    "cloudy": ("on a cloudy day", "under a cloudy sky"),
    "rainy": ("in the rain", "on a rainy day"),
    "snowy": ("in the snow", "on a snowy day", "while it is snowing"),
    "foggy": ("in the fog", "on a foggy day", "in the mist"),
}
ABOVE = ("with {} in the sky", "with {} in the air")
BESIDE = ("with {}", "next to {}", "beside {}")


def english_captions(scene: Scene) -> list[str]:
    """Five captions, as five people would write them."""
    return [_caption(scene, plan) for plan in plans(scene)]


def time_words(light: str, weather: str, rng: random.Random) -> str:
    """When and in what weather."""
    return rng.choice({"night": NIGHT, "sunset": SUNSET, "day": DAY}[light][weather])


def place_words(thing: Thing, place: str, rng: random.Random) -> str:
    """Where the thing is: on the ground of the place, over it, or on its water."""
    lane = KINDS[thing.kind].lane
    words = rng.choice((OVER if lane == "air" and place in OVER else PLACES)[place])
    return WATER.get(place, words) if lane == "water" else words


def noun_phrase(
    thing: Thing, rng: random.Random, *, sized: bool = False, coloured: bool = True
) -> str:
    """ "two small red cars", "a woman in a blue dress", without colour "two cars", "a woman"."""
    options = NAMES.get(thing.kind, ((thing.kind, f"{thing.kind}s"),))
    singular, plural = options[0] if rng.random() < 0.7 else rng.choice(options)
    noun = singular if thing.count == 1 else plural
    size = SIZES.get(thing.size)
    words = [rng.choice(size)] if sized and size else []
    if not coloured:
        return _counted(" ".join([*words, noun]), thing.count)
    if KINDS[thing.kind].group == "person":
        phrase = " ".join([*words, noun])
        return f"{_counted(phrase, thing.count)} in {_clothes(thing)}"
    if thing.kind == "tree" and thing.colour != "green":
        phrase = " ".join([*words, noun])
        return f"{_counted(phrase, thing.count)} with {thing.colour} leaves"
    return _counted(" ".join([*words, thing.colour, noun]), thing.count)


def _clothes(thing: Thing) -> str:
    dressed = thing.kind in ("woman", "girl") and thing.action not in (
        "riding a bicycle", "sitting",
    )  # fmt: skip
    garment = "dress" if dressed else "shirt"
    if thing.count == 1:
        return f"{_article(thing.colour)} {thing.colour} {garment}"
    return f"{thing.colour} {garment}{'es' if dressed else 's'}"


HOLDING = {
    "umbrella": ("holding", "holding", "with"), "balloon": ("holding", "holding", "with"),
    "bicycle": ("riding",), "kite": ("flying",), "ball": ("playing with",),
}  # fmt: skip


def action_words(thing: Thing, rng: random.Random, *, coloured: bool) -> str | None:
    """What the thing does or holds; `coloured` names the colour of what it holds."""
    if thing.item_colour and thing.item in HOLDING:
        phrase = f"{thing.item_colour} {thing.item}" if coloured else thing.item
        things = f"{_article(phrase)} {phrase}" if thing.count == 1 else f"{phrase}s"
        return f"{rng.choice(HOLDING[thing.item])} {things}"
    if thing.action:
        return rng.choice(ACTIONS.get(thing.action, (thing.action,)))
    return rng.choice(ALWAYS[thing.kind]) if thing.kind in ALWAYS else None


def _caption(scene: Scene, plan: Plan) -> str:
    rng = random.Random(plan.seed)
    main = scene.main
    subject = noun_phrase(main, rng, sized=plan.with_size, coloured=plan.with_colour)
    action = action_words(main, rng, coloured=plan.with_colour) if plan.with_action else None
    place = place_words(main, scene.place, rng)
    said = {
        "main": f"{subject} {action}" if action else subject,
        "place": place,
        "time": _time(scene, rng),
        "second": _second(scene, rng),
    }
    rest = [part for part in plan.parts if part not in ("there", "picture")]
    lead = rest[0] if rest[0] in ("time", "place") else None
    body = " ".join(said[part] for part in rest if part != lead and said[part])
    if "there" in plan.parts:
        body = f"there {'is' if main.count == 1 else 'are'} {body}"
    elif "picture" in plan.parts:
        body = f"a picture of {body}"
    text = f"{said[lead]}, {body}" if lead and said[lead] else body
    return text[0].upper() + text[1:] + rng.choice((".", ".", ""))


def _time(scene: Scene, rng: random.Random) -> str:
    if scene.place == "underwater":
        return ""
    return time_words(scene.light, scene.weather, rng)


def _second(scene: Scene, rng: random.Random) -> str:
    thing = second_of(scene, rng)
    if thing is None:
        return ""
    phrase = noun_phrase(thing, rng)
    if KINDS[thing.kind].lane == "air" and KINDS[scene.main.kind].lane != "air":
        return rng.choice(ABOVE).format(phrase)
    if thing.relation == "next to":
        return rng.choice(BESIDE).format(phrase)
    return f"with {phrase}" + (" below" if thing.relation == "below" else "")


def _counted(phrase: str, count: int) -> str:
    return f"{_article(phrase)} {phrase}" if count == 1 else f"{NUMBERS[count]} {phrase}"


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"

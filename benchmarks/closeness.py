"""Whether “very close” and “nothing here is close” are true, on drawn scenes whose truth is known.

Each gallery lacks some kinds of things. Queries ask for kinds that are there and that are not, bare
(“dog”), with an article, with a colour (“a red car”) or a place, for things that are drawn nowhere
(“a piano”), by whole captions, and by pictures of another seed; in English and Vietnamese. The
calibration sees the gallery and its captions, never the truth; once without the captions too.

    python benchmarks/closeness.py                       # the seeds that it is judged on
    python benchmarks/closeness.py --seeds 101 102 103   # those that thresholds were chosen on
"""

import argparse
import math
import random
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import keep

from timanh.data.scenes import Scene, Thing, english, render, scene_of, vietnamese
from timanh.data.scenes.english import english_captions
from timanh.data.scenes.kinds import KINDS
from timanh.data.scenes.vietnamese import vietnamese_captions
from timanh.models import load_encoder
from timanh.search import Query, SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary

JUDGED = (201, 202, 203)
PICTURES, ABSENT_KINDS, SHOWN, WRITTEN, TOP = 400, 8, 120, 60, 10
NOWHERE = {
    "en": ("a giraffe", "a submarine", "a bowl of noodles", "a laptop", "an elephant", "a guitar",
           "a wedding cake", "a castle", "a crocodile", "a tennis match", "a piano", "a clown",
           "fireworks", "a banana", "a penguin", "a computer screen"),
    "vi": ("con hươu cao cổ", "tàu ngầm", "tô phở", "máy tính xách tay", "con voi", "đàn ghi ta",
           "bánh cưới", "lâu đài", "con cá sấu", "trận quần vợt", "đàn piano", "chú hề",
           "pháo hoa", "quả chuối", "chim cánh cụt", "màn hình máy tính"),
}  # fmt: skip


@dataclass
class Counted:
    """How often something was true."""

    right: int = 0
    all: int = 0

    def add(self, right: bool) -> None:
        self.right, self.all = self.right + right, self.all + 1

    def to_json(self) -> dict[str, Any]:
        low, high = wilson(self.right, self.all)
        share = 100 * self.right / self.all if self.all else None
        return {
            "right": self.right, "of": self.all,
            "percent": None if share is None else round(share, 1),
            "ci95": [round(100 * low, 1), round(100 * high, 1)],
        }  # fmt: skip


@dataclass
class Tally:
    """What came of the queries of one kind."""

    very: Counted = field(default_factory=Counted)
    close: Counted = field(default_factory=Counted)
    said_of_absent: Counted = field(default_factory=Counted)  # “nothing is close”, which is right
    said_of_present: Counted = field(default_factory=Counted)  # the same, which is wrong


def wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not count:
        return 0.0, 1.0
    share = right / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count**2))
    return middle - half / (1 + z * z / count), middle + half / (1 + z * z / count)


def shows(scene: Scene, kind: str, colour: str | None = None, place: str | None = None) -> bool:
    """Whether a picture is right: a thing, or what a person holds, of this kind and colour."""
    there = any(
        (thing.kind == kind and colour in (None, thing.colour))
        or (thing.item == kind and colour in (None, thing.item_colour))
        for thing in scene.things
    )
    return there and place in (None, scene.place)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="demo")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(JUDGED))
    given = parser.parse_args()
    encoder = load_encoder(given.model, device="cpu")
    tallies: dict[tuple[str, str], Tally] = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in given.seeds:
            measure(encoder, Path(folder) / str(seed), seed, tallies)
    document: dict[str, Any] = {"model": encoder.name, "seeds": given.seeds, "pictures": PICTURES}
    for (calibrated, kind), tally in sorted(tallies.items()):
        entry = {name: counted.to_json() for name, counted in vars(tally).items()}
        document.setdefault(calibrated, {})[kind] = entry
        parts = (f"{name} {one['percent']} % of {one['of']}" for name, one in entry.items())
        print(f"{calibrated:9} {kind:18}", " · ".join(parts))
    if given.model == "demo" and tuple(given.seeds) == JUDGED:
        keep("closeness", document)


def measure(encoder: Any, place: Path, seed: int, tallies: dict[tuple[str, str], Tally]) -> None:
    """One gallery, calibrated by its captions and without them."""
    rng = random.Random(seed)
    absent = set(rng.sample(sorted(KINDS), ABSENT_KINDS))
    scenes = drawn(place / "gallery", seed, absent)
    asked = list(queries(scenes, rng))
    pictures = [scene_of(index, seed + 5000) for index in range(SHOWN)]
    for calibrated in ("captions", "none"):
        index = place / calibrated
        if calibrated == "none":
            for file in (place / "gallery").glob("*.txt"):
                file.unlink()
        build_dictionary(place / "gallery", encoder, index, progress=False)
        engine = SearchEngine(encoder, VectorDictionary.open(index, encoder))
        engine.calibration.measure(engine.dictionary)
        for kind, text, right in asked:
            count(engine, Query(text, k=TOP), right, both(tallies, calibrated, kind))
        for scene in pictures:
            wanted = scene.main.kind
            right = {n for n, other in scenes.items() if shows(other, wanted)}
            query = Query(images=(render(scene, 224),), k=TOP)
            count(engine, query, right, both(tallies, calibrated, "picture"))
    shutil.rmtree(place)


def drawn(gallery: Path, seed: int, absent: set[str]) -> dict[str, Scene]:
    """A gallery without some kinds; file name → what it shows."""
    (gallery / "images").mkdir(parents=True)
    scenes: dict[str, Scene] = {}
    index = 0
    while len(scenes) < PICTURES:
        scene = scene_of(index, seed)
        index += 1
        if not any(shows(scene, kind) for kind in absent):
            scenes[f"{len(scenes):04d}.jpg"] = scene
    for name, scene in scenes.items():
        render(scene, 224).save(gallery / "images" / name, quality=90)
    for file, words in (
        ("captions.txt", english_captions),
        ("captions.vi.txt", vietnamese_captions),
    ):
        lines = [f"{name},{text}" for name, scene in scenes.items() for text in words(scene)]
        (gallery / file).write_text("\n".join(["image,caption", *lines]) + "\n", "utf8")
    return scenes


def queries(scenes: dict[str, Scene], rng: random.Random) -> Iterator[tuple[str, str, set[str]]]:
    """Kind of query, its text, and the pictures that are right."""

    def right(kind: str, colour: str | None = None, place: str | None = None) -> set[str]:
        return {name for name, scene in scenes.items() if shows(scene, kind, colour, place)}

    for language, words in (("en", english), ("vi", vietnamese)):
        for kind, described in KINDS.items():
            plain = Thing(kind, described.colours[0], 1, "medium", None)
            name = english.NAMES.get(kind, ((kind,),))[0][0] if language == "en" else (
                vietnamese.NAMES[kind][0]
            )  # fmt: skip
            yield f"{language} word", name, right(kind)
            one = words.noun_phrase(plain, rng, coloured=False)
            yield f"{language} thing", one, right(kind)
            for place in sorted(set(described.places)):
                text = f"{one} {rng.choice(words.PLACES[place])}"
                yield f"{language} thing, place", text, right(kind, place=place)
            for colour in described.colours:
                thing = Thing(kind, colour, 1, "medium", None)
                yield f"{language} colour", words.noun_phrase(thing, rng), right(kind, colour)
        for text in NOWHERE[language]:
            yield f"{language} nowhere", text, set()
        for name in rng.sample(sorted(scenes), WRITTEN):
            caption = english_captions if language == "en" else vietnamese_captions
            yield f"{language} caption", rng.choice(caption(scenes[name])), {name}


def both(tallies: dict[tuple[str, str], Tally], calibrated: str, kind: str) -> list[Tally]:
    """The tally of this kind, and that of all short texts or of none."""
    names = [kind]
    if not kind.endswith(("caption", "picture")):
        names.append("short texts")
    return [tallies.setdefault((calibrated, name), Tally()) for name in names]


def count(engine: SearchEngine, query: Query, right: set[str], tallies: list[Tally]) -> None:
    """Ask, and count what was said."""
    found = engine.search(query)
    for tally in tallies:
        said = tally.said_of_present if right else tally.said_of_absent
        said.add(found.nothing_close is True)
        for hit in found.hits:
            if hit.closeness == "very":
                tally.very.add(Path(hit.path).name in right)
            elif hit.closeness == "close":
                tally.close.add(Path(hit.path).name in right)


if __name__ == "__main__":
    main()

"""How well the shipped demo checkpoint finds drawn pictures, by recall and by the truth.

Recall on pictures of a seed it has not seen, in both languages; how many of the five best pictures
of the demo gallery show what was wanted, for the example queries of the page; and the same for all
queries as short as “a red car”, one for each kind and colour of which there are five pictures.

    python benchmarks/demo_model.py
"""

import argparse
import random
import statistics
import tempfile
from pathlib import Path
from typing import Any

from common import keep

from timanh.data import open_data
from timanh.data.scenes import (
    EXAMPLES,
    Thing,
    draw_gallery,
    english,
    load_truth,
    matches,
    vietnamese,
)
from timanh.data.scenes.kinds import KINDS
from timanh.evaluation import evaluate, format_report
from timanh.models import load_encoder
from timanh.search import Query, SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary

SEED, COUNT = 77, 500
# What a right answer to each example query shows; some are right in several ways.
WANTED: tuple[tuple[dict[str, Any], ...], ...] = (
    ({"kind": "car", "colour": "red"},),
    ({"kind": "dog", "count": 2, "place": "meadow"},),
    ({"kind": "boat", "place": "sea", "light": "sunset"},),
    ({"kind": "cat", "colour": "black", "light": "night"},),
    ({"kind": "horse", "colour": "white", "weather": "snowy"},),
    ({"kind": "boy", "item": "kite"}, {"kind": "girl", "item": "kite"}),
    ({"kind": "fish", "colour": "yellow", "place": "underwater"},),
    ({"kind": "woman", "item": "umbrella", "weather": "rainy"},),
)


def main() -> None:
    """Both measures; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="demo", help="another checkpoint of the same kind")
    model = parser.parse_args().model
    encoder = load_encoder(model, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        recall = measure_recall(encoder, Path(folder) / "unseen")
        engine, truth = demo_gallery(encoder, Path(folder))
        examples = ask_examples(engine, truth)
        short = {language: ask_short(engine, truth, language) for language in ("en", "vi")}
    print(format_report(*recall.values()))
    for entry in examples:
        print(f"{entry['right']} of 5 (at most {entry['there']})  {entry['query']}")
    for language, found in short.items():
        print(f"{found['right_percent']} % right of {found['queries']} short queries, {language}")
    if model == "demo":
        document = {"seed": SEED, "recall": recall, "examples": examples, "short": short}
        keep("demo_model", document)


def measure_recall(encoder: Any, place: Path) -> dict[str, Any]:
    """Language → the report of `evaluate` on unseen pictures."""
    gallery = draw_gallery(place, count=COUNT, seed=SEED)
    found = {}
    for language, file in (("en", "captions.txt"), ("vi", "captions.vi.txt")):
        folder = open_data(gallery, gallery / file)
        found[language] = evaluate(encoder, folder, folder.names, split=f"seed {SEED}")
        found[language]["model"] = f"{encoder.name}, {language}"
    return found


def demo_gallery(encoder: Any, place: Path) -> tuple[SearchEngine, dict[str, Any]]:
    """An engine over the demo gallery, and what its pictures show."""
    gallery = draw_gallery(place / "gallery")
    build_dictionary(gallery, encoder, place / "vectors", source="demo")
    return SearchEngine(encoder, VectorDictionary.open(place / "vectors", encoder)), load_truth(
        gallery
    )


def ask_examples(engine: SearchEngine, truth: dict[str, Any]) -> list[dict[str, Any]]:
    """Each example query with how many of its five best pictures are right."""
    rows = []
    for queries in EXAMPLES.values():
        for query, ways in zip(queries, WANTED, strict=True):
            right = {name for way in ways for name in matches(truth, **way)}
            found = count_right(engine, query, right)
            rows.append({"query": query, "right": found, "there": min(5, len(right))})
    return rows


def ask_short(engine: SearchEngine, truth: dict[str, Any], language: str) -> dict[str, Any]:
    """Queries such as “a red car”: the share of right pictures among the first five."""
    words = {"en": english, "vi": vietnamese}[language]
    found = []
    for kind in KINDS.values():
        for colour in kind.colours:
            right = set(matches(truth, kind=kind.name, colour=colour))
            if len(right) >= 5:
                thing = Thing(kind.name, colour, 1, "medium", None)
                query = words.noun_phrase(thing, random.Random(1))
                found.append(count_right(engine, query, right))
    return {
        "queries": len(found),
        "right_percent": round(20 * statistics.mean(found), 1),
        "four_or_more_percent": round(100 * sum(n >= 4 for n in found) / len(found), 1),
    }


def count_right(engine: SearchEngine, query: str, right: set[str]) -> int:
    """How many of the five best pictures are among `right`."""
    hits = engine.search(Query(query)).hits[:5]
    return sum(hit.path.rsplit("/", 1)[-1] in right for hit in hits)


if __name__ == "__main__":
    main()

"""How well the shipped demo checkpoint finds drawn pictures, by recall and by the truth.

On pictures of a seed that it has not seen, in both languages: recall by captions; how many of the
five best of 2,000 pictures are right for all queries as short as “a red car”, one for each kind and
colour of which there are five pictures; and, for a picture with words for a change, how often the
picture drawn with that change comes before the one asked with. On the demo gallery: how many of
the five best pictures are right for the example queries of the page.

    python benchmarks/demo_model.py [--seed 77] [--model FOLDER]
"""

import argparse
import random
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from common import keep

from timanh.data import open_data
from timanh.data.scenes import (
    EXAMPLES,
    Scene,
    Thing,
    draw_gallery,
    english,
    load_truth,
    matches,
    render,
    vietnamese,
)
from timanh.data.scenes.kinds import KINDS
from timanh.evaluation import combined_cases, evaluate, format_report
from timanh.models import load_encoder
from timanh.search import Query, SearchEngine, combine_query
from timanh.vectors import VectorDictionary, build_dictionary

SEED, COUNT, GALLERY, CASES = 77, 500, 2000, 400
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
    parser.add_argument("--seed", type=int, default=SEED, help="of the pictures; not 1 and not 0")
    args = parser.parse_args()
    encoder = load_encoder(args.model, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        recall = measure_recall(encoder, Path(folder) / "captioned", args.seed)
        page = gallery_of(encoder, Path(folder) / "page", 0)
        examples = ask_examples(*page)
        unseen = gallery_of(encoder, Path(folder) / "unseen", args.seed)
        short = {language: ask_short(*unseen, language) for language in ("en", "vi")}
    order = {language: ask_changes(encoder, args.seed, language) for language in ("en", "vi")}
    print(format_report(*recall.values()))
    for entry in examples:
        print(f"{entry['right']} of 5 (at most {entry['there']})  {entry['query']}")
    for language, found in short.items():
        print(f"{found['right_percent']} % right of {found['queries']} short queries, {language}")
    for language, found in order.items():
        print(f"{found['in_order_percent']} % of {CASES} changes in order, {language}")
    if (args.model, args.seed) == ("demo", SEED):
        document = {"seed": SEED, "recall": recall, "examples": examples, "short": short}
        keep("demo_model", {**document, "changes": order})


def measure_recall(encoder: Any, place: Path, seed: int) -> dict[str, Any]:
    """Language → the report of `evaluate` on unseen pictures."""
    gallery = draw_gallery(place, count=COUNT, seed=seed)
    found = {}
    for language, file in (("en", "captions.txt"), ("vi", "captions.vi.txt")):
        folder = open_data(gallery, gallery / file)
        found[language] = evaluate(encoder, folder, folder.names, split=f"seed {seed}")
        found[language]["model"] = f"{encoder.name}, {language}"
    return found


def gallery_of(encoder: Any, place: Path, seed: int) -> tuple[SearchEngine, dict[str, Any]]:
    """An engine over a gallery drawn from a seed, and what its pictures show."""
    gallery = draw_gallery(place / "gallery", count=GALLERY, seed=seed)
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


def ask_changes(encoder: Any, seed: int, language: str) -> dict[str, Any]:
    """A picture with “the same but blue” and the like: is the changed picture before the given?"""
    cases = list(combined_cases(CASES, seed))
    before = encode_scenes(encoder, [case.scene for case in cases])
    after = encode_scenes(encoder, [case.change.scene for case in cases])
    words = encoder.encode_texts([getattr(case.change, language) for case in cases])
    in_order = [
        float(query @ changed) > float(query @ given)
        for query, given, changed in zip(
            map(combine_query, words, before), before, after, strict=True
        )
    ]
    by_change = {
        what: round(100 * statistics.mean(
            fine for fine, case in zip(in_order, cases, strict=True) if case.change.what == what
        ), 1)
        for what in sorted({case.change.what for case in cases})
    }  # fmt: skip
    return {
        "cases": CASES,
        "in_order_percent": round(100 * statistics.mean(in_order), 1),
        "by_change": by_change,
    }


def encode_scenes(encoder: Any, scenes: list[Scene]) -> Any:
    """(N, dim), drawn and encoded a few at a time."""
    parts = [scenes[start : start + 64] for start in range(0, len(scenes), 64)]
    return np.concatenate([encoder.encode_images(list(map(render, part))) for part in parts])


def count_right(engine: SearchEngine, query: str, right: set[str]) -> int:
    """How many of the five best pictures are among `right`."""
    hits = engine.search(Query(query)).hits[:5]
    return sum(hit.path.rsplit("/", 1)[-1] in right for hit in hits)


if __name__ == "__main__":
    main()

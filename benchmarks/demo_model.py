"""How well the shipped demo checkpoint finds drawn pictures, by recall and by the truth.

Recall on pictures of a seed it has not seen, in both languages; and, for the example queries of
the page, how many of the five best pictures of the demo gallery show what was asked.

    python benchmarks/demo_model.py
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from common import keep

from timanh.data import open_data
from timanh.data.scenes import EXAMPLES, draw_gallery, load_truth, matches
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
        examples = ask_examples(encoder, Path(folder) / "gallery", Path(folder) / "vectors")
    print(format_report(*recall.values()))
    for entry in examples:
        print(f"{entry['right']} of 5 (at most {entry['there']})  {entry['query']}")
    if model == "demo":
        keep("demo_model", {"seed": SEED, "recall": recall, "examples": examples})


def measure_recall(encoder: Any, place: Path) -> dict[str, Any]:
    """Language → the report of `evaluate` on unseen pictures."""
    gallery = draw_gallery(place, count=COUNT, seed=SEED)
    found = {}
    for language, file in (("en", "captions.txt"), ("vi", "captions.vi.txt")):
        folder = open_data(gallery, gallery / file)
        found[language] = evaluate(encoder, folder, folder.names, split=f"seed {SEED}")
        found[language]["model"] = f"{encoder.name}, {language}"
    return found


def ask_examples(encoder: Any, place: Path, vectors: Path) -> list[dict[str, Any]]:
    """Each example query with how many of its five best pictures are right."""
    gallery = draw_gallery(place)
    build_dictionary(gallery, encoder, vectors, source="demo")
    engine = SearchEngine(encoder, VectorDictionary.open(vectors, encoder))
    truth = load_truth(gallery)
    told = []
    for queries in EXAMPLES.values():
        for query, ways in zip(queries, WANTED, strict=True):
            right = {name for way in ways for name in matches(truth, **way)}
            hits = engine.search(Query(query)).hits
            found = sum(hit.path.rsplit("/", 1)[-1] in right for hit in hits)
            told.append({"query": query, "right": found, "there": min(5, len(right))})
    return told


if __name__ == "__main__":
    main()

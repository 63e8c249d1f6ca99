"""From real captioned photos to search, with the commands that a user types.

Trains two joined towers on the train split, measures recall on the dev split, builds the
dictionary of all pictures, asks five queries, and draws what they found.

    python benchmarks/real_photos.py --data FLICKR8K --vision EFFICIENTNET --text E5 --work DIR
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from common import ROOT, keep

from timanh.data import open_picture
from timanh.evaluation import plot_hit_rows
from timanh.search import Hit
from timanh.vectors import VectorDictionary

QUERIES = (
    "two dogs run on the beach",
    "a child on a swing",
    "a man riding a bicycle on a dirt path",
    "people playing football",
    "someone climbing a rock wall",
)


def timanh(*words: str) -> tuple[str, float]:
    """Run the command; its standard output and the seconds it took."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "timanh.cli", *words]
    paths = f"{ROOT / 'lib'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    return done.stdout, time.perf_counter() - began


def main() -> None:
    """Everything in order; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", required=True, type=Path, help="Flickr8k with its captions")
    parser.add_argument("--vision", help="a vision tower, such as EfficientNet-Lite0")
    parser.add_argument("--text", help="a text tower, such as multilingual-e5-small")
    parser.add_argument("--image-size", default="224", help="of the vision tower, in pixels")
    parser.add_argument("--work", required=True, type=Path, help="where model and vectors go")
    parser.add_argument("--model", type=Path, help="what `timanh train` left, if it was run before")
    parser.add_argument("--figure", type=Path, help="the five queries, as PNG")
    args = parser.parse_args()
    if args.model is None and not (args.vision and args.text):
        parser.error("give --vision and --text, or --model with what was trained before")
    trained = args.model or args.work / "model"
    model, index, data = str(trained), str(args.work / "vectors"), str(args.data)
    whole_s = None
    if args.model is None:
        _, whole_s = timanh(
            "train", "--data", data, "--vision", args.vision, "--text", args.text,
            "--image-size", args.image_size, "--out", model,
        )  # fmt: skip
    report, evaluate_s = timanh(
        "evaluate", "--model", model, "--data", data, "--split", "dev", "--json"
    )
    _, index_s = timanh("index", "build", data, "--model", model, "--out", index)
    found = {query: search(index, query) for query in QUERIES}
    figure = args.figure or args.work / "queries.png"
    gallery = VectorDictionary.open(args.work / "vectors").gallery
    plot_hit_rows(
        [
            (query, hits, [open_picture(gallery / hit.path, longest=320) for hit in hits], ())
            for query, hits in found.items()
        ],
        figure,
    )
    print(f"Drawn: {figure}", file=sys.stderr)
    history = json.loads((trained / "history.json").read_text(encoding="utf8"))
    keep(
        "real_photos",
        {
            "towers": [Path(tower).name for tower in (args.vision, args.text) if tower],
            "recipe": json.loads((trained / "recipe.json").read_text(encoding="utf8")),
            "evaluate": json.loads(report),
            "seconds": {
                "train": round(whole_s or sum(epoch["seconds"] for epoch in history), 1),
                "evaluate": round(evaluate_s, 1),
                "index": round(index_s, 1),
            },
            "epochs": [
                {key: epoch[key] for key in ("epoch", "loss", "pictures_per_s", "seconds")}
                for epoch in history
            ],
            "queries": {
                query: [{"path": hit.path, "score": round(hit.score, 4)} for hit in hits]
                for query, hits in found.items()
            },
        },
    )


def search(index: str, query: str) -> list[Hit]:
    """The five best hits, as `timanh search --json` gives them."""
    answer: dict[str, Any] = json.loads(timanh("search", "--index", index, query, "--json")[0])
    return [
        Hit(
            rank=hit["rank"], id=hit["id"], path=hit["path"], score=hit["score"],
            captions=tuple(hit["captions"]), width=hit["width"], height=hit["height"],
        )
        for hit in answer["results"]
    ]  # fmt: skip


if __name__ == "__main__":
    main()

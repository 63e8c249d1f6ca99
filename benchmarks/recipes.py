"""The recipe `strong` against the recipe `report` after the same number of pictures seen.

Both train the same two joined towers on the same photos: `strong` shows each picture once an
epoch with one of its captions, so five of its epochs see as many pictures as one of `report`,
which takes all five captions as items. Recall on the dev split, differences by a paired bootstrap.

    python benchmarks/recipes.py --data FLICKR8K --vision MOBILENET_V2 --text MINILM --work DIR
"""

import argparse
from pathlib import Path

from common import keep

from timanh.data import open_data
from timanh.evaluation import (
    compare,
    dev_recall,
    format_comparison,
    format_report,
    measure,
    split_with_captions,
)
from timanh.models import join_towers, load_encoder
from timanh.training import Recipe, train

EPOCHS = {"report": 1, "strong": 5}


def main() -> None:
    """Both recipes; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", required=True, type=Path, help="Flickr8k with its captions")
    parser.add_argument("--vision", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--image-size", type=int, default=192)
    parser.add_argument("--pictures", type=int, help="train on so many only")
    parser.add_argument("--work", required=True, type=Path, help="where the models go")
    args = parser.parse_args()
    folder = open_data(args.data)
    names = folder.split("train")[: args.pictures]
    found, seen = {}, {}
    for name, epochs in EPOCHS.items():
        recipe = Recipe.named(name, joined=True, epochs=epochs)
        encoder = join_towers(args.vision, args.text, image_size=args.image_size)
        done = train(
            folder, encoder, recipe, args.work / name, names=names,
            measure=dev_recall(folder), cache=args.work / "pixels",
        )  # fmt: skip
        captions = sum(len(folder.captions_of(each)) for each in names)
        seen[name] = epochs * (done.pictures if recipe.distinct_pictures else captions)
        trained = load_encoder(args.work / name)
        which, gallery = split_with_captions(folder, "test", "dev")
        found[name] = measure(trained, folder, gallery, split=which)
        found[name].document["model"] = name
    difference = compare(found["report"], found["strong"])
    documents = {name: each.document for name, each in found.items()}
    print(format_report(*documents.values()))
    print("\n" + format_comparison(difference))
    keep("recipes", {"pictures_seen": seen, "models": documents, "difference": difference})


if __name__ == "__main__":
    main()

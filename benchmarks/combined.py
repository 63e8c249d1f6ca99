"""How much the words of a query should count beside its picture: recall over alpha.

On drawn scenes, where the words ask for a change, and on captioned photos, where they describe
another photo than the one they come with; each also with the mean of pictures and of texts taken
off first.

    python benchmarks/combined.py [--photos FLICKR8K --model-of-photos TUNED] [--figures DIR]
"""

import argparse
from pathlib import Path

from common import keep

from timanh.data import open_data
from timanh.evaluation import evaluate_combined, evaluate_combined_photos, plot_combined
from timanh.models import load_encoder


def main() -> None:
    """Both languages; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="demo", help="for the drawn scenes")
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--photos", type=Path, help="captioned photos with a dev split")
    parser.add_argument("--model-of-photos", help="a model that knows photos")
    parser.add_argument("--figures", type=Path, help="where to draw both, as PNG")
    args = parser.parse_args()
    encoder = load_encoder(args.model, device="cpu")
    found = {
        f"drawn, {language}": evaluate_combined(encoder, args.cases, language=language)
        for language in encoder.languages
    }
    if args.photos and args.model_of_photos:
        folder = open_data(args.photos)
        other = load_encoder(args.model_of_photos)
        found["photos"] = evaluate_combined_photos(other, folder, folder.split("dev"))
    for name, document in found.items():
        for way in ("plain", "centred"):
            text = "  ".join(f"{entry['alpha']:.1f}: {entry['R@5']:.1f}" for entry in document[way])
            print(f"{name:10} {way:8} R@5 by alpha  {text}")
        if args.figures:
            args.figures.mkdir(parents=True, exist_ok=True)
            plot_combined(document, args.figures / f"combined-{name.replace(', ', '-')}.png")
    keep("combined", found)


if __name__ == "__main__":
    main()

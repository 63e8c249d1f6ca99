"""How much the words of a query should count beside its picture: recall over alpha.

python benchmarks/combined.py [--model demo] [--cases 400] [--figure combined.png]
"""

import argparse
from pathlib import Path

from common import keep

from timanh.evaluation import evaluate_combined, plot_combined
from timanh.models import load_encoder


def main() -> None:
    """Both languages; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="demo")
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--figure", type=Path)
    asked = parser.parse_args()
    encoder = load_encoder(asked.model, device="cpu")
    found = {
        language: evaluate_combined(encoder, asked.cases, language=language)
        for language in encoder.languages
    }
    for language, document in found.items():
        for way in ("plain", "centred"):
            told = "  ".join(f"{entry['alpha']:.1f}: {entry['R@5']:.1f}" for entry in document[way])
            print(f"{language} {way:8} R@5 by alpha  {told}")
    if asked.figure:
        plot_combined(next(iter(found.values())), asked.figure)
    keep("combined", found)


if __name__ == "__main__":
    main()

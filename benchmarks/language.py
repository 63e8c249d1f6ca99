"""How often Vietnamese is distinguished from other languages: on real captions and queries.

Each Vietnamese line also without its marks and in NFD. Beside it, in the same run, the rule that
most programs have: Vietnamese is what has a letter with a mark.

    python benchmarks/language.py --english FLICKR8K --vietnamese CAPTIONS… [--queries TSV]

The words that speak against Vietnamese were chosen on the training splits of Flickr8k and UIT-ViIC
and on the first half of a file of queries; English is measured on the dev split, and of queries
the other half. Name UIT-ViIC's `val` file to measure on what was not looked at.
"""

import argparse
import re
import time
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common import keep

from timanh.data import open_data
from timanh.data.captions import read_captions
from timanh.data.vietnamese.marks import without_marks
from timanh.search import detect_language

Detect = Callable[[str], str]


def main() -> None:
    """See the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--english", type=Path, required=True, help="a data folder with a dev split"
    )
    parser.add_argument("--vietnamese", type=Path, nargs="+", required=True, help="caption files")
    parser.add_argument("--queries", type=Path, help="a line each; what follows the last tab")
    args = parser.parse_args()
    folder = open_data(args.english)
    english = [caption for name in folder.split("dev") for caption in folder.captions_of(name)]
    kinds: dict[str, tuple[Sequence[str], str]] = {"English captions": (english, "en")}
    for file in args.vietnamese:
        captions = [one for own in read_captions(file).captions.values() for one in own]
        kinds |= in_all_forms(f"Vietnamese captions, {file.stem}", captions)
    if args.queries:
        lines = args.queries.read_text(encoding="utf8").splitlines()[1::2]
        kinds |= in_all_forms("Vietnamese queries", [line.split("\t")[-1] for line in lines])
    found = {name: measure(*kind) for name, kind in kinds.items()}
    print(f"{'':52} {'lines':>6}  {'right':>7}  {'any mark':>8}  {'µs a line':>9}")
    for name, row in found.items():
        text = f"{row['right']:6.2f} %  {row['right_by_any_mark']:6.2f} %  {row['us_a_line']:9.1f}"
        print(f"{name:52} {row['lines']:6}  {text}")
    keep("language", found)


def in_all_forms(name: str, lines: Sequence[str]) -> dict[str, tuple[Sequence[str], str]]:
    """As they are, without marks, and in NFD."""
    return {
        name: (lines, "vi"),
        f"{name}, without marks": ([without_marks(line) for line in lines], "vi"),
        f"{name}, NFD": ([unicodedata.normalize("NFD", line) for line in lines], "vi"),
    }


def measure(lines: Sequence[str], wanted: str) -> dict[str, Any]:
    """Shares in percent, of lines that have letters; the wrong ones, up to ten."""
    lines = [line for line in lines if len(re.findall(r"[^\W\d_]", line)) > 1]
    began = time.process_time()
    found = [detect_language(line) for line in lines]
    took_s = time.process_time() - began
    wrong = [line for line, language in zip(lines, found, strict=True) if language != wanted]
    return {
        "lines": len(lines),
        "right": round(100 * (1 - len(wrong) / len(lines)), 2),
        "right_by_any_mark": round(100 * _share(any_mark, lines, wanted), 2),
        "us_a_line": round(1e6 * took_s / len(lines), 1),
        "wrong": wrong[:10],
    }


def any_mark(text: str) -> str:
    """The usual rule."""
    return (
        "vi" if unicodedata.normalize("NFC", text).lower() != without_marks(text.lower()) else "en"
    )


def _share(detect: Detect, lines: Sequence[str], wanted: str) -> float:
    return sum(detect(line) == wanted for line in lines) / len(lines)


if __name__ == "__main__":
    main()

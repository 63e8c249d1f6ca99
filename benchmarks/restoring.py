"""How many syllables get back the marks that were left out: of real captions and queries.

    python benchmarks/restoring.py --captions UIT-VIIC-VAL… [--queries TSV]

The phrases that the marks follow from were written without these files; of one file of queries ten
lines had been seen before. Word by word and whole lines, with 95 % intervals over lines.
"""

import argparse
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import keep

from timanh.data.captions import read_captions
from timanh.data.vietnamese.marks import without_marks
from timanh.data.vietnamese.restoring import restore_marks
from timanh.evaluation.recall import intervals

WORD = re.compile(r"[^\W\d_]+")


def main() -> None:
    """See the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--captions", type=Path, nargs="+", required=True, help="caption files")
    parser.add_argument("--queries", type=Path, help="a line each; what follows the last tab")
    args = parser.parse_args()
    kinds: dict[str, list[str]] = {}
    for file in args.captions:
        captions = [one for several in read_captions(file).captions.values() for one in several]
        kinds[f"captions, {file.stem}"] = list(dict.fromkeys(captions))
    if args.queries:
        lines = args.queries.read_text(encoding="utf8").splitlines()
        kinds["queries"] = [line.split("\t")[-1] for line in lines]
    found = {name: measure(lines) for name, lines in kinds.items()}
    for name, row in found.items():
        print(f"{name:44} {row['lines']:6,} lines  {row['ms_a_line']:.1f} ms a line")
        for kind in ("syllables", "whole_lines", "syllables_as_typed"):
            low, high = row[kind]["ci95"]
            print(f"  {kind:20} {row[kind]['percent']:5.1f} % [{low:.1f}, {high:.1f}]")
    keep("restoring", found)


def measure(lines: Sequence[str]) -> dict[str, Any]:
    """Percent of syllables and lines that are as they were, and how many would be without it."""
    right, typed, counts = [], [], []
    restore_marks("con meo")  # reads the phrases
    began = time.perf_counter()
    restored = [restore_marks(bare) or bare for bare in map(without_marks, lines)]
    seconds = time.perf_counter() - began
    for line, found in zip(lines, restored, strict=True):
        meant, words = WORD.findall(line.lower()), WORD.findall(found.lower())
        right.append(sum(map(str.__eq__, meant, words)))
        typed.append(sum(word == without_marks(word) for word in meant))
        counts.append(len(meant))
    whole = np.array(right) == np.array(counts)
    owner = np.arange(len(lines))
    by_syllable = np.repeat(owner, counts)
    return {
        "lines": len(lines),
        "ms_a_line": round(1000 * seconds / len(lines), 2),
        "syllables": share(
            np.concatenate([of(n, m) for n, m in zip(right, counts, strict=True)]), by_syllable
        ),
        "whole_lines": share(whole, owner),
        "syllables_as_typed": share(
            np.concatenate([of(n, m) for n, m in zip(typed, counts, strict=True)]), by_syllable
        ),
    }


def of(hits: int, count: int) -> np.ndarray:
    """`count` values, `hits` of them true."""
    return np.arange(count) < hits


def share(hits: np.ndarray, owner: np.ndarray) -> dict[str, Any]:
    """In percent, with an interval by bootstrap over lines."""
    return {
        "percent": round(100 * float(hits.mean()), 2),
        "ci95": list(intervals(hits[:, None], owner)[0]),
    }


if __name__ == "__main__":
    main()

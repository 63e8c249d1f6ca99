"""Choose how a dictionary is searched: measured on this machine, on queries like those to come."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timanh.errors import SettingsError
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.index.approximate import is_installed
from timanh.vectors.index.index_files import SearchIndex, save_index
from timanh.vectors.scan.searchable import Searchable
from timanh.vectors.tune.measure import EFFORTS, Choice, K, Say, Tuner

METHODS = ("auto", "exact", "two-step", *EFFORTS)
# What `auto` is content with, in milliseconds a query.
FAST_MS = 10.0
# Queries to measure on.
FEWEST = 20


@dataclass(frozen=True)
class Tuned:
    """The choice, and all that were tried."""

    chosen: Choice
    tried: tuple[Choice, ...]


def tune_dictionary(
    folder: Path,
    queries: NDArray[np.float32],
    *,
    method: str = "auto",
    recall: float = 0.99,
    threads: int | None = None,
    say: Say = lambda text: None,
) -> Tuned:
    """Choose how the dictionary in `folder` is searched, and write that down beside it.

    `auto` tries reading every vector, then two steps, then a GPU where there is one, then
    approximate indexes, until one is fast enough; of those that reach the recall it takes the
    fastest, measured in turn.

    Args:
        queries: (n, dim) float32 vectors of texts like those to come, n ≥ 20.
        recall: share of the 10 nearest that an approximate index must find, 0..1.
        threads: for building; all cores where it is None.

    Raises:
        SettingsError: an unknown method, a recall outside 0..1, too few queries, or a method
            whose library, or GPU, is not there.
        DictionaryError: the dictionary is empty, or the index cannot be written.
    """
    dictionary = VectorDictionary.open(folder)
    check_settings(method, METHODS, recall, len(queries))
    check_size(dictionary)
    tuner = Tuner(dictionary.parts, queries, recall, threads or os.cpu_count() or 1, say)
    tried: list[tuple[Choice, SearchIndex | None]] = []
    for candidate in _candidates(tuner, method):
        tried.append(candidate)
        say(_line(candidate[0]))
    if method == "auto":
        tried = tuner.race(tried)
    chosen, index = _choose(tried, method, recall)
    measured = {
        "chosen": vars(chosen),
        "tried": [vars(choice) for choice, _ in tried],
        "target": recall,
        "queries": len(tuner.queries),
        "k": K,
    }
    save_index(folder, dictionary.manifest, index, measured)
    return Tuned(chosen, tuple(choice for choice, _ in tried))


def check_settings(method: str, methods: Sequence[str], recall: float, queries: int) -> None:
    """Raises:
    SettingsError: an unknown method, a recall outside 0..1, or too few queries.
    """
    if method not in methods:
        raise SettingsError(f"Unknown method {method!r}. Choose from {', '.join(methods)}.")
    if not 0 < recall <= 1:
        raise SettingsError(f"Recall must lie between 0 and 1; got {recall!r}.")
    if queries < FEWEST:
        raise SettingsError(f"Measuring needs at least {FEWEST} queries; got {queries}.")


def check_size(dictionary: Searchable) -> None:
    """Raises:
    SettingsError: it has so few pictures that every search finds all of them.
    """
    if len(dictionary) <= K:
        raise SettingsError(
            f"{dictionary.folder} has {len(dictionary)} pictures; tuning needs more than {K}. "
            "So few are searched fast as they are."
        )


def _candidates(tuner: Tuner, method: str) -> Any:
    exact = tuner.exact()
    yield exact, None
    if method == "two-step" or (method == "auto" and exact.ms > FAST_MS):
        two = tuner.two_step()
        yield two
        if method == "two-step" or two[0].ms <= FAST_MS:
            return
    elif method in ("auto", "exact"):
        return
    kinds = [method] if method != "auto" else list(EFFORTS)
    for kind in kinds:
        if method != "auto" or is_installed(kind):
            one = tuner.approximate(kind)
            yield one
            if kind == "gpu" and one[0].reaches(tuner.recall) and one[0].ms <= FAST_MS:
                return


def _choose(
    tried: Sequence[tuple[Choice, SearchIndex | None]], method: str, recall: float
) -> tuple[Choice, SearchIndex | None]:
    if method != "auto":
        return tried[-1]
    enough = [one for one in tried if one[0].reaches(recall)]
    return min(enough, key=lambda one: one[0].ms)


def _line(choice: Choice) -> str:
    return f"{choice.kind}: {choice.ms:.2f} ms, recall@{K} {choice.recall:.4f}, {choice.detail}" + (
        f", built in {choice.build_s:.0f} s" if choice.build_s else ""
    )

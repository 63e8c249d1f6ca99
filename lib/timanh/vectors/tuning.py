"""Choose how a dictionary is searched: measured on this machine, on queries like those to come."""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timanh.errors import SettingsError
from timanh.vectors.approximate import TOO_MANY, Approximate, build_proposer, is_installed
from timanh.vectors.coding import Coding
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.exact import search_exact
from timanh.vectors.index_store import SearchIndex, save_index
from timanh.vectors.layer import Layer
from timanh.vectors.parts import Parts
from timanh.vectors.two_step import TwoStep

METHODS = ("auto", "exact", "two-step", "gpu", "ivf", "hnsw", "usearch")
# What `auto` is content with, in milliseconds a query.
FAST_MS = 10.0
K = 10
# Queries that recall is measured on; as many others are what an index is made for.
MEASURED, TIMED, FEWEST = 200, 25, 20
# Of the vectors' numbers, what a short coding keeps; the first that misses nothing is taken.
WIDTHS = (1 / 4, 3 / 8, 1 / 2)
GRAPH_EFFORTS = (200, 400, 600, 800, 1200, 1600)
EFFORTS = {
    "gpu": (0,),
    "ivf": (16, 24, 32, 40, 48, 56, 64, 80, 96, 128, 192, 256, 512),
    "hnsw": GRAPH_EFFORTS,
    "usearch": GRAPH_EFFORTS,
}
# How many rows an index proposes.
LOOKS = (100, 150, 200, 300, 500, 1000, 2000)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Choice:
    """What was measured of one way to search.

    Attributes:
        kind: the method, with its parameters in words in `detail`.
        recall: of the 10 nearest, 0..1, over queries that the index was not made for.
        ms: median of one query.
        build_s, megabytes: what the index costs beside the vectors.
    """

    kind: str
    detail: str
    recall: float
    ms: float
    build_s: float
    megabytes: float


@dataclass(frozen=True)
class Tuned:
    """The choice, and all that were tried."""

    chosen: Choice
    tried: tuple[Choice, ...]


class Tuner:
    """Builds and measures ways to search `parts` for queries like the (n, dim) `queries`."""

    def __init__(
        self, parts: Parts, queries: NDArray[np.float32], recall: float, threads: int, say: Say
    ) -> None:
        self.parts = parts
        self.recall = recall
        self.threads = threads
        self.say = say
        half = max(len(queries) // 2, len(queries) - MEASURED)
        order = np.random.default_rng(0).permutation(len(queries))
        self.known, self.asked = queries[order[:half]], queries[order[half:]]
        self.truth = search_exact(parts, self.asked, K)[0]

    def exact(self) -> Choice:
        way = self.measure(lambda query: search_exact(self.parts, query, K)[0])
        return Choice("exact", "every vector is read", 1.0, way[1], 0.0, 0.0)

    @cached_property
    def fine(self) -> Layer:
        """A whole coding, which several ways use."""
        return Layer.build(self.parts, Coding.whole(self.parts))

    def two_step(self) -> tuple[Choice, TwoStep]:
        """The faster of a whole coding, and of the shortest one that missed nothing."""
        began = time.perf_counter()
        proven = TwoStep(self.fine)
        found = [(self._two_step(proven, "proven: the margin is a bound", began), proven)]
        for share in WIDTHS:
            width = max(1, round(share * self.parts.dim))
            coding = Coding.short(self.parts, width, self.known)
            index = TwoStep(self.fine, Layer.build(self.parts, coding))
            detail = f"{width} of {self.parts.dim} numbers scanned"
            choice = self._two_step(index, detail, began)
            if choice.recall == 1.0:
                found.append((choice, index))
                break
        return min(found, key=lambda one: one[0].ms)

    def _two_step(self, index: TwoStep, detail: str, began: float) -> Choice:
        recall, ms = self.measure(self._way(index))
        size = index.fine.codes.nbytes + (index.coarse.codes.nbytes if index.coarse else 0)
        return Choice("two-step", detail, recall, ms, time.perf_counter() - began, size / 1e6)

    def approximate(self, kind: str) -> tuple[Choice, Approximate]:
        """The fastest of those tried that reaches the recall, or with the most there is."""
        began = time.perf_counter()
        proposer, coding = build_proposer(kind, self.parts, self.known, self.threads)
        spent = time.perf_counter() - began
        size = proposer.bytes() / 1e6
        found: list[tuple[Choice, Approximate]] = []
        few = [look for look in LOOKS if look <= TOO_MANY * len(self.parts)] or LOOKS[:1]
        for candidates in few:
            before = -1.0
            for effort in EFFORTS[kind]:
                if EFFORTS[kind] is GRAPH_EFFORTS and effort < candidates:
                    continue
                proposer.set_effort(effort)
                index = Approximate(kind, len(self.parts), effort, candidates, proposer, coding)
                recall, ms = self.measure(self._way(index))
                detail = f"effort {effort}, " if effort else ""
                detail += f"{candidates} candidates"
                found.append((Choice(kind, detail, recall, ms, spent, size), index))
                if recall >= self.recall or recall == before:
                    break
                before = recall
        enough = [one for one in found if one[0].recall >= self.recall]
        best = min(enough, key=lambda one: one[0].ms) if enough else found[-1]
        proposer.set_effort(best[1].effort)
        return best

    def measure(self, way: Callable[[NDArray[np.float32]], Any]) -> tuple[float, float]:
        """Recall by scores, so that equal ones count as found, and the median milliseconds."""
        found, took = [], []
        for query in self.asked:
            began = time.perf_counter()
            found.append(way(query)[0])
            took.append(1000 * (time.perf_counter() - began))
        lowest = self.truth[:, -1:] - 1e-5
        recall = float((np.stack(found) >= lowest).mean())
        return recall, statistics.median(took)

    def _way(self, index: SearchIndex) -> Callable[[NDArray[np.float32]], Any]:
        return lambda query: index.search(self.parts, query, K)[0]


def tune(
    folder: Path,
    queries: NDArray[np.float32],
    *,
    method: str = "auto",
    recall: float = 0.99,
    threads: int | None = None,
    say: Say = lambda text: None,
) -> Tuned:
    """Choose how the dictionary in `folder` is searched, and write that down beside it.

    `auto` takes reading every vector where that is fast enough, else two steps, else a GPU
    where there is one, else the fastest approximate index that reaches the recall.

    Args:
        queries: (n, dim) float32 vectors of texts like those that will be asked, n ≥ 20.
        recall: share of the 10 nearest that an approximate index must find, 0..1.
        threads: for building; all cores where it is None.

    Raises:
        SettingsError: an unknown method, a recall that is none, too few queries, or a method
            whose library, or GPU, is not there.
        DictionaryError: the dictionary is empty, or the index cannot be written.
    """
    dictionary = VectorDictionary.open(folder)
    if method not in METHODS:
        raise SettingsError(f"{method!r} is no way to search; choose from {', '.join(METHODS)}.")
    if not 0 < recall <= 1:
        raise SettingsError(f"The recall is {recall!r}; it is a share above 0, up to 1.")
    if len(queries) < FEWEST:
        raise SettingsError(f"{len(queries)} queries are too few to measure on; at least {FEWEST}.")
    if len(dictionary) <= K:
        raise SettingsError(f"{folder} has {len(dictionary)} pictures; there is nothing to tune.")
    tuner = Tuner(dictionary.parts, queries, recall, threads or os.cpu_count() or 1, say)
    tried: list[tuple[Choice, SearchIndex | None]] = []
    for candidate in _candidates(tuner, method):
        tried.append(candidate)
        say(_line(candidate[0]))
    chosen, index = _choose(tried, method, recall)
    measured = {
        "chosen": vars(chosen),
        "tried": [vars(choice) for choice, _ in tried],
        "target": recall,
        "queries": len(tuner.asked),
        "k": K,
    }
    save_index(folder, dictionary.manifest, index, measured)
    return Tuned(chosen, tuple(choice for choice, _ in tried))


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
            if kind == "gpu" and one[0].recall >= tuner.recall and one[0].ms <= FAST_MS:
                return


def _choose(
    tried: Sequence[tuple[Choice, SearchIndex | None]], method: str, recall: float
) -> tuple[Choice, SearchIndex | None]:
    if method != "auto":
        return tried[-1]
    if len(tried) == 2:
        return tried[1]
    enough = [one for one in tried if one[0].recall >= recall]
    return min(enough, key=lambda one: one[0].ms)


def _line(choice: Choice) -> str:
    return f"{choice.kind}: {choice.ms:.2f} ms, recall@{K} {choice.recall:.4f}, {choice.detail}" + (
        f", built in {choice.build_s:.0f} s" if choice.build_s else ""
    )

"""Ways to search a gallery, built and measured on this machine."""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from timanh.vectors.index.approximate import (
    TOO_MANY,
    Approximate,
    QueryKind,
    SearchBudget,
    build_candidates,
)
from timanh.vectors.index.coding import Coding
from timanh.vectors.index.index_files import SearchIndex
from timanh.vectors.index.layer import Layer
from timanh.vectors.index.two_step import TwoStep
from timanh.vectors.scan.exact import search_exact
from timanh.vectors.store.row_blocks import RowBlocks

K = 10
# Queries of each kind that recall is measured on; other texts are what an index is made for.
MEASURED = 200
# Ways take turns of so many texts, so often, and the first of a turn are not counted: threads of
# the way before may still spin, and what it read has pushed others out of the processor's cache.
ROUNDS, IN_A_ROW, WARMING = 5, 12, 3
# Of either kind, how many may be taken for the other; with more, both are given the same budget.
MISTAKEN = 0.02
# Of the vectors' numbers, what a short coding keeps; the first that misses nothing is taken.
WIDTHS = (1 / 4, 3 / 8, 1 / 2)
GRAPH_EFFORTS = (200, 400, 600, 800, 1200, 1600)
EFFORTS = {
    "gpu": (0,),
    "ivf": (16, 24, 32, 40, 48, 56, 64, 80, 96, 128, 192, 256, 512),
    "hnsw": GRAPH_EFFORTS,
}
# How many rows an index proposes.
PROPOSED = (100, 150, 200, 300, 500, 1000, 2000)

Kept = TypeVar("Kept", bound=SearchIndex | None)
Say = Callable[[str], None]
# A query's scores, (1, k), of its k nearest.
Way = Callable[[NDArray[np.float32], int], NDArray[np.float32]]


@dataclass(frozen=True)
class Choice:
    """What was measured of one way to search.

    Attributes:
        kind: the method, with its parameters in words in `detail`.
        recall: of the 10 nearest, 0..1, over texts that the index was not made for.
        ms: median of one text, in the best of several turns.
        build_s, megabytes: what the index costs beside the vectors.
        of_pictures, pictures_ms: the same with pictures of the gallery as queries, which do not
            count as found themselves; None where it was not measured.
    """

    kind: str
    detail: str
    recall: float
    ms: float
    build_s: float
    megabytes: float
    of_pictures: float | None = None
    pictures_ms: float | None = None

    def reaches(self, recall: float) -> bool:
        """For texts, and for pictures where it was measured."""
        return min(self.recall, 1.0 if self.of_pictures is None else self.of_pictures) >= recall


class Tuner:
    """Builds and measures ways to search `parts` for queries like the (n, dim) `queries`."""

    def __init__(
        self, parts: RowBlocks, queries: NDArray[np.float32], recall: float, threads: int, say: Say
    ) -> None:
        self.parts = parts
        self.recall = recall
        self.threads = threads
        self.say = say
        half = max(len(queries) // 2, len(queries) - MEASURED)
        order = np.random.default_rng(0).permutation(len(queries))
        self.known, self.queries = queries[order[:half]], queries[order[half:]]
        self.truth = search_exact(parts, self.queries, K)[0]
        self.pictures = parts.sample(MEASURED)

    def exact(self) -> Choice:
        ms = self.measure(self._way(None))[1]
        return Choice("exact", "every vector is read", 1.0, ms, 0.0, 0.0, 1.0, ms)

    @cached_property
    def fine(self) -> Layer:
        """A whole coding, which several ways use."""
        return Layer.build(self.parts, Coding.whole(self.parts))

    @cached_property
    def nearest_to_pictures(self) -> NDArray[np.float32]:
        """As `truth`, for `pictures`, each of which finds itself first."""
        return search_exact(self.parts, self.pictures, K + 1)[0]

    def two_step(self) -> tuple[Choice, TwoStep]:
        """The faster of a whole coding, and of the shortest one that missed nothing, neither with
        texts nor with pictures."""
        began = time.perf_counter()
        proven = TwoStep(self.fine)
        found = [(self._two_step(proven, "proven: the margin is a bound", began), proven)]
        for share in WIDTHS:
            width = max(1, round(share * self.parts.dim))
            coding = Coding.short(self.parts, width, self.known)
            index = TwoStep(self.fine, Layer.build(self.parts, coding))
            detail = f"{width} of {self.parts.dim} numbers scanned"
            choice = self._two_step(index, detail, began)
            if choice.recall == choice.of_pictures == 1.0:
                found.append((choice, index))
                break
        return self.fastest(found)

    def fastest(self, found: Sequence[tuple[Choice, Kept]]) -> tuple[Choice, Kept]:
        """The one that takes least, measured in turn."""
        return min(self.race(found), key=lambda one: one[0].ms)

    def race(self, found: Sequence[tuple[Choice, Kept]]) -> list[tuple[Choice, Kept]]:
        """The same, with `ms` measured again: of all in turn, so that a bad moment of the machine
        meets each, and the best turn of each. None stands for reading every vector."""
        took = take_turns([self._way(index) for _, index in found], self.queries)
        return [
            (replace(choice, ms=ms), index) for (choice, index), ms in zip(found, took, strict=True)
        ]

    def _two_step(self, index: TwoStep, detail: str, began: float) -> Choice:
        texts, pictures = self.measure(self._way(index)), self.measure_pictures(self._way(index))
        size = index.fine.codes.nbytes + (index.coarse.codes.nbytes if index.coarse else 0)
        spent = time.perf_counter() - began
        return Choice("two-step", detail, *texts, spent, size / 1e6, *pictures)

    def approximate(self, kind: str) -> tuple[Choice, Approximate]:
        """With the fastest budgets that reach the recall, for texts and for pictures, or with
        those that find most."""
        began = time.perf_counter()
        candidates, coding = build_candidates(kind, self.parts, self.known, self.threads)
        spent = time.perf_counter() - began
        query_kind = QueryKind.between(self.pictures, self.known)

        def index(texts: SearchBudget, pictures: SearchBudget) -> Approximate:
            return Approximate(
                kind, len(self.parts.stored), candidates, coding, query_kind, texts, pictures
            )

        def for_texts(budget: SearchBudget) -> _Measured:
            return _Measured(budget, *self.measure(self._way(index(budget, budget))))

        def for_pictures(budget: SearchBudget) -> _Measured:
            return _Measured(budget, *self.measure_pictures(self._way(index(budget, budget))))

        texts, pictures = self._least(kind, for_texts), self._least(kind, for_pictures)
        if not self._are_distinct(query_kind):
            more = texts.budget.joined(pictures.budget)
            texts, pictures = for_texts(more), for_pictures(more)
        detail = f"{_words(texts.budget)}; of pictures {_words(pictures.budget)}"
        size = candidates.bytes() / 1e6
        choice = Choice(
            kind, detail, texts.recall, texts.ms, spent, size, pictures.recall, pictures.ms
        )
        return choice, index(texts.budget, pictures.budget)

    def _are_distinct(self, query_kind: QueryKind) -> bool:
        texts, pictures = query_kind.pictures(self.queries), query_kind.pictures(self.pictures)
        return bool(texts.mean() <= MISTAKEN and pictures.mean() >= 1 - MISTAKEN)

    def _least(self, kind: str, measure: Callable[[SearchBudget], "_Measured"]) -> "_Measured":
        found: list[_Measured] = []
        fastest = math.inf
        few = [count for count in PROPOSED if count <= TOO_MANY * len(self.parts)] or PROPOSED[:1]
        for candidates in few:
            before = -1.0
            for effort in EFFORTS[kind]:
                if EFFORTS[kind] is GRAPH_EFFORTS and effort < candidates:
                    continue
                one = measure(SearchBudget(effort, candidates))
                found.append(one)
                if one.recall >= self.recall:
                    fastest = min(fastest, one.ms)
                if one.recall >= self.recall or one.recall == before or one.ms > fastest:
                    break
                before = one.recall
        enough = [one for one in found if one.recall >= self.recall]
        return min(enough, key=lambda one: one.ms) if enough else found[-1]

    def measure(self, way: Way) -> tuple[float, float]:
        """Recall by scores, so that equal ones count as found, and the median milliseconds."""
        return _measure(way, self.queries, self.truth)

    def measure_pictures(self, way: Way) -> tuple[float, float]:
        """As `measure`, with pictures of the gallery; that each finds itself does not count."""
        recall, ms = _measure(way, self.pictures, self.nearest_to_pictures)
        return max(0.0, (recall * (K + 1) - 1) / K), ms

    def _way(self, index: SearchIndex | None) -> Way:
        if index is None:
            return lambda query, k: search_exact(self.parts, query, k)[0]
        return lambda query, k: index.search(self.parts, query, k)[0]


@dataclass(frozen=True)
class _Measured:
    budget: SearchBudget
    recall: float
    ms: float


def _words(budget: SearchBudget) -> str:
    effort = f"effort {budget.effort}, " if budget.effort else ""
    return f"{effort}{budget.candidates} candidates"


def _measure(
    way: Way, queries: NDArray[np.float32], truth: NDArray[np.float32]
) -> tuple[float, float]:
    found, took = [], []
    for query in queries:
        began = time.perf_counter()
        found.append(way(query, truth.shape[1])[0])
        took.append(1000 * (time.perf_counter() - began))
    recall = float((np.stack(found) >= truth[:, -1:] - 1e-5).mean())
    turns = [took[first : first + IN_A_ROW] for first in range(0, len(took), IN_A_ROW)]
    return recall, min(map(statistics.median, turns))


def take_turns(ways: Sequence[Way], queries: NDArray[np.float32]) -> list[float]:
    """Milliseconds of one query by each way: the median of a turn, the best of `ROUNDS` turns.

    Args:
        queries: (n, dim) float32; every way gets the same ones, one after the other.
    """
    best = [math.inf] * len(ways)
    place = 0
    for _ in range(ROUNDS):
        turn = np.take(queries, range(place, place + WARMING + IN_A_ROW), axis=0, mode="wrap")
        place += len(turn)
        for number, way in enumerate(ways):
            took = []
            for query in turn:
                began = time.perf_counter()
                way(query, K)
                took.append(1000 * (time.perf_counter() - began))
            best[number] = min(best[number], statistics.median(took[WARMING:]))
    return best

"""From a query's vector to rows of the dictionary: filter, page, folding of near-duplicates."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from timanh.search.encoding import QueryVectors
from timanh.search.filters import FilterIndex
from timanh.search.query import Query
from timanh.search.timeline import Timeline
from timanh.vectors import Searchable

# Folding compares each with each; nobody looks for near-duplicates further down.
MOST_FOLDED = 2000


@dataclass(frozen=True)
class RowHit:
    """A row with its score, and the rows folded into it."""

    row: int
    score: float
    doubles: tuple[int, ...] = ()


class Lookup:
    """Looks vectors up in one dictionary."""

    def __init__(self, dictionary: Searchable, *, exact: bool = False) -> None:
        self.dictionary = dictionary
        self.exact = exact
        self._filters = FilterIndex(dictionary)
        self.timeline = Timeline(dictionary, self._filters)

    def considered(self, query: Query) -> int:
        """How many pictures pass the query's filter."""
        rows = self._filters.rows(query.where)
        return len(self.dictionary) if rows is None else len(rows)

    def folders(self) -> dict[str, int]:
        """How many pictures each folder has, by its path."""
        return self._filters.folders()

    def find(self, vector: NDArray[np.float32], query: Query) -> list[RowHit]:
        """The hits of one page, for a (dim,) float32 vector of unit length."""
        among = self._filters.rows(query.where)
        total = len(self.dictionary) if among is None else len(among)
        left_out = np.array([self.dictionary.row_of(id) for id in query.left_out], np.int64)
        last = query.offset + query.k
        most = total if query.fold is None else min(total, MOST_FOLDED)
        # Folding and pictures that are left out take hits away; then look for twice as many.
        wanted = last + len(left_out)
        while most:
            scores, rows = self._search(vector, min(wanted, most), among)
            hits = self._to_hits(scores[0], rows[0], left_out, query.fold)
            if len(hits) >= last or wanted >= most:
                return hits[query.offset : last]
            wanted *= 2
        return []

    def find_steered(
        self, base: NDArray[np.float32], vector: NDArray[np.float32], query: Query
    ) -> list[RowHit]:
        """As `find` for `vector`, with liked pictures at the places that they have for `base`."""
        last = query.offset + query.k
        whole = replace(query, offset=0, k=last)
        liked = {self.dictionary.row_of(id) for id in query.like}
        before = self.find(base, whole)
        kept = [hit for hit in before if liked.intersection((hit.row, *hit.doubles))]
        gone = {row for hit in kept for row in (hit.row, *hit.doubles)}
        left_out = tuple(self.dictionary.item(row).id for row in sorted(gone | liked))
        hits = self.find(vector, replace(whole, left_out=(*query.left_out, *left_out)))
        for place, hit in enumerate(before):
            if hit in kept:  # with what was folded into it
                score = float(self.dictionary.vectors_of(np.array([hit.row]))[0] @ vector)
                hits.insert(place, replace(hit, score=score))
        return hits[query.offset : last]

    def find_all(self, vectors: list[QueryVectors], queries: list[Query]) -> list[list[RowHit]]:
        """Hits for each; queries without filter, folding, likes or exclusions share a product."""
        plain = [place for place, query in enumerate(queries) if _is_plain(query)]
        answers: list[list[RowHit]] = [[] for _ in queries]
        if plain:
            most = max(queries[place].offset + queries[place].k for place in plain)
            scores, rows = self._search(np.stack([vectors[at].vector for at in plain]), most)
            for place, row_scores, found_rows in zip(plain, scores, rows, strict=True):
                query = queries[place]
                page = slice(query.offset, query.offset + query.k)
                answers[place] = self._to_hits(row_scores[page], found_rows[page])
        for place in set(range(len(queries))).difference(plain):
            query, of = queries[place], vectors[place]
            if query.like and of.base is not None:
                answers[place] = self.find_steered(of.base, of.vector, query)
            else:
                answers[place] = self.find(of.vector, query)
        return answers

    def _search(
        self, queries: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        return self.dictionary.search(queries, k, among, exact=self.exact)

    def _to_hits(
        self,
        scores: NDArray[np.float32],
        rows: NDArray[np.int64],
        left_out: NDArray[np.int64] | None = None,
        fold: float | None = None,
    ) -> list[RowHit]:
        if left_out is not None and len(left_out):
            stays = ~np.isin(rows, left_out)
            scores, rows = scores[stays], rows[stays]
        if fold is None:
            pairs = zip(rows.tolist(), scores.tolist(), strict=True)
            return [RowHit(row, score) for row, score in pairs]
        return fold_doubles(scores, rows, self.dictionary.vectors_of(rows), fold)


def fold_doubles(
    scores: NDArray[np.float32],
    rows: NDArray[np.int64],
    vectors: NDArray[np.float32],
    nearness: float,
) -> list[RowHit]:
    """Fold each row into the first better one whose cosine with it is at least `nearness`.

    Args:
        scores, rows: (n,), best first.
        vectors: (n, dim) float32 of unit length, of these rows.
    """
    near = vectors @ vectors.T >= nearness
    stays = np.zeros(len(rows), bool)
    doubles: dict[int, list[int]] = {}
    for place in range(len(rows)):
        better = np.flatnonzero(near[place, :place] & stays[:place])
        if len(better):
            doubles[int(better[0])].append(int(rows[place]))
        else:
            stays[place] = True
            doubles[place] = []
    return [
        RowHit(int(rows[place]), float(scores[place]), tuple(folded))
        for place, folded in doubles.items()
    ]


def _is_plain(query: Query) -> bool:
    kept = query.left_out or query.like
    return not query.where and not kept and query.fold is None

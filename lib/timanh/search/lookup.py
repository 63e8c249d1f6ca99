"""From a query's vector to rows of the dictionary: filter, page, folding."""

import numpy as np
from numpy.typing import NDArray

from timanh.search.filters import Sieve
from timanh.search.folding import Found, fold_doubles
from timanh.search.query import Query
from timanh.vectors import Searchable

# Folding compares each with each; further down nobody looks for doubles.
MOST_FOLDED = 2000


class Lookup:
    """Looks vectors up in one dictionary."""

    def __init__(self, dictionary: Searchable, *, exact: bool = False) -> None:
        self.dictionary = dictionary
        self.exact = exact
        self._sieve = Sieve(dictionary)

    def considered(self, query: Query) -> int:
        """How many pictures may be found at all."""
        rows = self._sieve.rows(query.where)
        return len(self.dictionary) if rows is None else len(rows)

    def folders(self) -> dict[str, int]:
        """How many pictures each folder has, by its path."""
        return self._sieve.folders()

    def find(self, vector: NDArray[np.float32], query: Query) -> list[Found]:
        """The hits of one page, for a (dim,) float32 vector of unit length."""
        among = self._sieve.rows(query.where)
        total = len(self.dictionary) if among is None else len(among)
        left_out = np.array([self.dictionary.row_of(id) for id in query.left_out], np.int64)
        last = query.offset + query.k
        most = total if query.fold is None else min(total, MOST_FOLDED)
        # Folding and pictures that are left out take hits away; then look for twice as many.
        wanted = last + len(left_out)
        while most:
            scores, rows = self._search(vector, min(wanted, most), among)
            found = self._told(scores[0], rows[0], left_out, query.fold)
            if len(found) >= last or wanted >= most:
                return found[query.offset : last]
            wanted *= 2
        return []

    def find_all(self, vectors: NDArray[np.float32], queries: list[Query]) -> list[list[Found]]:
        """As `find` for many; those that ask for nothing special are looked up together."""
        plain = [place for place, query in enumerate(queries) if _is_plain(query)]
        answers: list[list[Found]] = [[] for _ in queries]
        if plain:
            most = max(queries[place].offset + queries[place].k for place in plain)
            scores, rows = self._search(vectors[plain], most)
            for place, own_scores, own_rows in zip(plain, scores, rows, strict=True):
                query = queries[place]
                page = slice(query.offset, query.offset + query.k)
                answers[place] = _plainly(own_scores[page], own_rows[page])
        for place in set(range(len(queries))).difference(plain):
            answers[place] = self.find(vectors[place], queries[place])
        return answers

    def _search(
        self, queries: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        return self.dictionary.search(queries, k, among, exact=self.exact)

    def _told(
        self,
        scores: NDArray[np.float32],
        rows: NDArray[np.int64],
        left_out: NDArray[np.int64],
        fold: float | None,
    ) -> list[Found]:
        if len(left_out):
            stays = ~np.isin(rows, left_out)
            scores, rows = scores[stays], rows[stays]
        if fold is None:
            return _plainly(scores, rows)
        return fold_doubles(scores, rows, self.dictionary.vectors_of(rows), fold)


def _is_plain(query: Query) -> bool:
    return not query.where and not query.left_out and query.fold is None


def _plainly(scores: NDArray[np.float32], rows: NDArray[np.int64]) -> list[Found]:
    pairs = zip(rows.tolist(), scores.tolist(), strict=True)
    return [Found(row, score) for row, score in pairs]

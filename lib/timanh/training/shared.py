"""Captions that are true of other pictures too, so that these count as right answers.

“A red car” is written under one picture, but a second red car in the batch is no worse an answer.
A contrastive loss that pushes it away as hard as a red truck learns that neither matters.
"""

import re
from collections.abc import Sequence
from itertools import chain

import torch
from torch import Tensor

WORD = re.compile(r"\w+")


class SameCaptions:
    """Which pictures have a caption: UIT-ViIC has one under 103.

    Args:
        captions: per picture, its captions.
    """

    def __init__(self, captions: Sequence[Sequence[str]]) -> None:
        self._pictures: dict[str, set[int]] = {}
        for row, texts in enumerate(captions):
            for caption in texts:
                self._pictures.setdefault(_key(caption), set()).add(row)

    def under(self, rows: Sequence[int], captions: Sequence[str]) -> Tensor:
        """(N, M) bool for M = k N: whether caption j stands under the picture of row i.

        Args:
            rows: N pictures, of which one may come twice.
            captions: M captions, perhaps with words left out; i k … i k + k - 1 are those of
                picture i.
        """
        each = len(captions) // len(rows)
        found = torch.eye(len(rows), dtype=torch.bool).repeat_interleave(each, dim=1)
        places: dict[int, list[int]] = {}
        for place, row in enumerate(rows):
            places.setdefault(row, []).append(place)
        true = [
            (place, column)
            for column, caption in enumerate(captions)
            for row in self._pictures.get(_key(caption), set()) | {rows[column // each]}
            for place in places.get(row, ())
        ]
        found[tuple(torch.tensor(true).T)] = True
        return found


class SharedCaptions:
    """The captions of each picture, prepared to be compared with many others.

    Args:
        captions: per picture, its captions.
    """

    def __init__(self, captions: Sequence[Sequence[str]]) -> None:
        self._captions = [[words_of(caption) for caption in texts] for texts in captions]
        self._words = [frozenset(chain(*texts)) for texts in self._captions]

    def true_of(self, rows: Sequence[int], captions: Sequence[str]) -> Tensor:
        """(N, M) bool: whether the caption of column j is true of the picture of row i.

        It is taken as true where all its words are found, in their order, in a caption of that
        picture: “two dogs in a meadow” of “two brown dogs running in a meadow”.

        Args:
            rows: N pictures.
            captions: M captions.
        """
        wanted = [words_of(caption) for caption in captions]
        sets = [frozenset(words) for words in wanted]
        found = torch.zeros(len(rows), len(captions), dtype=torch.bool)
        for i, row in enumerate(rows):
            known = self._words[row]
            for j, words in enumerate(sets):
                if words and words <= known and self._is_in(row, wanted[j]):
                    found[i, j] = True
        return found

    def _is_in(self, row: int, wanted: list[str]) -> bool:
        return any(stands_in(wanted, words) for words in self._captions[row])


def _key(caption: str) -> str:
    """The same for captions that say the same; signs alone are told apart as they are."""
    return " ".join(words_of(caption)) or caption


def words_of(caption: str) -> list[str]:
    """Its words in lower case, without punctuation."""
    return WORD.findall(caption.lower())


def stands_in(wanted: Sequence[str], words: Sequence[str]) -> bool:
    """Whether all of `wanted` are among `words`, in their order, others between them or not."""
    rest = iter(words)
    return all(word in rest for word in wanted)

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


def words_of(caption: str) -> list[str]:
    """Its words in lower case, without punctuation."""
    return WORD.findall(caption.lower())


def stands_in(wanted: Sequence[str], words: Sequence[str]) -> bool:
    """Whether all of `wanted` are among `words`, in their order, others between them or not."""
    rest = iter(words)
    return all(word in rest for word in wanted)

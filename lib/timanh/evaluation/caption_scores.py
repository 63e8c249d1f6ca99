"""How near captions are to what people wrote: BLEU, CIDEr-D and ROUGE-L over a corpus.

All of them compare words: lower case, punctuation off, full stop stripped (keeping it adds about
0.01 to BLEU-4). BLEU is sacrebleu's, without its tokenizer and without smoothing, all references
at once. CIDEr-D and ROUGE-L are those of pycocoevalcap, which a test holds them to.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics.bleu import BLEU

from timanh.captioning.words import plain_words

ORDER = 4  # words of the longest run that is compared
SIGMA = 6.0  # of CIDEr-D's penalty on length
BETA = 1.2  # of ROUGE-L: how much more recall counts than precision
# Only its counts of one sentence are used, which are added up over the pictures.
COUNTER = BLEU(tokenize="none", smooth_method="none", effective_order=True)
Words = Sequence[str]
Runs = Counter[tuple[str, ...]]


@dataclass(frozen=True)
class CaptionStatistics:
    """What the scores of N captions are computed from, a row a picture, so that they can be
    computed of any choice of pictures.

    Attributes:
        bleu: (N, 2 + 2 × 4) lengths of candidate and nearest reference, matches, and runs of 1 to
            4 words.
        cider: (N,) CIDEr-D, 0..10, with document frequencies over all N.
        rouge: (N,) ROUGE-L, 0..1.
        words: (N,) words of the candidates.
    """

    bleu: NDArray[np.float64]
    cider: NDArray[np.float64]
    rouge: NDArray[np.float64]
    words: NDArray[np.float64]

    def scores(self, rows: NDArray[np.int64] | None = None) -> dict[str, float]:
        """BLEU-1..4 (0..1), CIDEr, ROUGE-L and mean length, of all pictures or of some."""
        bleu, cider, rouge, words = (
            each if rows is None else each[rows]
            for each in (self.bleu, self.cider, self.rouge, self.words)
        )
        sums = bleu.sum(0)
        return {
            **{f"BLEU-{order}": _bleu(sums, order) for order in range(1, ORDER + 1)},
            "CIDEr": float(cider.mean()),
            "ROUGE-L": float(rouge.mean()),
            "words": float(words.mean()),
        }


def caption_scores(
    candidates: Sequence[str], references: Sequence[Sequence[str]]
) -> dict[str, float]:
    """BLEU-1..4, CIDEr-D, ROUGE-L and mean length of captions.

    Args:
        candidates: one a picture.
        references: what people wrote about each picture, at least one.

    Example:
        >>> caption_scores(["a dog runs"], [["A dog runs.", "a brown dog"]])["BLEU-1"]
        1.0
    """
    return caption_statistics(candidates, references).scores()


def caption_statistics(
    candidates: Sequence[str], references: Sequence[Sequence[str]]
) -> CaptionStatistics:
    """As `caption_scores`, for scores of several choices of pictures."""
    written = [plain_words(text) for text in candidates]
    wanted = [[plain_words(text) for text in texts] for texts in references]
    return CaptionStatistics(
        np.array([_bleu_row(*each) for each in zip(written, wanted, strict=True)]),
        _cider(written, wanted),
        np.array([_rouge(*each) for each in zip(written, wanted, strict=True)]),
        np.array([float(len(words)) for words in written]),
    )


def _bleu_row(candidate: Words, references: Sequence[Words]) -> list[float]:
    found = COUNTER.sentence_score(" ".join(candidate), [" ".join(words) for words in references])
    lengths = (len(candidate), _nearest_length(len(candidate), references))
    return [float(number) for number in (*lengths, *found.counts, *found.totals)]


def _nearest_length(length: int, references: Sequence[Words]) -> int:
    """Of the reference whose length is nearest; the shorter of two that are as near."""
    return min(map(len, references), key=lambda each: (abs(each - length), each))


def _bleu(sums: NDArray[np.float64], order: int) -> float:
    length, wanted, *rest = (round(each) for each in sums.tolist())
    counts, totals = rest[:ORDER], rest[ORDER:]
    found = BLEU.compute_bleu(
        correct=counts[:order],
        total=totals[:order],
        sys_len=length,
        ref_len=wanted,
        smooth_method="none",
        max_ngram_order=order,
    )
    return float(found.score) / 100


def _ngrams(words: Words) -> list[Runs]:
    """How often each run of 1, 2, 3 and 4 words comes."""
    return [
        Counter(zip(*(words[start:] for start in range(size)), strict=False))
        for size in range(1, ORDER + 1)
    ]


def _cider(written: Sequence[Words], wanted: Sequence[Sequence[Words]]) -> NDArray[np.float64]:
    """CIDEr-D of each picture, 0..10 (Vedantam et al. 2015).

    A run of words weighs the less the more pictures have it in their references, so a picture's
    value depends on all of them, and is 0 for a picture alone.
    """
    counted = [[_ngrams(words) for words in texts] for texts in wanted]
    pictures_with = Counter(
        run
        for texts in counted
        for run in {run for sizes in texts for runs in sizes for run in runs}
    )
    most = log(max(1, len(wanted)))
    rarity = {run: most - log(count) for run, count in pictures_with.items()}
    values = []
    for words, texts in zip(written, counted, strict=True):
        own = _weighted(_ngrams(words), rarity, most)
        each = [_alike(own, _weighted(sizes, rarity, most)) for sizes in texts]
        values.append(10 * sum(each) / len(each))
    return np.array(values)


@dataclass(frozen=True)
class _Weighted:
    """Runs of words of one sentence with their weights, by length, their norms, and how many pairs
    of words the sentence has."""

    runs: list[dict[tuple[str, ...], float]]
    norms: list[float]
    pairs: int


def _weighted(
    sizes: Sequence[Runs], rarity: Mapping[tuple[str, ...], float], most: float
) -> _Weighted:
    runs = [{run: count * rarity.get(run, most) for run, count in each.items()} for each in sizes]
    norms = [sqrt(sum(weight * weight for weight in each.values())) for each in runs]
    return _Weighted(runs, norms, sum(sizes[1].values()))


def _alike(candidate: _Weighted, reference: _Weighted) -> float:
    """0..1, the mean over the lengths of runs."""
    difference = candidate.pairs - reference.pairs
    total = 0.0
    for own, other, a, b in zip(
        candidate.runs, reference.runs, candidate.norms, reference.norms, strict=True
    ):
        common = sum(
            min(weight, other[run]) * other[run] for run, weight in own.items() if run in other
        )
        total += common / (a * b) if a and b else common
    return total * exp(-(difference**2) / (2 * SIGMA**2)) / ORDER


def _rouge(candidate: Words, references: Sequence[Words]) -> float:
    """ROUGE-L (Lin 2004): the longest common subsequence with the best reference, 0..1."""
    common = [_longest_common(candidate, words) for words in references]
    precision = max((length / len(candidate) for length in common if candidate), default=0.0)
    recall = max(
        (length / len(words) for length, words in zip(common, references, strict=True) if words),
        default=0.0,
    )
    if not precision or not recall:
        return 0.0
    return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision)


def _longest_common(one: Words, other: Words) -> int:
    row = [0] * (len(other) + 1)
    for word in one:
        before = 0
        for place, against in enumerate(other, 1):
            here = row[place]
            row[place] = before + 1 if word == against else max(here, row[place - 1])
            before = here
    return row[-1]

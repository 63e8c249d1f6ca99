"""Which pictures and captions each training step sees; a pure function of seed and epoch."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from timanh.captioning.recipe import CaptionRecipe
from timanh.captioning.vocabulary import Vocabulary
from timanh.data import detect_language
from timanh.training.pairs import names_a_side

KNOWN_LANGUAGES = ("en", "vi")
NOT_STRAY = 0.02  # share of captions from which on a language counts as one of the data's


@dataclass(frozen=True)
class Examples:
    """The captions of N pictures, as numbers.

    Attributes:
        tokens: per picture its captions, each from start to end.
        sided: whether a caption says left or right, so that the picture is not mirrored.
    """

    tokens: tuple[tuple[tuple[int, ...], ...], ...]
    sided: tuple[bool, ...]

    @classmethod
    def of(
        cls, captions: Sequence[Sequence[str]], vocabulary: Vocabulary, recipe: CaptionRecipe
    ) -> "Examples":
        """Of the captions of each picture."""
        tokens = []
        for texts in captions:
            chosen = texts[:1] if recipe.captions == "first" else texts
            tokens.append(
                tuple(
                    tuple(
                        vocabulary.encode(
                            text, language_of(text, vocabulary.languages), recipe.most_words
                        )
                    )
                    for text in chosen
                )
            )
        return cls(tuple(tokens), tuple(any(map(names_a_side, texts)) for texts in captions))

    def padded(self, rows: Sequence[int]) -> tuple[Tensor, Tensor]:
        """All captions of some pictures: (M, T) tokens, padded behind with 0, and (M,) which of
        `rows` each belongs to."""
        each = [(number, tokens) for number, row in enumerate(rows) for tokens in self.tokens[row]]
        longest = max(len(tokens) for _, tokens in each)
        padded = torch.zeros(len(each), longest, dtype=torch.long)
        for line, (_, tokens) in enumerate(each):
            padded[line, : len(tokens)] = torch.tensor(tokens)
        return padded, torch.tensor([number for number, _ in each])


@dataclass(frozen=True)
class Step:
    """What a step sees: rows of pictures, and which of them mirrored."""

    rows: tuple[int, ...]
    mirrored: tuple[bool, ...]


def epoch_steps(examples: Examples, recipe: CaptionRecipe, epoch: int) -> list[Step]:
    """The steps of an epoch: each picture once, with all its captions, in full batches; the rest
    is left to the next epoch's shuffle, unless it is all there is."""
    draw = random.Random(f"{recipe.seed}/{epoch}")
    rows = [row for row, tokens in enumerate(examples.tokens) if tokens]
    draw.shuffle(rows)
    mirrored = [draw.random() < 0.5 and recipe.mirror and not examples.sided[row] for row in rows]
    size = recipe.batch_size
    starts = range(0, max(1, len(rows) - size + 1), size)
    return [
        Step(tuple(rows[start : start + size]), tuple(mirrored[start : start + size]))
        for start in starts
    ]


def language_of(text: str, languages: Sequence[str]) -> str:
    """The language of a caption among those of the data.

    Example:
        >>> [language_of(text, ("en", "vi")) for text in ("hai con mèo", "A dog’s ball")]
        ['vi', 'en']
    """
    if len(languages) == 1:
        return languages[0]
    guess = "en" if "vi" not in languages else detect_language(text)
    return guess if guess in languages else languages[0]


def languages_in(captions: Iterable[str]) -> tuple[str, ...]:
    """The languages of these captions, English before Vietnamese; stray captions do not count."""
    counts = Counter(language_of(text, KNOWN_LANGUAGES) for text in captions)
    total = sum(counts.values())
    found = tuple(language for language in KNOWN_LANGUAGES if counts[language] > NOT_STRAY * total)
    return found or KNOWN_LANGUAGES[:1]

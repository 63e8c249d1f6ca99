"""Words by number: what a decoder reads and writes."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from timanh.captioning.words import SPLITTERS
from timanh.errors import DataError, ModelFormatError

FILE = "vocabulary.json"
PAD, START, END, UNKNOWN = "<pad>", "<sos>", "<eos>", "<unk>"
SPECIAL = (PAD, START, END, UNKNOWN)


@dataclass(frozen=True)
class Vocabulary:
    """The words of the captions that a decoder was trained on.

    Attributes:
        tokens: by number: `<pad> <sos> <eos> <unk>`, a mark such as `<vi>` for each language
            where there are several, then the words.
        languages: ISO codes.
        splitting: how captions become words, one of `timanh.captioning.words.SPLITTERS`.
    """

    tokens: tuple[str, ...]
    languages: tuple[str, ...]
    splitting: str = "plain"

    pad_id, start_id, end_id, unknown_id = 0, 1, 2, 3

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Token → number."""
        return {token: number for number, token in enumerate(self.tokens)}

    @property
    def never_written(self) -> tuple[int, ...]:
        """Numbers that no caption may hold."""
        return (self.pad_id, self.start_id, self.unknown_id, *self._marks.values())

    @cached_property
    def _marks(self) -> dict[str, int]:
        """Language → number of its mark."""
        if len(self.languages) < 2:
            return {}
        return {language: self.ids[f"<{language}>"] for language in self.languages}

    def start(self, language: str) -> tuple[int, ...]:
        """What a caption of this language begins with."""
        return (self.start_id, self._marks[language]) if self._marks else (self.start_id,)

    def words(self, text: str, most_words: int) -> list[str]:
        """The words that `encode` finds, with blanks between the syllables of one."""
        return [word.replace("_", " ") for word in SPLITTERS[self.splitting](text)[:most_words]]

    def encode(self, text: str, language: str, most_words: int) -> list[int]:
        """Start, words and end; words that are not known are `<unk>`."""
        words = SPLITTERS[self.splitting](text)[:most_words]
        numbers = [self.ids.get(word, self.unknown_id) for word in words]
        return [*self.start(language), *numbers, self.end_id]

    def decode(self, numbers: Iterable[int]) -> str:
        """The words up to the end, as ordinary text."""
        words = []
        for number in numbers:
            if number == self.end_id:
                break
            if number >= self.first_word:
                words.append(self.tokens[number].replace("_", " "))
        return " ".join(words)

    @property
    def first_word(self) -> int:
        """The number of the first word."""
        return len(SPECIAL) + len(self._marks)

    def save(self, folder: Path) -> None:
        """Write `vocabulary.json`."""
        content = {
            "splitting": self.splitting,
            "languages": list(self.languages),
            "tokens": list(self.tokens),
        }
        (folder / FILE).write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf8")

    @classmethod
    def load(cls, folder: Path) -> "Vocabulary":
        """Raises ModelFormatError where the file is missing or is something else."""
        try:
            content = json.loads((folder / FILE).read_text(encoding="utf8"))
            return cls(
                tuple(map(str, content["tokens"])),
                tuple(map(str, content["languages"])),
                str(content["splitting"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelFormatError(
                f"{folder / FILE} cannot be read as the words of a captioner ({error}). Copy the "
                "whole folder that the training wrote."
            ) from error


def count_words(
    captions: Mapping[str, Sequence[str]], *, min_count: int, splitting: str = "plain"
) -> Vocabulary:
    """The vocabulary of training captions, the frequent words first.

    Args:
        captions: language → captions.
        min_count: how often a word must occur to be taken.

    Raises:
        DataError: no word occurs so often.
    """
    counts: Counter[str] = Counter()
    for texts in captions.values():
        for text in texts:
            counts.update(SPLITTERS[splitting](text))
    # By name where they are equally frequent, so that the same captions give the same numbers.
    words = sorted((word for word, count in counts.items() if count >= min_count))
    words.sort(key=lambda word: -counts[word])
    if not words:
        total = sum(map(len, captions.values()))
        raise DataError(
            f"No word occurs {min_count} times in the {total} captions to train on, so there is "
            "nothing to write captions with. Give more captions, or take words that occur less "
            "often (min_count=1)."
        )
    languages = tuple(captions)
    marks = [f"<{language}>" for language in languages] if len(languages) > 1 else []
    return Vocabulary((*SPECIAL, *marks, *words), languages, splitting)

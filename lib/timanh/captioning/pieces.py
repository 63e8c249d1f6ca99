"""The words of a pretrained language model: pieces of its tokenizer, by number."""

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from timanh.captioning.vocabulary import FILE, Vocabulary
from timanh.captioning.words import plain_words
from timanh.errors import ModelFormatError, ModelNotFoundError
from timanh.models.loading import download
from timanh.models.packages import needed_packages
from timanh.workspace import fill_folder

COPY = "language_model"  # the folder in a captioner's own that holds a copy
KEPT = (".json", ".txt", ".model", ".safetensors", ".bin")


@dataclass(frozen=True)
class PieceVocabulary(Vocabulary):
    """A `Vocabulary` of a language model's pieces; a number is that of the model plus one, so that
    0 pads whatever the model pads with.

    Attributes:
        name: of the model as it was named: a hub id or a folder.
        folder: where its files are.
        tokenizer: of transformers.
    """

    name: str = ""
    folder: Path = Path()
    tokenizer: Any = None

    @classmethod
    def open(cls, name: str, languages: Sequence[str]) -> "PieceVocabulary":
        """The pieces of a causal language model, by hub id or folder.

        Raises:
            ModelNotFoundError: no such folder, no such id, or no network.
            ModelFormatError: its folder holds no tokenizer, or one that knows no end of a text.
        """
        from transformers import AutoTokenizer

        place = Path(name).expanduser()
        if not place.is_dir():
            if name.count("/") > 1 or name.startswith((".", "~", "/")):
                raise ModelNotFoundError(
                    f"There is no folder {name} with a language model. Check the path, or name a "
                    "Hugging Face id such as gpt2."
                )
            place = download(name)
        try:
            with needed_packages(name):
                reader: Any = AutoTokenizer
                tokenizer = reader.from_pretrained(place)
        except (OSError, ValueError, KeyError) as error:
            raise ModelFormatError(
                f"The tokenizer of {name} cannot be read ({str(error).splitlines()[0][:200]}). "
                "Name a causal language model such as gpt2, with its tokenizer beside it."
            ) from error
        if tokenizer.eos_token_id is None:
            raise ModelFormatError(
                f"The tokenizer of {name} has no token that ends a text, so captions would never "
                "end. Name a causal language model such as gpt2."
            )
        pieces = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
        return cls(("<pad>", *map(str, pieces)), tuple(languages), "pieces", name, place, tokenizer)

    @property
    def end_id(self) -> int:  # type: ignore[override]
        return int(self.tokenizer.eos_token_id) + 1

    @property
    def start_id(self) -> int:  # type: ignore[override]
        begin = self.tokenizer.bos_token_id
        return self.end_id if begin is None else int(begin) + 1

    @cached_property
    def never_written(self) -> tuple[int, ...]:
        special = {int(number) + 1 for number in self.tokenizer.all_special_ids}
        return (self.pad_id, *sorted(special - {self.end_id}))

    def start(self, language: str) -> tuple[int, ...]:
        if len(self.languages) < 2:
            return (self.start_id,)
        return (self.start_id, *self._pieces(f"{language}:"))

    def words(self, text: str, most_words: int) -> list[str]:
        return plain_words(text)[:most_words]

    def encode(self, text: str, language: str, most_words: int) -> list[int]:
        """Start, pieces and end; of lower case without punctuation, as captions are compared."""
        pieces = self._pieces(" " + " ".join(self.words(text, most_words)))
        return [*self.start(language), *pieces, self.end_id]

    def decode(self, numbers: Iterable[int]) -> str:
        pieces = []
        for number in numbers:
            if number == self.end_id:
                break
            if number > self.pad_id:
                pieces.append(number - 1)
        return " ".join(self.tokenizer.decode(pieces, skip_special_tokens=True).split())

    def _pieces(self, text: str) -> list[int]:
        return [number + 1 for number in self.tokenizer.encode(text, add_special_tokens=False)]

    @property
    def copied(self) -> bool:
        """Whether it cannot be found again by its name on another machine."""
        return Path(self.name).expanduser().is_dir()

    def save(self, folder: Path) -> None:
        content = {
            "language_model": Path(self.name).expanduser().name if self.copied else self.name,
            "copied": self.copied,
            "languages": list(self.languages),
        }
        (folder / FILE).write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf8")

    def save_copy(self, folder: Path) -> None:
        """Copy the language model into a captioner's folder, where it cannot be found again by
        its name."""
        if not self.copied or self.folder.resolve() == (folder / COPY).resolve():
            return
        with fill_folder(folder / COPY, last="config.json") as place:
            for file in self.folder.iterdir():
                if file.is_file() and file.suffix in KEPT:
                    shutil.copy2(file, place / file.name)


def load_vocabulary(folder: Path) -> Vocabulary:
    """What a captioner's folder says of its words.

    Raises:
        ModelFormatError: the file is missing or is something else.
        ModelNotFoundError: its language model is neither in the folder nor on the hub.
    """
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf8"))
        name = content.get("language_model")
    except (OSError, ValueError, AttributeError):
        name = None
    if not name:
        return Vocabulary.load(folder)
    place = str(folder / COPY) if content.get("copied") else str(name)
    return PieceVocabulary.open(place, tuple(content["languages"]))

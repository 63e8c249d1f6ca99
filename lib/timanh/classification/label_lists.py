"""Labels and templates as people give them: in a line, in a file, or by the name of a set."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from timanh.errors import SettingsError
from timanh.models.text.typed import language_of_labels
from timanh.models.zero_shot import LABEL_SETS, SETS

# Labels that are whole texts already: "a photo of a cat".
PHRASE = re.compile(r"(a|an|the|one|two|some|this|there|một|hai|đây|có)\s", re.IGNORECASE)
LOOKS_LIKE_A_FILE = re.compile(r"[/\\]|\.(txt|csv|tsv|list|labels)$", re.IGNORECASE)


@dataclass(frozen=True)
class LabelList:
    """Labels, with what an encoder compares pictures with.

    Attributes:
        names: as they are shown.
        words: what is encoded for each.
        language: "en" or "vi".
        templates: of a shipped set, or {} alone for labels that are whole texts; None for those
            of the encoder.
        english: the same labels for an encoder that knows no Vietnamese, where they are shipped.
    """

    names: tuple[str, ...]
    words: tuple[str, ...]
    language: str
    templates: tuple[str, ...] | None = None
    english: "LabelList | None" = None


def read_labels(given: str | Sequence[str], language: str | None = None) -> LabelList:
    """Labels from `a,b,c`, from a file with a label a line, or of a shipped set such as `styles`.

    A line may say what is compared, behind the label: `beach = a photo of a sandy beach`. A line
    that begins with # is no label. Where all are phrases, such as “a photo of a cat”, they are
    compared as they stand, without templates.

    Args:
        given: what a person wrote; or names, as they are.
        language: "en" or "vi"; None for what the labels are in.

    Raises:
        SettingsError: no such file, or one that is no text.
    """
    if isinstance(given, str) and given in LABEL_SETS and not Path(given).is_file():
        return _shipped(given, language or "en")
    lines = _lines(given) if isinstance(given, str) else list(given)
    pairs = [_name_and_words(line) for line in lines]
    names = tuple(name for name, _ in pairs)
    words = tuple(each for _, each in pairs)
    spoken = language or language_of_labels(words)
    whole = bool(words) and all(PHRASE.match(each) for each in words)
    return LabelList(names, words, spoken, ("{}",) if whole else None)


def _shipped(name: str, language: str) -> LabelList:
    chosen = LABEL_SETS[name]
    if language not in chosen.names:
        known = " and ".join(chosen.names)
        raise SettingsError(f"The labels “{name}” are there in {known}, not in {language!r}.")
    return LabelList(
        chosen.names[language], chosen.words[language], language, chosen.templates[language],
        None if language == "en" else _shipped(name, "en"),
    )  # fmt: skip


def read_templates(given: str, language: str) -> tuple[str, ...]:
    """Templates from a file with one a line, or of a shipped set such as `clip-80`.

    Raises:
        SettingsError: neither, or a file that is empty or no text.
    """
    if given in SETS and not Path(given).is_file():
        return SETS[given].of(language)
    if not Path(given).is_file():
        raise SettingsError(
            f"There is no file {given} of templates, and no set of this name. Sets are "
            f"{', '.join(SETS)}; a file has one template a line, such as “a photo of a {{}}.”"
        )
    found = tuple(dict.fromkeys(_text_lines(Path(given))))
    if not found:
        raise SettingsError(f"{given} has no template. Write one a line: “a photo of a {{}}.”")
    return found


def _lines(given: str) -> list[str]:
    if Path(given).is_file():
        found = [line for line in _text_lines(Path(given)) if not line.startswith("#")]
        if not found:
            raise SettingsError(f"{given} has no label. Write one a line, such as “cat”.")
        return found
    if LOOKS_LIKE_A_FILE.search(given):
        raise SettingsError(
            f"There is no file {given}. Name one with a label a line, or write the labels "
            "themselves with commas between them: cat,dog,person."
        )
    return [part.strip() for part in given.split(",")] if given.strip() else []


def _text_lines(file: Path) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"{file} is not a text file in UTF-8. Save it as UTF-8 and run this again."
        ) from error
    except OSError as error:
        raise SettingsError(f"{file} cannot be read ({error.strerror or error}).") from error
    lines = (unicodedata.normalize("NFC", line.strip()) for line in text.splitlines())
    return [line for line in lines if line]


def _name_and_words(line: str) -> tuple[str, str]:
    name, found, words = line.partition(" = ")
    return (name.strip(), words.strip() or name.strip()) if found else (line, line)

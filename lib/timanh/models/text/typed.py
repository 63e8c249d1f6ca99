"""Vietnamese as people type it, in Telex or without its marks, as an encoder reads it."""

from collections.abc import Sequence
from typing import Literal

from timanh.data.vietnamese.language import detect_language
from timanh.data.vietnamese.restoring import restore_marks
from timanh.data.vietnamese.telex import from_telex
from timanh.models.encoder import Encoder

Typed = Literal["telex", "marks"]


def needs_marks(encoder: Encoder) -> bool:
    """Whether an encoder knows Vietnamese, but not as it is typed without its marks."""
    return "vi" in encoder.languages and not encoder.reads_unmarked


def with_marks(text: str, *, restore: bool) -> tuple[str, Typed | None]:
    """Vietnamese with the marks that its writer meant, and how it was typed; any other text as it
    is, and None.

    Args:
        restore: also where no marks were typed at all; see `needs_marks`.
    """
    if marked := from_telex(text):
        return marked, "telex"
    if restore and (marked := restore_marks(text)):
        return marked, "marks"
    return text, None


def labels_with_marks(labels: Sequence[str], encoder: Encoder) -> tuple[str, ...]:
    """Vietnamese labels as an encoder reads them, each by itself.

    Where any of them has a mark, all are as they were meant: “hoa” beside “mèo” has none.
    """
    if not all(map(str.isascii, labels)):
        return tuple(labels)
    restore = needs_marks(encoder)
    return tuple(with_marks(label, restore=restore)[0] for label in labels)


def language_of_labels(labels: Sequence[str]) -> str:
    """ "vi" or "en": what the labels are in, seen together."""
    words = " ".join(labels[:200])
    return "vi" if detect_language(words) == "vi" or from_telex(words) else "en"

"""The words of a query: their language, what is wanted, what is not."""

from dataclasses import dataclass
from typing import Literal

from timanh.data.vietnamese.language import detect_language
from timanh.data.vietnamese.restoring import restore_marks
from timanh.data.vietnamese.telex import from_telex
from timanh.models.encoder import Encoder
from timanh.search.exclusion import split_excluded
from timanh.search.query import Query

Typed = Literal["telex", "marks"]


@dataclass(frozen=True)
class Reading:
    """Words of a query.

    Attributes:
        language: "vi" or "en"; None without words.
        wanted: what to search by; None for no words.
        excluded: phrases that were taken out of the text.
        without: these together with `Query.without`; None for nothing.
        typed: how the words were typed, "telex" or without "marks", where `wanted` has the marks
            that they stand for; None where they were not changed.
    """

    language: str | None
    wanted: str | None
    excluded: tuple[str, ...]
    without: str | None
    typed: Typed | None = None


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


def read(query: Query, *, restore: bool = False) -> Reading:
    """Read a checked query.

    Args:
        restore: give Vietnamese that was typed without its marks those most likely meant.
    """
    text, unwanted = query.text, query.without
    words = " ".join(filter(None, (text, unwanted)))
    language = detect_language(words) if words else None
    typed: Typed | None = None
    excluded: tuple[str, ...] = ()
    if text is not None and not query.as_written:
        text, typed = with_marks(text, restore=restore)
        language = "vi" if typed else language
        text, excluded = split_excluded(text)
    if restore and unwanted is not None:
        unwanted, _ = with_marks(unwanted, restore=True)
    without = ", ".join(dict.fromkeys(filter(None, (unwanted, *excluded))))
    return Reading(language, text, excluded, without or None, typed)

"""The words of a query: their language, what is wanted, what is not."""

from dataclasses import dataclass

from timanh.data.vietnamese.language import detect_language
from timanh.models.text.typed import Typed, with_marks
from timanh.search.exclusion import split_excluded
from timanh.search.query import Query


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
        without_language: of `without`; it may be another than that of the text, such as where a
            person wrote an English one in the place of its translation.
    """

    language: str | None
    wanted: str | None
    excluded: tuple[str, ...]
    without: str | None
    typed: Typed | None = None
    without_language: str | None = None


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
    of_without = language
    if unwanted and text and language != "vi":
        of_without = detect_language(unwanted)
    return Reading(language, text, excluded, without or None, typed, of_without)

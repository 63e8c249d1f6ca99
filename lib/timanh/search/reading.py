"""The words of a query: their language, what is wanted, what is not."""

from dataclasses import dataclass

from timanh.search.exclusion import split_excluded
from timanh.search.language import detect_language
from timanh.search.query import Query


@dataclass(frozen=True)
class Reading:
    """Words of a query.

    Attributes:
        language: "vi" or "en"; None without words.
        wanted: what to search by; None for no words.
        excluded: phrases that were taken out of the text.
        without: these together with `Query.without`; None for nothing.
    """

    language: str | None
    wanted: str | None
    excluded: tuple[str, ...]
    without: str | None


def read(query: Query) -> Reading:
    """Read a checked query."""
    words = " ".join(filter(None, (query.text, query.without)))
    language = detect_language(words) if words else None
    wanted, excluded = query.text, tuple[str, ...]()
    if query.text is not None and not query.as_written:
        wanted, excluded = split_excluded(query.text)
    without = ", ".join(dict.fromkeys(filter(None, (query.without, *excluded))))
    return Reading(language, wanted, excluded, without or None)

"""The words of a query: their language, what is wanted, what is not."""

from dataclasses import dataclass

from timanh.data.language import detect_language
from timanh.data.telex import from_telex
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
        telex: the words were typed in Telex, and `wanted` has the marks that they stand for.
    """

    language: str | None
    wanted: str | None
    excluded: tuple[str, ...]
    without: str | None
    telex: bool = False


def read(query: Query) -> Reading:
    """Read a checked query."""
    words = " ".join(filter(None, (query.text, query.without)))
    language = detect_language(words) if words else None
    wanted, excluded = query.text, tuple[str, ...]()
    marked = from_telex(query.text) if query.text is not None and not query.as_written else None
    if query.text is not None and not query.as_written:
        wanted, excluded = split_excluded(marked or query.text)
    without = ", ".join(dict.fromkeys(filter(None, (query.without, *excluded))))
    return Reading("vi" if marked else language, wanted, excluded, without or None, bool(marked))

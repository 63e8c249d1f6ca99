"""A query, what the engine understood, and what it found."""

import math
import unicodedata
from dataclasses import dataclass, field, replace
from typing import Literal

from PIL import Image

from timanh.errors import EmptyQueryError, QueryError
from timanh.models.encoder import TextLength
from timanh.search.filters import Filter
from timanh.vectors.store.items import MachineCaption
from timanh.workspace import require_whole

ALPHA = 0.6
# How close a picture is to what was searched, in words that mean the same in every gallery.
Closeness = Literal["very", "close", "loose", "far"]
EMPTY = "The query is empty. Write a few words, or add a picture, or both."


@dataclass(frozen=True)
class Query:
    """One search.

    Attributes:
        text: in English or Vietnamese; None or blank for none.
        images: RGB pictures; several stand for their mean.
        pictures: ids of pictures of the dictionary that count as `images` do, by the vectors it has
            of them; they are not returned.
        alpha: the weight of the text, 0..1; the pictures weigh 1 − alpha.
        k: how many hits are wanted.
        like, unlike: ids of pictures that pull the query towards them, or push it away.
        left_out: ids of pictures that are not returned.
        without: words for what should not be in the picture.
        offset: how many hits are skipped, for the pages after the first.
        where: which pictures may be returned.
        as_written: search by the whole text, even where a part of it says what should not be there.
        fold: a cosine, 0..1; a picture at least so near to a better hit is listed among that hit's
            `doubles` and takes no place in the page. None for no folding. Only the nearest 2,000
            pictures are folded, and none beyond them is returned.
    """

    text: str | None = None
    images: tuple[Image.Image, ...] = ()
    alpha: float = ALPHA
    k: int = 5
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    without: str | None = None
    offset: int = 0
    where: Filter = field(default_factory=Filter)
    fold: float | None = None
    left_out: tuple[str, ...] = ()
    as_written: bool = False
    pictures: tuple[str, ...] = ()

    @property
    def shown(self) -> int:
        """How many pictures the query consists of."""
        return len(self.images) + len(self.pictures)

    def checked(self) -> "Query":
        """The same with its text tidied: Unicode NFC, no blanks around, None if nothing is left.

        Raises:
            EmptyQueryError: neither text nor picture.
            QueryError: alpha or fold outside 0..1, k below 1, or offset below 0.
        """
        text, without = _tidy(self.text), _tidy(self.without)
        if text is None and not self.shown and not self.like:
            raise EmptyQueryError(EMPTY)
        alpha, k = check_alpha(self.alpha), check_k(self.k)
        check_offset(self.offset)
        check_fold(self.fold)
        return replace(self, text=text, without=without, alpha=alpha, k=k)


@dataclass(frozen=True)
class Hit:
    """One picture found: `rank` from 1, `score` the cosine with the query, −1..1.

    `doubles` are ids of pictures nearly the same as this one that were folded into it; `size` to
    `hash` and `machine` are as of `Item`. `closeness` is None where it cannot be said.
    """

    rank: int
    id: str
    path: str
    score: float
    captions: tuple[str, ...]
    width: int
    height: int
    doubles: tuple[str, ...] = ()
    size: int = 0
    mtime: float = 0.0
    taken: float | None = None
    hash: str = ""
    closeness: Closeness | None = None
    machine: tuple[MachineCaption, ...] = ()


@dataclass(frozen=True)
class Understood:
    """What the engine made of a query.

    Attributes:
        text: as written, without blanks around it; None where there was none.
        translated: what was encoded instead of it; None where it was encoded as written.
        excluded: phrases of the text for what should not be in the picture; they were taken out.
        wanted: the rest of the text, where something was taken out and something is left.
        language: "vi" or "en"; None without text.
        alpha: of the query.
        images: how many pictures, with those of the dictionary.
        pictures: ids of those.
        length: how much of the words the encoder reads; None without words, or where that is
            unknown.
        notice: what a person should know, such as that the translation failed.
        notice_code: the same for programs.
        translator: "cache", "local" or "google", or "telex" for marks that were typed as letters,
            "marks" for marks that were restored; None where nothing was translated.
        without: all unwanted words, of the text and of `Query.without`, in a language of the
            encoder; None where there were none.
    """

    text: str | None
    translated: str | None
    language: str | None
    alpha: float
    images: int
    notice: str | None = None
    notice_code: str | None = None
    translator: str | None = None
    without: str | None = None
    excluded: tuple[str, ...] = ()
    wanted: str | None = None
    pictures: tuple[str, ...] = ()
    length: TextLength | None = None

    @property
    def words(self) -> str | None:
        """What is encoded as the query's text; None where there is none."""
        return self.translated or (self.wanted if self.excluded else self.text)


@dataclass(frozen=True)
class SearchResult:
    """Hits, best first, among the `considered` pictures that pass the filter.

    `took_ms` has translate, encode, search and total, in milliseconds. `nothing_close`: the gallery
    has most likely no picture of what was searched; None where that cannot be said.
    """

    query: Understood
    hits: tuple[Hit, ...]
    took_ms: dict[str, float]
    considered: int = 0
    nothing_close: bool | None = None


def check_alpha(alpha: float) -> float:
    """Raises:
    QueryError: alpha is not a number in 0..1.
    """
    try:
        number = float(alpha)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= 1:
        raise QueryError(
            f"alpha is {alpha!r}; it must lie between 0 (picture alone) and 1 (text alone)."
        )
    return number


def check_k(k: int) -> int:
    """Raises:
    QueryError: k is not a whole number of at least 1.
    """
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise QueryError(f"k is {k!r}; it must be a whole number of pictures to find, at least 1.")
    return k


def _tidy(text: str | None) -> str | None:
    """Raises:
    QueryError: half letters.
    """
    return require_whole(unicodedata.normalize("NFC", text or "").strip()) or None


def check_offset(offset: int) -> int:
    """Raises:
    QueryError: offset is not a whole number of at least 0.
    """
    if isinstance(offset, bool) or not isinstance(offset, int) or offset < 0:
        raise QueryError(
            f"offset is {offset!r}; it must be a whole number of hits to skip, 0 or more."
        )
    return offset


def check_fold(fold: float | None) -> float | None:
    """Raises:
    QueryError: fold is neither None nor a number in 0..1.
    """
    if fold is None or (isinstance(fold, int | float) and 0 <= fold <= 1):
        return fold
    raise QueryError(
        f"fold is {fold!r}; it must lie between 0 and 1: the cosine from which two pictures count "
        "as the same, such as 0.95."
    )

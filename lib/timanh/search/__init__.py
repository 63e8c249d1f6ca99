"""From a question in words, pictures or both to the pictures that answer it."""

from timanh.search.engine import SearchEngine
from timanh.search.filters import Filter
from timanh.search.query import Hit, Query, SearchResult, Understood, combine_query
from timanh.search.translation import Translation, Translator, detect_language

__all__ = [
    "Filter",
    "Hit",
    "Query",
    "SearchEngine",
    "SearchResult",
    "Translation",
    "Translator",
    "Understood",
    "combine_query",
    "detect_language",
]

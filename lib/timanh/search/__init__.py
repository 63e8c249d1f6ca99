"""From a question in words, pictures or both to the pictures that answer it."""

from timanh.data.vietnamese.language import detect_language
from timanh.search.batch import BatchQuery, as_document, read_queries, write_answers
from timanh.search.combining import combine_query
from timanh.search.engine import SearchEngine
from timanh.search.exclusion import split_excluded
from timanh.search.filters import Filter, parse_day
from timanh.search.query import Hit, Query, SearchResult, Understood
from timanh.search.reading import Reading
from timanh.search.translation import Translation, Translator

__all__ = [
    "BatchQuery",
    "Filter",
    "Hit",
    "Query",
    "Reading",
    "SearchEngine",
    "SearchResult",
    "Translation",
    "Translator",
    "Understood",
    "as_document",
    "combine_query",
    "detect_language",
    "parse_day",
    "read_queries",
    "split_excluded",
    "write_answers",
]

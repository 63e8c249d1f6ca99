"""The form of a search, described for /docs; the API is who reads it."""

from typing import Any

FIELDS = {
    "query": "Words to search for.",
    "file": "Up to five pictures.",
    "alpha": "Weight of the words, 0..1.",
    "k": "How many pictures to find, 1..100.",
    "like": "Ids of pictures to find more like.",
    "unlike": "Ids of pictures to find less like.",
    "without": "More words for what should not be there.",
    "as_written": "true: search by the whole text; nothing it says is taken out.",
    "offset": "How many to leave out first; for more pages.",
    "fold": "Fold pictures at least so alike, such as 0.95.",
    "folder": "Only in this folder of the gallery.",
    "words": "That the picture's captions must have, all.",
    "after": "Day of the file's last change, included: 2026-01-31.",
    "before": "Day of the file's last change, included: 2026-01-31.",
    "min_side": "Pixels of the shorter side.",
    "min_bytes": "Of the file.",
    "max_bytes": "Of the file.",
}
KINDS: dict[str, dict[str, Any]] = {
    "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
    "like": {"type": "array", "items": {"type": "string"}},
    "unlike": {"type": "array", "items": {"type": "string"}},
    "alpha": {"type": "number"},
    "fold": {"type": "number"},
    "as_written": {"type": "boolean"},
    **{name: {"type": "integer"} for name in ("k", "offset", "min_side", "min_bytes", "max_bytes")},
}


def search_form(more: dict[str, str] | None = None) -> dict[str, Any]:
    """The request body of a search in OpenAPI's words, with `more` fields."""
    properties = {
        name: {**KINDS.get(name, {"type": "string"}), "description": text}
        for name, text in {**FIELDS, **(more or {})}.items()
    }
    schema = {"type": "object", "properties": properties}
    return {"requestBody": {"content": {"multipart/form-data": {"schema": schema}}}}

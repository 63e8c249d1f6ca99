"""The forms of a search and of a heat map, described for /docs; the API reads it."""

from typing import Any

# Name → type and description, as the API has them; a test holds both to each other.
FIELDS = {
    "query": ("string", "Words to search for, in any language the model knows."),
    "file": ("array", "Up to five pictures."),
    "picture": ("array", "Ids of pictures of the gallery; each counts as a file."),
    "alpha": ("number", "Weight of the text against the pictures."),
    "k": ("integer", "How many to find."),
    "like": ("array", "Ids of pictures to find more like."),
    "unlike": ("array", "Ids of pictures to stay away from."),
    "without": ("string", "Words for what should not be in the picture."),
    "as_written": ("boolean", "Search by the whole text: nothing it says is taken as excluded."),
    "offset": ("integer", "How many to leave out first; for more pages."),
    "fold": ("number", "Fold pictures at least so alike, such as 0.95."),
    "language": (
        "string",
        "Of /api/predict-image's sentence, vi or en; without effect elsewhere.",
    ),
    "folder": ("string", "Only in this folder of the gallery."),
    "words": ("string", "That the picture's captions must have, all."),
    "machine_words": ("boolean", "Whether “words” may stand in captions that machines wrote."),
    "tag": ("string", "A tag that a person gave the picture."),
    "after": ("string", "Of the file's last change, included: 2026-01-31."),
    "before": ("string", "Of the file's last change, included: 2026-01-31."),
    "min_side": ("integer", "Pixels of the shorter side."),
    "min_bytes": ("integer", "Of the file."),
    "max_bytes": ("integer", "Of the file."),
}


def search_form() -> dict[str, Any]:
    """The request body of a search in OpenAPI's words."""
    properties: dict[str, Any] = {
        name: {"type": kind, "description": text} for name, (kind, text) in FIELDS.items()
    }
    for name in ("file", "picture", "like", "unlike"):
        properties[name]["items"] = {"type": "string"}
    properties["file"]["items"]["format"] = "binary"
    schema = {"type": "object", "properties": properties}
    return {"requestBody": {"content": {"multipart/form-data": {"schema": schema}}}}


def explain_form() -> dict[str, Any]:
    """The request body of a heat map in OpenAPI's words."""
    schema = {
        "type": "object",
        "properties": {"words": {"type": "string"}, "word": {"type": "string"}},
        "required": ["words"],
    }
    kinds = ("application/json", "multipart/form-data", "application/x-www-form-urlencoded")
    return {"requestBody": {"content": {kind: {"schema": schema} for kind in kinds}}}

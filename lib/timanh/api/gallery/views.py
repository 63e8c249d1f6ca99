"""Pictures of the gallery as they go over the wire."""

from typing import Any

from timanh.api import schemas
from timanh.api.gallery.editing import ADDED
from timanh.search import Hit
from timanh.vectors import Item
from timanh.workspace import readable


def picture(item: Item) -> schemas.Picture:
    """One picture of the gallery."""
    return schemas.Picture(**_fields(item))


def result(hit: Hit) -> schemas.Result:
    """One picture found."""
    return schemas.Result(**hit_fields(hit))


def hit_fields(hit: Hit) -> dict[str, Any]:
    """The fields of `Result`."""
    return {**_fields(hit), "score": round(hit.score, 6), "doubles": list(hit.doubles)}


def _fields(of: Item | Hit) -> dict[str, Any]:
    return {
        "id": of.id,
        "path": readable(of.path),
        "captions": [readable(caption) for caption in of.captions],
        "width": of.width,
        "height": of.height,
        "url": f"/api/images/{of.id}",
        "original": f"/api/images/{of.id}/original",
        "thumbnail": f"/api/images/{of.id}/thumbnail",
        "added": of.path.startswith(f"{ADDED}/"),
    }

"""From what the library knows to what goes over the wire."""

from typing import Any

from timanh.api import schemas
from timanh.api.editing import ADDED
from timanh.search import Hit, SearchResult
from timanh.vectors import Item
from timanh.workspace import readable


def picture(item: Item) -> schemas.Picture:
    """One picture of the gallery."""
    return schemas.Picture(**_fields(item))


def result(hit: Hit) -> schemas.Result:
    """One picture found."""
    return schemas.Result(**_fields(hit), **_found(hit))


def streamed(hit: Hit, preview: str | None) -> schemas.StreamedResult:
    """The same for a stream."""
    return schemas.StreamedResult(**_fields(hit), **_found(hit), rank=hit.rank, preview=preview)


def search_answer(found: SearchResult, weak: bool | None, gallery: int) -> schemas.SearchAnswer:
    """The whole answer."""
    understood = schemas.Understood.model_validate(found.query)
    understood.weak = weak
    return schemas.SearchAnswer(
        query=understood,
        results=[result(hit) for hit in found.hits],
        considered=found.considered,
        gallery=gallery,
        took_ms=found.took_ms,
    )


def finished(found: SearchResult, weak: bool | None, gallery: int) -> schemas.Finished:
    """The end of a stream."""
    return schemas.Finished(
        count=len(found.hits),
        weak=weak,
        considered=found.considered,
        gallery=gallery,
        took_ms=found.took_ms,
    )


def _found(hit: Hit) -> dict[str, Any]:
    return {"score": round(hit.score, 6), "doubles": list(hit.doubles)}


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

"""What the search engine found, as it goes over the wire."""

from timanh.api import schemas
from timanh.api.gallery import views
from timanh.search import Hit, SearchResult


def search_answer(found: SearchResult, weak: bool | None, gallery: int) -> schemas.SearchAnswer:
    """The whole answer; `gallery` is how many pictures there are."""
    understood = schemas.Understood.model_validate(found.query)
    understood.weak = weak
    return schemas.SearchAnswer(
        query=understood,
        results=[views.result(hit) for hit in found.hits],
        considered=found.considered,
        gallery=gallery,
        took_ms=found.took_ms,
    )


def streamed_result(hit: Hit) -> schemas.StreamedResult:
    """One picture found, as an event of a stream."""
    return schemas.StreamedResult(**views.hit_fields(hit), rank=hit.rank)


def finished(found: SearchResult, weak: bool | None, gallery: int) -> schemas.Finished:
    """The last event of a stream."""
    return schemas.Finished(
        count=len(found.hits),
        weak=weak,
        considered=found.considered,
        gallery=gallery,
        took_ms=found.took_ms,
    )

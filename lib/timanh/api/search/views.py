"""What the search engine found, as it goes over the wire."""

from timanh.api import schemas
from timanh.api.gallery.pictures import GalleryPictures
from timanh.api.gallery.views import PictureViews
from timanh.search import Hit, SearchResult, Understood

UNDERSTOOD = (
    "text", "translated", "language", "alpha", "images", "translator", "notice", "notice_code",
    "wanted",
)  # fmt: skip


def understood(
    query: Understood, pictures: GalleryPictures, views: PictureViews
) -> schemas.Understood:
    """What was made of a query.

    Raises:
        UnknownPictureError: one of its pictures has left the gallery meanwhile.
    """
    shown = {name: getattr(query, name) for name in UNDERSTOOD}
    return schemas.Understood(
        **shown,
        excluded=list(query.excluded),
        pictures=[views.picture(pictures.item(id)) for id in query.pictures],
        tokens=None if query.length is None else schemas.WordsRead.model_validate(query.length),
    )


def search_answer(
    found: SearchResult, gallery: int, pictures: GalleryPictures, views: PictureViews
) -> schemas.SearchAnswer:
    """The whole answer; `gallery` is how many pictures there are."""
    query = understood(found.query, pictures, views)
    query.weak = found.nothing_close
    return schemas.SearchAnswer(
        query=query,
        results=[views.result(hit) for hit in found.hits],
        considered=found.considered,
        gallery=gallery,
        took_ms=found.took_ms,
    )


def streamed_result(hit: Hit, views: PictureViews) -> schemas.StreamedResult:
    """One picture found, as an event of a stream."""
    return schemas.StreamedResult(**views.hit_fields(hit), rank=hit.rank)


def finished(found: SearchResult, gallery: int) -> schemas.Finished:
    """The last event of a stream."""
    return schemas.Finished(
        count=len(found.hits),
        weak=found.nothing_close,
        considered=found.considered,
        gallery=gallery,
        took_ms=found.took_ms,
    )

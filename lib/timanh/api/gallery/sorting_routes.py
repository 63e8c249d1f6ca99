"""The endpoints that sort pictures of the gallery by labels, and keep what a person made of it."""

import unicodedata
from collections.abc import Sequence

import numpy as np
from fastapi import APIRouter

from timanh.api import schemas
from timanh.api.ai.service import AiService
from timanh.api.config import ApiConfig
from timanh.api.gallery.views import PictureViews
from timanh.api.http.problems import RequestError, cannot_write
from timanh.models.zero_shot import LABEL_SETS, NONE, LabelSet
from timanh.search import SearchEngine
from timanh.vectors.store.tags import Tags

MOST_TAGGED = 5000  # pictures in one request
LONGEST_TAG = 200


def sorting_router(
    engine: SearchEngine, config: ApiConfig, views: PictureViews, ai: AiService, tags: Tags
) -> APIRouter:
    """Labels without training, over stored vectors; tags."""
    router = APIRouter()

    @router.post("/api/gallery/classify")
    async def classify(wanted: schemas.PicturesToSort) -> schemas.SortedPictures:
        """Pictures of the gallery with the labels that fit them; nothing is encoded again."""
        dictionary = engine.dictionary
        rows, behind, total = _rows(engine, wanted)
        chosen = _set(wanted)
        shown = wanted.language or "en"
        # Shipped labels have words in English, for encoders that know no Vietnamese.
        known = shown if shown in engine.encoder.languages else "en"
        names = chosen.names[shown] if chosen else wanted.labels
        _check(names, "labels", config)
        labels = await ai.labels(
            names,
            words=chosen.words[known] if chosen else None,
            templates=chosen.templates[known] if chosen else None,
            language=known if chosen else wanted.language,
            none=wanted.none,
        )
        shares = labels.classify(dictionary.vectors_of(np.array(rows, np.int64)))
        images = [
            views.sorted_picture(
                dictionary.item(row), labels.answers[int(share.argmax())],
                round(float(share.max()), 4), [round(float(each), 4) for each in share],
            )
            for row, share in zip(rows, shares, strict=True)
        ]  # fmt: skip
        return schemas.SortedPictures(
            labels=list(labels.answers), none=NONE if wanted.none else None, total=total,
            offset=wanted.offset, next=behind if behind < total else None, images=images,
        )  # fmt: skip

    @router.get("/api/tags")
    def listed() -> schemas.TagList:
        """The tags that pictures have."""
        return _listed(engine, tags)

    @router.post("/api/tags")
    def keep(wanted: schemas.TagsToKeep) -> schemas.TagList:
        """Give pictures tags, kept by their content beside the dictionary."""
        if config.read_only:
            raise RequestError(403, "read-only", "Pictures of this gallery cannot be changed.")
        if len(wanted.pictures) > MOST_TAGGED:
            raise RequestError(
                422, "too-many-pictures",
                f"You sent {len(wanted.pictures)} pictures; the limit is {MOST_TAGGED}.",
            )  # fmt: skip
        among = [_tag(tag) for tag in wanted.among]
        _check(among, "tags", config)
        dictionary = engine.dictionary
        chosen = {}
        rows = _known_rows(engine, list(wanted.pictures))
        for id, given in wanted.pictures.items():
            digest = dictionary.item(rows[id]).hash if id in rows else ""
            if digest:  # imported rows whose file nobody has read have none
                chosen[digest] = [_tag(tag) for tag in given]
        try:
            changed = tags.put(chosen, among)
        except OSError as error:
            raise cannot_write(error) from error
        return _listed(engine, tags, changed)

    return router


def _rows(engine: SearchEngine, wanted: schemas.PicturesToSort) -> tuple[list[int], int, int]:
    """The rows that are wanted now, where the next ones begin, and how many there are in all;
    pictures that are gone have no row."""
    if wanted.ids is not None:
        if len(wanted.ids) > MOST_TAGGED:
            raise RequestError(
                422, "too-many-pictures",
                f"You sent {len(wanted.ids)} pictures; the limit is {MOST_TAGGED}.",
            )  # fmt: skip
        some = wanted.ids[wanted.offset : wanted.offset + wanted.limit]
        rows = list(_known_rows(engine, some).values())
        return rows, wanted.offset + len(some), len(wanted.ids)
    timeline = engine.timeline()
    page = timeline.page(
        wanted.limit, offset=wanted.offset, folder=wanted.folder or None, tag=wanted.tag or None
    )
    rows = [int(row) for row in page.rows]
    # An empty page is the last one, wherever it was wanted.
    return rows, wanted.offset + len(rows) if rows else page.total, page.total


def _known_rows(engine: SearchEngine, ids: Sequence[str]) -> dict[str, int]:
    """The rows of those pictures that are there; some may have been deleted meanwhile.

    Raises:
        UnknownPictureError: none of them is there.
    """
    dictionary = engine.dictionary
    found = {id: row for id in ids if (row := dictionary.items.find_row(id)) is not None}
    if ids and not found:
        dictionary.row_of(ids[0])
    return found


def _set(wanted: schemas.PicturesToSort) -> LabelSet | None:
    if wanted.set is None:
        return None
    if wanted.set not in LABEL_SETS or (wanted.language or "en") not in ("en", "vi"):
        raise RequestError(
            422, "invalid-request",
            f"There are no labels “{wanted.set}” in this language. Take one of "
            f"{', '.join(LABEL_SETS)}, in en or vi.",
        )  # fmt: skip
    return LABEL_SETS[wanted.set]


def _tag(text: str) -> str:
    """In one line, with whole letters, each written in one way."""
    whole = text.encode("utf8", "replace").decode("utf8")
    return " ".join(unicodedata.normalize("NFC", whole).split())


def _check(texts: Sequence[str], name: str, config: ApiConfig) -> None:
    if len(texts) > config.max_labels:
        raise RequestError(
            422,
            "too-many-labels",
            f"You sent {len(texts)} {name}; the limit is {config.max_labels}.",
        )
    longest = max((len(text) for text in texts), default=0)
    if longest > LONGEST_TAG:
        raise RequestError(
            422, "text-too-long",
            f"You sent a text of {longest} characters; the limit is {LONGEST_TAG}.",
        )  # fmt: skip
    if name == "tags" and not all(texts):
        raise RequestError(422, "invalid-request", "A tag is blank. Leave it out.")


def _listed(engine: SearchEngine, tags: Tags, changed: int = 0) -> schemas.TagList:
    items = engine.dictionary.items
    counts = {
        tag: sum(len(items.rows_of_hash(digest)) for digest in digests)
        for tag, digests in tags.all().items()
    }
    return schemas.TagList(
        tags=[schemas.Tag(tag=tag, count=count) for tag, count in counts.items() if count],
        changed=changed,
    )

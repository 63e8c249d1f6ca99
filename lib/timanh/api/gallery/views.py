"""Pictures of the gallery as they go over the wire."""

import posixpath
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from timanh.api import schemas
from timanh.api.gallery.additions import Additions
from timanh.api.gallery.corrections import Corrections
from timanh.search import Hit
from timanh.vectors import Item
from timanh.vectors.store.tags import Tags
from timanh.workspace import readable

NO_DATE = "1970-01-01T00:00:00"


class PictureViews:
    """Items and hits in the API's words."""

    def __init__(self, additions: Additions, corrections: Corrections, tags: Tags) -> None:
        self._additions = additions
        self._corrections = corrections
        self._tags = tags

    def picture(self, item: Item) -> schemas.Picture:
        """One picture of the gallery."""
        return schemas.Picture(**self._fields(item))

    def sorted_picture(
        self, item: Item, label: str, probability: float, probabilities: list[float]
    ) -> schemas.SortedPicture:
        """One picture with its label."""
        return schemas.SortedPicture(
            **self._fields(item), label=label, probability=probability,
            probabilities=probabilities,
        )  # fmt: skip

    def result(self, hit: Hit) -> schemas.Result:
        """One picture found."""
        return schemas.Result(**self.hit_fields(hit))

    def hit_fields(self, hit: Hit) -> dict[str, Any]:
        """The fields of `Result`."""
        score, doubles = round(hit.score, 6), list(hit.doubles)
        return {
            **self._fields(hit), "score": score, "doubles": doubles, "closeness": hit.closeness
        }  # fmt: skip

    def _fields(self, of: Item | Hit) -> dict[str, Any]:
        path = readable(of.path)
        return {
            "id": of.id,
            "path": path,
            "folder": posixpath.dirname(path),
            "captions": [readable(caption) for caption in of.captions],
            "machine_captions": [
                {
                    "text": readable(each.text),
                    "language": each.language,
                    "captioner": readable(each.captioner),
                }
                for each in of.machine
            ],
            "corrected": self._corrections.has(of.hash),
            "tags": [readable(tag) for tag in self._tags.of(of.hash)],
            "width": of.width,
            "height": of.height,
            "bytes": of.size,
            "taken": taken_text(of),
            "dated": bool(of.taken),
            "url": f"/api/images/{of.id}",
            "original": f"/api/images/{of.id}/original",
            "thumbnail": f"/api/images/{of.id}/thumbnail",
            "added": self._additions.has(of.path, of.hash),
        }


def taken_text(of: Item | Hit) -> str:
    """The camera's clock, else this machine's at the file's last change: 2026-01-31T14:22:11."""
    with suppress(OverflowError, ValueError, OSError):
        time = (
            datetime.fromtimestamp(of.taken, UTC) if of.taken else datetime.fromtimestamp(of.mtime)
        )
        return time.replace(tzinfo=None).isoformat(timespec="seconds")
    return NO_DATE

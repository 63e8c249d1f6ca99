"""Posts and pictures as they go over the wire, and the pages of a feed."""

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from utils.problems import BackendError

Row = Mapping[str, Any]

IMAGES = """
SELECT i.id, i.post_id, i.name, i.display_order, i.width, i.height, i.bytes, i.created,
    coalesce((SELECT jsonb_agg(jsonb_build_object('language', c.language, 'text', c.text,
        'source', c.source, 'model', c.model) ORDER BY c.language)
        FROM captions AS c WHERE c.image_id = i.id), '[]') AS captions,
    EXISTS (SELECT FROM image_embeddings AS e WHERE e.image_id = i.id) AS embedded,
    (SELECT jsonb_object_agg(f.task, jsonb_build_object('code', f.code, 'reason', f.reason))
        FROM image_failures AS f WHERE f.image_id = i.id AND f.final) AS failures
FROM images AS i
"""


def post(row: Row, images: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One post with its pictures."""
    return {
        "id": str(row["id"]),
        "title": row["title"],
        "description": row["description"],
        "created": _time(row["created"]),
        "updated": _time(row["updated"]),
        "version": row["version"],
        "images": list(images),
    }


def image(
    row: Row, running: Collection[tuple[str, UUID]], expected: Collection[str]
) -> dict[str, Any]:
    """One picture; `running` has the tasks that are being worked on, `expected` those that will
    be."""
    id, failures = row["id"], row["failures"] or {}
    address = f"/api/post-images/{id}"
    done = {"embedding": row["embedded"], "captions": bool(row["captions"])}
    features = {}
    for task, is_done in done.items():
        failed = failures.get(task)
        pending = "waiting" if task in expected else "absent"
        state = "done" if is_done else "failed" if failed else pending
        if state == "waiting" and (task, id) in running:
            state = "running"
        features[task] = {"state": state, "reason": failed["reason"] if failed else None}
    return {
        "id": str(id),
        "post_id": str(row["post_id"]),
        "name": row["name"],
        "display_order": row["display_order"],
        "width": row["width"],
        "height": row["height"],
        "bytes": row["bytes"],
        "created": _time(row["created"]),
        "url": address,
        "thumbnail": f"{address}/thumbnail",
        "captions": row["captions"],
        "features": features,
    }


def cursor_of(row: Row) -> str:
    """Where the next page begins."""
    text = json.dumps([row["created"].isoformat(), str(row["id"])])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Raises BackendError: 422, it was made by nobody here."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        created, id = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        return datetime.fromisoformat(created), UUID(id)
    except (ValueError, TypeError, RecursionError) as error:
        raise BackendError(
            422, "invalid-request", "The cursor is not valid. Send `next` of the page before."
        ) from error


def _time(value: datetime) -> str:
    return value.isoformat()

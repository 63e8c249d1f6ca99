"""`search/index.json`: which search index a dictionary has, and which of its rows that covers."""

import json
from pathlib import Path
from typing import Any

from timanh.vectors.store.manifest import Manifest

FOLDER, FILE = "search", "index.json"
FORMAT, VERSION = "timanh-search-index", 4


def read_record(folder: Path) -> dict[str, Any] | None:
    """What `index.json` says; None where there is none, or none that can be read."""
    try:
        record = json.loads((folder / FOLDER / FILE).read_text(encoding="utf8"))
    except (OSError, ValueError):
        return None
    known = isinstance(record, dict) and record.get("format") == FORMAT
    return record if known and record.get("version") == VERSION else None


def fits(record: dict[str, Any], manifest: Manifest) -> bool:
    """Whether the rows that the index covers are the first rows of the dictionary still."""
    covered = record["segments"]
    now = [segment.vectors.blake2b for segment in manifest.segments[: len(covered)]]
    return bool(covered == now and record["fingerprint"] == manifest.fingerprint)


def covered_segments(folder: Path, manifest: Manifest) -> int:
    """How many of the first segments have to stay so that the index stays right."""
    record = read_record(folder)
    if record is None or record["kind"] == "exact" or not fits(record, manifest):
        return 0
    return len(record["segments"])

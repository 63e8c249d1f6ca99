"""Mounting does nothing here but say so in a file."""

import os
from pathlib import Path


def mount(where: str) -> None:
    record = os.environ.get("STANDIN_DRIVE")
    if record:
        Path(record).write_text(where, encoding="utf8")

"""Mounting makes the folder that Drive would show, and says so in a file; or it is refused."""

import os
from pathlib import Path


def mount(where: str) -> None:
    if os.environ.get("STANDIN_DRIVE_REFUSED"):
        raise ValueError("mount failed")
    record = os.environ.get("STANDIN_DRIVE")
    if record:
        Path(record).write_text(where, encoding="utf8")
    if os.environ.get("TIMANH_COLAB_CONTENT"):
        (Path(where) / "MyDrive").mkdir(parents=True, exist_ok=True)

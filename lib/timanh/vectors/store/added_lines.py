"""Files of JSON lines beside a dictionary that are only ever added to."""

import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def add_lines(file: Path, entries: Sequence[dict[str, Any]]) -> None:
    """Add entries, each with the time as "when"; all on disk when this returns.

    Raises:
        OSError: they cannot be written.
    """
    when = datetime.now(UTC).isoformat(timespec="seconds")
    lines = [
        json.dumps({**entry, "when": when}, ensure_ascii=False, separators=(",", ":"))
        for entry in entries
    ]
    content = "".join(f"{line}\n" for line in lines).encode("utf8", "surrogatepass")
    with file.open("ab+") as stream:
        if stream.tell() and _ends_torn(stream):
            content = b"\n" + content
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def read_lines(file: Path, holding: str = "") -> Iterator[dict[str, Any]]:
    """The lines that hold some text, parsed; one that was half written is passed over."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return
    wanted = holding.encode()
    for line in content.split(b"\n"):
        if not line or wanted not in line:
            continue
        try:
            fields = json.loads(line.decode("utf8", "surrogatepass"))
        except ValueError:
            continue
        if isinstance(fields, dict):
            yield fields


def _ends_torn(stream: Any) -> bool:
    """Whether a process was killed in the middle of the last line."""
    stream.seek(-1, os.SEEK_END)
    return bool(stream.read(1) != b"\n")

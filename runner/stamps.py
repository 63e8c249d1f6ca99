"""What is installed already: a second start asks this file and not pip."""

import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path


def digest(files: Iterable[Path], *facts: object) -> str:
    """A hash of the files' bytes, of `facts`, and of this Python."""
    total = hashlib.sha256(repr((sys.version_info[:2], sys.platform, *facts)).encode())
    for file in files:
        content = file.read_bytes() if file.is_file() else b""
        total.update(f"\n{file.name} {len(content)}\n".encode() + content)
    return total.hexdigest()[:16]


class Stamps:
    """Names with the digest at which each was finished, in one small JSON file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def holds(self, name: str, digest: str) -> bool:
        """Whether `name` was finished with this digest."""
        return self._read().get(name) == digest

    def knows(self, name: str) -> bool:
        """Whether `name` was ever finished or begun."""
        return name in self._read()

    def put(self, name: str, digest: str) -> None:
        """Remember; readers see the old file or the new one."""
        stamps = {**self._read(), name: digest}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        aside = self.file.with_suffix(".part")
        aside.write_text(json.dumps(stamps, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        aside.replace(self.file)

    def _read(self) -> dict[str, str]:
        try:
            read = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return read if isinstance(read, dict) else {}

"""All of a dictionary in one segment, without what was removed or is damaged."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from timanh.vectors.store.manifest import Manifest, dtype_of
from timanh.vectors.store.writer import DictionaryWriter


@dataclass(frozen=True)
class CompactReport:
    """What `compact_dictionary` did.

    Attributes:
        folder: the dictionary; count: its pictures now.
        segments_before, bytes_before, bytes_after: of its files.
        damaged: files that were not what had been written → pictures lost with each.
    """

    folder: Path
    count: int
    segments_before: int
    bytes_before: int
    bytes_after: int
    damaged: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "folder": str(self.folder)}


def compact_dictionary(folder: Path, storage: str | None = None) -> CompactReport:
    """Read everything, leave out what is damaged, and join the rest into one segment.

    Needs neither the pictures nor the encoder; the next build encodes again what was left out.

    Args:
        storage: "float16" halves the files, "float32" keeps every bit; None leaves it as it is.

    Raises:
        SettingsError: no such storage.
        DictionaryError: it cannot be written.
    """
    folder = Path(folder)
    dtype = dtype_of(storage) if storage else None
    writer = DictionaryWriter(folder, Manifest.load(folder))
    segments, stored = len(writer.manifest.segments), _stored_bytes(folder)
    damaged = writer.drop_damaged()
    writer.compact(dtype)
    return CompactReport(
        folder, writer.manifest.count, segments, stored, _stored_bytes(folder), damaged
    )


def _stored_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())

"""What is known about each picture of a dictionary, and the JSON lines it is stored as."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import PurePosixPath
from typing import Protocol

ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class MachineCaption:
    """A sentence that a machine wrote about a picture.

    Attributes:
        text: ordinary text; language: its ISO code.
        captioner, fingerprint: what wrote it.
    """

    text: str
    language: str
    captioner: str
    fingerprint: str


@dataclass(frozen=True)
class Item:
    """One picture of a dictionary.

    Attributes:
        id: URL-safe and stable: it depends on `path` alone.
        path: below the gallery, with forward slashes.
        captions: what people wrote, in the order of the caption files, English before Vietnamese.
        width, height: upright, in pixels; 0 where the picture could not be read.
        size: of the file, in bytes.
        mtime: when the file was changed last, in seconds since 1970.
        hash: blake2b of the file's bytes, 32 hex digits; empty where it could not be read.
        taken: when the photo was taken, by the camera's clock as if that showed UTC, in seconds
            since 1970; 0 where the file does not say, None where nobody has looked.
        machine: what machines wrote, one sentence a language.
    """

    id: str
    path: str
    captions: tuple[str, ...]
    width: int
    height: int
    size: int
    mtime: float
    hash: str
    taken: float | None = None
    machine: tuple[MachineCaption, ...] = ()


class TakenIds(Protocol):
    """Ids in use."""

    def get(self, id: str, default: str, /) -> str:
        """The path of the picture with this id, or `default`."""


def item_id(path: str, taken: TakenIds | None = None) -> str:
    """The id of the picture at `path`: 16 hex digits.

    Two paths that share 16 digits are kept distinct by hashing the later one again with a number
    behind it.
    """
    path = str(PurePosixPath(path))
    for candidate in ids_of(path):
        if taken is None or taken.get(candidate, path) == path:
            return candidate
    raise AssertionError("there are always more")


def ids_of(path: str) -> Iterator[str]:
    """The ids that the picture at `path` may have, the likely one first."""
    path = str(PurePosixPath(path))
    yield _digest(path)
    for attempt in count(1):
        yield _digest(f"{path}\0{attempt}")


def _digest(text: str) -> str:
    digest = hashlib.blake2b(text.encode("utf8", "surrogatepass"), digest_size=ID_DIGITS // 2)
    return digest.hexdigest()


def write_lines(items: Iterable[Item]) -> bytes:
    """One JSON object a line, `id` first and `hash` last, where `Lines` finds them fast."""
    return b"".join(_to_line(item) for item in items)


def _to_line(item: Item) -> bytes:
    fields = {
        "id": item.id,
        "path": item.path,
        "captions": list(item.captions),
        **({"machine": [asdict(each) for each in item.machine]} if item.machine else {}),
        "width": item.width,
        "height": item.height,
        "size": item.size,
        "mtime": item.mtime,
        **({} if item.taken is None else {"taken": item.taken}),
        "hash": item.hash,
    }
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf8", "surrogatepass") + b"\n"


def read_line(line: bytes) -> Item:
    """The opposite of one line of `write_lines`.

    Raises:
        ValueError, KeyError, TypeError: the line holds something else.
    """
    fields = json.loads(line.decode("utf8", "surrogatepass"))
    return Item(
        id=str(fields["id"]),
        path=str(fields["path"]),
        captions=tuple(str(caption) for caption in fields["captions"]),
        width=int(fields["width"]),
        height=int(fields["height"]),
        size=int(fields["size"]),
        mtime=float(fields["mtime"]),
        hash=str(fields["hash"]),
        taken=None if fields.get("taken") is None else float(fields["taken"]),
        machine=tuple(
            MachineCaption(
                *(str(one[name]) for name in ("text", "language", "captioner", "fingerprint"))
            )
            for one in fields.get("machine", ())
        ),
    )

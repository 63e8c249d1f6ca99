"""`manifest.json`: the one file that says which other files are the dictionary.

It is replaced atomically and last, so whatever it names is complete, and whatever it does not
name is a leftover of a process that was stopped.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from timanh.data import Selection
from timanh.errors import (
    DictionaryDamagedError,
    DictionaryError,
    DictionaryNotFoundError,
    SettingsError,
)
from timanh.workspace import atomic_write

FILE = "manifest.json"
FORMAT = "timanh-vectors"
VERSION = 1
# How numbers may be stored, by the names that people give.
STORAGES = {"float32": "<f4", "float16": "<f2"}
DTYPE = STORAGES["float32"]


@dataclass(frozen=True)
class StoredFile:
    """A file that never changes: its name in the folder, its bytes, and blake2b over them."""

    name: str
    bytes: int
    blake2b: str


@dataclass(frozen=True)
class Part:
    """A stretch of a segment's rows with checksums of its own, so that damage stays small.

    Attributes:
        rows: how many.
        items_bytes: of their lines.
        vectors, items: blake2b over the bytes of their vectors and of their lines.
    """

    rows: int
    items_bytes: int
    vectors: str
    items: str


@dataclass(frozen=True)
class Segment:
    """`count` rows: their vectors and, apart from them, what is known about the pictures."""

    count: int
    vectors: StoredFile
    items: StoredFile
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` holds.

    Attributes:
        encoder_name, fingerprint, dim: of the encoder that made the vectors.
        source: what `load_encoder` is given to get that encoder back, and
        square_padding: whether it pads pictures to squares, where it is asked to or not to.
        gallery: the folder of the pictures; relative to the dictionary's folder where both lie
            in one place, so that they can be moved together.
        captions: the caption files that were named, in the same way; none where those of the
            data folder are taken.
        exclude, include_hidden: which of the gallery's files are taken, as `Selection` has it.
        dtype: of the stored vectors, one of `STORAGES`; searching computes in float32 either way.
        generation: goes up with every change; two writers at once are found out by it.
        complete: False while a build is under way, and after one that was stopped.
        segments: in the order of the rows.
    """

    encoder_name: str
    fingerprint: str
    dim: int
    source: str
    gallery: str
    square_padding: bool | None = None
    captions: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    include_hidden: bool = False
    dtype: str = DTYPE
    generation: int = 0
    complete: bool = False
    segments: tuple[Segment, ...] = ()

    @property
    def count(self) -> int:
        return sum(segment.count for segment in self.segments)

    @property
    def storage(self) -> str:
        """The name of `dtype`, "float32" or "float16"."""
        return np.dtype(self.dtype).name

    @property
    def selection(self) -> Selection:
        """Which of the gallery's files are taken."""
        return Selection(self.exclude, self.include_hidden)

    def files(self) -> set[str]:
        """The names of all files that belong to the dictionary, itself left out."""
        return {file.name for segment in self.segments for file in (segment.vectors, segment.items)}

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": VERSION,
            "encoder": {
                "name": self.encoder_name,
                "fingerprint": self.fingerprint,
                "source": self.source,
                "square_padding": self.square_padding,
            },
            "dim": self.dim,
            "dtype": self.dtype,
            "count": self.count,
            "gallery": self.gallery,
            "captions": list(self.captions),
            "exclude": list(self.exclude),
            "include_hidden": self.include_hidden,
            "generation": self.generation,
            "complete": self.complete,
            "segments": [asdict(segment) for segment in self.segments],
        }

    def save(self, folder: Path) -> "Manifest":
        """Replace the manifest in `folder` and return what is there now.

        Raises:
            DictionaryError: another process has changed the dictionary in the meantime.
            OSError: it cannot be written; the former state is untouched.
        """
        stored = Manifest.load(folder).generation if (folder / FILE).exists() else 0
        if stored != self.generation:
            raise DictionaryError(
                f"{folder} was changed by another process while this one worked on it. Let one "
                "of them finish, then run the command again; what is done is kept."
            )
        following = replace(self, generation=self.generation + 1)
        # In ASCII, because the name of the gallery's folder may not be UTF-8.
        text = json.dumps(following.to_json(), indent=2) + "\n"
        with atomic_write(folder / FILE) as temporary:
            temporary.write_text(text, encoding="utf8")
        return following

    @classmethod
    def load(cls, folder: Path) -> "Manifest":
        """Read `folder/manifest.json`.

        Raises:
            DictionaryNotFoundError: there is none.
            DictionaryDamagedError: it is not what this module writes.
        """
        file = folder / FILE
        try:
            text = file.read_text(encoding="utf8")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise DictionaryNotFoundError(
                f"{folder} holds no vector dictionary ({FILE} is missing).",
                cli="Build one with `timanh index build GALLERY --model MODEL --out DIR`.",
                notebook="Run notebook 03 with this NAME, or set NAME to one that it made.",
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise _damaged(file, error) from error
        try:
            return parse(json.loads(text))
        except DictionaryError as error:
            raise type(error)(f"{file} {error}") from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise _damaged(file, error) from error


def parse(fields: dict[str, Any]) -> Manifest:
    if fields["format"] != FORMAT:
        raise DictionaryDamagedError(f"is a {fields['format']!r}, not a vector dictionary.")
    if fields["version"] != VERSION:
        raise DictionaryError(
            f"has format version {fields['version']}; this program reads version {VERSION}. "
            "Update the program, or build the dictionary again."
        )
    if fields["dtype"] not in STORAGES.values():
        known = " and ".join(map(repr, STORAGES.values()))
        raise DictionaryError(f"stores {fields['dtype']!r}; this program reads {known}.")
    manifest = Manifest(
        encoder_name=str(fields["encoder"]["name"]),
        fingerprint=str(fields["encoder"]["fingerprint"]),
        source=str(fields["encoder"].get("source", "")),
        square_padding=fields["encoder"].get("square_padding"),
        dim=int(fields["dim"]),
        gallery=str(fields["gallery"]),
        captions=tuple(str(place) for place in fields.get("captions", ())),
        exclude=tuple(str(pattern) for pattern in fields.get("exclude", ())),
        include_hidden=bool(fields.get("include_hidden", False)),
        dtype=str(fields["dtype"]),
        generation=int(fields["generation"]),
        complete=bool(fields["complete"]),
        segments=tuple(_parse_segment(segment) for segment in fields["segments"]),
    )
    if manifest.count != fields["count"] or manifest.dim < 1:
        raise DictionaryDamagedError(
            f"promises {fields['count']} vectors of length {manifest.dim}, its segments hold "
            f"{manifest.count}. Build the dictionary again."
        )
    return manifest


def _parse_segment(fields: dict[str, Any]) -> Segment:
    return Segment(
        int(fields["count"]),
        _parse_file(fields["vectors"]),
        _parse_file(fields["items"]),
        tuple(
            Part(int(one["rows"]), int(one["items_bytes"]), str(one["vectors"]), str(one["items"]))
            for one in fields.get("parts", ())
        ),
    )


def _parse_file(fields: dict[str, Any]) -> StoredFile:
    name = str(fields["name"])
    if Path(name).name != name or "\\" in name:
        raise DictionaryDamagedError(f"names {name!r}, which lies outside its own folder.")
    return StoredFile(name, int(fields["bytes"]), str(fields["blake2b"]))


def _damaged(file: Path, error: Exception) -> DictionaryDamagedError:
    return DictionaryDamagedError(
        f"{file} cannot be read ({error}). Build the dictionary again:",
        cli="`timanh index build … --rebuild`.",
        notebook="tick REBUILD in notebook 03.",
    )


def file_hash(path: Path) -> str:
    """32 hex digits of blake2b over a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def place_of(target: Path, folder: Path) -> str:
    """How `folder` names `target`: relative where both share more than the file system's root."""
    target, folder = target.resolve(), folder.resolve()
    try:
        shared = Path(os.path.commonpath([target, folder]))
    except ValueError:  # two drives of Windows
        return target.as_posix()
    if shared == Path(shared.anchor):
        return target.as_posix()
    return Path(os.path.relpath(target, folder)).as_posix()


def place_of_source(source: str, folder: Path) -> str:
    """How `folder` names what `load_encoder` takes; paths begin with `./`, `../` or a root."""
    if not source or not Path(source).expanduser().is_dir():
        return source
    place = place_of(Path(source).expanduser(), folder)
    return place if place.startswith(".") or Path(place).is_absolute() else f"./{place}"


def find_source(place: str, folder: Path) -> str:
    """The opposite of `place_of_source`."""
    is_path = place.startswith(("./", "../")) or place in (".", "..") or Path(place).is_absolute()
    return str(find_place(place, folder)) if is_path else place


def find_place(place: str, folder: Path) -> Path:
    """The opposite of `place_of`."""
    return Path(os.path.normpath(folder.resolve() / place))


def dtype_of(storage: str) -> str:
    """What a manifest says of the storage that a person names.

    Raises:
        SettingsError: there is no such storage.
    """
    if storage not in STORAGES:
        raise SettingsError(f"{storage!r} is no storage; choose {' or '.join(STORAGES)}.")
    return STORAGES[storage]

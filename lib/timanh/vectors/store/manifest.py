"""The manifest: the one file that says which other files are the dictionary.

It is written last and becomes valid at once, as `generations` says, so whatever it names is
complete, and whatever it does not name is a leftover of a process that was stopped.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass, replace
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
from timanh.vectors.store.format_versions import VERSION, migrate
from timanh.vectors.store.generations import FILE, newest, publish
from timanh.vectors.store.removed import Rows, parse_rows

FORMAT = "timanh-vectors"
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
class ChecksumSpan:
    """A stretch of a segment's rows with separate checksums, so that damage stays small.

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
    """`count` rows: their vectors and, apart from them, what is known about the pictures.

    Attributes:
        gone: rows that were removed and are still in the files, as in "5 17-19 400".
    """

    count: int
    vectors: StoredFile
    items: StoredFile
    parts: tuple[ChecksumSpan, ...] = ()
    gone: str = ""

    def to_json(self) -> dict[str, Any]:
        """As `dataclasses.asdict`, which takes twenty times as long over a thousand parts."""
        files = {"vectors": vars(self.vectors), "items": vars(self.items)}
        return {**vars(self), **files, "parts": [vars(part) for part in self.parts]}

    @property
    def removed(self) -> Rows:
        """`gone` as numbers, rising."""
        return parse_rows(self.gone)

    @property
    def live(self) -> int:
        """How many rows were not removed."""
        return self.count - len(self.removed)


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` holds.

    Attributes:
        encoder_name, fingerprint, dim: of the encoder that made the vectors.
        source: what `load_encoder` is given to get that encoder back, and
        square_padding: whether it pads pictures to squares, where it is asked to or not to.
        gallery: the folder of the pictures; relative to the dictionary's folder where both are
            in one place, so that they can be moved together.
        captions: the caption files that were named, in the same way; none where those of the
            data folder are taken.
        exclude, include_hidden: which of the gallery's files are taken, as `Selection` has it.
        dtype: of the stored vectors, one of `STORAGES`; searching computes in float32 either way.
        generation: goes up with every change; two writers at once are found out by it.
        id, follows: drawn for each state; `follows` is the id of the state before.
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
    id: str = ""
    follows: str = ""
    complete: bool = False
    segments: tuple[Segment, ...] = ()

    @property
    def count(self) -> int:
        """Pictures, without those that were removed."""
        return sum(segment.live for segment in self.segments)

    @property
    def stored(self) -> int:
        """Rows in the files, with those that were removed."""
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

    def to_text(self) -> str:
        """JSON, a line for each segment: indenting a thousand parts takes ten times as long.

        In ASCII, because the name of the gallery's folder may not be UTF-8.
        """
        fields = self.to_json()
        segments = fields.pop("segments")
        head = json.dumps(fields, indent=2).removesuffix("\n}")
        lines = ",".join("\n    " + json.dumps(segment) for segment in segments)
        return f'{head},\n  "segments": [{lines}\n  ]\n}}\n'

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
            "id": self.id,
            "follows": self.follows,
            "complete": self.complete,
            "segments": [segment.to_json() for segment in self.segments],
        }

    def save(self, folder: Path) -> "Manifest":
        """Put the state that follows this one into `folder` and return it.

        Raises:
            OvertakenError: another process has changed the dictionary in the meantime.
            OSError: it cannot be written; the former state is untouched.
        """
        following = replace(
            self, generation=self.generation + 1, id=secrets.token_hex(8), follows=self.id
        )
        publish(folder, following.generation, following.id, following.to_text())
        return following

    @classmethod
    def load(cls, folder: Path) -> "Manifest":
        """Read the newest state in `folder`.

        Raises:
            DictionaryNotFoundError: there is none.
            DictionaryDamagedError: it is not what this module writes.
            DictionaryError: it cannot be read now, or was written by a newer program.
        """
        try:
            file, text = newest(folder)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise DictionaryNotFoundError(
                f"{folder} holds no vector dictionary ({FILE} is missing).",
                cli="Build one with `timanh index build GALLERY --model MODEL --out DIR`.",
                notebook="Run notebook 03 with this NAME, or set NAME to one that it made.",
            ) from error
        except UnicodeDecodeError as error:
            raise _damaged(folder / FILE, error) from error
        except OSError as error:
            raise cannot_read(folder, error) from error
        try:
            return parse(json.loads(text))
        except DictionaryError as error:
            raise type(error)(f"{file} {error}") from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise _damaged(file, error) from error


def parse(fields: dict[str, Any]) -> Manifest:
    """Raises DictionaryError; its message lacks the name of the file."""
    if fields["format"] != FORMAT:
        raise DictionaryDamagedError(f"is a {fields['format']!r}, not a vector dictionary.")
    fields = migrate(fields)
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
        id=str(fields["id"]),
        follows=str(fields["follows"]),
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
    segment = Segment(
        int(fields["count"]),
        _parse_file(fields["vectors"]),
        _parse_file(fields["items"]),
        tuple(
            ChecksumSpan(
                int(one["rows"]), int(one["items_bytes"]), str(one["vectors"]), str(one["items"])
            )
            for one in fields.get("parts", ())
        ),
        str(fields["gone"]),
    )
    if len(segment.removed) and segment.removed[-1] >= segment.count:
        raise ValueError(f"row {segment.removed[-1]} of {segment.count} was removed")
    return segment


def _parse_file(fields: dict[str, Any]) -> StoredFile:
    name = str(fields["name"])
    if Path(name).name != name or "\\" in name:
        raise DictionaryDamagedError(f"names {name!r}, which is outside its folder.")
    return StoredFile(name, int(fields["bytes"]), str(fields["blake2b"]))


def cannot_read(folder: Path, error: OSError) -> DictionaryError:
    """The error to raise when the dictionary in `folder` cannot be looked into."""
    return DictionaryError(
        f"The dictionary in {folder} cannot be read now ({error.strerror or error}). Nothing was "
        "changed. See that the disk is there and that you may open the folder, then try again."
    )


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


def dtype_of(storage: str) -> str:
    """What a manifest says of the storage that a person names.

    Raises:
        SettingsError: there is no such storage.
    """
    if storage not in STORAGES:
        raise SettingsError(f"Unknown storage {storage!r}. Choose {' or '.join(STORAGES)}.")
    return STORAGES[storage]

"""Captions kept beside a dictionary, by the content of the picture: a machine's and a person's.

Two files of JSON lines in the dictionary's folder, so that nothing is ever written into a user's
photos, and so that captions survive renames and rebuilds:

- `captions.machine.jsonl`: {"hash", "text", "language", "captioner", "fingerprint", "when"}, what
  machines wrote. The last line of a picture and a language counts.
- `captions.person.jsonl`: {"hash", "captions", "when"}, what a person put in the place of all
  captions of a picture. The last line of a picture counts.

Both are only ever added to. A line that a killed process left half written is passed over.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from timanh.vectors.store.items import MachineCaption

MACHINE, PERSON = "captions.machine.jsonl", "captions.person.jsonl"


@dataclass(frozen=True)
class WrittenCaptions:
    """What is kept beside a dictionary.

    Attributes:
        machine: content hash → captions that machines wrote, one a language.
        person: content hash → what a person wrote in place of the gallery's captions.
    """

    machine: dict[str, tuple[MachineCaption, ...]]
    person: dict[str, tuple[str, ...]]

    def of(
        self, digest: str, captions: Sequence[str]
    ) -> tuple[tuple[str, ...], tuple[MachineCaption, ...]]:
        """(what people wrote, what machines wrote) about the picture with this content hash.

        Args:
            captions: those of the gallery's caption files.
        """
        return self.person.get(digest, tuple(captions)), self.machine.get(digest, ())


def read_written(folder: Path) -> WrittenCaptions:
    """Read both files of the dictionary in `folder`; neither need be there."""
    machine: dict[str, dict[str, MachineCaption]] = {}
    for fields in _lines(folder / MACHINE):
        try:
            caption = MachineCaption(
                str(fields["text"]),
                str(fields["language"]),
                str(fields["captioner"]),
                str(fields["fingerprint"]),
            )
            machine.setdefault(str(fields["hash"]), {})[caption.language] = caption
        except (KeyError, TypeError):
            continue
    person = {}
    for fields in _lines(folder / PERSON):
        texts, digest = fields.get("captions"), fields.get("hash")
        if isinstance(texts, list) and digest:
            person[str(digest)] = tuple(map(str, texts))
    return WrittenCaptions({key: tuple(each.values()) for key, each in machine.items()}, person)


def add_machine_captions(folder: Path, written: Sequence[tuple[str, MachineCaption]]) -> None:
    """Add (content hash, caption) pairs, all on disk when this returns.

    Raises:
        OSError: they cannot be written.
    """
    _add(folder / MACHINE, [{"hash": digest, **asdict(caption)} for digest, caption in written])


def add_person_captions(folder: Path, digest: str, captions: Sequence[str]) -> None:
    """Put a person's captions in the place of all others of a picture.

    Raises:
        OSError: they cannot be written.
    """
    _add(folder / PERSON, [{"hash": digest, "captions": list(captions)}])


def _add(file: Path, entries: Sequence[dict[str, Any]]) -> None:
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


def _ends_torn(stream: Any) -> bool:
    """Whether a process was killed in the middle of the last line."""
    stream.seek(-1, os.SEEK_END)
    return bool(stream.read(1) != b"\n")


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return
    for line in content.split(b"\n"):
        try:
            fields = json.loads(line.decode("utf8", "surrogatepass")) if line else None
        except ValueError:
            continue
        if isinstance(fields, dict):
            yield fields

"""Captions kept beside a dictionary, by the content of the picture: a machine's and a person's.

Two files of JSON lines in the dictionary's folder, so that nothing is ever written into a user's
photos, and so that captions survive renames and rebuilds:

- `captions.machine.jsonl`: {"hash", "text", "language", "captioner", "fingerprint", "when"}, what
  machines wrote. The last line of a picture and a language counts.
- `captions.person.jsonl`: {"hash", "captions", "when"}, what a person put in the place of all
  captions of a picture; null takes that back. The last line of a picture counts.

Both are only ever added to. A line that a killed process left half written is passed over.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from timanh.data.vietnamese.language import detect_language
from timanh.vectors.store.added_lines import add_lines, read_lines
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

        A person's correction also takes the place of what machines wrote in its language.

        Args:
            captions: those of the gallery's caption files.
        """
        corrected, machine = self.person.get(digest), self.machine.get(digest, ())
        if corrected is None:
            return tuple(captions), machine
        written = {detect_language(text) for text in corrected}
        return corrected, tuple(each for each in machine if each.language not in written)


def read_written(folder: Path, digest: str = "") -> WrittenCaptions:
    """Read both files of the dictionary in `folder`; neither need be there.

    Args:
        digest: only what is known of the picture with this content hash.
    """
    machine: dict[str, dict[str, MachineCaption]] = {}
    for fields in read_lines(folder / MACHINE, digest):
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
    person = _read_person(folder, digest)
    return WrittenCaptions({key: tuple(each.values()) for key, each in machine.items()}, person)


def read_corrected(folder: Path) -> frozenset[str]:
    """Content hashes of the pictures whose captions a person has put there."""
    return frozenset(_read_person(folder))


def add_machine_captions(folder: Path, written: Sequence[tuple[str, MachineCaption]]) -> None:
    """Add (content hash, caption) pairs, all on disk when this returns.

    Raises:
        OSError: they cannot be written.
    """
    add_lines(
        folder / MACHINE, [{"hash": digest, **asdict(caption)} for digest, caption in written]
    )


def add_person_captions(folder: Path, digest: str, captions: Sequence[str] | None) -> None:
    """Put a person's captions in the place of all others of a picture; None takes them back.

    Raises:
        OSError: they cannot be written.
    """
    texts = None if captions is None else list(captions)
    add_lines(folder / PERSON, [{"hash": digest, "captions": texts}])


def _read_person(folder: Path, digest: str = "") -> dict[str, tuple[str, ...]]:
    person: dict[str, tuple[str, ...]] = {}
    for fields in read_lines(folder / PERSON, digest):
        texts, of = fields.get("captions"), fields.get("hash")
        if isinstance(texts, list) and of:
            person[str(of)] = tuple(map(str, texts))
        elif texts is None and of:
            person.pop(str(of), None)
    return person

"""A person's captions in the place of those that a picture has, and back."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from timanh.data import open_few
from timanh.errors import OvertakenError, PictureError
from timanh.models.reading import content_hash
from timanh.vectors.build.build import remembered_captions
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.store.items import Item
from timanh.vectors.store.state import ATTEMPTS, cannot_write
from timanh.vectors.store.writer import QUICK_ROWS, DictionaryWriter
from timanh.vectors.store.written_captions import add_person_captions, read_written


def correct_captions(
    folder: Path,
    id: str,
    captions: Sequence[str] | None,
    *,
    opened: VectorDictionary | None = None,
) -> None:
    """Let a picture, and all that have the same content, have these captions.

    They are kept in `captions.person.jsonl` in the dictionary's folder, by content, so that they
    survive renames and rebuilds; nothing is written beside the pictures. Where two processes
    correct one picture, the later correction counts for both.

    Args:
        folder: the dictionary.
        id: of the picture.
        captions: None takes a correction back: those of the caption files and of machines return.
        opened: what is open of the dictionary already, and need not be read again.

    Raises:
        UnknownPictureError: no picture has this id.
        PictureError: the picture was never read, and cannot be read now.
        CannotWriteError: the dictionary's folder takes no files.
        OvertakenError: others change the dictionary all the time; the correction is kept, and the
            next build takes it over.

    Example:
        >>> correct_captions(Path("mine"), "9f0c…", ["Hai con mèo trên ghế"])
    """
    folder = Path(folder)
    dictionary = VectorDictionary.open(folder, former=opened)
    digest = _digest_of(dictionary, id)
    if captions is not None or digest in read_written(folder, digest).person:
        try:
            add_person_captions(folder, digest, captions)
        except OSError as error:
            raise cannot_write(folder, error, 0) from error
    for _ in range(ATTEMPTS):
        if not _restate(dictionary, id, digest):
            return
        dictionary = VectorDictionary.open(folder, former=dictionary)
    raise OvertakenError(
        f"Other processes change {folder} all the time. The captions are kept; the next build of "
        "the dictionary takes them over."
    )


def _digest_of(dictionary: VectorDictionary, id: str) -> str:
    """The content hash of a picture, read from its file where an imported row has none."""
    item = dictionary.item(dictionary.row_of(id))
    try:
        return item.hash or content_hash((dictionary.gallery / item.path).read_bytes())
    except OSError as error:
        raise PictureError(
            f"The file of the picture {id} cannot be read ({error.strerror or error}), and "
            "captions are kept by its content. Put the file back, then try again."
        ) from error


def _restate(dictionary: VectorDictionary, id: str, digest: str) -> bool:
    """Bring the rows of a picture to what is kept of its captions; False where they say it."""
    rows = sorted({dictionary.row_of(id), *dictionary.items.rows_of_hash(digest)})
    before = [dictionary.item(row) for row in rows]
    after = _with_captions(dictionary, before, digest)
    changed = [at for at, item in enumerate(after) if item != before[at]]
    if not changed:
        return False
    folder = dictionary.folder
    writer = DictionaryWriter(folder, dictionary.manifest, opened=dictionary.opened_lines())
    writer.exchange(
        dictionary.vectors_of(np.array([rows[at] for at in changed], np.int64)),
        {before[at].id: (before[at], after[at]) for at in changed},
    )
    writer.finish(most=QUICK_ROWS, complete=False)
    return True


def _with_captions(dictionary: VectorDictionary, items: Sequence[Item], digest: str) -> list[Item]:
    folder, manifest = dictionary.folder, dictionary.manifest
    written = read_written(folder, digest)
    files: dict[str, tuple[str, ...]] = {}
    if digest not in written.person:
        names = [item.path for item in items]
        data = open_few(
            dictionary.gallery, names, remembered_captions(manifest, folder), manifest.selection
        )
        files = {name: data.captions_of(name) for name in names}
    found = []
    for item in items:
        people, machine = written.of(digest, files.get(item.path, ()))
        found.append(replace(item, captions=people, machine=machine, hash=digest))
    return found

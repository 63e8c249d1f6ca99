"""Deleted pictures, kept for some minutes so that a deletion can be undone."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import numpy as np
from numpy.typing import NDArray

from timanh.api.gallery.files import copy_file
from timanh.vectors import Item
from timanh.vectors.store.items import read_line, write_lines
from timanh.workspace import discard_file

FOLDER = "trash"  # in the dictionary's
OURS = re.compile(r"[0-9a-f]{16}|\.[0-9a-f]{16}\.[0-9a-f]{8}")  # places, whole and half
ITEM, STATE, VECTOR, FILE = "item.jsonl", "state.json", "vector.npy", "picture"


@dataclass(frozen=True)
class TrashedPicture:
    """What is known of a deleted picture.

    Attributes:
        place: its folder in the trash.
        item, vector: its row; fingerprint: of the encoder that made the vector.
        since: when it was deleted, in seconds since 1970.
    """

    place: Path
    item: Item
    vector: NDArray[np.float32]
    fingerprint: str
    since: float

    @property
    def file(self) -> Path | None:
        """The picture's file, where it was taken out of the gallery."""
        file = self.place / FILE
        return file if file.is_file() else None

    def discard(self) -> None:
        """Delete it for good; Google Drive's own trash keeps nothing large of it."""
        with suppress(OSError):
            discard_file(self.place / FILE)
        shutil.rmtree(self.place, ignore_errors=True)


class Trash:
    """One folder for each deleted picture, called by its id; complete or not there."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the dictionary's."""
        self._folder = folder / FOLDER

    def put(
        self, item: Item, vector: NDArray[np.float32], fingerprint: str, file: Path | None
    ) -> TrashedPicture:
        """Keep a row, and a copy of its file where that is to go; the file itself stays.

        Raises:
            OSError: it cannot be written.
        """
        place, aside = self._folder / item.id, self._folder / f".{item.id}.{token_hex(4)}"
        since = time.time()
        aside.mkdir(parents=True)
        try:
            (aside / ITEM).write_bytes(write_lines([item]))
            np.save(aside / VECTOR, np.asarray(vector, np.float32), allow_pickle=False)
            state = {"fingerprint": fingerprint, "since": since}
            (aside / STATE).write_text(json.dumps(state), encoding="ascii")
            if file is not None:
                copy_file(file, aside / FILE)
            former = self.get(item.id)
            if former is not None:
                former.discard()
            aside.rename(place)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        return TrashedPicture(place, item, vector, fingerprint, since)

    def get(self, id: str) -> TrashedPicture | None:
        """What is kept of the picture with this id, if anything is."""
        place = self._folder / id
        if Path(id).name != id or id.startswith(".") or not place.is_dir():
            return None
        with suppress(OSError, ValueError, KeyError, TypeError):
            item = read_line((place / ITEM).read_bytes())
            state = json.loads((place / STATE).read_text(encoding="ascii"))
            vector = np.load(place / VECTOR, allow_pickle=False)
            return TrashedPicture(
                place, item, vector, str(state["fingerprint"]), float(state["since"])
            )
        return None

    def all(self) -> Iterator[TrashedPicture]:
        """Everything that is kept."""
        with suppress(OSError):
            for place in list(self._folder.iterdir()):
                kept = self.get(place.name)
                if kept is not None:
                    yield kept

    def empty(self, older_s: float) -> None:
        """Delete for good what was deleted so long ago, and what is not complete."""
        for kept in self.all():
            if time.time() - kept.since >= older_s:
                kept.discard()
        with suppress(OSError):
            for place in list(self._folder.iterdir()):
                half = OURS.fullmatch(place.name) is not None and self.get(place.name) is None
                if half and time.time() - place.stat().st_mtime >= older_s:
                    shutil.rmtree(place, ignore_errors=True)

"""Pictures that a dictionary knows and a gallery does not list: have they gone, or are they only
out of reach?

A removed picture and a drive that is not there look alike from afar. What cannot be read is not
gone, and where a folder has gone with all that was in it, or most of a gallery, a person has to
say so.
"""

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from timanh.data import DataFolder
from timanh.errors import DictionaryError
from timanh.models.reading import Skipped
from timanh.vectors.store.manifest import Manifest
from timanh.vectors.store.places import find_place
from timanh.vectors.store.state import DictionaryState
from timanh.workspace import readable

ROOT = "."


@dataclass(frozen=True)
class Absent:
    """Known pictures that are not listed, by their paths.

    Attributes:
        gone: that are not there any more.
        unlisted: that are there and not listed: left out of the gallery now, or new.
        folders: of the same, folder that has no picture left → those that were in it; `ROOT` is
            the gallery itself, without its folders.
        unreadable: that may be there; the disk does not say.
    """

    gone: frozenset[str]
    unlisted: frozenset[str]
    folders: dict[str, tuple[str, ...]]
    unreadable: tuple[Skipped, ...]

    def away(self, known: Collection[str], moved: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Folders that have gone and were not renamed: none of their pictures is in `moved`.

        Of the other pictures in `known`, more than half may have gone: this is another gallery
        then, or one in part, and they count as the `ROOT`'s.
        """
        away = {
            place: paths
            for place, paths in self.folders.items()
            if not any(path in moved for path in paths)
        }
        kept = {path for paths in away.values() for path in paths}
        lost = self.gone.union(*self.folders.values()) - kept - set(moved)
        if 2 * len(lost) > len(known) - len(kept):
            away[ROOT] = tuple(sorted({*away.get(ROOT, ()), *lost}))
        return away


def look_for(images: Path, paths: Iterable[str], listed: Collection[str]) -> Absent:
    """Look for `paths` below `images`, of which none is among the `listed` ones."""
    gone: set[str] = set()
    unlisted: set[str] = set()
    folders: dict[str, list[str]] = {}
    unreadable: list[Skipped] = []
    alive = {parent for name in listed for parent in PurePosixPath(name).parents[:-1]}
    # The gallery is there as long as it has folders; a drive is not when only those are left.
    alive |= {PurePosixPath(ROOT) for name in listed if "/" not in name}
    for path in sorted(paths):
        try:
            (images / path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            place = _gone_folder(path, alive)
            if place is None:
                gone.add(path)
            else:
                folders.setdefault(place, []).append(path)
        except OSError as error:
            unreadable.append(kept(path, f"{images / path} cannot be read", error))
        else:
            reason = _unlisted(images, path)
            if reason is None:
                unlisted.add(path)
            else:
                unreadable.append(reason)
    return Absent(
        frozenset(gone),
        frozenset(unlisted),
        {place: tuple(paths) for place, paths in folders.items()},
        tuple(unreadable),
    )


def left_behind(out: Path, folder: DataFolder) -> tuple[str, ...]:
    """A sentence on pictures of the dictionary in `out` whose folders have gone, for a rebuild:
    it keeps no row of them."""
    try:
        former = DictionaryState(out, Manifest.load(out))
        if find_place(former.manifest.gallery, out).resolve() != folder.images.resolve():
            return ()
        known = [item.path for item in former.items()]
    except DictionaryError:
        return ()
    there = frozenset(folder.names)
    missing = [path for path in known if path not in there and not folder.is_unreadable(path)]
    away = look_for(folder.images, missing, there).away(known, ())
    if not away:
        return ()
    places = ", ".join(
        f"{len(paths)} of {'the gallery itself' if place == ROOT else readable(place)}"
        for place, paths in away.items()
    )
    return (f"Pictures that are not there now are not in the new dictionary: {places}.",)


def kept(path: str, what: str, error: OSError) -> Skipped:
    """Why a picture is looked at no further."""
    return Skipped(path, f"{what} ({error.strerror or error}); what was known of it is kept.")


def _gone_folder(path: str, alive: Collection[PurePosixPath]) -> str | None:
    """The outermost folder of `path` in which nothing is left."""
    outermost_first = list(PurePosixPath(path).parents)[-2::-1] or [PurePosixPath(ROOT)]
    return next((str(place) for place in outermost_first if place not in alive), None)


def _unlisted(images: Path, path: str) -> Skipped | None:
    """Why a file that is there is not listed, if that is because its folder cannot be read."""
    for place in PurePosixPath(path).parents:
        try:
            os.scandir(images / place).close()
        except OSError as error:
            return kept(path, f"The folder {images / place} cannot be read", error)
    return None

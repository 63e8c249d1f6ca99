"""All pictures below a folder."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from stat import S_ISREG

from timanh.data.pictures import SUFFIXES
from timanh.data.selection import HIDDEN, LeftOut, Selection
from timanh.errors import DataError
from timanh.workspace import readable

ALL_OWN = Selection()
# Folders looked into for a picture before a hidden one is taken for a program's.
LOOKED_INTO = 1000


@dataclass(frozen=True)
class Unreadable:
    """A folder that may not be read, relative to the gallery, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Listing:
    """What lies below a folder; all paths are relative, with slashes.

    Attributes:
        names: the pictures, sorted.
        left_out: what the selection does not take. Hidden folders without pictures are not in it.
        unreadable: folders that may not be read, so nobody knows what is in them.
    """

    names: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


def list_pictures(folder: Path) -> list[str]:
    """Paths of all pictures below `folder` that are somebody's, relative, with slashes, sorted.

    Raises:
        DataError: there is no such folder, or it may not be read.
    """
    return list(find_pictures(folder).names)


def find_pictures(folder: Path, selection: Selection = ALL_OWN, *, below: str = "") -> Listing:
    """The pictures below `folder`, by suffix, with what was left out and could not be read.

    Args:
        below: look only into this folder of it; paths are relative to `folder` all the same.

    Raises:
        DataError: there is no such folder, or it may not be read.
    """
    top = folder / below
    if not top.is_dir():
        raise DataError(f"There is no folder {top}. Name a folder of pictures.")
    names: list[str] = []
    left_out: list[LeftOut] = []
    refused: list[OSError] = []
    seen: set[str] = set()
    for place, folders, files in os.walk(top, onerror=refused.append, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:  # through links to folders too, but into no folder twice
            folders.clear()
            continue
        seen.add(real)
        inside = _below(Path(place), folder)
        for name in files:
            path = f"{inside}{name}"
            if not has_suffix(name) or not is_file(Path(place, name)):
                continue
            rule = selection.rule_for_entry(path)
            if rule is None:
                names.append(path)
            else:
                left_out.append(LeftOut(path, rule))
        taken = []
        for name in sorted(folders):
            rule = selection.rule_for_entry(f"{inside}{name}")
            if rule is None:
                taken.append(name)
            elif rule != HIDDEN or _holds_picture(Path(place, name)):
                left_out.append(LeftOut(f"{inside}{name}", rule))
        folders[:] = taken
    return Listing(
        tuple(sorted(names)),
        tuple(left_out),
        tuple(_unreadable(error, folder, top) for error in refused),
    )


def has_suffix(name: str) -> bool:
    """Whether a file of this name would be a picture."""
    return os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122 - a name, not a path


def _below(place: Path, folder: Path) -> str:
    inside = place.relative_to(folder).as_posix()
    return "" if inside == "." else f"{inside}/"


def is_file(path: Path) -> bool:
    """Whether it is one as far as anyone may know; reading it says what is wrong with it."""
    try:
        return S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def _holds_picture(folder: Path) -> bool:
    return any(has_suffix(name) for files in _files(folder) for name in files)


def _files(folder: Path) -> Iterator[list[str]]:
    return (files for _, _, files in islice(os.walk(folder), LOOKED_INTO))


def _unreadable(error: OSError, folder: Path, top: Path) -> Unreadable:
    place = Path(error.filename)
    reason = f"{readable(str(place))} cannot be read ({error.strerror or error})."
    if place == top:
        raise DataError(reason) from error
    return Unreadable(place.relative_to(folder).as_posix(), reason)

"""All pictures below a folder: which files are a person's photos, and which are left out."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from itertools import islice
from pathlib import Path
from stat import S_ISREG

from timanh.data.pictures import SUFFIXES
from timanh.data.signatures import special_kind
from timanh.errors import DataError, advice
from timanh.workspace import name_key, readable

# What systems and network drives keep beside photos: thumbnails, bins, snapshots, half files.
SYSTEM = (
    "@eaDir", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot", ".@__thumb",
    "$RECYCLE.BIN", "System Volume Information", "lost+found", ".Trash-*", ".Trash", ".Trashes",
    ".thumbnails", ".Spotlight-V100", ".fseventsd", ".TemporaryItems", ".DocumentRevisions-V100",
    ".AppleDouble", "__MACOSX", "._*", "@tmp", "RECYCLER", "~snapshot", "Network Trash Folder",
    "Temporary Items", "*.lrdata",
)  # fmt: skip
# One expression for all, because it is tried on every file of a large gallery.
ANY_SYSTEM = re.compile("|".join(translate(pattern.lower()) for pattern in SYSTEM))
HIDDEN = "hidden"
# Folders looked into for a picture before a hidden one is taken for a program's.
LOOKED_INTO = 1000


@dataclass(frozen=True)
class LeftOut:
    """A file or folder that is not taken; `rule` is what it fell under.

    Attributes:
        path: relative to the gallery, with slashes.
        rule: one of `SYSTEM`, `HIDDEN`, or a pattern of `Selection.exclude`.
    """

    path: str
    rule: str


@dataclass(frozen=True)
class Selection:
    """What is taken of a gallery.

    Attributes:
        exclude: patterns as of the shell. One without a slash is compared with the name of each
            file and folder, one with a slash with the whole path below the gallery; a folder that
            is left out takes along what is in it.
        include_hidden: take files and folders whose names begin with a dot. What is in `SYSTEM`
            is left out nevertheless.
    """

    exclude: tuple[str, ...] = ()
    include_hidden: bool = False

    def rule_for(self, path: str) -> str | None:
        """The rule that leaves out `path` or a folder above it; None for what is taken."""
        parts = path.split("/")
        paths = ("/".join(parts[: end + 1]) for end in range(len(parts)))
        return next((rule for each in paths if (rule := self.rule_for_entry(each))), None)

    def rule_for_entry(self, path: str) -> str | None:
        """As `rule_for`, of a path whose folders are taken."""
        path = name_key(path)
        name = path.rpartition("/")[2]
        for pattern in self.exclude:
            plain = name_key(pattern).replace("\\", "/").removeprefix("./").rstrip("/")
            if fnmatchcase(path if "/" in plain else name, plain.removeprefix("/")):
                return pattern
        if ANY_SYSTEM.match(name.lower()):
            return next(each for each in SYSTEM if fnmatchcase(name.lower(), each.lower()))
        return HIDDEN if name.startswith(".") and not self.include_hidden else None


@dataclass(frozen=True)
class Unreadable:
    """A folder that may not be read, or what is called like a picture and is no file (a link to
    nothing, a pipe); `path` is relative to the gallery."""

    path: str
    reason: str


@dataclass(frozen=True)
class Listing:
    """What lies below a folder; all paths are relative, with slashes.

    Attributes:
        names: the pictures, sorted.
        left_out: what the selection does not take. Hidden folders without pictures are not in it.
        unreadable: folders that may not be read, so nobody knows what is in them, links that lead
            to nothing, whatever they are called, and pipes called like pictures.
    """

    names: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


def list_pictures(folder: Path) -> list[str]:
    """Paths of all pictures below `folder`, relative, with slashes, sorted; as `find_pictures`.

    Raises:
        DataError: there is no such folder, or it may not be read.
    """
    return list(find_pictures(folder).names)


def find_pictures(folder: Path, selection: Selection | None = None, *, below: str = "") -> Listing:
    """The pictures below `folder`, by suffix, with what was left out and could not be read.

    Args:
        selection: which pictures are taken; None for the usual ones.
        below: look only into this folder of it; paths are relative to `folder` all the same.

    Raises:
        DataError: there is no such folder, or it may not be read.
    """
    selection = selection or Selection()
    top = folder / below
    if not top.is_dir():
        raise DataError(f"There is no folder {top}. Name a folder of pictures.")
    names: list[str] = []
    left_out: list[LeftOut] = []
    refused: list[OSError] = []
    no_files: list[Unreadable] = []
    seen: set[str] = set()
    for place, folders, files in os.walk(top, onerror=refused.append, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:  # through links to folders too, but into no folder twice
            folders.clear()
            continue
        seen.add(real)
        inside = _below(Path(place), folder)
        for name in files:
            path, file = f"{inside}{name}", Path(place, name)
            # A link to nothing may have been one to a folder of pictures.
            if not has_suffix(name) and not _is_lost_link(file):
                continue
            rule = selection.rule_for_entry(path)
            if not is_file(file):
                reason = why_no_file(file)
                no_files += [Unreadable(path, reason)] if rule is None and reason else []
            elif rule is None:
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
        (*(_unreadable(error, folder, top) for error in refused), *no_files),
    )


def has_suffix(name: str) -> bool:
    """Whether a file of this name would be a picture."""
    return os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122 - a name, not a path


def patterns(given: Iterable[str]) -> tuple[str, ...]:
    """Patterns without empty ones and doubles, in their order."""
    return tuple(dict.fromkeys(pattern for pattern in given if pattern.strip("/. ")))


def describe_left_out(left_out: Sequence[LeftOut]) -> str | None:
    """One line for people about what is not taken and why; None where all is."""
    counts: dict[str, int] = {}
    for one in left_out:
        counts[one.rule] = counts.get(one.rule, 0) + 1
    hidden = [name_key(one.path) for one in left_out if one.rule == HIDDEN]
    system = [_times(rule, count) for rule, count in counts.items() if rule in SYSTEM]
    excluded = [
        _times(rule, count)
        for rule, count in counts.items()
        if rule not in SYSTEM and rule != HIDDEN
    ]
    groups = (
        ("system files", system),
        (advice(cli="hidden (--include-hidden takes them)", notebook="hidden"), _first(hidden)),
        ("excluded", excluded),
    )
    text = "; ".join(f"{label}: {', '.join(names)}" for label, names in groups if names)
    return f"Left out: {text}." if text else None


def pictures_beside(root: Path, besides: Path) -> tuple[str, ...]:
    """Pictures in `root`, and its folders with pictures in them, other than `besides`; sorted.

    Nothing where `root` may not be listed.
    """
    try:
        entries = sorted(root.iterdir())
    except OSError:
        return ()
    return tuple(
        entry.name
        for entry in entries
        if Selection().rule_for_entry(entry.name) is None
        and (
            has_suffix(entry.name)
            if is_file(entry)
            else entry.is_dir()
            and not entry.samefile(besides)
            and holds_picture(entry, besides=besides)
        )
    )


def holds_picture(root: Path, *, besides: Path) -> bool:
    """Whether a picture that `Selection` takes is in `root`, outside its folder `besides`."""
    for place, folders, files in os.walk(root):
        inside = _below(Path(place), root)
        if any(
            has_suffix(name)
            and Selection().rule_for_entry(f"{inside}{name}") is None
            and is_file(Path(place, name))
            for name in files
        ):
            return True
        folders[:] = [
            name
            for name in folders
            # Not by its name, since "images" and "Images" are one folder on some systems.
            if not (inside == "" and Path(place, name).samefile(besides))
            and Selection().rule_for_entry(f"{inside}{name}") is None
        ]
    return False


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


def _is_lost_link(path: Path) -> bool:
    return path.is_symlink() and special_kind(path) is None and not is_file(path)


def why_no_file(path: Path) -> str | None:
    """What is there under a name that `is_file` denies; None where nothing is any more."""
    special = special_kind(path)
    if special is not None:
        return f"{readable(str(path))} is {special} and not a file."
    if path.is_symlink():
        return f"{readable(str(path))} is a link to {_target(path)}, which is not there."
    return None


def _target(path: Path) -> str:
    try:
        return readable(str(path.readlink()))
    except OSError:
        return "something else"


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


def _times(rule: str, count: int) -> str:
    return rule if count == 1 else f"{count} × {rule}"


def _first(names: list[str], shown: int = 3) -> list[str]:
    more = len(names) - shown
    return names if more <= 0 else [*names[:shown], f"{more} more"]

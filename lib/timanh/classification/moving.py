"""Pictures into folders of their labels: planned first, never over a file, and undone by a file.

Each step is written into an undo file before it is done, so that a process that is killed, or a
disk that is full, leaves nothing that cannot be taken back.
"""

import errno
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from timanh.classification.answers import Answer
from timanh.errors import DataError, DiskFullError, SettingsError
from timanh.models.zero_shot import NONE
from timanh.progress import tqdm
from timanh.workspace import disk_key, numbered, readable, safe_name, shortened

Way = Literal["link", "move"]
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
UNDO = "sorted-{when}.undo.jsonl"
COPYING = ".timanh-copying"
LONGEST = 100  # bytes of a folder's name


@dataclass(frozen=True)
class Plan:
    """What is to become of pictures.

    Attributes:
        way: "link" leaves them where they are.
        folder: where the folders of the labels are.
        steps: (the picture's file, where it goes).
        there: pictures that are there already, or linked there.
    """

    way: Way
    folder: Path
    steps: tuple[tuple[Path, Path], ...]
    there: int = 0

    def counts(self) -> dict[str, int]:
        """How many pictures go into each folder, by its name."""
        found: dict[str, int] = {}
        for _, target in self.steps:
            found[target.parent.name] = found.get(target.parent.name, 0) + 1
        return dict(sorted(found.items()))


@dataclass(frozen=True)
class Moved:
    """What was done.

    Attributes:
        done: pictures; gone: those that were no longer there.
        undo: the file that takes it back; None where nothing was done.
    """

    done: int
    gone: int
    undo: Path | None


def plan_folders(
    answers: Sequence[Answer],
    gallery: Path,
    folder: Path,
    way: Way,
    *,
    unsure: float = 0.0,
    unsure_name: str = "unsure",
) -> Plan:
    """Where each picture goes: into a folder of its label, under its own name.

    A name that is taken there gets a number behind it. With several labels a picture is linked
    into the folder of each, and moved into that of the first.

    Args:
        unsure: pictures whose label is less likely than this go into a folder `unsure_name`.

    Raises:
        SettingsError: `folder` is a file, or one that a label's pictures are to go into.
    """
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"{folder} is a file. Name a folder.")
    folders = _folders_of(
        {label for each in answers for label in each.labels} | {NONE, unsure_name}
    )
    gallery, folder = gallery.absolute(), folder.absolute()
    taken: dict[Path, set[str]] = {}
    steps, there = [], 0
    for answer in answers:
        names = answer.labels if way == "link" else answer.labels[:1]
        for name in (unsure_name,) if answer.probability < unsure else names:
            place = folder / folders[name]
            known = taken.setdefault(place, _names_in(place))
            source = gallery / answer.path
            if place.is_dir() and place.samefile(source.parent):
                there += 1
                continue
            target = _same_in(place, source)
            if target is not None and way == "link":
                there += 1
                continue
            # A process that was killed in the middle of a move leaves both names of one file.
            if target is None or target.is_symlink():
                target = place / next(numbered(source.name, known))
            known.add(disk_key(target.name))
            steps.append((source, target))
    return Plan(way, folder, tuple(steps), there)


def carry_out(plan: Plan, *, progress: bool = True) -> Moved:
    """Do what was planned. No file is ever written over.

    Raises:
        DiskFullError: the disk is full; what was done stays, and the undo file has it.
        DataError: a file cannot be linked or moved.
    """
    if not plan.steps:
        return Moved(0, 0, None)
    done = gone = 0
    # The steps are small, their names long: the undo file must be on disk before the first.
    undo = _new_undo(plan)
    _sweep(plan.folder)
    with (
        # Without a buffer, which would be written a second time where the disk is full.
        undo.open("ab", buffering=0) as log,
        tqdm(plan.steps, desc=plan.way, unit="img", disable=not progress) as bar,
    ):
        for source, target in bar:
            if not os.path.lexists(source):
                gone += 1
                continue
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                _note(log, {"from": str(source), "to": str(target), "how": plan.way})
                (_link if plan.way == "link" else _move)(source, target)
            except OSError as error:
                raise _explained(error, source, target, done, undo) from error
            done += 1
    if not done:
        undo.unlink()
    return Moved(done, gone, undo if done else None)


def take_back(undo: Path, *, progress: bool = True) -> int:
    """Undo what an undo file has, the last step first; how many pictures are back.

    Links are deleted, pictures moved back. A link that leads elsewhere by now, and a picture whose
    old place is taken, stay.

    Raises:
        DataError: the file is none of these, or a picture cannot be moved back.
    """
    try:
        lines = undo.read_text(encoding="utf8", errors="surrogatepass").splitlines()
    except OSError as error:
        raise DataError(f"{undo} cannot be read ({error.strerror or error}).") from error
    steps = [found for line in lines if (found := _step(line))]
    if not steps:
        raise DataError(f"{undo} is not an undo file of a sorting. It ends in .undo.jsonl.")
    back = 0
    folders = set()
    for step in tqdm(steps[::-1], desc="undo", unit="img", disable=not progress):
        source, target = Path(step["from"]), Path(step["to"])
        folders.add(target.parent)
        try:
            if step["how"] == "link":
                if os.path.lexists(target) and _same(source, target):
                    target.unlink()
                    back += 1
            elif os.path.lexists(target):
                if not os.path.lexists(source):
                    source.parent.mkdir(parents=True, exist_ok=True)
                    _move(target, source)
                    back += 1
                elif _two_names(source, target):  # killed between the two halves of a move
                    target.unlink()
                    back += 1
        except OSError as error:
            raise DataError(
                f"{readable(str(target))} cannot be taken back ({error.strerror or error}). See "
                "that both folders may be written, and run it again; what is back stays back."
            ) from error
    for folder in folders:
        _remove_if_empty(folder)
    return back


def folder_name(label: str) -> str:
    """A name for a folder that every system takes."""
    return shortened(safe_name(label), LONGEST) or "label"


def _folders_of(labels: set[str]) -> dict[str, str]:
    """Label → folder, a folder for each, even where a disk makes no difference of capitals."""
    taken: set[str] = set()
    found = {}
    for label in sorted(labels):
        found[label] = next(numbered(folder_name(label), taken, folder=True))
        taken.add(disk_key(found[label]))
    return found


def _names_in(folder: Path) -> set[str]:
    try:
        return {disk_key(each.name) for each in folder.iterdir()}
    except FileNotFoundError:
        return set()
    except NotADirectoryError as error:
        raise SettingsError(
            f"{folder} is a file, and pictures of this label are to go into a folder of its name. "
            "Name another folder, or move the file away."
        ) from error


def _same_in(place: Path, source: Path) -> Path | None:
    """What is this very picture in a folder, under its name with a number behind it or not."""
    if not place.is_dir():
        return None
    for name in islice(numbered(source.name, ()), 99):
        target = place / name
        if not os.path.lexists(target):
            return None
        if _same(source, target):
            return target
    return None


def _link(source: Path, target: Path) -> None:
    """A symbolic link; a hard link where the system gives no symbolic ones (Windows)."""
    try:
        target.symlink_to(source.resolve())
    except FileExistsError:
        raise
    except OSError:
        os.link(source, target)


def _move(source: Path, target: Path) -> None:
    """Never over another file: a second name is made, which fails where one is, then the first
    one deleted. Where a disk has no second names, or it is another disk, a copy is made."""
    if source.is_symlink():
        target.symlink_to(os.path.realpath(source))
    elif os.path.lexists(target) and _same(source, target):
        if not _two_names(source, target):
            return  # one name, reached through a linked folder
    else:
        try:
            os.link(source, target)
        except FileExistsError:
            raise
        except OSError:
            _copy(source, target)
    source.unlink()


def _copy(source: Path, target: Path) -> None:
    part = target.with_name(f"{target.name}{COPYING}")
    try:
        with source.open("rb") as read, part.open("xb") as written:
            shutil.copyfileobj(read, written, 1 << 20)
            written.flush()
            os.fsync(written.fileno())
        shutil.copystat(source, part)
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "There is a file of this name", str(target))
        part.rename(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _same(source: Path, target: Path) -> bool:
    try:
        return target.samefile(source)
    except OSError:  # the picture is gone, or the link leads to nothing
        return target.is_symlink() and Path(os.path.realpath(target)) == source.resolve()


def _two_names(source: Path, target: Path) -> bool:
    """Whether one file has both names, so that one of them may go."""
    if source.is_symlink() or target.is_symlink():
        return _same(source, target)
    return _same(source, target) and source.stat().st_nlink > 1


def _sweep(folder: Path) -> None:
    """Delete halves of copies that a killed run left."""
    for part in folder.glob(f"*/*{COPYING}"):
        part.unlink(missing_ok=True)


def _new_undo(plan: Plan) -> Path:
    when = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, 1000):
            part = "" if number == 1 else f"-{number}"
            undo = plan.folder / UNDO.format(when=f"{when}{part}")
            try:
                undo.open("xb").close()
            except FileExistsError:
                continue
            return undo
    except OSError as error:
        raise SettingsError(
            f"{plan.folder} takes no files ({error.strerror or error}). Name another folder."
        ) from error
    raise SettingsError(f"{plan.folder} has a thousand undo files. Name another folder.")


def _note(log: Any, step: dict[str, str]) -> None:
    line = (json.dumps(step, ensure_ascii=True) + "\n").encode()
    if log.write(line) < len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(log.fileno())


def _step(line: str) -> dict[str, str] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    wanted = isinstance(found, dict) and {"from", "to", "how"} <= set(found)
    return found if wanted else None


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return


def _explained(
    error: OSError, source: Path, target: Path, done: int, undo: Path
) -> DataError | DiskFullError:
    so_far = (
        f"{done:,} pictures are done; run the same again for the others, or take them back with "
        f"{undo.name} in {undo.parent}."
    )
    if error.errno in FULL:
        return DiskFullError(f"The disk of {target.parent} is full. {so_far}")
    return DataError(
        f"{readable(str(source))} cannot become {readable(str(target))} "
        f"({error.strerror or error}). {so_far}"
    )

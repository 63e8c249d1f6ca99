"""Notes for people about a data folder: captions, what was left out, and splits."""

from collections.abc import Sequence
from pathlib import Path

from timanh.data.folder import DataFolder
from timanh.data.joined import JoinedFolder
from timanh.data.listing import describe_left_out
from timanh.data.matching import fits_several, several_fit
from timanh.data.splits import SPLITS
from timanh.workspace import readable


def data_notes(folder: DataFolder) -> tuple[str, ...]:
    """Notes on a folder that is trained on or measured with: captions, what was left out, and
    folders that cannot be read; a line each. Of several folders, each line names its own."""
    if isinstance(folder, JoinedFolder):
        return tuple(
            f"{readable(source.root.name)}: {line}"
            for source in folder.sources
            for line in data_notes(source)
        )
    left_out = describe_left_out(folder.left_out)
    unreadable = [f"Skipped: {one.reason}" for one in folder.unreadable]
    return (*caption_notes(folder), *([left_out] if left_out else []), *unreadable)


def caption_notes(folder: DataFolder) -> tuple[str, ...]:
    """How many pictures have captions, which rows were left out, and which pictures lie beside
    those that are taken; a line each."""
    read = folder.captions
    beside = _beside(folder)
    if not read.captions:
        return beside
    captioned = sum(1 for name in folder.names if folder.captions_of(name))
    count = sum(len(folder.captions_of(name)) for name in folder.names)
    files = ", ".join(readable(file.name) for file in folder.files)
    lines = [
        f"{captioned:,} of {len(folder.names):,} pictures have captions, {count:,} in all ({files})"
    ]
    if read.problem_count:
        lines.append(
            f"{read.problem_count:,} rows could not be read and were left out; the first: "
            f"{read.problems[0]}"
        )
    several = fits_several(folder.missing, folder.names)
    if several:
        rows = sum(len(folder.captions_of(name)) for name in several)
        lines.append(
            f"{rows:,} captions were left out, because several pictures fit the name: "
            f"{several_fit(several)}. Name such pictures with their folders."
        )
    absent = [name for name in folder.missing if name not in several]
    if absent:
        rows = sum(len(folder.captions_of(name)) for name in absent)
        lines.append(
            f"{rows:,} captions name no picture that is there; the first: {readable(absent[0])}"
        )
    return (*lines, *beside)


def _beside(folder: DataFolder, shown: int = 3) -> tuple[str, ...]:
    if not folder.passed_over:
        return ()
    names = [readable(name) for name in folder.passed_over]
    more = f" and {len(names) - shown:,} more" if len(names) > shown else ""
    taken = readable(folder.images.name)
    return (
        f"Only the pictures in {taken} are taken, because there is a caption file beside it; "
        f"passed over: {', '.join(names[:shown])}{more}. Move them into {taken} to take them too.",
    )


def split_note(folder: DataFolder, which: Sequence[str] = SPLITS, file: Path | None = None) -> str:
    """Where each split comes from, in one line.

    Args:
        file: the list that was named for all of `which`.

    Raises:
        DataError, SettingsError: as `DataFolder.split`.
    """
    if isinstance(folder, JoinedFolder) and file is None:
        return " · ".join(
            f"{readable(source.root.name)}: {split_note(source, which)}"
            for source in folder.sources
        )
    parts = []
    for split in which:
        names = folder.split(split, file=file)
        listed = folder.split_lists.get(split) if file is None else None
        if file is not None:
            origin = f"of {readable(str(file))}"
        elif split == "all":
            origin = "every picture"
        elif listed is None and not names:
            origin = "no list, and none are left"
        elif listed is None:
            rest = " from the pictures that no list names" if folder.split_lists else ""
            origin = f"drawn at random{rest}"
        elif listed.file is None:
            origin = "as the caption files say"
        else:
            origin = f"of {readable(str(listed.file))}"
        if listed is not None and listed.absent:
            several = fits_several(listed.absent, folder.names)
            absent = len(listed.absent) - len(several)
            origin += f", {absent:,} more names are not there" if absent else ""
            origin += f", {several_fit(several)}" if several else ""
        parts.append(f"{split}, {len(names):,} pictures ({origin})")
    return f"Splits: {'; '.join(parts)}"

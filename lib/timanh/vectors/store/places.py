"""How a dictionary's folder names other folders, so that they can be moved together."""

import os
from pathlib import Path


def place_of(target: Path, folder: Path) -> str:
    """How `folder` names `target`: relative where both share more than the file system's root."""
    target, folder = target.resolve(), folder.resolve()
    try:
        shared = Path(os.path.commonpath([target, folder]))
    except ValueError:  # two drives of Windows
        return target.as_posix()
    if shared == Path(shared.anchor):
        return target.as_posix()
    return Path(os.path.relpath(target, folder)).as_posix()


def place_of_source(source: str, folder: Path) -> str:
    """How `folder` names what `load_encoder` takes; paths begin with `./`, `../` or a root."""
    if not source or not Path(source).expanduser().is_dir():
        return source
    place = place_of(Path(source).expanduser(), folder)
    return place if place.startswith(".") or Path(place).is_absolute() else f"./{place}"


def find_source(place: str, folder: Path) -> str:
    """The opposite of `place_of_source`."""
    is_path = place.startswith(("./", "../")) or place in (".", "..") or Path(place).is_absolute()
    return str(find_place(place, folder)) if is_path else place


def find_place(place: str, folder: Path) -> Path:
    """The opposite of `place_of`."""
    return Path(os.path.normpath(folder.resolve() / place))

"""Which state of a dictionary is the newest, and how the next one is put beside it.

Each state is a file in `manifests`, named by its number. It gets that name by a hard link, which
fails where the name is taken: of several processes that start from one state, one goes on and
the others learn of it, without locks, and a process that is killed leaves either all or nothing.
The highest number is the newest state. `manifest.json` is another name of it, for people.

Where a file system has no hard links, as Google Drive's folder in Colab, the file is moved to
its name after a look whether that is free; two changes within the same millisecond may then lose
one of them.
"""

import os
import re
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from timanh.errors import OvertakenError
from timanh.workspace import atomic_write

FILE, FOLDER = "manifest.json", "manifests"
# Former states that are kept, so that a process can see whether the next one follows its own.
KEPT = 32
# A state may be gone before it is read when others change the dictionary quickly.
ATTEMPTS = 100


def newest(folder: Path) -> tuple[Path, str]:
    """The file of the newest state, and its text.

    Raises:
        FileNotFoundError, NotADirectoryError: there is none.
        OSError: it cannot be read.
    """
    for _ in range(ATTEMPTS):
        number = highest(folder)
        plain = folder / FILE
        if not number:
            return plain, _read(plain)
        numbered = _file(folder, number)
        with suppress(FileNotFoundError):
            text = _read(numbered)
            return _later(plain, (numbered, text), number)
    raise OSError(f"{folder / FOLDER} changes faster than it can be read")


def highest(folder: Path) -> int:
    """The number of the newest state in `manifests`; 0 where there is none."""
    return max(_numbers(folder), default=0)


def recent(folder: Path, seconds: float) -> list[str]:
    """The texts of the states that were saved within so many seconds."""
    texts = []
    for number in _numbers(folder):
        file = _file(folder, number)
        with suppress(FileNotFoundError):
            if time.time() - file.stat().st_mtime < seconds:
                texts.append(_read(file))
    return texts


def is_dictionary(folder: Path) -> bool:
    """Whether there is any state, readable or not; what cannot be looked into may hold one."""
    try:
        return bool(highest(folder)) or (folder / FILE).exists()
    except OSError:
        return True


def next_generation(folder: Path) -> int:
    """A number above that of any state, whether or not it can be understood."""
    return max(highest(folder), _number_of(folder / FILE)) + 1


def publish(folder: Path, generation: int, id: str, text: str) -> None:
    """Make `text`, which has this id, the state numbered `generation`.

    Raises:
        OvertakenError: that state is another process's.
        OSError: it cannot be written.
    """
    known = highest(folder) or _number_of(folder / FILE)
    if known >= generation:
        raise _overtaken(folder)
    place = folder / FOLDER
    place.mkdir(exist_ok=True)
    target = _file(folder, generation)
    handle, name = tempfile.mkstemp(dir=place, prefix=f".{target.name}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("ascii"))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        try:
            _name(temporary, target)
        except FileExistsError:
            raise _overtaken(folder) from None
        if highest(folder) > generation and not _follows(folder, generation + 1, id):
            # This process slept while others went far ahead; a number so old was free again.
            target.unlink(missing_ok=True)
            raise _overtaken(folder)
        _name_for_people(folder, temporary, target, generation)
    finally:
        temporary.unlink(missing_ok=True)
    for number in _numbers(folder):
        if number <= generation - KEPT:
            with suppress(OSError):
                _file(folder, number).unlink()


def is_state(name: str) -> bool:
    """Whether a file in `manifests` is one that this module writes, or leaves when killed."""
    return bool(re.fullmatch(r"\d{8,}\.json|\.\d{8,}\.json\..*\.part", name))


def _name(temporary: Path, target: Path) -> None:
    """Raises FileExistsError where the name is taken."""
    try:
        os.link(temporary, target)
        return
    except FileExistsError:
        raise
    except (OSError, NotImplementedError, AttributeError):
        pass
    if target.exists():
        raise FileExistsError(target)
    temporary.rename(target)  # on Windows this, too, fails where the name is taken


def _name_for_people(folder: Path, temporary: Path, target: Path, generation: int) -> None:
    """Nothing depends on it, so it may fail: on Windows a file that is being read stays."""
    if highest(folder) != generation:
        return
    with suppress(OSError):
        if temporary.exists():
            temporary.replace(folder / FILE)
        else:
            with atomic_write(folder / FILE) as copy:
                copy.write_bytes(target.read_bytes())


def _follows(folder: Path, generation: int, id: str) -> bool:
    with suppress(OSError, UnicodeDecodeError):
        return f'"follows": "{id}"' in _read(_file(folder, generation))
    return False


def _later(plain: Path, numbered: tuple[Path, str], number: int) -> tuple[Path, str]:
    """`numbered`, unless `manifest.json` is of a later state, as in a folder copied in part."""
    with suppress(OSError, UnicodeDecodeError):
        if not os.path.samestat(plain.stat(), numbered[0].stat()):
            text = _read(plain)
            if _number_in(text) > number:
                return plain, text
    return numbered


def _number_of(plain: Path) -> int:
    with suppress(OSError, UnicodeDecodeError):
        return _number_in(_read(plain))
    return 0


def _number_in(text: str) -> int:
    # Within a JSON string quotation marks have a backslash before them, so this is the field.
    found = re.search(r'"generation":\s*(\d+)', text)
    return int(found[1]) if found else 0


def _numbers(folder: Path) -> list[int]:
    try:
        names = [path.name for path in (folder / FOLDER).iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [int(name[:-5]) for name in names if re.fullmatch(r"\d{8,}\.json", name)]


def _file(folder: Path, number: int) -> Path:
    return folder / FOLDER / f"{number:08d}.json"


def _read(file: Path) -> str:
    return file.read_bytes().decode("utf8")


def _overtaken(folder: Path) -> OvertakenError:
    return OvertakenError(
        f"{folder} was changed by another process while this one worked on it. Run the command "
        "again; what is done is kept."
    )

"""What has changed in a gallery since its dictionary was built."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from timanh.data import DataFolder
from timanh.errors import DictionaryError
from timanh.vectors.items import Item, item_id
from timanh.vectors.reading import FileState, file_state, thread_count
from timanh.vectors.writer import DictionaryWriter


@dataclass(frozen=True)
class Move:
    """A picture that lies under another name now: the same bytes, so the same vector."""

    path: str
    id: str
    state: FileState


@dataclass(frozen=True)
class Plan:
    """What has to be done about the pictures that were looked at.

    Attributes:
        folder: the pictures and their captions.
        wanted: to be encoded, new or changed; changed: those of them with a row already.
        dropped: rows to take away first.
        moved: path of a row → the new name of its picture.
        touched: files of another time but with the same bytes.
        seen: all that were looked at; other rows stay as they are.
    """

    folder: DataFolder
    wanted: tuple[str, ...]
    changed: frozenset[str]
    dropped: frozenset[str]
    moved: dict[str, Move]
    touched: dict[str, FileState]
    seen: frozenset[str]

    def edit(self, item: Item) -> Item | None:
        """The item as it should be now; None if it should not be there."""
        move = self.moved.get(item.path)
        if move is not None:
            item = _with_state(replace(item, path=move.path, id=move.id), move.state)
        elif item.path in self.dropped:
            return None
        elif item.path not in self.seen:
            return item
        elif item.path in self.touched:
            item = _with_state(item, self.touched[item.path])
        captions = self.folder.captions_of(item.path)
        return item if captions == item.captions else replace(item, captions=captions)


def _with_state(item: Item, state: FileState) -> Item:
    return replace(item, size=state.size, mtime=state.mtime, hash=state.hash)


def survey(
    writer: DictionaryWriter,
    folder: DataFolder,
    names: Sequence[str] | None = None,
    *,
    progress: bool,
) -> Plan:
    """Compare the dictionary with the pictures `names` of `folder`, or with all.

    Raises:
        DictionaryError: with all, when the dictionary knows none of them.
    """
    known = {item.path: FileState(item.size, item.mtime, item.hash) for item in writer.items()}
    seen = frozenset(folder.names if names is None else names)
    ordered = folder.names if names is None else tuple(names)
    doubtful = [
        name for name in ordered if name in known and _looks_changed(folder.images, name, known)
    ]
    states = _states(folder.images, doubtful, progress)
    # An imported row without a checksum is of this picture, as far as anyone knows.
    touched = {
        name: state for name, state in states.items() if known[name].hash in (state.hash, "")
    }
    changed = frozenset(doubtful).difference(touched)
    gone = known.keys() - seen if names is None else set()
    orphans = changed.union(path for path in gone if not folder.out_of_sight(path))
    new = [name for name in ordered if name not in known]
    states.update(_states(folder.images, _of_sizes(folder.images, new, orphans, known), progress))
    moved = _moves(orphans, known, [*new, *sorted(changed)], states, writer)
    # A folder that was renamed moves most pictures; another gallery may share a few.
    if names is None and known.keys().isdisjoint(seen) and 2 * len(moved) < len(known):
        raise DictionaryError(
            f"{writer.folder} is the dictionary of {len(known)} other pictures, none of them in "
            f"{folder.images}.",
            cli="Name another folder with --out, or replace it with --rebuild.",
            notebook="Set NAME to another dictionary, or tick REBUILD to replace this one.",
        )
    arrived = {move.path for move in moved.values()}
    wanted = tuple(
        name for name in ordered if (name not in known or name in changed) and name not in arrived
    )
    return Plan(
        folder, wanted, changed.difference(arrived), orphans.difference(moved), moved, touched, seen
    )


def _looks_changed(images: Path, name: str, known: dict[str, FileState]) -> bool:
    try:
        stat = (images / name).stat()
    except OSError:
        return True
    return (stat.st_size, stat.st_mtime) != (known[name].size, known[name].mtime)


def _of_sizes(
    images: Path, new: Iterable[str], orphans: Iterable[str], known: dict[str, FileState]
) -> list[str]:
    """New pictures as large as one that has gone: only those can be the same."""
    sizes = {known[path].size for path in orphans if known[path].hash}
    found = []
    for name in new if sizes else ():
        try:
            if (images / name).stat().st_size in sizes:
                found.append(name)
        except OSError:
            continue
    return found


def _moves(
    orphans: Iterable[str],
    known: dict[str, FileState],
    names: Iterable[str],
    states: dict[str, FileState],
    writer: DictionaryWriter,
) -> dict[str, Move]:
    """Rows that lost their picture, and where it lies now."""
    rows: dict[str, list[str]] = {}
    for path in sorted(orphans, reverse=True):
        if known[path].hash:
            rows.setdefault(known[path].hash, []).append(path)
    pairs = {}
    for name in names:
        state = states.get(name)
        if state is not None and rows.get(state.hash):
            pairs[rows[state.hash].pop()] = (name, state)
    taken = {item.id: item.path for item in writer.items()} if pairs else {}
    moved = {}
    for path, (name, state) in pairs.items():
        id = item_id(name, taken)
        taken[id] = name
        moved[path] = Move(name, id, state)
    return moved


def _states(images: Path, names: Sequence[str], progress: bool) -> dict[str, FileState]:
    """Checksums of the files that can be read."""

    def state_of(name: str) -> FileState | None:
        try:
            return file_state(images / name)
        except OSError:
            return None

    with ThreadPoolExecutor(thread_count()) as pool:
        states = pool.map(state_of, names)
        shown = not progress or not names
        bar = tqdm(states, total=len(names), desc="compare", unit="img", disable=shown)
        return {name: state for name, state in zip(names, bar, strict=True) if state is not None}

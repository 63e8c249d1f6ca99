"""What has changed in a gallery since its dictionary was built."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from timanh.data import DataFolder
from timanh.errors import DictionaryError
from timanh.models.reading import (
    FileState,
    Skipped,
    file_state,
    size_and_time,
    thread_count,
)
from timanh.progress import tqdm
from timanh.vectors.build.absent import kept, look_for
from timanh.vectors.store.items import Item, ids_of
from timanh.vectors.store.state import IdsInUse
from timanh.vectors.store.writer import DictionaryWriter
from timanh.vectors.store.written_captions import WrittenCaptions, read_written


@dataclass(frozen=True, slots=True)
class KnownPicture:
    """A picture that has a row: its id, and its file as it was."""

    id: str
    state: FileState


@dataclass(frozen=True)
class Plan:
    """What has to be done about the pictures that were looked at.

    Attributes:
        folder: the pictures and their captions.
        written: captions that are kept beside the dictionary.
        known: how many pictures the dictionary had.
        wanted: to be encoded, new or changed.
        changed: path → id of the row that a wanted picture takes the place of, once encoded.
        edits: id → the item as it is, and as it should be; None where its row is to go.
        moved: how many of these are under another name.
        dropped: paths of those that go.
        unreadable: pictures that keep their row, since they cannot be read now.
        away: folders that have gone with all their pictures, which keep their rows → how many; "."
            is the gallery itself.
    """

    folder: DataFolder
    written: WrittenCaptions
    known: int
    wanted: tuple[str, ...]
    changed: dict[str, str]
    edits: dict[str, tuple[Item, Item | None]]
    moved: int
    dropped: frozenset[str]
    unreadable: tuple[Skipped, ...]
    away: dict[str, int]


def survey(
    writer: DictionaryWriter,
    folder: DataFolder,
    names: Sequence[str] | None = None,
    *,
    progress: bool,
    prune: bool = False,
    relist: Callable[[], Collection[str]] = tuple,
) -> Plan:
    """Compare the dictionary with the pictures `names` of `folder`, or with all.

    Args:
        prune: with all, take away the rows of folders that have gone as a whole, or of most of
            the gallery, too.
        relist: lists the pictures again, since another process may have added some after
            `folder` was listed.

    Raises:
        DictionaryError: with all, when the dictionary knows none of them.
    """
    ordered = folder.names if names is None else tuple(dict.fromkeys(names))
    there = frozenset(ordered)
    written = read_written(writer.folder)
    known, recaptioned = _look_up(
        writer, folder, written, None if names is None else ordered, there
    )
    unreadable: list[Skipped] = []
    doubtful = _doubtful(
        folder.images, [name for name in ordered if name in known], known, unreadable
    )
    states = _states(folder.images, doubtful, progress, unreadable)
    # An imported row without a checksum is of this picture, as far as anyone knows.
    touched = {n for n, state in states.items() if known[n].state.hash in (state.hash, "")}
    changed = [name for name in states if name not in touched]
    missing = [path for path in known.keys() - there if not folder.is_unreadable(path)]
    absent = look_for(folder.images, missing, there)
    unreadable += absent.unreadable
    left_out = absent.unlisted.difference(relist() if absent.unlisted else ())
    orphans = set(absent.gone).union(changed, left_out, *absent.folders.values())
    new = [name for name in ordered if name not in known]
    states.update(_states(folder.images, _alike(folder.images, new, orphans, known), progress))
    moved = _moves(orphans, known, [*new, *sorted(changed)], states)
    # A folder that was renamed moves most pictures; another gallery may share a few.
    if names is None and known.keys().isdisjoint(there) and 2 * len(moved) < len(known):
        raise DictionaryError(
            f"{writer.folder} is the dictionary of {len(known)} other pictures, none of them in "
            f"{folder.images}.",
            cli="Name another folder with --out, or replace it with --rebuild.",
            notebook="Set NAME to another dictionary, or tick REBUILD to replace this one.",
        )
    arrived = set(moved.values())
    to_encode = {*new, *changed} - arrived
    wanted = tuple(name for name in ordered if name in to_encode)
    away = {} if prune else absent.away(known, moved)
    removed = orphans.difference(moved, *away.values(), to_encode)
    affected = {*touched, *moved, *removed, *recaptioned}
    seen = {path: known[path] for path in affected}
    now = {path: states[path] for path in {*touched, *arrived}}
    edits = _edits(writer, folder, written, seen, moved, removed, now)
    return Plan(
        folder=folder,
        written=written,
        known=writer.manifest.count,
        wanted=wanted,
        changed={name: known[name].id for name in wanted if name in known and name not in moved},
        edits=edits,
        moved=len(moved),
        dropped=frozenset(removed),
        unreadable=tuple(unreadable),
        away={place: len(paths) for place, paths in away.items()},
    )


def _edits(
    writer: DictionaryWriter,
    folder: DataFolder,
    written: WrittenCaptions,
    seen: Mapping[str, KnownPicture],
    moved: Mapping[str, str],
    removed: Collection[str],
    states: Mapping[str, FileState],
) -> dict[str, tuple[Item, Item | None]]:
    """Id → the item as it is, and as it should be."""
    used = IdsInUse(writer)
    edits: dict[str, tuple[Item, Item | None]] = {}
    for item in writer.find(one.id for one in seen.values()).values():
        if seen.get(item.path) != _known(item):
            continue  # another process has changed it since we looked
        if item.path in removed:
            edits[item.id] = (item, None)
            continue
        path = moved.get(item.path, item.path)
        now = _with_state(item, states[path]) if path in states else item
        people, machine = written.of(now.hash, folder.captions_of(path))
        now = replace(now, captions=people, machine=machine)
        if path != item.path:
            now = replace(now, path=path, id=used.draw(path))
        if now != item:
            edits[item.id] = (item, now)
    return edits


def _look_up(
    writer: DictionaryWriter,
    folder: DataFolder,
    written: WrittenCaptions,
    names: Sequence[str] | None,
    there: Collection[str],
) -> tuple[dict[str, KnownPicture], set[str]]:
    """Path → what is known of the pictures `names`, or of all; and whose captions differ."""
    known: dict[str, KnownPicture] = {}
    recaptioned = set()
    for item in writer.items() if names is None else _of_names(writer, names):
        known[item.path] = _known(item)
        own = written.of(item.hash, folder.captions_of(item.path))
        if item.path in there and own != (item.captions, item.machine):
            recaptioned.add(item.path)
    return known, recaptioned


def _known(item: Item) -> KnownPicture:
    return KnownPicture(item.id, FileState(item.size, item.mtime, item.hash))


def _of_names(writer: DictionaryWriter, names: Sequence[str]) -> Iterable[Item]:
    first = writer.find(next(ids_of(name)) for name in names)
    for name in names:
        for id in ids_of(name):
            item = first.get(id) or writer.find([id]).get(id)
            if item is None or item.path == name:
                break
        if item is not None:
            yield item


def _with_state(item: Item, state: FileState) -> Item:
    return replace(item, size=state.size, mtime=state.mtime, hash=state.hash)


def _doubtful(
    images: Path, names: Iterable[str], known: Mapping[str, KnownPicture], unreadable: list[Skipped]
) -> list[str]:
    """Pictures of another size or time than they had."""
    found = []
    for name in names:
        try:
            now = size_and_time(images / name)
        except OSError as error:
            unreadable.append(kept(name, f"{images / name} cannot be read", error))
            continue
        if now != (known[name].state.size, known[name].state.mtime):
            found.append(name)
    return found


def _alike(
    images: Path, new: Iterable[str], orphans: Iterable[str], known: Mapping[str, KnownPicture]
) -> list[str]:
    """New pictures as large as one that has gone: only those can be the same."""
    sizes = {known[path].state.size for path in orphans if known[path].state.hash}
    found = []
    for name in new if sizes else ():
        try:
            if size_and_time(images / name)[0] in sizes:
                found.append(name)
        except OSError:
            continue
    return found


def _moves(
    orphans: Iterable[str],
    known: Mapping[str, KnownPicture],
    names: Iterable[str],
    states: Mapping[str, FileState],
) -> dict[str, str]:
    """Paths of rows that lost their picture → where it is now: the same bytes, so the same
    vector."""
    rows: dict[str, list[str]] = {}
    for path in sorted(orphans, reverse=True):
        if known[path].state.hash:
            rows.setdefault(known[path].state.hash, []).append(path)
    moved = {}
    for name in names:
        state = states.get(name)
        if state is not None and rows.get(state.hash):
            moved[rows[state.hash].pop()] = name
    return moved


def _states(
    images: Path,
    names: Sequence[str],
    progress: bool,
    unreadable: list[Skipped] | None = None,
) -> dict[str, FileState]:
    """Checksums of the files that can be read; the others are put to `unreadable`."""

    def state_of(name: str) -> FileState | OSError:
        try:
            return file_state(images / name)
        except OSError as error:
            return error

    states = {}
    with ThreadPoolExecutor(thread_count()) as pool:
        results = pool.map(state_of, names)
        hidden = not progress or not names
        bar = tqdm(results, total=len(names), desc="compare", unit="img", disable=hidden)
        for name, state in zip(names, bar, strict=True):
            if isinstance(state, FileState):
                states[name] = state
            elif unreadable is not None:
                unreadable.append(kept(name, f"{images / name} cannot be read", state))
    return states

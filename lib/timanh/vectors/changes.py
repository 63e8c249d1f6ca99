"""What has changed in a gallery since its dictionary was built."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from timanh.data import DataFolder
from timanh.errors import DictionaryError
from timanh.vectors.items import Item
from timanh.vectors.reading import FileState, file_state, thread_count
from timanh.vectors.writer import DictionaryWriter


@dataclass(frozen=True)
class Plan:
    """What has to be done about the pictures that were looked at.

    Attributes:
        folder: the pictures and their captions.
        wanted: to be encoded, new or changed.
        changed, gone: rows to take away first.
        touched: files of another time but with the same bytes.
        seen: all that were looked at; other rows stay as they are.
    """

    folder: DataFolder
    wanted: tuple[str, ...]
    changed: frozenset[str]
    gone: frozenset[str]
    touched: dict[str, FileState]
    seen: frozenset[str]

    def edit(self, item: Item) -> Item | None:
        """The item as it should be now; None if it should not be there."""
        if item.path in self.changed or item.path in self.gone:
            return None
        if item.path not in self.seen:
            return item
        state = self.touched.get(item.path)
        if state is not None:
            item = replace(item, size=state.size, mtime=state.mtime, hash=state.hash)
        return replace(item, captions=self.folder.captions_of(item.path))


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
    known = {item.path: item for item in writer.items()}
    seen = folder.names if names is None else tuple(names)
    if names is None and known and known.keys().isdisjoint(seen):
        raise DictionaryError(
            f"{writer.folder} is the dictionary of {len(known)} other pictures, none of them in "
            f"{folder.images}. Name another folder with --out, or replace it with --rebuild."
        )
    doubtful = [known[name] for name in seen if name in known]
    doubtful = [item for item in doubtful if _looks_changed(folder.images / item.path, item)]
    touched, changed = _compare(folder.images, doubtful, progress)
    wanted = tuple(name for name in seen if name not in known or name in changed)
    gone = frozenset(known).difference(seen) if names is None else frozenset[str]()
    return Plan(folder, wanted, changed, gone, touched, frozenset(seen))


def _looks_changed(path: Path, item: Item) -> bool:
    try:
        stat = path.stat()
    except OSError:
        return True
    return (stat.st_size, stat.st_mtime) != (item.size, item.mtime)


def _compare(
    images: Path, items: Sequence[Item], progress: bool
) -> tuple[dict[str, FileState], frozenset[str]]:
    """Files that are the same but for their time, and files that are not."""

    def state_of(item: Item) -> FileState | None:
        try:
            return file_state(images / item.path)
        except OSError:
            return None

    touched, changed = {}, set()
    with ThreadPoolExecutor(thread_count()) as pool:
        states = pool.map(state_of, items)
        bar = tqdm(
            states,
            total=len(items),
            desc="Comparing",
            unit=" pictures",
            disable=not progress or not items,
        )
        for item, state in zip(items, bar, strict=True):
            # An imported row without a checksum is of this picture, as far as anyone knows.
            if state is not None and item.hash in (state.hash, ""):
                touched[item.path] = state
            else:
                changed.add(item.path)
    return touched, frozenset(changed)

"""Dates of photos for rows that were made before dictionaries kept them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from timanh.data import taken_at
from timanh.data.tar_members import member_bytes
from timanh.errors import DataError
from timanh.models.reading import thread_count
from timanh.vectors.store.items import Item
from timanh.vectors.store.writer import DictionaryWriter

LOOKED_FOR = b'"taken":'  # in a caption its quotation marks would have a backslash


def date_pictures(writer: DictionaryWriter, gallery: Path) -> int:
    """Look once into each picture that no date was looked for yet; how many were.

    Pictures that are not there now are looked at another time.
    """
    table = writer.items()
    if all(lines.block.count(LOOKED_FOR) >= len(lines) for lines in table.parts):
        return 0
    missing = [item for item in table if item.taken is None]

    def dated(item: Item) -> Item:
        file = gallery / item.path
        try:
            inside = member_bytes(file)
        except (DataError, OSError):
            return item
        if inside is None and not file.is_file():
            return item
        return replace(item, taken=taken_at(file if inside is None else inside))

    with ThreadPoolExecutor(thread_count()) as pool:
        pairs = zip(missing, pool.map(dated, missing), strict=True)
        found = {old.id: (old, new) for old, new in pairs if new != old}
    writer.apply(found)
    return len(found)

"""Pictures going out: files, thumbnails, data URLs."""

import base64
import hashlib
import threading
from collections import OrderedDict
from pathlib import Path
from urllib.parse import quote

from timanh.api.config import ApiConfig
from timanh.api.gallery.renditions import as_jpeg
from timanh.api.http.metrics import Metrics
from timanh.api.http.problems import RequestError
from timanh.data import open_picture
from timanh.search import SearchEngine
from timanh.vectors import Item
from timanh.workspace import on_disk, readable

REPORT_SIDE = 512
QUALITY = 85


class GalleryPictures:
    """Files of the engine's gallery, by id; safe to call from threads."""

    def __init__(self, engine: SearchEngine, config: ApiConfig, metrics: Metrics) -> None:
        self.engine = engine
        self.config = config
        self.metrics = metrics
        self._small = ByteCache(config.thumbnail_bytes)

    def item(self, id: str) -> Item:
        """Raises UnknownPictureError."""
        dictionary = self.engine.dictionary
        return dictionary.item(dictionary.row_of(id))

    def file(self, path: str) -> Path:
        """Where the original lies.

        Raises:
            RequestError: 404, when it is gone or lies outside the gallery.
        """
        gallery = self.engine.dictionary.gallery.resolve()
        file = on_disk(gallery / path).resolve()
        if not file.is_relative_to(gallery) or not file.is_file():
            raise RequestError(
                404,
                "picture-gone",
                f"The picture {path} is no longer in the gallery. Build the dictionary again.",
            )
        return file

    def thumbnail(self, item: Item) -> bytes:
        """JPEG bytes, long side as configured; kept in memory."""
        return self._make(item, self.config.thumbnail_side)

    def data_url(self, item: Item) -> str:
        """`data:image/jpeg;base64,…` of at most 512 pixels a side."""
        return "data:image/jpeg;base64," + base64.b64encode(self._make(item, REPORT_SIDE)).decode()

    def _make(self, item: Item, side: int) -> bytes:
        key = f"{item.id}/{item.hash}/{side}"
        known = self._small.get(key)
        self.metrics.thumbnails.labels("made" if known is None else "kept").inc()
        if known is not None:
            return known
        picture = open_picture(
            self.file(item.path), longest=side, srgb=True, label=readable(item.path)
        )
        made = as_jpeg(picture, side, QUALITY)
        self._small.put(key, made)
        return made


class ByteCache:
    """Byte strings up to a total length; the least recently used goes first."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
            return self._known.get(key)

    def put(self, key: str, content: bytes) -> None:
        with self._lock:
            self._bytes += len(content) - len(self._known.pop(key, b""))
            self._known[key] = content
            while self._bytes > self._max_bytes:
                self._bytes -= len(self._known.popitem(last=False)[1])


def etag(item: Item, variant: str) -> str:
    """Changes when the picture's content does."""
    return f'"{hashlib.blake2b(f"{item.hash}/{variant}".encode(), digest_size=10).hexdigest()}"'


def disposition(how: str, name: str) -> str:
    """The header `Content-Disposition`, "inline" or "attachment", with a name of any letters."""
    return f"{how}; filename*=UTF-8''{quote(name, safe='')}"

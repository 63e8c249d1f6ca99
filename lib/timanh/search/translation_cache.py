"""Translations kept on disk as JSON lines, which are appended."""

import json
import logging
import threading
from collections import OrderedDict
from pathlib import Path

from timanh.workspace import atomic_write

log = logging.getLogger("timanh.search")

MOST = 20_000


class TranslationCache:
    """Vietnamese → English, remembered in memory and, with `file`, on disk.

    Where the file cannot be read or written, a line in the log says so, and the cache goes on in
    memory. Lines that a killed process left half written are skipped.
    """

    def __init__(self, file: Path | None = None, most: int = MOST) -> None:
        self.file = file
        self.most = most
        self._known: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()
        if file is not None:
            self._load(file)

    def get(self, text: str) -> str | None:
        """The translation, if it is known."""
        with self._lock:
            if text in self._known:
                self._known.move_to_end(text)
            return self._known.get(text)

    def put(self, text: str, translated: str) -> None:
        """Remember one; the one unused longest goes when there are too many."""
        with self._lock:
            self._known[text] = translated
            if len(self._known) > self.most:
                self._known.popitem(last=False)
            if self.file is None:
                return
            try:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                with self.file.open("ab") as out:
                    out.write(_line(text, translated))
            except OSError as error:
                self._give_up(error)

    def __len__(self) -> int:
        return len(self._known)

    def _load(self, file: Path) -> None:
        try:
            lines = file.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        except OSError as error:
            self._give_up(error)
            return
        for line in lines:
            self._take(line)
        while len(self._known) > self.most:
            self._known.popitem(last=False)
        # Also mends a last line that was cut, which the next one would be glued to.
        if len(lines) > 2 * self.most or lines[-1]:
            self._rewrite(file)

    def _take(self, line: bytes) -> None:
        try:
            text, translated = json.loads(line)
        except (ValueError, TypeError):
            return
        if isinstance(text, str) and isinstance(translated, str):
            self._known[text] = translated

    def _rewrite(self, file: Path) -> None:
        try:
            with atomic_write(file) as temporary:
                temporary.write_bytes(b"".join(_line(*pair) for pair in self._known.items()))
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        log.warning("Translations are not kept on disk: %s (%s).", self.file, error.strerror)
        self.file = None


def _line(text: str, translated: str) -> bytes:
    return json.dumps([text, translated], ensure_ascii=False).encode("utf8", "replace") + b"\n"

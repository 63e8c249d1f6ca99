"""How long a notebook took, and how much room its files took at most."""

import os
import threading
import time
from pathlib import Path

from timanh.workspace.root import Workspace

EVERY_S = 10.0


class Usage:
    """Counts from when it is made; a thread looks at the workspace now and then.

    Files that came and went between two looks are not counted.

    Example:
        >>> usage = Usage(Workspace.open())
        >>> print(usage.summary())
        Time 1 min 12 s · workspace 48 MB, at most 61 MB
        Thời gian 1 phút 12 giây · workspace 48 MB, cao nhất 61 MB
    """

    def __init__(self, workspace: Workspace, *, every_s: float = EVERY_S) -> None:
        self._root = workspace.root
        self._began = time.monotonic()
        self._ended = threading.Event()
        self.peak_bytes = 0
        self._look()
        threading.Thread(target=self._watch, args=(every_s,), daemon=True).start()

    def summary(self) -> str:
        """Two lines, English and Vietnamese. It may be called again, and counts on."""
        now, took = self._look(), round(time.monotonic() - self._began)
        here, peak = _megabytes(now), _megabytes(self.peak_bytes)
        minutes, rest = divmod(took, 60)
        english = f"{minutes} min {rest} s" if minutes else f"{rest} s"
        vietnamese = f"{minutes} phút {rest} giây" if minutes else f"{rest} giây"
        return (
            f"Time {english} · workspace {here}, at most {peak}\n"
            f"Thời gian {vietnamese} · workspace {here}, cao nhất {peak}"
        )

    def close(self) -> None:
        """Look no more."""
        self._ended.set()

    def _watch(self, every_s: float) -> None:
        while not self._ended.wait(every_s):
            self._look()

    def _look(self) -> int:
        size = folder_bytes(self._root)
        self.peak_bytes = max(size, self.peak_bytes)
        return size


def folder_bytes(folder: Path) -> int:
    """The sizes of all files below `folder`; what vanishes or may not be read counts as nothing."""
    total, waiting = 0, [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    try:
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(Path(entry.path))
                        else:
                            total += entry.stat(follow_symlinks=False).st_size
                    except OSError:
                        continue
        except OSError:
            continue
    return total


def _megabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"

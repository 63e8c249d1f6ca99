"""Files that are either the old ones or the new ones, never something between."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from timanh.errors import SettingsError


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it into place when the block ends well.

    The temporary file is flushed to disk before the move. If the block raises, the
    temporary file is removed and `path` is what it was.

    Example:
        >>> with atomic_write(folder / "manifest.json") as temporary:
        ...     temporary.write_text("{}")
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def free_disk_or_raise(folder: Path, needed_bytes: int) -> None:
    """Check before long work that its result will fit.

    Raises:
        SettingsError: less than `needed_bytes` are free where `folder` lies.
    """
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise SettingsError(
            f"{folder} has {free / 1e6:.0f} MB free and {needed_bytes / 1e6:.0f} MB are needed. "
            "Free some space.",
            cli="Or choose another folder with --workspace.",
            notebook="Or put another folder into TIMANH_WORKSPACE, before the imports.",
        )

"""One folder for everything that notebooks and commands pass to each other."""

import os
from dataclasses import dataclass
from pathlib import Path

from timanh.errors import SettingsError
from timanh.workspace.environment import colab_content, in_colab


@dataclass(frozen=True)
class Workspace:
    """The root folder; every stage reads and writes a fixed place under it.

    Example:
        >>> workspace = Workspace.open("/tmp/timanh")
        >>> workspace.vectors / "demo"
        PosixPath('/tmp/timanh/vectors/demo')
    """

    root: Path

    @classmethod
    def open(cls, root: str | Path | None = None) -> "Workspace":
        """Create the folder where it is missing and return it.

        The root is the argument, else `TIMANH_WORKSPACE`, else `timanh` on a mounted
        Google Drive (or in Colab's own disk), else `workspace` in the current folder.

        Raises:
            SettingsError: the root cannot be made or is a file.
        """
        place = Path(root or os.environ.get("TIMANH_WORKSPACE") or _usual_place()).expanduser()
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"The workspace {place} cannot be made ({error.strerror or error}).",
                cli="Name a folder you may write to, with --workspace or TIMANH_WORKSPACE.",
                notebook="Put a folder you may write to into TIMANH_WORKSPACE, before the imports.",
            ) from error
        return cls(place.resolve())

    @property
    def data(self) -> Path:
        """Data folders: pictures with captions."""
        return self.root / "data"

    @property
    def models(self) -> Path:
        """Checkpoints written by training."""
        return self.root / "models"

    @property
    def vectors(self) -> Path:
        """Vector dictionaries."""
        return self.root / "vectors"

    @property
    def figures(self) -> Path:
        """Figures and reports for people."""
        return self.root / "figures"

    @property
    def cache(self) -> Path:
        """Files that may be deleted at any time: thumbnails, translations."""
        return self.root / "cache"


def drive_folder() -> Path:
    """A person's Google Drive in Colab, once it is mounted."""
    return colab_content() / "drive" / "MyDrive"


def local_place(folder: Path) -> Path:
    """The folder on the machine's disk in which to prepare what belongs into `folder`.

    `folder` itself, unless it is on Google Drive in Colab, where each write takes long and each
    file that is replaced still takes room in the trash.
    """
    drive = drive_folder().resolve()
    if in_colab() and folder.resolve().is_relative_to(drive):
        return colab_content() / "timanh-local" / folder.resolve().relative_to(drive)
    return folder


def user_cache() -> Path:
    """Where this user's programs keep files that can be made again."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "timanh"


def _usual_place() -> Path:
    if not in_colab():
        return Path("workspace")
    drive = drive_folder()
    # os.path, because a Drive that has lost its connection raises in pathlib.
    return (drive if os.path.isdir(drive) else colab_content()) / "timanh"  # noqa: PTH112

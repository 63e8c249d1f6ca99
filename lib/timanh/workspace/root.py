"""One folder that holds all that the notebooks and commands hand to each other."""

import os
from dataclasses import dataclass
from pathlib import Path

from timanh.errors import SettingsError
from timanh.workspace.environment import in_colab

DRIVE = Path("/content/drive/MyDrive")


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
                f"The workspace {place} cannot be made ({error.strerror or error}). "
                "Name a folder you may write to, with --workspace or TIMANH_WORKSPACE."
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
        """What can be thrown away: thumbnails, translations."""
        return self.root / "cache"


def user_cache() -> Path:
    """Where this user's programs keep what can be made again."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "timanh"


def _usual_place() -> Path:
    if in_colab():
        return DRIVE / "timanh" if DRIVE.is_dir() else Path("/content/timanh")
    return Path("workspace")

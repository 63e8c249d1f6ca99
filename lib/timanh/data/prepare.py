"""The data folder that the notebooks start from, by name."""

from timanh.data.download import fetch_flickr8k
from timanh.data.folder import DataFolder, open_data
from timanh.data.scenes import draw_gallery
from timanh.workspace import Workspace


def prepare_data(
    source: str, workspace: Workspace, *, count: int = 2000, seed: int = 0, progress: bool = True
) -> DataFolder:
    """Fetch, draw or find a data folder.

    Args:
        source: "flickr8k" (fetched into the workspace), "demo" (drawn there), or a folder.
        count, seed: of drawn pictures.

    Raises:
        DataError: it cannot be had.
    """
    if source == "flickr8k":
        return open_data(fetch_flickr8k(workspace.data / "flickr8k", progress=progress))
    if source == "demo":
        out = workspace.data / "demo"
        return open_data(draw_gallery(out, count=count, seed=seed, progress=progress))
    return open_data(source)


def data_folder(source: str, workspace: Workspace) -> DataFolder:
    """What an earlier notebook prepared: a name within the workspace, or a folder."""
    inside = workspace.data / source
    return open_data(inside if inside.is_dir() else source)

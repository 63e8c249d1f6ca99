"""The data folder that the notebooks start from, by name."""

from pathlib import Path

from timanh.data.archive import IMAGES, is_packed, pack_data, unpack_data
from timanh.data.folder import DataFolder, open_data
from timanh.data.joined import open_sources
from timanh.data.published import CATALOGUE, get_published
from timanh.data.scenes import draw_gallery
from timanh.errors import DataError
from timanh.workspace import Workspace, local_place


def prepare_data(
    source: str, workspace: Workspace, *, count: int = 2000, seed: int = 0, progress: bool = True
) -> DataFolder:
    """Fetch, draw or find a data folder.

    On Google Drive the pictures are kept as one archive, and used from the machine's own disk.

    Args:
        source: "flickr8k", "uit-viic" or another of `CATALOGUE` (fetched into the workspace),
            "demo" (drawn there, and drawn again where it was drawn with another count or seed),
            or a folder.
        count, seed: of drawn pictures.

    Raises:
        DataError: it cannot be fetched, drawn or found.
    """
    if source not in (*CATALOGUE, "demo"):
        return open_data(source)
    kept = workspace.data / source
    place = local_place(kept)
    if is_packed(kept):
        unpack_data(kept, progress=progress)
    elif (kept / IMAGES).is_dir():
        place = kept  # kept as single files before there were archives
    _make(source, place, count, seed, progress)
    if place != kept:
        pack_data(place, kept, progress=progress)
    return open_data(place)


def data_folder(source: str, workspace: Workspace, *, progress: bool = True) -> DataFolder:
    """What an earlier notebook prepared: a name within the workspace, or a folder.

    Raises:
        DataError: there is neither.
    """
    inside = workspace.data / source
    if is_packed(inside):
        return open_data(unpack_data(inside, progress=progress))
    if not inside.is_dir() and not Path(source).expanduser().is_dir():
        raise DataError(
            f"There is no data {source!r}, neither in {workspace.data} nor as a folder.",
            cli="Name a folder of pictures.",
            notebook="Run notebook 01 with this DATA first, or set DATA to a folder of pictures.",
        )
    return open_data(inside if inside.is_dir() else source)


def prepare_sources(
    sources: str, workspace: Workspace, *, count: int | None = None, progress: bool = True
) -> tuple[DataFolder, str]:
    """Several of `prepare_data` as one, with what to say about it.

    Where one cannot be fetched, drawn pictures with their Vietnamese captions take the place of
    all, so that the rest can still be tried.

    Args:
        sources: names or folders, parted by blanks.
        count: of drawn pictures; None for those that are there, else 2,000.
    """
    wanted = sources.split()
    try:
        folders = [
            prepare_data(each, workspace, progress=progress) for each in wanted if each != "demo"
        ]
        if len(folders) == len(wanted):
            return open_sources([each.root for each in folders]), f"Data: {', '.join(wanted)}"
        reason = "drawn pictures were asked for"
    except DataError as error:
        reason = str(error)
    kept = workspace.data / "demo"
    if count is None and (is_packed(kept) or kept.is_dir()):
        drawn = data_folder("demo", workspace, progress=progress)
    else:
        drawn = prepare_data("demo", workspace, count=count or 2000, progress=progress)
    captions = [drawn.root / "captions.vi.txt"]
    return open_data(drawn.root, captions), f"Data: drawn pictures, in Vietnamese ({reason})"


def _make(source: str, place: Path, count: int, seed: int, progress: bool) -> None:
    if source in CATALOGUE:
        get_published(source, place, progress=progress)
    else:
        draw_gallery(place, count=count, seed=seed, progress=progress, again=True)

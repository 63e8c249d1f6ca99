"""From the name of a published collection to a data folder."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from timanh.data.download import fetch_flickr8k
from timanh.data.folder import DataFolder, open_data
from timanh.data.published.catalogue import CATALOGUE, Collection
from timanh.data.published.transfer import PAUSE_S, fetch_file
from timanh.data.published.unpacking import karpathy_of_flickr30k, unpack
from timanh.errors import DataError, SettingsError
from timanh.progress import tqdm

CONNECTIONS = 8
FETCHED = ".fetched"  # archives until they are unpacked, and what was


def get_published(
    name: str,
    out: Path,
    *,
    catalogue: Mapping[str, Collection] | None = None,
    progress: bool = True,
    pause_s: float = PAUSE_S,
) -> DataFolder:
    """Fetch a collection into the folder `out`; what is there already is not fetched again.

    Args:
        catalogue: where collections are; `CATALOGUE` when None.
        pause_s: before the second try of a file, longer before later ones.

    Raises:
        DataError: a server cannot be reached or refuses, or what it gave is damaged.
        SettingsError: no collection of that name.
    """
    catalogue = catalogue or CATALOGUE
    if name not in catalogue:
        raise SettingsError(f"Unknown collection {name!r}. Choose {', '.join(catalogue)}.")
    collection = catalogue[name]
    if not collection.addresses:
        return open_data(fetch_flickr8k(out, progress=progress))
    for file, address in collection.addresses.items():
        kept, done = out / FETCHED / file, out / FETCHED / f"{file}.done"
        if done.is_file():
            continue
        fetch_file(address, kept, progress=progress, pause_s=pause_s)
        if kept.suffix == ".csv":
            karpathy_of_flickr30k(kept, out)
        else:
            unpack(kept, out, collection.wanted, progress=progress)
        done.touch()
    if collection.pictures:
        _fetch_pictures(collection.pictures, out, progress, pause_s)
    return open_data(out)


def _fetch_pictures(host: str, out: Path, progress: bool, pause_s: float) -> None:
    """The COCO pictures that the caption files in `out` name, some at a time.

    Raises:
        DataError: some cannot be fetched; the others are there.
    """
    wanted: dict[str, str] = {}
    for file in sorted(out.glob("*captions*.json")):
        for image in json.loads(file.read_text("utf8"))["images"]:
            folder = PurePosixPath(urlsplit(image["coco_url"]).path).parent.name
            wanted[image["file_name"]] = f"{host}/{folder}/{image['file_name']}"
    absent = {name: url for name, url in wanted.items() if not (out / "images" / name).is_file()}
    refused: list[DataError] = []
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        jobs = [
            pool.submit(fetch_file, url, out / "images" / name, progress=False, pause_s=pause_s)
            for name, url in absent.items()
        ]
        try:
            for job in tqdm(
                as_completed(jobs), total=len(wanted), initial=len(wanted) - len(absent),
                desc="pictures", unit="img", disable=not progress,
            ):  # fmt: skip
                error = job.exception()
                if isinstance(error, DataError):
                    refused.append(error)
                elif error is not None:
                    raise error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    if refused:
        raise DataError(
            f"{len(refused)} of {len(wanted)} pictures cannot be fetched; the first: {refused[0]}"
        )

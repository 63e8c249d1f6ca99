"""Tar shards as img2dataset writes them and LAION is published: pictures are read out of them.

A shard holds, for each picture, `000000012.jpg`, its caption in `000000012.txt`, and what else is
known in `000000012.json`. Nothing is unpacked: a picture is read from the shard when it is needed.
"""

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from timanh.data.caption_rows import CaptionRows, caption_of
from timanh.data.captions import CaptionSet
from timanh.data.folder import DataFolder, caption_files_in
from timanh.data.pictures import SUFFIXES
from timanh.data.tar_members import members_of
from timanh.errors import EmptyGalleryError
from timanh.progress import tqdm


@dataclass(frozen=True)
class ShardFolder(DataFolder):
    """What `open_shards` found; pictures are named as in "00000.tar/000000012.jpg"."""

    @property
    def streamed(self) -> bool:
        return True


def holds_shards(root: Path) -> bool:
    """Whether a folder has tar files in it and neither pictures, a folder of them nor a caption
    file, as a packed data folder has."""
    if not root.is_dir() or not any(root.glob("*.tar")) or caption_files_in(root, None):
        return False
    entries = list(root.iterdir())
    return not any(entry.suffix.lower() in SUFFIXES for entry in entries) and not any(
        (root / name).is_dir() for name in ("images", "Images")
    )


def open_shards(root: Path, *, progress: bool = True) -> ShardFolder:
    """The pictures with captions of all `*.tar` in a folder.

    Raises:
        DataError: a shard cannot be read.
        EmptyGalleryError: no shard holds a picture.
    """
    rows, names = CaptionRows("img2dataset"), list[str]()
    shards = sorted(root.glob("*.tar"))
    for shard in tqdm(shards, desc="shards", unit="tar", disable=not progress):
        names += _read(shard, rows)
    if not names:
        raise EmptyGalleryError(
            f"None of the {len(shards)} tar files in {root} holds a picture. Name a folder of "
            "img2dataset's shards, with 000000000.jpg beside 000000000.txt in them."
        )
    captions = CaptionSet(
        {name: tuple(texts) for name, texts in rows.captions.items()},
        rows.form, {}, rows.count, tuple(rows.problems),
    )  # fmt: skip
    return ShardFolder(root, root, captions, tuple(names), (), files=tuple(shards[:1]))


def _read(shard: Path, rows: CaptionRows) -> list[str]:
    """The pictures of a shard; their captions go to `rows`."""
    members = members_of(shard)
    pictures = [name for name in members if PurePosixPath(name).suffix.lower() in SUFFIXES]
    with shard.open("rb") as stream:

        def text_of(name: str) -> str:
            begin, size = members[name]
            stream.seek(begin)
            return stream.read(size).decode("utf8", "replace")

        for picture in pictures:
            stem = str(PurePosixPath(picture).with_suffix(""))
            caption = ""
            if f"{stem}.txt" in members:
                caption = caption_of(text_of(f"{stem}.txt"))
            elif f"{stem}.json" in members:
                caption = _of_json(text_of(f"{stem}.json"))
            if caption:
                rows.add(f"{shard.name}/{picture}", caption)
            else:
                rows.skip(f"{shard.name}/{picture}: no caption")
    return [f"{shard.name}/{picture}" for picture in pictures]


def _of_json(text: str) -> str:
    try:
        content = json.loads(text)
    except ValueError:
        return ""
    return caption_of(content.get("caption")) if isinstance(content, dict) else ""

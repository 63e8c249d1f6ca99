"""Pictures that come into the gallery over HTTP: their bytes and names as they were sent."""

import os
import posixpath
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from timanh.api.gallery.additions import ADDED, Additions
from timanh.api.gallery.files import part_of, put_under
from timanh.api.gallery.journal import Journal, NewFile
from timanh.api.gallery.naming import file_name
from timanh.api.http.problems import RequestError, cannot_write
from timanh.api.http.uploads import decoding_slot
from timanh.data import open_picture
from timanh.data.pictures import DAMAGE, FORMATS, MAX_PIXELS
from timanh.errors import PictureError, PictureTooLargeError, TimAnhError
from timanh.models.reading import content_hash
from timanh.search import SearchEngine
from timanh.vectors import (
    Item,
    add_pictures,
    gallery_of,
    known_pictures,
    opened_in,
    selection_of,
)
from timanh.workspace import disk_key, numbered, readable

SUFFIXES = {
    "JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp",
    "TIFF": ".tif", "AVIF": ".avif", "HEIF": ".heic", "JXL": ".jxl", "JPEG2000": ".jp2",
    "PPM": ".ppm",
}  # fmt: skip
ENOUGH = 64  # pixels a side: whether it can be read at all


@dataclass(frozen=True)
class Upload:
    """A file as it was sent."""

    name: str
    content: bytes


@dataclass(frozen=True)
class NotTaken:
    """An upload that is not in the gallery: `code` for programs, `detail` for a person."""

    name: str
    code: str
    detail: str


def suffix_of(content: bytes) -> str:
    """The usual suffix of a picture's format, once it is known that it can be read.

    Raises:
        PictureError: it cannot; PictureTooLargeError: too many pixels.
    """
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            kind, pixels = str(image.format), image.width * image.height
    except Image.DecompressionBombError as error:
        raise PictureTooLargeError(f"The picture is too large to be read ({error}).") from error
    except (*DAMAGE, MemoryError) as error:
        raise PictureError(
            "The file cannot be read as a picture, whatever its name says. Send a JPEG, PNG, WebP, "
            "GIF, BMP or TIFF."
        ) from error
    with decoding_slot(min(pixels, MAX_PIXELS)):
        open_picture(content, longest=ENOUGH)
    return SUFFIXES[kind]


def folder_in(engine: SearchEngine, wanted: str) -> str:
    """The folder to keep pictures in, relative to the gallery, with slashes; it may not be there.

    Raises:
        RequestError: 422, it lies outside, or the dictionary leaves it out.
    """
    folder = posixpath.normpath(wanted.replace("\\", "/").strip("/ ") or ADDED)
    if folder == ".":
        return ""
    gallery = engine.dictionary.gallery.resolve()
    try:
        inside = (gallery / folder).resolve().is_relative_to(gallery)
    except (OSError, ValueError):
        inside = False
    if not inside or folder.startswith(".."):
        raise RequestError(
            422, "bad-folder", f"“{readable(wanted)}” is not a folder within the gallery. Name one "
            "that is, or leave the folder out.",
        )  # fmt: skip
    rule = selection_of(engine.dictionary.folder).rule_for(folder)
    if rule is not None:
        raise RequestError(
            422, "bad-folder", f"This gallery leaves out “{readable(folder)}” ({rule}), so that no "
            "picture there could be found. Name another folder.",
        )  # fmt: skip
    return folder


class Adding:
    """Writes files and adds their rows: both are there in the end, or neither."""

    def __init__(self, engine: SearchEngine, additions: Additions) -> None:
        self._engine, self._additions = engine, additions

    def names_for(
        self,
        uploads: Mapping[str, tuple[Upload, str]],
        folder: str,
        deleted: Collection[Item] = (),
    ) -> dict[str, str]:
        """Content hash → a path below the gallery that nothing has yet.

        Args:
            uploads: content hash → the upload and the usual suffix of its format.
            deleted: pictures that may come back, whose names other pictures do not get.
        """
        try:
            place = self._engine.dictionary.gallery / folder
            taken = {disk_key(file.name) for file in place.iterdir()}
        except OSError:
            taken = set()
        for item in deleted:
            place_of, name = posixpath.split(item.path)
            if place_of == folder and item.hash not in uploads:
                taken.add(disk_key(name))
        paths = {}
        for digest, (upload, suffix) in uploads.items():
            name = next(numbered(file_name(upload.name, suffix), taken))
            taken.add(disk_key(name))
            paths[digest] = posixpath.join(folder, name)
        return paths

    def keep(self, new: Mapping[str, bytes]) -> list[NotTaken]:
        """Write these files, path below the gallery → content, and add their rows.

        Returns:
            Those that the encoder cannot read; their files are gone again.

        Raises:
            RequestError: 403, 409 or 507; nothing is kept then.
            PictureError: the encoder can read none of them.
        """
        dictionary = self._engine.dictionary
        if gallery_of(dictionary.folder) != dictionary.gallery:
            raise RequestError(
                403,
                "read-only",
                "The pictures have moved since the dictionary was built, so none can be added. "
                "Build it again where they are now.",
            )
        files = [NewFile(path, part_of(path), content_hash(new[path])) for path in new]
        journal = Journal(dictionary.folder, dictionary.gallery, files)
        rowless: list[str] = []
        try:
            journal.write()
            self._additions.note((file.path, file.hash) for file in files)
            for file in files:
                _write(dictionary.gallery, file, new[file.path])
                journal.wrote(file)
            opened = opened_in(dictionary)
            rowless += set(new) - known_pictures(dictionary.folder, list(new), opened=opened).keys()
            report = add_pictures(
                dictionary.folder,
                [dictionary.gallery / path for path in new],
                self._engine.encoder,
                progress=False,
                opened=opened,
            )
            # Where the gallery lies is nobody's business who sends pictures.
            reasons = [one.reason.replace(f"{dictionary.gallery}/", "") for one in report.skipped]
            if len(reasons) == len(new):
                raise PictureError(reasons[0])
        except BaseException as error:
            journal.take_back(rowless)
            if isinstance(error, FileExistsError):
                raise RequestError(
                    409, "overtaken", "Another program has just put a file of that name there. "
                    "Try again.", retry_after=1,
                ) from error  # fmt: skip
            if isinstance(error, OSError):
                raise cannot_write(error) from error
            raise
        if report.skipped:
            journal.take_back()
        journal.done()
        return [
            NotTaken(one.path, PictureError.code, reason)
            for one, reason in zip(report.skipped, reasons, strict=True)
        ]


def settle_left(engine: SearchEngine) -> None:
    """Finish what processes began that were killed while they added pictures."""
    dictionary = engine.dictionary
    for journal in Journal.left(dictionary.folder, dictionary.gallery):
        with suppress(TimAnhError, OSError):
            whole = [dictionary.gallery / path for path in journal.written()]
            if whole:
                add_pictures(dictionary.folder, whole, engine.encoder, progress=False)
            journal.done()


def _write(gallery: Path, file: NewFile, content: bytes) -> None:
    """Raises:
    FileExistsError: another program has just taken the name.
    OSError: it cannot be written.
    """
    part, target = gallery / file.part, gallery / file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    with part.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    put_under(part, target)

"""Pictures going out: originals, thumbnails, data URLs; and coming in, within limits."""

import base64
import hashlib
import mimetypes
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from fastapi import UploadFile
from PIL import Image

from timanh.api.config import ApiConfig
from timanh.api.problems import RequestError
from timanh.data import open_picture
from timanh.vectors import Item, VectorDictionary

KEPT_THUMBNAILS = 4096
REPORT_SIDE = 512


class GalleryPictures:
    """Files of a dictionary's gallery, by id."""

    def __init__(self, dictionary: VectorDictionary, side: int) -> None:
        self.dictionary = dictionary
        self.side = side
        self._small = lru_cache(maxsize=KEPT_THUMBNAILS)(self._make_small)

    def item(self, id: str) -> Item:
        """Raises UnknownPictureError."""
        return self.dictionary.item(self.dictionary.row_of(id))

    def file(self, item: Item) -> Path:
        """Where the original lies.

        Raises:
            RequestError: 404, when it is gone or lies outside the gallery.
        """
        gallery = self.dictionary.gallery.resolve()
        path = (gallery / item.path).resolve()
        if not path.is_relative_to(gallery) or not path.is_file():
            raise RequestError(
                404,
                "picture-gone",
                f"The picture {item.path} is no longer in the gallery. Build the dictionary "
                "again: timanh index build.",
            )
        return path

    def thumbnail(self, item: Item) -> bytes:
        """JPEG bytes, long side as configured; kept in memory."""
        return self._small(self.file(item), item.hash, self.side)

    def data_url(self, item: Item) -> str:
        """`data:image/jpeg;base64,…` of at most 512 pixels, for the report's contract."""
        small = self._small(self.file(item), item.hash, REPORT_SIDE)
        return "data:image/jpeg;base64," + base64.b64encode(small).decode()

    def _make_small(self, path: Path, _hash: str, side: int) -> bytes:
        picture = open_picture(path, longest=side)
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        out = BytesIO()
        picture.save(out, "JPEG", quality=85)
        return out.getvalue()


def etag(item: Item, variant: str) -> str:
    """Changes when the picture's content does."""
    return f'"{hashlib.blake2b(f"{item.hash}/{variant}".encode(), digest_size=10).hexdigest()}"'


def media_type(path: Path) -> str:
    """By suffix; anything that is no picture type is sent as plain bytes."""
    guessed = mimetypes.guess_type(path.name)[0] or ""
    return guessed if guessed.startswith("image/") else "application/octet-stream"


def read_uploads(files: list[UploadFile], config: ApiConfig) -> tuple[Image.Image, ...]:
    """The pictures of a request.

    Raises:
        RequestError: too many, or one that is too large in bytes.
        PictureError: one that cannot be opened; PictureTooLargeError: too many pixels.
    """
    sent = [file for file in files if file.filename or file.size]
    if len(sent) > config.max_pictures:
        raise RequestError(
            422,
            "too-many-pictures",
            f"{len(sent)} pictures came; a query takes at most {config.max_pictures}.",
        )
    return tuple(_read(file, config) for file in sent)


def _read(file: UploadFile, config: ApiConfig) -> Image.Image:
    content = file.file.read(config.max_picture_bytes + 1)
    if len(content) > config.max_picture_bytes:
        raise RequestError(
            413,
            "picture-too-large",
            f"A picture has more than {config.max_picture_bytes / 1e6:.0f} MB, the most that is "
            "taken. Send a smaller one.",
        )
    return open_picture(content, max_pixels=config.max_pixels)

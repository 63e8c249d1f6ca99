"""Pictures to rows of a dictionary: read in threads, encode in batches, save in segments."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from timanh.errors import DictionaryError
from timanh.models.encoder import Encoder, Vectors
from timanh.models.reading import Picture, Skipped, pixel_batches
from timanh.progress import tqdm
from timanh.vectors.store.items import Item
from timanh.vectors.store.state import IdsInUse
from timanh.vectors.store.writer import DictionaryWriter
from timanh.vectors.store.written_captions import WrittenCaptions

SEGMENT_ROWS = 4096
# A slow encoder writes a smaller segment rather than risk more than this of its work.
SEGMENT_SECONDS = 30.0


@dataclass(frozen=True)
class Batch:
    """What became of some pictures.

    Attributes:
        pictures: those that were encoded; vectors: theirs, (n, dim) float32 of unit length.
        skipped: those that cannot be read.
    """

    pictures: tuple[Picture, ...]
    vectors: Vectors
    skipped: tuple[Skipped, ...]


# The folder, names below it, the encoder, pictures it takes at once → each name in one batch.
EncodePictures = Callable[[Path, Sequence[str], Encoder, int], Iterator[Batch]]


def encode_pictures(
    images: Path, names: Sequence[str], encoder: Encoder, batch_size: int
) -> Iterator[Batch]:
    """Encode the pictures `names` below `images` here, in order.

    Raises:
        DictionaryError: the encoder gives numbers that are not finite.
    """
    for batch in pixel_batches(images, names, encoder, batch_size):
        vectors = np.empty((0, encoder.dim), np.float32)
        if batch.pictures:
            vectors = encoder.encode_prepared(batch.pixels)
        if not np.isfinite(vectors).all():
            raise DictionaryError(
                f"The encoder {encoder.name} gave numbers that are not finite for a batch "
                f"with {batch.pictures[0].path}. Its weights are damaged: load it again, or "
                "choose another model."
            )
        yield Batch(batch.pictures, vectors, batch.skipped)


class Encoding:
    """Takes encoded pictures as they come and appends them in segments.

    Attributes:
        done: paths of the pictures now in the dictionary.
        skipped: pictures that cannot be read.
        rate: pictures per second.
    """

    def __init__(
        self,
        writer: DictionaryWriter,
        captions_of: Callable[[str], tuple[str, ...]],
        written: WrittenCaptions,
        progress: bool,
        replaced: Mapping[str, str] | None = None,
    ) -> None:
        """Args:
        captions_of: a picture's captions in the gallery's caption files.
        written: captions that are kept beside the dictionary.
        replaced: path → id of the row that a picture takes the place of.
        """
        self.done: list[str] = []
        self.skipped: list[Skipped] = []
        self.rate = 0.0
        self._writer = writer
        self._captions_of = captions_of
        self._written = written
        self._progress = progress
        self._replaced = replaced or {}
        self._ids = IdsInUse(writer)
        self._saved = 0.0
        self._vectors: list[Vectors] = []
        self._items: list[Item] = []

    def run(self, batches: Iterable[Batch], count: int) -> None:
        """Take in `batches` of `count` pictures."""
        if not count:
            return
        started = self._saved = time.perf_counter()
        with tqdm(total=count, desc="encode", unit="img", disable=not self._progress) as bar:
            for batch in batches:
                self._vectors.append(batch.vectors)
                self._items += [self._item(picture) for picture in batch.pictures]
                self.skipped += batch.skipped
                self._save_if_due()
                bar.update(len(batch.pictures) + len(batch.skipped))
                if self.skipped:
                    bar.set_postfix(skipped=len(self.skipped), refresh=False)
        self._save_segment()
        self.rate = len(self.done) / max(time.perf_counter() - started, 1e-9)

    def _item(self, picture: Picture) -> Item:
        digest = picture.state.hash
        people, machine = self._written.of(digest, self._captions_of(picture.path))
        return Item(
            id=self._ids.draw(picture.path),
            path=picture.path,
            captions=people,
            width=picture.width,
            height=picture.height,
            size=picture.state.size,
            mtime=picture.state.mtime,
            taken=picture.taken,
            hash=digest,
            machine=machine,
        )

    def _save_if_due(self) -> None:
        waited = time.perf_counter() - self._saved
        if len(self._items) >= SEGMENT_ROWS or waited > SEGMENT_SECONDS:
            self._save_segment()
            self._saved = time.perf_counter()

    def _save_segment(self) -> None:
        if not self._items:
            return
        old = [self._replaced[i.path] for i in self._items if i.path in self._replaced]
        self._writer.append(np.concatenate(self._vectors), self._items, old)
        self.done += [item.path for item in self._items]
        self._vectors, self._items = [], []

"""Pictures to rows of a dictionary: read in threads, encode in batches, save in segments."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from timanh.errors import DictionaryError, SettingsError
from timanh.models.encoder import Encoder, Vectors
from timanh.vectors.items import Item, item_id
from timanh.vectors.reading import Prepared, Skipped, prepare_pictures, thread_count
from timanh.vectors.writer import DictionaryWriter

SEGMENT_ROWS = 4096
# A slow encoder writes a smaller segment rather than risk more than this of its work.
SEGMENT_SECONDS = 30.0


class Encoding:
    """Reads pictures in threads, encodes them in batches, appends them in segments.

    Attributes:
        done: paths of the pictures now in the dictionary.
        skipped: pictures that cannot be read.
        rate: pictures per second.
    """

    def __init__(
        self,
        writer: DictionaryWriter,
        encoder: Encoder,
        captions_of: Callable[[str], tuple[str, ...]],
        batch_size: int,
        progress: bool,
    ) -> None:
        if batch_size < 1:
            raise SettingsError(f"The batch size is {batch_size}; it must be at least 1.")
        self.done: list[str] = []
        self.skipped: list[Skipped] = []
        self.rate = 0.0
        self._writer = writer
        self._encoder = encoder
        self._captions_of = captions_of
        self._batch_size = batch_size
        self._progress = progress
        self._taken = {item.id: item.path for item in writer.items()}
        self._saved = 0.0
        self._pixels: NDArray[np.float32] | None = None
        self._vectors: list[Vectors] = []
        self._items: list[Item] = []

    def run(self, images: Path, names: Sequence[str]) -> None:
        """Encode the pictures `names` below `images`."""
        if not names:
            return
        self._writer.update(complete=False)
        started = self._saved = time.perf_counter()
        ahead = 2 * max(self._batch_size, thread_count())
        results = prepare_pictures(images, names, self._encoder, ahead=ahead)
        with tqdm(total=len(names), desc="encode", unit="img", disable=not self._progress) as bar:
            for batch in self._batches(results):
                self._encode(batch)
                self._save_if_due()
                bar.update(len(self._items) + len(self.done) + len(self.skipped) - bar.n)
                if self.skipped:
                    bar.set_postfix(skipped=len(self.skipped), refresh=False)
            bar.update(len(names) - bar.n)
        self._save_segment()
        self.rate = len(self.done) / max(time.perf_counter() - started, 1e-9)

    def _batches(self, results: Iterable[Prepared | Skipped]) -> Iterator[list[Prepared]]:
        batch: list[Prepared] = []
        for result in results:
            if isinstance(result, Skipped):
                self.skipped.append(result)
                continue
            batch.append(result)
            if len(batch) == self._batch_size:
                yield batch
                batch = []
        if batch:
            yield batch

    def _encode(self, batch: list[Prepared]) -> None:
        if self._pixels is None:
            # One buffer for all batches: fresh memory of this size costs more than the copy.
            self._pixels = np.empty((self._batch_size, *batch[0].pixels.shape), np.float32)
        pixels = self._pixels[: len(batch)]
        np.stack([one.pixels for one in batch], out=pixels)
        vectors = self._encoder.encode_prepared(pixels)
        if not np.isfinite(vectors).all():
            raise DictionaryError(
                f"The encoder {self._encoder.name} gave numbers that are not finite for a batch "
                f"with {batch[0].path}. Its weights are damaged: load it anew, or choose "
                "another model."
            )
        self._vectors.append(vectors)
        self._items += [self._item(one) for one in batch]

    def _item(self, picture: Prepared) -> Item:
        id = item_id(picture.path, self._taken)
        self._taken[id] = picture.path
        return Item(
            id=id,
            path=picture.path,
            captions=self._captions_of(picture.path),
            width=picture.width,
            height=picture.height,
            size=picture.state.size,
            mtime=picture.state.mtime,
            hash=picture.state.hash,
        )

    def _save_if_due(self) -> None:
        waited = time.perf_counter() - self._saved
        if len(self._items) >= SEGMENT_ROWS or waited > SEGMENT_SECONDS:
            self._save_segment()
            self._saved = time.perf_counter()

    def _save_segment(self) -> None:
        if not self._items:
            return
        self._writer.append(np.concatenate(self._vectors), self._items)
        self.done += [item.path for item in self._items]
        self._vectors, self._items = [], []

"""The vector dictionary, opened for reading."""

import warnings
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from timanh.errors import (
    DictionaryDamagedError,
    DictionaryError,
    EncoderMismatchError,
    SettingsError,
)
from timanh.models.encoder import Encoder
from timanh.vectors.index.index_files import TunedIndex, load_index
from timanh.vectors.scan.exact import search_exact
from timanh.vectors.scan.searchable import Searchable
from timanh.vectors.scan.topk import merge
from timanh.vectors.store.lines import Lines
from timanh.vectors.store.manifest import Manifest, StoredFile
from timanh.vectors.store.places import find_place, find_source
from timanh.vectors.store.row_blocks import RowBlocks, VectorArray
from timanh.vectors.store.segments import map_vectors, read_items
from timanh.vectors.store.table import ItemTable

# Other processes may replace files after the manifest was read, before the files it names are.
ATTEMPTS = 20


class VectorDictionary(Searchable):
    """Vectors of a gallery's pictures and what is known about each; read-only.

    Opening maps the vectors into memory and reads no picture, so it takes milliseconds. What
    is open stays as it was when others change the dictionary.

    Attributes:
        folder, gallery, engine, dim, items: as every `Searchable` has them.
        manifest: what `manifest.json` held when it was opened.
        parts: the vectors, mapped as they are on disk.

    Example:
        >>> dictionary = VectorDictionary.open(Path("workspace/vectors/demo"), encoder)
        >>> scores, rows = dictionary.search(encoder.encode_texts(["a red car"]), k=5)
        >>> dictionary.item(rows[0, 0]).path
        'images/000017.jpg'
    """

    engine = "folder"

    def __init__(
        self, folder: Path, manifest: Manifest, parts: Sequence[VectorArray], items: ItemTable
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.gallery = find_place(manifest.gallery, folder)
        self.parts = RowBlocks(parts, manifest.dim, items.living.gone)
        self.dim, self.items = manifest.dim, items
        self._former: TunedIndex | None = None
        self._split: tuple[int, RowBlocks, RowBlocks] | None = None

    @classmethod
    def open(
        cls,
        folder: Path,
        encoder: Encoder | None = None,
        *,
        former: "VectorDictionary | None" = None,
    ) -> "VectorDictionary":
        """Map the dictionary in `folder`; sizes and shapes are checked, checksums are not.

        Args:
            former: an earlier state of it; what has not changed is used again, which is faster.

        Raises:
            DictionaryNotFoundError: `folder` holds none.
            DictionaryDamagedError: a file is missing, cut short or of another shape; it is named.
            EncoderMismatchError: `encoder` is not the one that made the vectors.
        """
        folder = Path(folder)
        manifest = Manifest.load(folder)
        for _ in range(ATTEMPTS):
            if encoder is not None:
                require_encoder(manifest, encoder, folder)
            try:
                return cls._map(folder, manifest, former)
            except DictionaryDamagedError:
                # A writer may have replaced the files after the manifest was read.
                newer = Manifest.load(folder)
                if newer.generation == manifest.generation:
                    raise
                manifest = newer
        return cls._map(folder, manifest, former)

    @classmethod
    def _map(
        cls, folder: Path, manifest: Manifest, former: "VectorDictionary | None"
    ) -> "VectorDictionary":
        known = former._loaded() if former is not None and former.folder == folder else {}
        parts, blocks = [], []
        for segment in manifest.segments:
            vectors, lines = known.get(segment.vectors), known.get(segment.items)
            if not isinstance(vectors, np.ndarray):
                vectors = map_vectors(folder, segment, manifest.dim, manifest.dtype)
            if not isinstance(lines, Lines):
                place = str(folder / segment.items.name)
                lines = Lines(read_items(folder, segment), place)
            parts.append(vectors)
            blocks.append(lines)
        table = ItemTable(blocks, [segment.removed for segment in manifest.segments])
        dictionary = cls(folder, manifest, parts, table)
        if former is not None:
            dictionary._former = former.__dict__.get("index") or former._former
        return dictionary

    def opened_lines(self) -> dict[StoredFile, Lines]:
        """What is known of the pictures, as each file holds it."""
        if not self.items.parts:
            return {}
        pairs = zip(self.manifest.segments, self.items.parts, strict=True)
        return {segment.items: lines for segment, lines in pairs}

    def _loaded(self) -> dict[StoredFile, VectorArray | Lines]:
        """What is open of each file."""
        arrays = iter(self.parts.arrays)
        vectors = {one.vectors: next(arrays) for one in self.manifest.segments if one.count}
        return {**self.opened_lines(), **vectors}

    @property
    def encoder_name(self) -> str:
        return self.manifest.encoder_name

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the encoder that made the vectors."""
        return self.manifest.fingerprint

    @property
    def encoder_source(self) -> str:
        """What `load_encoder` takes to get the encoder of this dictionary back."""
        return find_source(self.manifest.source, self.folder) or self.encoder_name

    def load_encoder(self, model: str | Path | None = None, *, device: str = "auto") -> Encoder:
        """As `Searchable.load_encoder`."""
        from timanh.models import load_encoder

        padding = self.manifest.square_padding
        encoder = load_encoder(model or self.encoder_source, device=device, square_padding=padding)
        self.require(encoder)
        return encoder

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """(N, dim) float32 rows of unit length: mapped where one segment holds them all, else a
        copy in memory. Searching does not need it; `parts` has the rows without a copy.
        """
        return self.parts.joined()

    @cached_property
    def index(self) -> TunedIndex | None:
        """What speeds up searching, as `timanh index tune` chose it; None for reading everything.

        Set it to None to search without it.
        """
        try:
            return load_index(self.folder, self.manifest, self.parts, self._former)
        except (DictionaryError, SettingsError) as error:
            warnings.warn(str(error), stacklevel=2)
            return None

    def __len__(self) -> int:
        return self.manifest.count

    def vectors_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.parts.take(rows)

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        among: NDArray[np.int64] | None = None,
        *,
        exact: bool = False,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """As `Searchable.search`, exactly unless `timanh index tune` chose otherwise."""
        if exact or among is not None or self.index is None:
            return search_exact(self.parts, queries, k, among)
        covered, rest = self._split_at(len(self.index.index))
        scores, rows = self.index.index.search(covered, queries, k)
        if not len(rest):
            return scores, rows
        later = search_exact(rest, queries, k)
        return merge((scores, rows), (later[0], later[1] + len(covered)), k)

    def _split_at(self, stored: int) -> tuple[RowBlocks, RowBlocks]:
        """The rows that the index covers, and those that came later."""
        if self._split is None or self._split[0] != stored:
            self._split = (stored, *self.parts.split(stored))
        return self._split[1:]

    def require(self, encoder: Encoder) -> None:
        require_encoder(self.manifest, encoder, self.folder)


def require_encoder(manifest: Manifest, encoder: Encoder, folder: Path) -> None:
    """Raises:
    EncoderMismatchError: `encoder` is not the one that made the vectors in `folder`.
    """
    if (manifest.fingerprint, manifest.dim) == (encoder.fingerprint, encoder.dim):
        return
    built = f"{manifest.encoder_name} ({manifest.dim}-d"
    given = f"{encoder.name} ({encoder.dim}-d"
    if (manifest.encoder_name, manifest.dim) == (encoder.name, encoder.dim):
        built += f", fingerprint {manifest.fingerprint}"
        given += f", fingerprint {encoder.fingerprint}: other weights or picture preparation"
    raise EncoderMismatchError(
        f"The dictionary {folder} was built with {built}); this encoder is {given}). "
        "Load the first encoder, or build the dictionary again with the second:",
        cli="`timanh index build … --rebuild`.",
        notebook="tick REBUILD in notebook 03, or set NAME to a new dictionary there.",
    )

"""What searching needs of a gallery's vectors, wherever they are searched."""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from timanh.models.encoder import Encoder
from timanh.vectors.store.items import Item
from timanh.vectors.store.table import ItemTable


class Searchable(Protocol):
    """A gallery's vectors, and what is known about each picture, by row 0 … N − 1.

    `VectorDictionary` is one, searched in its folder; so is each `ServerCopy`, searched by a
    server. What is open stays as it was when others change the dictionary. May be used from
    many threads.

    Attributes:
        folder: of the dictionary.
        gallery: the folder of the pictures, which may be missing on this machine.
        engine: what searches it, as `open_engine` takes it.
        dim: the length of a vector.
        items: what is known about each picture, by row; parsed when needed.
    """

    folder: Path
    gallery: Path
    engine: str
    dim: int
    items: ItemTable

    def __len__(self) -> int: ...

    def item(self, row: int) -> Item:
        """What is known about the picture of this row."""
        return self.items[int(row)]

    def row_of(self, id: str) -> int:
        """The row of the picture with this id.

        Raises:
            UnknownPictureError: there is none.
        """
        return self.items.row_of(id)

    def vectors_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, dim) float32, a copy of the vectors of these rows, in their order."""

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        among: NDArray[np.int64] | None = None,
        *,
        exact: bool = False,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The k nearest pictures of each query, best first; equal scores by row.

        Args:
            queries: (Q, dim) float32 rows of unit length, or (dim,) for a single one.
            k: how many; with k > N all N are returned.
            among: rows that may be found, rising; None for all. They are searched exactly.
            exact: read every vector, whatever `timanh index tune` chose.

        Returns:
            scores: (Q, k) float32 cosine, −1..1; rows: (Q, k) int64.

        Raises:
            DictionaryError: a query of another length, of length zero, or not finite; k < 1.
            EngineGoneError: a server does not answer.
        """

    def load_encoder(self, model: str | Path | None = None, *, device: str = "auto") -> Encoder:
        """The encoder that made the vectors, or `model` once it is known to be that one.

        Raises:
            ModelNotFoundError, ModelFormatError: as `timanh.models.load_encoder`.
            EncoderMismatchError: it is another one, or has been trained since.
        """

    def require(self, encoder: Encoder) -> None:
        """Raises:
        EncoderMismatchError: `encoder` is not the one that made the vectors.
        """

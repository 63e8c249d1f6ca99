"""Every vector in the memory of a GPU, in float16, and all of them multiplied for each query.

A card reads a million vectors in a few milliseconds, so no lists are needed and nothing is
learnt. float16 moves a cosine by some ten-thousandths; the candidates are scored again with the
stored vectors, as those of every index are. torch does it: faiss' build for GPUs cannot be
installed beside the one for processors, and exact search gains nothing from it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from timanh.errors import SettingsError

if TYPE_CHECKING:
    from torch import Tensor

# Products of so many numbers at a time.
PRODUCTS = 64 * 1024 * 1024


def find_gpu() -> str | None:
    """The device that torch calls a GPU with separate memory, or None."""
    import torch

    return "cuda" if torch.cuda.is_available() else None


class GpuScan:
    """See `timanh.vectors.index.approximate.CandidateIndex`."""

    def __init__(self, count: int, dim: int, device: str) -> None:
        """Room for (count, dim) vectors.

        Raises:
            SettingsError: the card has too little memory left.
        """
        import torch

        self._count = 0
        try:
            self._rows = torch.empty((count, dim), dtype=torch.float16, device=device)
        except torch.OutOfMemoryError as error:
            raise SettingsError(
                f"The GPU has no room for {count:,} vectors of {dim} numbers, which take "
                f"{2 * count * dim / 1e9:.1f} GB there. Free the card's memory.",
                cli="Or choose another way: `timanh index tune --method two-step`.",
                notebook='Or tune the dictionary with method="two-step".',
            ) from error

    def add(self, vectors: NDArray[np.float32]) -> None:
        """Copy them behind those that are there."""
        import torch

        half = torch.from_numpy(vectors.astype(np.float16))
        self._rows[self._count : self._count + len(half)].copy_(half)
        self._count += len(half)

    def find(self, queries: NDArray[np.float32], count: int, effort: int) -> NDArray[np.int64]:
        """(Q, count) rows with the highest products, best first."""
        import torch

        half = torch.from_numpy(queries).to(self._rows.device, torch.float16)
        step = max(count, PRODUCTS // len(queries))
        with torch.inference_mode():
            found = [
                self._best(half, first, min(first + step, len(self._rows)), count)
                for first in range(0, len(self._rows), step)
            ]
            scores = torch.cat([scores for scores, _ in found], dim=1)
            rows = torch.cat([rows for _, rows in found], dim=1)
            best = scores.topk(min(count, scores.shape[1]), dim=1).indices
            return np.asarray(rows.gather(1, best).cpu().numpy(), np.int64)

    def _best(self, half: "Tensor", first: int, last: int, count: int) -> "tuple[Tensor, Tensor]":
        """Scores and rows of the best among rows first … last − 1."""
        products = half @ self._rows[first:last].T
        best = products.topk(min(count, last - first), dim=1)
        return best.values, best.indices + first

    def write(self, file: Path) -> None:
        """An empty file: the vectors are those of the dictionary."""
        file.touch()

    def bytes(self) -> int:
        """On the card."""
        return self._rows.numel() * self._rows.element_size()

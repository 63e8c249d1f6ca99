"""The accuracy of a coarser runtime: the share of float32's best hits that it still finds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from timanh.data import DataFolder
from timanh.models.encoder import Encoder, Vectors
from timanh.models.reading import pixel_batches
from timanh.vectors.scan.exact import search_exact

SAMPLE, BATCH, K = 500, 32, 10


@dataclass(frozen=True)
class RuntimeAccuracy:
    """Measured on a sample of a gallery.

    Attributes:
        runtime: the coarser one.
        pictures, queries: how many; `by` says whether queries are captions or pictures.
        kept: of the ten best that float32 finds, the share that is still among its ten best.
        recall, exact_recall: share of captions whose own picture is among the ten best, with
            the coarser runtime and with float32; None without captions.
        cosine: the lowest between both vectors of a picture.
    """

    runtime: str
    pictures: int
    queries: int
    by: str
    kept: float
    recall: float | None
    exact_recall: float | None
    cosine: float

    def __str__(self) -> str:
        line = (
            f"{self.runtime} keeps {100 * self.kept:.1f} % of the {K} best that float32 finds, "
            f"for {self.queries} {self.by} among {self.pictures} of your pictures"
        )
        if self.recall is not None and self.exact_recall is not None:
            line += (
                f"; the right picture is among them for {100 * self.recall:.1f} % of the "
                f"captions, with float32 for {100 * self.exact_recall:.1f} %"
            )
        return f"{line} (lowest cosine {self.cosine:.4f})."


def measure_runtime_accuracy(
    exact: Encoder, coarse: Encoder, folder: DataFolder
) -> RuntimeAccuracy | None:
    """Search a sample of `folder` with both encoders; None where too few pictures can be read.

    Queries are the first captions of the sample's pictures where they have some, else the
    pictures themselves, each apart from its own row.
    """
    step = max(1, len(folder.names) // SAMPLE)
    names = folder.names[::step][:SAMPLE]
    read: list[str] = []
    vectors: list[tuple[Vectors, Vectors]] = []
    for batch in pixel_batches(folder.images, names, exact, BATCH):
        if batch.pictures:
            pixels = batch.pixels
            vectors.append((exact.encode_prepared(pixels), coarse.encode_prepared(pixels)))
            read += [picture.path for picture in batch.pictures]
    if len(read) <= K:
        return None
    by_exact, by_coarse = (np.concatenate(side) for side in zip(*vectors, strict=True))
    cosine = float(np.einsum("ij,ij->i", by_exact, by_coarse).min())
    captioned = [row for row, name in enumerate(read) if folder.captions_of(name)]
    recall: float | None = None
    exact_recall: float | None = None
    if captioned:
        texts = [folder.captions_of(read[row])[0] for row in captioned]
        best_exact = search_exact(by_exact, exact.encode_texts(texts), K)[1]
        best_coarse = search_exact(by_coarse, coarse.encode_texts(texts), K)[1]
        right = np.array(captioned)
        recall, exact_recall = _recall(best_coarse, right), _recall(best_exact, right)
    else:
        best_exact, best_coarse = _neighbours(by_exact), _neighbours(by_coarse)
    queries, by = (len(captioned), "captions") if captioned else (len(read), "pictures")
    kept = _kept(best_exact, best_coarse)
    return RuntimeAccuracy(
        coarse.runtime, len(read), queries, by, kept, recall, exact_recall, cosine
    )


def _neighbours(vectors: Vectors) -> NDArray[np.int64]:
    """(N, K) nearest rows of each row, itself left out."""
    rows = search_exact(vectors, vectors, K + 1)[1]
    return np.stack(
        [[row for row in best if row != query][:K] for query, best in enumerate(rows)]
    ).astype(np.int64)


def _kept(exact: NDArray[np.int64], coarse: NDArray[np.int64]) -> float:
    both = [len(set(one) & set(other)) for one, other in zip(exact, coarse, strict=True)]
    return sum(both) / exact.size


def _recall(best: NDArray[np.int64], right: NDArray[np.int64]) -> float:
    return float((best == right[:, None]).any(axis=1).mean())

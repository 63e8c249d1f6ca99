"""What a coarser runtime costs: how much of what the exact encoder finds it still finds."""

from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timanh.data import DataFolder
from timanh.models.encoder import Encoder, Vectors
from timanh.vectors.build.reading import Prepared, prepare_pictures
from timanh.vectors.scan.exact import search_exact

SAMPLE, BATCH, K = 500, 32, 10


@dataclass(frozen=True)
class Cost:
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

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def __str__(self) -> str:
        told = (
            f"{self.runtime} keeps {100 * self.kept:.1f} % of the {K} best that float32 finds, "
            f"for {self.queries} {self.by} among {self.pictures} of your pictures"
        )
        if self.recall is not None and self.exact_recall is not None:
            told += (
                f"; the right picture is among them for {100 * self.recall:.1f} % of the "
                f"captions, with float32 for {100 * self.exact_recall:.1f} %"
            )
        return f"{told} (lowest cosine {self.cosine:.4f})."


def measure_cost(exact: Encoder, coarse: Encoder, folder: DataFolder) -> Cost | None:
    """Search a sample of `folder` with both encoders; None where too few pictures can be read.

    Queries are the first captions of the sample's pictures where they have some, else the
    pictures themselves, each apart from its own row.
    """
    step = max(1, len(folder.names) // SAMPLE)
    names = folder.names[::step][:SAMPLE]
    there: list[str] = []
    found: list[tuple[Vectors, Vectors]] = []
    results = prepare_pictures(folder.images, names, exact)
    while batch := list(islice(results, BATCH)):
        read = [one for one in batch if isinstance(one, Prepared)]
        if read:
            pixels = np.stack([one.pixels for one in read])
            found.append((exact.encode_prepared(pixels), coarse.encode_prepared(pixels)))
            there += [one.picture.path for one in read]
    if len(there) <= K:
        return None
    wanted, given = (np.concatenate(side) for side in zip(*found, strict=True))
    cosine = float(np.einsum("ij,ij->i", wanted, given).min())
    captions = [
        (row, told[0]) for row, name in enumerate(there) if (told := folder.captions_of(name))
    ]
    if not captions:
        kept = _kept(_others(wanted), _others(given))
        return Cost(coarse.runtime, len(there), len(there), "pictures", kept, None, None, cosine)
    own = np.array([row for row, _ in captions])
    texts = [text for _, text in captions]
    best_wanted = search_exact(wanted, exact.encode_texts(texts), K)[1]
    best_given = search_exact(given, coarse.encode_texts(texts), K)[1]
    return Cost(
        coarse.runtime,
        len(there),
        len(texts),
        "captions",
        _kept(best_wanted, best_given),
        _hits(best_given, own),
        _hits(best_wanted, own),
        cosine,
    )


def _others(vectors: Vectors) -> NDArray[np.int64]:
    """(N, K) nearest rows of each row, itself left out."""
    rows = search_exact(vectors, vectors, K + 1)[1]
    return np.stack(
        [[row for row in best if row != own][:K] for own, best in enumerate(rows)]
    ).astype(np.int64)


def _kept(wanted: NDArray[np.int64], given: NDArray[np.int64]) -> float:
    both = [len(set(one) & set(other)) for one, other in zip(wanted, given, strict=True)]
    return sum(both) / wanted.size


def _hits(best: NDArray[np.int64], own: NDArray[np.int64]) -> float:
    return float((best == own[:, None]).any(axis=1).mean())

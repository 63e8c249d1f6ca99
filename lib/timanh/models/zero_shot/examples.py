"""A few pictures of each label beside its words, without training.

Two ways, each added to the logits of the words, and the better one by cross-validation on the
examples is taken; where neither makes fewer errors than the words alone, they stay alone.

- A cache (Tip-Adapter, Zhang et al. 2022): a picture that is like the examples of a label gets a
  higher logit, by weight · mean over the examples of exp(−sharpness · (1 − cosine)).
- A Gaussian for each label with a covariance that all share (Wang et al. 2024, "A hard-to-beat
  baseline for training-free CLIP-based adaptation"): a linear function of the vector.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from timanh.models.encoder import Vectors

Logits = NDArray[np.float64]

# Those of the cache are in units of the encoder's logit scale.
CACHE_WEIGHTS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
SHARPNESS = (1.0, 3.0, 6.0, 12.0, 25.0)
GAUSSIAN_WEIGHTS = (0.03, 0.06, 0.1, 0.2, 0.4)
SHRINKAGE = (0.03, 0.1, 0.3, 0.6)
FOLDS = 5
AT_ONCE = 2048  # pictures that are compared with the examples at a time


class FromExamples(Protocol):
    """What examples add to the logits of the words."""

    @property
    def weight(self) -> float: ...

    def logits(self, images: Vectors) -> Logits:
        """(N, L) of (N, dim) unit vectors."""


@dataclass(frozen=True)
class ExampleCache:
    """Likeness to the examples.

    Attributes:
        vectors: (E, dim) unit vectors of the examples.
        labels: (E,) the column of each one's label, 0..L-1.
        count: L.
        sharpness: how fast likeness falls with the cosine.
        weight: what a picture adds that is like all examples of a label.
    """

    vectors: Vectors
    labels: NDArray[np.int64]
    count: int
    sharpness: float
    weight: float = 1.0

    def logits(self, images: Vectors) -> Logits:
        sums = np.zeros((self.count, len(self.labels)))
        sums[self.labels, np.arange(len(self.labels))] = 1
        mean = sums / np.maximum(1, sums.sum(axis=1, keepdims=True))  # (L, E)
        out = np.empty((len(images), self.count))
        for start in range(0, len(images), AT_ONCE):
            cosine = images[start : start + AT_ONCE].astype(np.float64) @ self.vectors.T
            out[start : start + AT_ONCE] = np.exp(-self.sharpness * (1 - cosine)) @ mean.T
        return self.weight * out


@dataclass(frozen=True)
class ExampleGaussians:
    """How likely a vector is among those of each label.

    Attributes:
        directions: (L, dim); offsets: (L,). A label without examples has the mean of the others.
        weight: of the log-likelihood beside the words.
    """

    directions: Logits
    offsets: NDArray[np.float64]
    weight: float = 1.0

    def logits(self, images: Vectors) -> Logits:
        found = images.astype(np.float64) @ self.directions.T + self.offsets
        return np.asarray(self.weight * found, np.float64)


@dataclass(frozen=True)
class FitReport:
    """What cross-validation found.

    Attributes:
        examples, labels: how many, and of how many labels.
        errors_without, errors: of the examples, held out, by the words alone and with the others.
        way: "words alone", "cache" or "gaussians".
    """

    examples: int
    labels: int
    errors_without: int
    errors: int
    way: str


def fit_examples(
    vectors: Vectors,
    labels: NDArray[np.int64],
    count: int,
    words: Callable[[Vectors], Logits],
    scale: float,
    *,
    seed: int = 0,
) -> tuple[FromExamples | None, FitReport]:
    """Choose how examples count by cross-validation on themselves.

    Args:
        vectors: (E, dim) unit vectors of pictures.
        labels: (E,) their columns, 0..L-1.
        count: L.
        words: (N, dim) → (N, L) logits of the words alone.
        scale: the encoder's logit scale.
        seed: of the folds.

    Returns:
        What they add, or None where the words alone make as few errors; and what was found.
    """
    base = words(vectors)
    truth = np.asarray(labels, np.int64)
    without, lowest = _errors(base, truth), cross_entropy(base, truth)
    chosen: tuple[str, _Make, float] | None = None
    errors = without
    folds = _folds(truth, seed)
    for way, make, weights in _ways(count, scale) if len(folds) else ():
        added = np.zeros_like(base)
        for fold in range(FOLDS):
            held = np.asarray(folds == fold)
            if held.any() and not held.all():
                added[held] = make(vectors[~held], truth[~held], 1.0).logits(vectors[held])
        for weight in weights:
            logits = base + weight * added
            found, loss = _errors(logits, truth), cross_entropy(logits, truth)
            # Both must fall: the one alone may do so by chance.
            if found < without and loss < lowest:
                chosen, errors, lowest = (way, make, weight), found, loss
    report = FitReport(
        len(truth), len(np.unique(truth)), without, errors, chosen[0] if chosen else "words alone"
    )
    return (chosen[1](vectors, truth, chosen[2]) if chosen else None), report


_Make = Callable[[Vectors, NDArray[np.int64], float], FromExamples]


def _ways(count: int, scale: float) -> Iterator[tuple[str, _Make, tuple[float, ...]]]:
    for sharpness in SHARPNESS:

        def cache(
            vectors: Vectors, labels: NDArray[np.int64], weight: float, sharpness: float = sharpness
        ) -> FromExamples:
            return ExampleCache(vectors, labels, count, sharpness, weight)

        yield "cache", cache, tuple(scale * weight for weight in CACHE_WEIGHTS)
    for shrinkage in SHRINKAGE:

        def gaussians(
            vectors: Vectors, labels: NDArray[np.int64], weight: float, shrinkage: float = shrinkage
        ) -> FromExamples:
            return _gaussians(vectors, labels, count, shrinkage, weight)

        yield "gaussians", gaussians, GAUSSIAN_WEIGHTS


def _gaussians(
    vectors: Vectors, labels: NDArray[np.int64], count: int, shrinkage: float, weight: float
) -> ExampleGaussians:
    rows = vectors.astype(np.float64)
    means = np.tile(rows.mean(axis=0), (count, 1))
    for label in np.unique(labels):
        means[label] = rows[labels == label].mean(axis=0)
    apart = rows - means[labels]
    shared = apart.T @ apart / len(rows)
    dim = shared.shape[0]
    spread = max(float(np.trace(shared)) / dim, 1e-6)
    shared = (1 - shrinkage) * shared + shrinkage * spread * np.eye(dim)
    directions = np.linalg.solve(shared, means.T).T
    offsets = -0.5 * (directions * means).sum(axis=1)
    # What is the same for all labels would raise them all above "none of these".
    middle, level = directions.mean(axis=0), offsets.mean()
    return ExampleGaussians(directions - middle, offsets - level, weight)


def _folds(truth: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """(E,) a fold for each example, the labels spread over all; none where no label has two."""
    if not len(truth) or np.bincount(truth).max() < 2:
        return np.zeros(0, np.int64)
    generator = np.random.default_rng(seed)
    folds = np.empty(len(truth), np.int64)
    for label in np.unique(truth):
        rows = np.flatnonzero(truth == label)
        start = generator.integers(FOLDS)
        folds[generator.permutation(rows)] = (start + np.arange(len(rows))) % FOLDS
    return folds


def _errors(logits: Logits, truth: NDArray[np.int64]) -> int:
    return int((logits.argmax(axis=1) != truth).sum())


def cross_entropy(logits: Logits, truth: NDArray[np.int64]) -> float:
    """The mean over rows of (N, labels) logits and the (N,) places of their right labels."""
    most = logits.max(axis=1, keepdims=True)
    total = most[:, 0] + np.log(np.exp(logits - most).sum(axis=1))
    return float((total - logits[np.arange(len(truth)), truth]).mean())

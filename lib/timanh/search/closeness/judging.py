"""From scores to words: how likely a hit is right, as measured on its own gallery."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from timanh.models.text.typed import Typed
from timanh.search.closeness.written_queries import count_words, length_of
from timanh.search.encoding import QueryVectors
from timanh.search.query import Closeness, Query, Understood
from timanh.search.sample import GallerySample

# How likely a hit of each class is right by the captions, at least; what is less likely is far.
# Captions leave much out: on drawn pictures nine in ten of the close ones are right.
CLASSES: tuple[tuple[Closeness, float], ...] = (("very", 0.9), ("close", 0.4), ("loose", 0.25))
FEATURES = 4
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PairModel:
    """The probability that a picture is right for a query: logistic in a few features.

    Attributes:
        weights: of 1 and of each feature; mean, scale: what features are made comparable by.
    """

    weights: tuple[float, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]

    def probabilities(self, features: Floats) -> Floats:
        """(n,) of (n, 4), 0..1."""
        units = (features - np.array(self.mean)) / np.array(self.scale)
        sums = self.weights[0] + units @ np.array(self.weights[1:])
        return np.asarray(1 / (1 + np.exp(-np.clip(sums, -50, 50))))


@dataclass(frozen=True)
class KindCalibration:
    """What was measured for one kind of query.

    Attributes:
        pairs: how likely a picture is right.
        weak: by the place of a query's length in `LENGTHS`, the score that 85 % of such queries
            reach with their best picture, where the gallery has what they ask for.
    """

    pairs: PairModel
    weak: tuple[float, ...]


@dataclass(frozen=True)
class Calibration:
    """What was measured on a gallery with an encoder.

    Attributes:
        fingerprint: of the encoder, for pictures and for texts.
        count: pictures of the gallery then.
        usual_text: (dim,) the mean of everyday texts: how much a picture is like any text.
        texts: language → of its queries; pictures: of queries by picture.
        written: whether captions were there to measure by.
    """

    fingerprint: str
    count: int
    usual_text: NDArray[np.float32]
    texts: dict[str, KindCalibration]
    pictures: KindCalibration | None
    written: bool


def text_features(
    scores: NDArray[np.float32],
    vectors: NDArray[np.float32],
    spread: tuple[float, float],
    usual_text: NDArray[np.float32],
    words: int,
) -> Floats:
    """(n, 4): the score, by how many standard deviations it stands out in the gallery, how much
    the picture is like any text, and the logarithm of the number of words.

    Args:
        scores: (n,) cosines; vectors: (n, dim) of the pictures.
        spread: mean and standard deviation of the query's scores over the gallery.
    """
    mean, deviation = spread
    columns = (
        scores,
        (scores - mean) / max(deviation, 1e-6),
        vectors @ usual_text,
        np.full(len(scores), math.log(words)),
    )
    return np.stack(columns, 1).astype(np.float64)


def picture_features(scores: NDArray[np.float32], spread: tuple[float, float]) -> Floats:
    """(n, 4) as `text_features`, without what is of texts."""
    nothing = np.zeros((len(scores), FEATURES), np.float64)
    nothing[:, 0] = scores
    nothing[:, 1] = (scores - spread[0]) / max(spread[1], 1e-6)
    return nothing


def spread_of(vector: NDArray[np.float32], sample: GallerySample) -> tuple[float, float]:
    """Mean and standard deviation of a query's scores over the gallery."""
    scores = sample.vectors @ vector
    return float(scores.mean()), float(scores.std())


def judge(
    calibration: Calibration,
    query: Query,
    understood: Understood,
    vectors: QueryVectors,
    hits: NDArray[np.float32],
    best: NDArray[np.float32],
    sample: GallerySample,
) -> tuple[list[Closeness | None], bool | None]:
    """The class of each hit, and whether nothing is close; None where that cannot be said.

    Args:
        hits: (n, dim) vectors of the hits. Steering and unwanted words do not count.
        best: (dim,) that of the best hit of all pages, before any steering.
    """
    nothing: tuple[list[Closeness | None], bool | None] = ([None] * len(hits), None)
    if not len(hits):
        return nothing
    judged: list[tuple[Floats, bool]] = []
    if vectors.text is not None and understood.words is not None:
        # What was typed without marks is in its language still.
        translated = understood.translated and understood.translator not in get_args(Typed)
        language = "en" if translated else understood.language or ""
        of_text = calibration.texts.get(language) or next(iter(calibration.texts.values()), None)
        if of_text is None:
            return nothing
        scores, words = hits @ vectors.text, count_words(understood.words)
        spread = spread_of(vectors.text, sample)
        features = text_features(scores, hits, spread, calibration.usual_text, words)
        weak = float(best @ vectors.text) < of_text.weak[length_of(words)]
        judged.append((of_text.pairs.probabilities(features), weak))
    if vectors.pictures is not None:
        if calibration.pictures is None:
            return nothing
        shown = vectors.pictures.mean(0)
        shown = shown / max(float(np.linalg.norm(shown)), 1e-6)
        scores = hits @ shown
        features = picture_features(scores, spread_of(shown, sample))
        weak = float(best @ shown) < calibration.pictures.weak[0]
        judged.append((calibration.pictures.pairs.probabilities(features), weak))
    if not judged:
        return nothing
    likely = np.min([each for each, _ in judged], axis=0)
    weak = all(each for _, each in judged)
    classes: list[Closeness | None] = ["far" if weak else _class(p) for p in likely.tolist()]
    steered = query.like or query.unlike or understood.without
    return classes, None if query.offset or steered else weak


def _class(probability: float) -> Closeness:
    return next((name for name, least in CLASSES if probability >= least), "far")


def fit_pairs(features: Floats, right: Sequence[bool], ridge: float = 0.01) -> PairModel:
    """The logistic model of (n, 4) features that makes what is right most likely; by Newton's
    method, each pair with a share of `ridge` against large weights."""
    mean, scale = features.mean(0), features.std(0)
    scale[scale < 1e-9] = 1.0
    units = np.column_stack([np.ones(len(features)), (features - mean) / scale])
    wanted, weights = np.array(right, np.float64), np.zeros(units.shape[1])
    pull = ridge * max(1.0, len(wanted) / 100)
    for _ in range(50):
        likely = 1 / (1 + np.exp(-np.clip(units @ weights, -50, 50)))
        slope = units.T @ (wanted - likely) - pull * weights
        curve = (units * (likely * (1 - likely))[:, None]).T @ units + pull * np.eye(len(weights))
        step = np.linalg.solve(curve, slope)
        weights += step
        if np.abs(step).max() < 1e-6:
            break
    return PairModel(tuple(weights.tolist()), tuple(mean.tolist()), tuple(scale.tolist()))

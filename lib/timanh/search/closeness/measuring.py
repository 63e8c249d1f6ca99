"""Measures on a gallery and its encoder how close is close."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from timanh.data.vietnamese.language import detect_language
from timanh.models.encoder import Encoder, Vectors
from timanh.search.closeness.judging import (
    FEATURES,
    Calibration,
    KindCalibration,
    PairModel,
    fit_pairs,
    picture_features,
    text_features,
)
from timanh.search.closeness.written_queries import (
    LENGTHS,
    WORD,
    WrittenQuery,
    length_of,
    singular,
    written_queries,
)
from timanh.search.everyday import LABELS
from timanh.search.sample import GallerySample
from timanh.vectors import Searchable

TOP = 10  # pictures of a query that are looked at
FEWEST = 30  # pictures of a gallery, and queries of a language
# Pictures whose captions are measured by: of 60, a fifth of those called very close were wrong.
FEWEST_WRITTEN = 150
BATCH = 16  # texts at a time, so that a search never waits long for the encoder
# Percent of queries for what is there whose best picture counts as not close. Pieces of captions
# say more and vaguer things than people search for, of whose queries a third as many are wrong.
LOWEST_TEXT, LOWEST_PICTURE = 15, 5
# A query whose right pictures stand out no better than this among the others, by the area under
# the curve, is about what is not seen in pictures.
SEEN = 0.8
# Where no captions are: in standard deviations of the best scores of everyday words.
BARE_TEXT, BARE_WEAK = (-0.79, 2.39), -0.25
# In standard deviations of what pictures reach with their nearest neighbour.
BARE_PICTURE = (0.55, 1.0)
LANGUAGES = ("vi", "en")  # in the order of `LABELS`

EncodeTexts = Callable[[Sequence[str]], Vectors]


def measure_closeness(
    encoder: Encoder, encode_texts: EncodeTexts, dictionary: Searchable, sample: GallerySample
) -> Calibration | None:
    """Calibrate on the captions of a sample, or on everyday words where it has none.

    Returns:
        None for a gallery too small to measure.
    """
    if len(sample.rows) < FEWEST:
        return None
    known = [language for language in LANGUAGES if language in encoder.languages] or ["en"]
    labels = {
        language: encode([pair[LANGUAGES.index(language)] for pair in LABELS], encode_texts)
        for language in known
    }
    usual_text = np.concatenate(list(labels.values())).mean(0)
    random = np.random.default_rng(0)
    captions = [dictionary.item(row).captions for row in sample.rows.tolist()]
    texts, written = {}, False
    for language in known:
        here = [[c for c in each if detect_language(c) == language] for each in captions]
        if sum(map(bool, here)) < FEWEST_WRITTEN:
            texts[language] = _of_labels(labels[language], sample)
            continue
        queries, plain = written_queries(here, random), _of_labels(labels[language], sample)
        measured = None
        if len(queries) >= FEWEST:
            vectors = encode([query.text for query in queries], encode_texts)
            measured = _of_texts(queries, vectors, sample, usual_text)
        if (
            measured is not None
            and sum(query.words >= LENGTHS[-1][0] for query in queries) < FEWEST
        ):
            # Pieces of short captions are no vaguer than what people search for, of whose queries
            # `LOWEST_TEXT` would call too many not close.
            measured = replace(measured, weak=plain.weak)
        written = written or measured is not None
        texts[language] = measured or plain
    return Calibration(
        fingerprint=f"{encoder.fingerprint}-{encoder.text_fingerprint}",
        count=len(dictionary),
        usual_text=usual_text.astype(np.float32),
        texts=texts,
        pictures=_of_pictures(captions, sample),
        written=written,
    )


def encode(texts: Sequence[str], encode_texts: EncodeTexts) -> Vectors:
    """(n, dim), in small batches."""
    batches = [encode_texts(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)]
    return np.concatenate(batches)


def _of_texts(
    queries: Sequence[WrittenQuery],
    vectors: Vectors,
    sample: GallerySample,
    usual_text: NDArray[np.float32],
) -> KindCalibration | None:
    features, right = [], []
    best: list[list[float]] = [[] for _ in LENGTHS]
    for query, vector in zip(queries, vectors, strict=True):
        scores = sample.vectors @ vector
        if len(query.right) > 2 and _area(scores, query.right) < SEEN:
            continue
        top = np.argsort(-scores)[:TOP]
        spread = (float(scores.mean()), float(scores.std()))
        features.append(
            text_features(scores[top], sample.vectors[top], spread, usual_text, query.words)
        )
        right += np.isin(top, query.right).tolist()
        best[length_of(query.words)].append(float(scores.max()))
    if len(features) < FEWEST or len(set(right)) < 2:
        return None
    every = [score for each in best for score in each]
    weak = (np.percentile(each if len(each) >= FEWEST else every, LOWEST_TEXT) for each in best)
    return KindCalibration(fit_pairs(np.concatenate(features), right), tuple(map(float, weak)))


def _of_labels(labels: Vectors, sample: GallerySample) -> KindCalibration:
    best = (labels @ sample.vectors.T).max(1)
    mean, deviation = float(best.mean()), max(float(best.std()), 1e-6)
    bias, slope = BARE_TEXT
    pairs = PairModel((bias, slope, 0.0, 0.0, 0.0), (mean, 0.0, 0.0, 0.0), (deviation, 1, 1, 1))
    return KindCalibration(pairs, (mean + BARE_WEAK * deviation,) * len(LENGTHS))


def _of_pictures(
    captions: Sequence[Sequence[str]], sample: GallerySample
) -> KindCalibration | None:
    """Each picture of the sample as a query for the others."""
    near = sample.vectors @ sample.vectors.T
    np.fill_diagonal(near, -2)
    nearest = near.max(1)
    weak = (float(np.percentile(nearest, LOWEST_PICTURE)),)
    words = [_words(each) for each in captions]
    described = _drop_common(words)
    queries = [row for row, each in enumerate(described) if each]
    features, right = [], []
    for row in queries:
        scores = np.delete(near[row], row)
        others = np.delete(np.arange(len(near)), row)
        top = np.argsort(-scores)[:TOP]
        spread = (float(scores.mean()), float(scores.std()))
        there = [place for place in top.tolist() if described[others[place]]]
        features.append(picture_features(scores[there], spread))
        right += [_alike(described[row], described[others[place]]) for place in there]
    if len(queries) < FEWEST_WRITTEN or len(set(right)) < 2:
        bias, slope = BARE_PICTURE
        mean, deviation = float(np.median(nearest)), max(float(nearest.std()), 1e-6)
        pairs = PairModel((bias, slope, 0.0, 0.0, 0.0), (mean, 0.0, 0.0, 0.0), (deviation, 1, 1, 1))
        return KindCalibration(pairs, weak)
    assert features[0].shape[1] == FEATURES
    return KindCalibration(fit_pairs(np.concatenate(features), right), weak)


def _words(captions: Sequence[str]) -> frozenset[str]:
    return frozenset(
        singular(word) for caption in captions for word in WORD.findall(caption.lower())
    )


def _drop_common(words: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    """Without words that more than a tenth of the captioned pictures have."""
    count: dict[str, int] = {}
    for each in words:
        for word in each:
            count[word] = count.get(word, 0) + 1
    most = 0.1 * sum(map(bool, words))
    return [frozenset(word for word in each if count[word] <= most) for each in words]


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether people described two pictures alike: a third of the rarer words is the same."""
    return 3 * len(one & other) >= len(one | other)


def _area(scores: NDArray[np.float32], right: NDArray[np.int64]) -> float:
    """The share of pairs of a right and a wrong picture in which the right one is ahead."""
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores)] = np.arange(len(scores))
    wrong = len(scores) - len(right)
    return float((ranks[right].mean() - (len(right) - 1) / 2) / wrong) if wrong else 1.0

"""The full search: the same rows and scores as a plain sort."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pixel_encoder import unit

from timanh.errors import (
    DictionaryError,
)
from timanh.vectors import VectorDictionary
from timanh.vectors.scan import exact
from timanh.vectors.scan.exact import search_exact, top_rows
from timanh.vectors.store import writer
from timanh.vectors.store.manifest import Manifest


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (np.zeros(24, np.float32), "length zero"),
        (np.full(24, np.nan, np.float32), "not finite"),
        (np.full(24, np.inf, np.float32), "not finite"),
        (np.ones(23, np.float32), r"\(23,\).*wants \(Q, 24\)"),
        (np.ones((2, 3, 24), np.float32), "shape"),
        (np.array(["a"] * 24), "not an array of numbers"),
    ],
)
def test_queries_that_make_no_sense_are_refused(
    built_gallery: Path, query: np.ndarray, words: str
) -> None:
    with pytest.raises(DictionaryError, match=words):
        VectorDictionary.open(built_gallery / "out").search(query, 3)


@pytest.mark.parametrize("k", [0, -1, 1.5, True, "3"])
def test_k_must_be_a_number_of_pictures(built_gallery: Path, k: object) -> None:
    with pytest.raises(DictionaryError, match="k is"):
        VectorDictionary.open(built_gallery / "out").search(np.ones(24, np.float32), k)  # type: ignore[arg-type]


def test_more_than_there_are_gives_all(built_gallery: Path) -> None:
    dictionary = VectorDictionary.open(built_gallery / "out")
    scores, rows = dictionary.search(dictionary.vectors[:2], 100)
    assert scores.shape == rows.shape == (2, 20)
    assert sorted(rows[0]) == list(range(20))
    assert (np.diff(scores, axis=1) <= 0).all()


def test_no_vectors_no_hits() -> None:
    scores, rows = search_exact(np.zeros((0, 3), np.float32), np.ones((2, 3), np.float32), 5)
    assert scores.shape == rows.shape == (2, 0)


def test_several_segments_search_like_one(
    dictionary_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = VectorDictionary.open(dictionary_folder)
    items = list(whole.items)
    monkeypatch.setattr(writer, "SMALL_ROWS", 0)
    writing = writer.DictionaryWriter(dictionary_folder, Manifest.load(dictionary_folder))
    vectors = np.array(whole.vectors)
    writing.remove([item.id for item in items])
    for start in (0, 1, 8):
        end = {0: 1, 1: 8, 8: 20}[start]
        writing.append(vectors[start:end], items[start:end])
    parts = VectorDictionary.open(dictionary_folder)
    assert len(parts.manifest.segments) == 3
    scores, rows = parts.search(vectors, 7)
    wanted = whole.search(vectors, 7)
    np.testing.assert_allclose(scores, wanted[0], atol=1e-6)
    np.testing.assert_array_equal(rows, wanted[1])
    assert list(parts.items) == items
    assert [parts.row_of(item.id) for item in items] == list(range(20))


def reference(scores: np.ndarray, k: int) -> list[int]:
    return sorted(range(len(scores)), key=lambda row: (-scores[row], row))[:k]


@given(
    scores=arrays.arrays(
        np.float32, st.integers(1, 60), elements=st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.5, 1.0])
    ),
    k=st.integers(1, 60),
)
def test_top_rows_are_those_of_a_plain_sort(scores: np.ndarray, k: int) -> None:
    k = min(k, len(scores))
    assert top_rows(scores, k).tolist() == reference(scores, k)


@given(
    seed=st.integers(0, 2**16), count=st.integers(1, 40), queries=st.integers(1, 6),
    k=st.integers(1, 45), block=st.sampled_from([1, 300, 10**6]),
)  # fmt: skip
def test_search_is_brute_force(seed: int, count: int, queries: int, k: int, block: int) -> None:
    random = np.random.default_rng(seed)
    vectors = np.stack([unit(row) for row in random.standard_normal((count, 8))])
    query_vectors = np.stack([unit(row) for row in random.standard_normal((queries, 8))])
    before, exact.BLOCK_BYTES = exact.BLOCK_BYTES, block
    try:
        scores, rows = search_exact(vectors, query_vectors, k)
    finally:
        exact.BLOCK_BYTES = before
    for query, own_scores, own_rows in zip(query_vectors, scores, rows, strict=True):
        expected = [float(np.dot(vector, query)) for vector in vectors]
        assert own_rows.tolist() == reference(np.array(expected), min(k, count))
        np.testing.assert_allclose(
            own_scores, np.sort(expected)[::-1][: len(own_scores)], atol=1e-6
        )

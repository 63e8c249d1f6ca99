"""The eight-bit scan gives what a full search gives, whatever the vectors are like."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_dictionary import two_step

from timanh.errors import DictionaryError
from timanh.vectors.index import coding
from timanh.vectors.index import two_step as index_module
from timanh.vectors.index.coding import Coding
from timanh.vectors.index.two_step import TwoStep
from timanh.vectors.scan import kernel
from timanh.vectors.scan.exact import search_exact
from timanh.vectors.scan.kernel import kernel_is_exact, multiply
from timanh.vectors.scan.topk import TopK, lower_bound, top_rows
from timanh.vectors.store.row_blocks import RowBlocks


def gallery(count: int, dim: int = 64, seed: int = 0) -> np.ndarray:
    """Unit vectors in a narrow cone with a falling spectrum, as CLIP's are."""
    random = np.random.default_rng(seed)
    mean = random.standard_normal(dim) / np.sqrt(dim)
    spectrum = np.exp(-np.arange(dim) / (dim / 4))
    vectors = mean + random.standard_normal((count, dim)) * spectrum * 0.3
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def same(
    vectors: np.ndarray, index: TwoStep, parts: RowBlocks, query_vectors: np.ndarray, k: int
) -> None:
    scores, rows = index.search(parts, query_vectors, k)
    wanted, _ = search_exact(vectors, query_vectors, k)
    np.testing.assert_allclose(scores, wanted, atol=2e-6)
    for own_scores, own_rows, query in zip(scores, rows, query_vectors, strict=True):
        assert len(set(own_rows.tolist())) == len(own_rows)
        np.testing.assert_allclose(vectors[own_rows] @ query, own_scores, atol=2e-6)


@pytest.fixture(params=["numkong", "torch"])
def kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both libraries that multiply codes, the second as where the first is not installed."""
    if request.param == "torch":
        monkeypatch.setattr(kernel, "_numkong", lambda: None)
    else:
        assert kernel._numkong() is not None


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**16), count=st.integers(1, 3000), queries=st.integers(1, 5),
    k=st.integers(1, 30), pieces=st.integers(1, 4),
)  # fmt: skip
def test_a_whole_basis_is_a_full_search(
    seed: int, count: int, queries: int, k: int, pieces: int
) -> None:
    vectors = gallery(count, seed=seed)
    parts = RowBlocks(np.array_split(vectors, pieces), 64)
    index = two_step(parts)
    assert index.proven and len(index) == count
    query_vectors = gallery(queries, seed=seed + 1)
    same(vectors, index, parts, query_vectors, k)
    same(vectors, index, parts, query_vectors[:1], k)


def test_rows_that_are_all_alike() -> None:
    """The margin rules nothing out, so everything is read; ties are in the order of the rows."""
    vectors = np.repeat(gallery(1), 5000, axis=0)
    parts = RowBlocks([vectors], 64)
    for cut in (None, 32):
        _, rows = two_step(parts, cut).search(parts, gallery(2, seed=5), 7)
        assert rows.tolist() == [list(range(7))] * 2


def test_one_row_far_outside_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its codes are cut off; the bound counts that in, and it is found."""
    monkeypatch.setattr(coding, "SAMPLE_ROWS", 50)
    vectors = gallery(4000)
    vectors[3000] = -vectors[3000]
    parts = RowBlocks([vectors], 64)
    same(vectors, two_step(parts), parts, vectors[[3000, 10]], 5)


def test_a_narrow_basis_finds_the_same_on_its_own_kind_of_query() -> None:
    vectors, query_vectors = gallery(6000), gallery(100, seed=9)
    parts = RowBlocks([vectors], 64)
    for known in (None, gallery(200, seed=11)):
        index = two_step(parts, 32, known)
        assert not index.proven and index.scanned.codes.shape == (6000, 32)
        same(vectors, index, parts, query_vectors, 10)


def test_a_coding_for_texts_leaves_out_less() -> None:
    """Texts lie in a few directions, in which pictures vary little."""
    random = np.random.default_rng(3)
    parts = RowBlocks([gallery(3000)], 64)
    texts = random.standard_normal((300, 8)) @ random.standard_normal((8, 64))
    texts = (texts / np.linalg.norm(texts, axis=1, keepdims=True)).astype(np.float32)
    left_out = [
        np.linalg.norm(texts[200:] @ Coding.short(parts, 12, known).spread.T, axis=1).mean()
        for known in (None, texts[:200])
    ]
    assert left_out[1] < 0.5 * left_out[0]


def test_too_small_a_margin_is_noticed() -> None:
    """That the tests above can fail: without its margin the scan misses pictures."""
    vectors, query_vectors = gallery(6000), gallery(50, seed=9)
    parts = RowBlocks([vectors], 64)
    honest = two_step(parts, 16)
    careless = TwoStep(honest.fine, honest.coarse, deviations=0.0)
    wanted = search_exact(vectors, query_vectors, 10)[1]
    found = careless.search(parts, query_vectors, 10)[1]
    assert any(set(a) != set(b) for a, b in zip(found.tolist(), wanted.tolist(), strict=True))


def test_many_queries_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "BLOCK_BYTES", 1)
    vectors, query_vectors = gallery(9000), gallery(20, seed=2)
    parts = RowBlocks(np.array_split(vectors, 3), 64)
    same(vectors, two_step(parts), parts, query_vectors, 12)


@pytest.mark.usefixtures("kernels")
def test_half_precision_is_searched_as_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "SHARE_BYTES", 50_000)
    vectors = gallery(3000).astype(np.float16)
    parts = RowBlocks(np.array_split(vectors, 2), 64)
    query_vectors = gallery(3, seed=4)
    same(vectors.astype(np.float32), two_step(parts), parts, query_vectors, 5)
    scores, rows = search_exact(parts, query_vectors, 5)
    wanted = search_exact(vectors.astype(np.float32), query_vectors, 5)
    np.testing.assert_allclose(scores, wanted[0], atol=1e-6)
    np.testing.assert_array_equal(rows, wanted[1])
    for query, best, place in zip(query_vectors, *wanted, strict=True):
        alone = search_exact(parts, query, 5)
        np.testing.assert_allclose(alone[0][0], best, atol=3e-7)
        np.testing.assert_array_equal(alone[1][0], place)


def test_a_kernel_that_saturates_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def saturating(queries: np.ndarray, codes: np.ndarray) -> np.ndarray:
        return np.clip(queries.astype(np.int32) @ codes.T.astype(np.int32), -(2**15), 2**15 - 1)

    assert kernel_is_exact()
    vectors = gallery(500)
    parts = RowBlocks([vectors], 64)
    index = two_step(parts)
    for module in (kernel, index_module):
        monkeypatch.setattr(module, "multiply", saturating)
    monkeypatch.setattr(index_module, "kernel_is_exact", kernel_is_exact.__wrapped__)
    assert not kernel_is_exact.__wrapped__()
    same(vectors, index, parts, vectors[:3], 5)


@pytest.mark.usefixtures("kernels")
def test_the_kernel_by_hand() -> None:
    left = np.array([[127, -127, 1]], np.int8)
    right = np.array([[127, -127, 1], [-127, 127, 0]], np.int8)
    assert multiply(left, right).tolist() == [[2 * 127**2 + 1, -2 * 127**2]]


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("width", [72, 2048])
def test_shares_of_the_rows_are_put_together(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactly, in numbers too large for float32 as well."""
    monkeypatch.setattr(kernel, "SHARE_BYTES", 1000)
    monkeypatch.setattr(kernel, "cores", lambda: 3)
    random = np.random.default_rng(3)
    codes = random.integers(-127, 128, (1001, width), np.int8)
    queries = random.integers(-127, 128, (5, width), np.int8)
    codes[-1] = queries[0] = 127
    wanted = queries.astype(np.int64) @ codes.T.astype(np.int64)
    np.testing.assert_array_equal(multiply(queries[:1], codes), wanted[:1])
    np.testing.assert_array_equal(multiply(queries, codes), wanted)


def test_wrong_queries_are_refused() -> None:
    parts = RowBlocks([gallery(100)], 64)
    index = two_step(parts)
    with pytest.raises(DictionaryError, match="wants"):
        index.search(parts, np.ones(63, np.float32), 3)
    with pytest.raises(DictionaryError, match="k is"):
        index.search(parts, np.ones(64, np.float32), 0)


@given(
    scores=st.lists(st.integers(-5, 5), min_size=1, max_size=400), k=st.integers(1, 40),
)  # fmt: skip
def test_the_bound_is_reached_by_at_least_k(scores: list[int], k: int) -> None:
    array = np.array(scores, np.int32)
    k = min(k, len(array))
    assert (array >= lower_bound(array, k)).sum() >= k
    order = sorted(range(len(array)), key=lambda row: (-scores[row], row))
    assert top_rows(array, k).tolist() == order[:k]


@given(
    scores=st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=60),
    k=st.integers(1, 9), step=st.integers(1, 20),
)  # fmt: skip
def test_best_of_blocks_is_best_of_all(scores: list[float], k: int, step: int) -> None:
    array = np.array(scores, np.float32)
    best = TopK(k)
    for first in range(0, len(array), step):
        best.offer_block(array[first : first + step], first)
    assert best.rows.tolist() == top_rows(array, min(k, len(array))).tolist()


def test_parts_cut_and_taken() -> None:
    vectors = gallery(30)
    parts = RowBlocks([vectors[:7], vectors[7:7], vectors[7:20], vectors[20:]], 64)
    assert len(parts) == 30 and len(RowBlocks([], 64)) == 0
    rows = np.array([29, 0, 7, 6, 19, 20])
    np.testing.assert_array_equal(parts.take(rows), vectors[rows])
    for cut in (0, 3, 7, 20, 25, 30):
        np.testing.assert_array_equal(parts.head(cut).joined(), vectors[:cut])
        np.testing.assert_array_equal(parts.tail(cut).joined(), vectors[cut:])
    blocks = list(parts.blocks(4, first=5, last=23))
    assert [first for first, _ in blocks] == [5, 7, 11, 15, 19, 20]
    np.testing.assert_array_equal(np.concatenate([b for _, b in blocks]), vectors[5:23])


def test_among_some_rows(tmp_path: Path) -> None:
    vectors, query_vectors = gallery(500), gallery(3, seed=8)
    for share in (0.01, 0.9):
        among = np.flatnonzero(np.random.default_rng(1).random(500) < share)
        wanted, local = search_exact(vectors[among], query_vectors, 6)
        for queries in (query_vectors, query_vectors[:1]):
            scores, rows = search_exact(RowBlocks([vectors], 64), queries, 6, among)
            np.testing.assert_array_equal(rows, among[local[: len(queries)]])
            np.testing.assert_allclose(scores, wanted[: len(queries)], atol=1e-6)
    assert search_exact(vectors, query_vectors, 3, np.zeros(0, np.int64))[1].shape == (3, 0)


def test_what_a_coding_leaves_out_is_as_large_as_it_says() -> None:
    vectors, query_vectors = gallery(3000), gallery(20, seed=6)
    parts = RowBlocks([vectors], 64)
    for known in (None, gallery(100, seed=7)):
        short = Coding.short(parts, 24, known)
        moved = vectors - short.mean
        rest = query_vectors @ moved.T - (query_vectors @ short.to_query) @ (moved @ short.to_row).T
        said = np.linalg.norm(query_vectors @ short.spread.T, axis=1)
        np.testing.assert_allclose(rest.std(axis=1), said, rtol=0.02)
    whole = Coding.whole(parts)
    np.testing.assert_allclose(whole.to_row.T @ whole.to_row, np.eye(64), atol=1e-5)

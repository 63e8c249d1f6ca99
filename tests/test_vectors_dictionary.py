"""Opening, checking and searching a dictionary."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pixel_encoder import PixelEncoder, make_pictures, unit

from timanh.errors import (
    DictionaryDamagedError,
    DictionaryError,
    DictionaryNotFoundError,
    EncoderMismatchError,
    UnknownPictureError,
)
from timanh.vectors import VectorDictionary, build_dictionary, exact, writer
from timanh.vectors.exact import search_exact, top_rows
from timanh.vectors.items import ItemTable
from timanh.vectors.manifest import Manifest


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    make_pictures(folder / "pictures", 20)
    build_dictionary(folder / "pictures", PixelEncoder(), folder / "out", progress=False)
    return folder


@pytest.fixture
def out(built: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage, beside its gallery."""
    shutil.copytree(built, tmp_path / "copy")
    return tmp_path / "copy" / "out"


def file_of(out: Path, kind: str) -> Path:
    return next(out.glob(f"*.{kind}*"))


# What can go wrong


def test_no_dictionary_is_told(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        (tmp_path / "file").touch()
        with pytest.raises(DictionaryNotFoundError, match="timanh index build"):
            VectorDictionary.open(place)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (PixelEncoder(dim=32, seed=1), r"pixels-0 \(24-d\).*pixels-1 \(32-d\).*--rebuild"),
        (PixelEncoder(dim=24, seed=1), r"pixels-0 \(24-d\).*pixels-1 \(24-d\)"),
    ],
)
def test_another_encoder_is_refused(out: Path, other: PixelEncoder, words: str) -> None:
    with pytest.raises(EncoderMismatchError, match=words):
        VectorDictionary.open(out, other)


def test_other_weights_of_the_same_name_are_refused(out: Path) -> None:
    trained = PixelEncoder()
    trained.fingerprint = "0123456789abcdef"
    with pytest.raises(EncoderMismatchError, match="0123456789abcdef: other weights"):
        VectorDictionary.open(out, trained)


@pytest.mark.parametrize("kind", ["vectors", "items"])
def test_a_file_cut_short_is_named(out: Path, kind: str) -> None:
    file = file_of(out, kind)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DictionaryDamagedError, match=rf"{file.name} has \d+ bytes.*promises"):
        VectorDictionary.open(out)


@pytest.mark.parametrize("kind", ["vectors", "items"])
def test_a_missing_file_is_named(out: Path, kind: str) -> None:
    file_of(out, kind).unlink()
    with pytest.raises(DictionaryDamagedError, match=f"{kind}.* is missing"):
        VectorDictionary.open(out)


@pytest.mark.parametrize("kind", ["vectors", "items"])
def test_a_flipped_bit_is_found_by_check(out: Path, kind: str) -> None:
    file = file_of(out, kind)
    content = bytearray(file.read_bytes())
    content[-30] ^= 1
    file.write_bytes(content)
    report = VectorDictionary.open(out).check()
    assert not report.ok
    assert any(file.name in problem and "checksum" in problem for problem in report.problems)


def test_an_array_of_another_shape_is_refused(out: Path) -> None:
    file = file_of(out, "vectors")
    array = np.load(file)
    np.save(file, array.reshape(24, 20))
    with pytest.raises(DictionaryDamagedError, match=r"\(24, 20\).*promises float32 \(20, 24\)"):
        VectorDictionary.open(out)


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        ("", DictionaryDamagedError, "cannot be read"),
        ('{"format": "timanh-vec', DictionaryDamagedError, "cannot be read"),
        ("[]", DictionaryDamagedError, "cannot be read"),
        ('{"format": "zip"}', DictionaryDamagedError, "not a vector dictionary"),
        ('{"format": "timanh-vectors", "version": 9}', DictionaryError, "format version 9"),
    ],
)
def test_a_manifest_that_is_none(
    out: Path, content: str, error: type[Exception], words: str
) -> None:
    (out / "manifest.json").write_text(content)
    with pytest.raises(error, match=words):
        VectorDictionary.open(out)


@pytest.mark.parametrize("name", ["../../x.npy", "/etc/passwd", "a\\b.npy"])
def test_a_manifest_cannot_reach_out_of_its_folder(out: Path, name: str) -> None:
    stored = json.loads((out / "manifest.json").read_text())
    stored["segments"][0]["vectors"]["name"] = name
    (out / "manifest.json").write_text(json.dumps(stored))
    with pytest.raises(DictionaryDamagedError, match="outside"):
        VectorDictionary.open(out)


def test_a_line_that_is_no_item_is_named(out: Path) -> None:
    file = file_of(out, "items")
    content = file.read_bytes()
    file.write_bytes(content.replace(b'"width":48', b'"width":""', 1))
    dictionary = VectorDictionary.open(out)
    with pytest.raises(DictionaryDamagedError, match="line 1 is no item"):
        dictionary.item(0)


def test_an_unknown_id_is_told(built: Path) -> None:
    with pytest.raises(UnknownPictureError, match="'nothing'"):
        VectorDictionary.open(built / "out").row_of("nothing")


def test_check_finds_vectors_that_are_not_of_unit_length(out: Path) -> None:
    writing = writer.DictionaryWriter(out, Manifest.load(out))
    items = list(VectorDictionary.open(out).items)
    vectors = np.array(VectorDictionary.open(out).vectors)
    vectors[3] *= 1.1
    vectors[5] = np.nan
    writing.edit(lambda item: None)
    writing.append(vectors, items)
    assert any("2 vectors" in problem for problem in VectorDictionary.open(out).check().problems)


def test_check_finds_rows_that_were_swapped(out: Path) -> None:
    writing = writer.DictionaryWriter(out, Manifest.load(out))
    opened = VectorDictionary.open(out)
    items, vectors = list(opened.items), np.array(opened.vectors)
    writing.edit(lambda item: None)
    writing.append(np.roll(vectors, 1, axis=0), items)
    report = VectorDictionary.open(out).check(PixelEncoder())
    assert report.neighbour_score is not None and report.neighbour_score < 0.99
    assert any("encoded again" in problem for problem in report.problems)


def test_check_finds_vectors_that_are_all_a_little_off(out: Path) -> None:
    writing = writer.DictionaryWriter(out, Manifest.load(out))
    opened = VectorDictionary.open(out)
    items, vectors = list(opened.items), np.array(opened.vectors)
    noise = np.random.default_rng(0).standard_normal(vectors.shape) * 0.05
    writing.edit(lambda item: None)
    writing.append(np.stack([unit(row) for row in vectors + noise]), items)
    report = VectorDictionary.open(out).check(PixelEncoder())
    assert report.neighbour_score is not None and 0.9 < report.neighbour_score < 0.99
    assert any("encoded again" in problem for problem in report.problems)


def test_check_of_a_whole_one(out: Path) -> None:
    report = VectorDictionary.open(out).check(PixelEncoder())
    assert report.ok and report.missing_pictures == 0
    assert report.neighbour_score is not None and report.neighbour_score > 0.9999
    (out.parent / "pictures" / "0007.png").unlink()
    report = VectorDictionary.open(out).check(PixelEncoder())
    assert report.ok and report.missing_pictures == 1


# Searching


def test_vectors_are_mapped_and_cannot_be_written(built: Path) -> None:
    vectors = VectorDictionary.open(built / "out").vectors
    assert isinstance(vectors.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        vectors[0] = 0


def test_several_segments_search_like_one(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = VectorDictionary.open(out)
    items = list(whole.items)
    monkeypatch.setattr(writer, "SMALL_ROWS", 0)
    writing = writer.DictionaryWriter(out, Manifest.load(out))
    vectors = np.array(whole.vectors)
    writing.edit(lambda item: None)
    for start in (0, 1, 8):
        end = {0: 1, 1: 8, 8: 20}[start]
        writing.append(vectors[start:end], items[start:end])
    parts = VectorDictionary.open(out)
    assert len(parts.manifest.segments) == 3
    scores, rows = parts.search(vectors, 7)
    wanted = whole.search(vectors, 7)
    np.testing.assert_allclose(scores, wanted[0], atol=1e-6)
    np.testing.assert_array_equal(rows, wanted[1])
    assert list(parts.items) == items
    assert [parts.row_of(item.id) for item in items] == list(range(20))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (np.zeros(24, np.float32), "length zero"),
        (np.full(24, np.nan, np.float32), "not finite"),
        (np.full(24, np.inf, np.float32), "not finite"),
        (np.ones(23, np.float32), r"\(23,\).*wants \(Q, 24\)"),
        (np.ones((2, 3, 24), np.float32), "shape"),
        (np.array(["a"] * 24), "no array of numbers"),
    ],
)
def test_queries_that_make_no_sense_are_refused(built: Path, query: np.ndarray, words: str) -> None:
    with pytest.raises(DictionaryError, match=words):
        VectorDictionary.open(built / "out").search(query, 3)


@pytest.mark.parametrize("k", [0, -1, 1.5, True, "3"])
def test_k_must_be_a_number_of_pictures(built: Path, k: object) -> None:
    with pytest.raises(DictionaryError, match="k is"):
        VectorDictionary.open(built / "out").search(np.ones(24, np.float32), k)  # type: ignore[arg-type]


def test_more_than_there_are_gives_all(built: Path) -> None:
    dictionary = VectorDictionary.open(built / "out")
    scores, rows = dictionary.search(dictionary.vectors[:2], 100)
    assert scores.shape == rows.shape == (2, 20)
    assert sorted(rows[0]) == list(range(20))
    assert (np.diff(scores, axis=1) <= 0).all()


def test_no_vectors_no_hits() -> None:
    scores, rows = search_exact(np.zeros((0, 3), np.float32), np.ones((2, 3), np.float32), 5)
    assert scores.shape == rows.shape == (2, 0)


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
    asked = np.stack([unit(row) for row in random.standard_normal((queries, 8))])
    before, exact.BLOCK_BYTES = exact.BLOCK_BYTES, block
    try:
        scores, rows = search_exact(vectors, asked, k)
    finally:
        exact.BLOCK_BYTES = before
    for query, own_scores, own_rows in zip(asked, scores, rows, strict=True):
        expected = [float(np.dot(vector, query)) for vector in vectors]
        assert own_rows.tolist() == reference(np.array(expected), min(k, count))
        np.testing.assert_allclose(
            own_scores, np.sort(expected)[::-1][: len(own_scores)], atol=1e-6
        )


def test_item_table_reads_any_order_of_fields() -> None:
    lines = b'{"path":"a.jpg","id":"x","captions":[],"width":1,"height":2,'
    lines += b'"size":3,"mtime":4,"hash":""}\n'
    table = ItemTable([lines])
    assert (table.row_of("x"), table[-1].path, len(table[0:1])) == (0, "a.jpg", 1)
    with pytest.raises(IndexError):
        table[1]

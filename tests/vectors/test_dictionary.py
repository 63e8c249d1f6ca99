"""Opening and checking a dictionary."""

from pathlib import Path

import numpy as np
import pytest
from pixel_encoder import PixelEncoder, unit

from timanh.errors import (
    DictionaryNotFoundError,
    EncoderMismatchError,
    UnknownPictureError,
)
from timanh.vectors import VectorDictionary, check_dictionary
from timanh.vectors.store import writer
from timanh.vectors.store.manifest import Manifest
from timanh.vectors.store.table import ItemTable

# Opening


def test_a_missing_dictionary_is_an_error(tmp_path: Path) -> None:
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
def test_another_encoder_is_refused(
    dictionary_folder: Path, other: PixelEncoder, words: str
) -> None:
    with pytest.raises(EncoderMismatchError, match=words):
        VectorDictionary.open(dictionary_folder, other)


def test_other_weights_of_the_same_name_are_refused(dictionary_folder: Path) -> None:
    trained = PixelEncoder()
    trained.fingerprint = "0123456789abcdef"
    with pytest.raises(EncoderMismatchError, match="0123456789abcdef: other weights"):
        VectorDictionary.open(dictionary_folder, trained)


def test_an_unknown_id_is_refused(built_gallery: Path) -> None:
    with pytest.raises(UnknownPictureError, match="'nothing'"):
        VectorDictionary.open(built_gallery / "out").row_of("nothing")


def test_vectors_are_mapped_and_cannot_be_written(built_gallery: Path) -> None:
    vectors = VectorDictionary.open(built_gallery / "out").vectors
    assert isinstance(vectors.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        vectors[0] = 0


def test_item_table_reads_any_order_of_fields() -> None:
    lines = b'{"path":"a.jpg","id":"x","captions":[],"width":1,"height":2,'
    lines += b'"size":3,"mtime":4,"hash":""}\n'
    table = ItemTable([lines])
    assert (table.row_of("x"), table[-1].path, len(table[0:1])) == (0, "a.jpg", 1)
    with pytest.raises(IndexError):
        table[1]


# Checking


def test_check_finds_vectors_that_are_not_of_unit_length(dictionary_folder: Path) -> None:
    writing = writer.DictionaryWriter(dictionary_folder, Manifest.load(dictionary_folder))
    items = list(VectorDictionary.open(dictionary_folder).items)
    vectors = np.array(VectorDictionary.open(dictionary_folder).vectors)
    vectors[3] *= 1.1
    vectors[5] = np.nan
    writing.remove([item.id for item in items])
    writing.append(vectors, items)
    assert any(
        "2 vectors" in problem
        for problem in check_dictionary(VectorDictionary.open(dictionary_folder)).problems
    )


def test_check_finds_rows_that_were_swapped(dictionary_folder: Path) -> None:
    writing = writer.DictionaryWriter(dictionary_folder, Manifest.load(dictionary_folder))
    opened = VectorDictionary.open(dictionary_folder)
    items, vectors = list(opened.items), np.array(opened.vectors)
    writing.remove([item.id for item in items])
    writing.append(np.roll(vectors, 1, axis=0), items)
    report = check_dictionary(VectorDictionary.open(dictionary_folder), PixelEncoder())
    assert report.neighbour_score is not None and report.neighbour_score < 0.99
    assert any("encoded again" in problem for problem in report.problems)


def test_check_finds_vectors_that_are_all_a_little_off(dictionary_folder: Path) -> None:
    writing = writer.DictionaryWriter(dictionary_folder, Manifest.load(dictionary_folder))
    opened = VectorDictionary.open(dictionary_folder)
    items, vectors = list(opened.items), np.array(opened.vectors)
    noise = np.random.default_rng(0).standard_normal(vectors.shape) * 0.05
    writing.remove([item.id for item in items])
    writing.append(np.stack([unit(row) for row in vectors + noise]), items)
    report = check_dictionary(VectorDictionary.open(dictionary_folder), PixelEncoder())
    assert report.neighbour_score is not None and 0.9 < report.neighbour_score < 0.99
    assert any("encoded again" in problem for problem in report.problems)


def test_check_of_a_whole_one(dictionary_folder: Path) -> None:
    report = check_dictionary(VectorDictionary.open(dictionary_folder), PixelEncoder())
    assert report.ok and report.missing_pictures == 0
    assert report.neighbour_score is not None and report.neighbour_score > 0.9999
    (dictionary_folder.parent / "pictures" / "0007.png").unlink()
    report = check_dictionary(VectorDictionary.open(dictionary_folder), PixelEncoder())
    assert report.ok and report.missing_pictures == 1

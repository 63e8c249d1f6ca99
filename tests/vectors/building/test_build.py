"""Building a dictionary: what is refused, what is left out, what comes of it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from pixel_encoder import PixelEncoder, make_pictures
from small_dictionary import build, contents

from timanh.errors import (
    DictionaryError,
    EmptyGalleryError,
    EncoderMismatchError,
    SettingsError,
)
from timanh.models import Encoder
from timanh.vectors import VectorDictionary, check_dictionary
from timanh.vectors.store import items

# What can go wrong


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmptyGalleryError, match="no picture"):
        build(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_text_files_named_jpg_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.jpg").write_text("no picture at all")
    with pytest.raises(EmptyGalleryError, match=r"None of the pictures .*1 tried.*a\.jpg is not"):
        build(tmp_path / "pictures", tmp_path / "out")


def test_unreadable_pictures_are_skipped_and_named(pictures: Path, tmp_path: Path) -> None:
    whole = (pictures / "0003.png").read_bytes()
    (pictures / "0003.png").write_bytes(whole[: len(whole) // 2])
    (pictures / "0005.jpg").write_text("no picture at all")
    report = build(pictures, tmp_path / "out")
    assert report.count == 9
    assert [skipped.path for skipped in report.skipped] == ["0003.png", "0005.jpg"]
    assert all(skipped.path in skipped.reason for skipped in report.skipped)
    # The rows after them keep their own vectors.
    dictionary = VectorDictionary.open(tmp_path / "out")
    assert [item.path for item in dictionary.items][3] == "0004.png"
    assert check_dictionary(dictionary, PixelEncoder()).ok


def test_another_encoder_is_refused_and_both_are_named(pictures: Path, tmp_path: Path) -> None:
    build(pictures, tmp_path / "out")
    before = contents(tmp_path / "out")
    with pytest.raises(EncoderMismatchError, match=r"pixels-0 \(24-d\).*pixels-1 \(32-d\)"):
        build(pictures, tmp_path / "out", PixelEncoder(dim=32, seed=1))
    assert contents(tmp_path / "out") == before
    build(pictures, tmp_path / "out", PixelEncoder(dim=32, seed=1), rebuild=True)
    assert VectorDictionary.open(tmp_path / "out").dim == 32
    assert len(list((tmp_path / "out").iterdir())) == 4, "the files of the first are gone"


def test_the_dictionary_of_another_gallery_is_not_overwritten(
    pictures: Path, tmp_path: Path
) -> None:
    build(pictures, tmp_path / "out")
    before = (tmp_path / "out" / "manifest.json").read_bytes()
    other = tmp_path / "other"
    make_pictures(other / "sub", 2)
    with pytest.raises(DictionaryError, match="10 other pictures"):
        build(other, tmp_path / "out")
    assert (tmp_path / "out" / "manifest.json").read_bytes() == before


def test_a_place_that_cannot_be_written(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DictionaryError, match="cannot be written"):
        build(pictures, tmp_path / "file" / "out")


def test_too_little_room_is_refused_before_the_work(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    encoder = PixelEncoder()
    with pytest.raises(SettingsError, match="free"):
        build(pictures, tmp_path / "out", encoder)
    assert encoder.encoded == 0


def test_weights_that_give_nan_are_refused(pictures: Path, tmp_path: Path) -> None:
    encoder = PixelEncoder()
    encoder._matrix[:] = np.nan
    with pytest.raises(DictionaryError, match="not finite"):
        build(pictures, tmp_path / "out", encoder)


# What comes of it


def test_a_picture_finds_itself_first(gallery: Path, tiny_encoder: Encoder, tmp_path: Path) -> None:
    report = build(gallery, tmp_path / "out", tiny_encoder)
    dictionary = VectorDictionary.open(tmp_path / "out", tiny_encoder)
    assert (report.added, report.count, len(dictionary)) == (12, 12, 12)
    scores, _ = dictionary.search(dictionary.vectors, k=1)
    np.testing.assert_allclose(scores[:, 0], 1, atol=1e-5)
    assert check_dictionary(dictionary, tiny_encoder).ok
    item = dictionary.item(0)
    assert (item.path, item.width, item.height) == ("blue_circle_0.jpg", 80, 60)
    assert item.captions == ("a blue circle", "one circle in blue")
    assert dictionary.gallery == gallery / "images"
    assert dictionary.row_of(item.id) == 0


def test_captions_of_both_languages_are_taken(gallery: Path, tmp_path: Path) -> None:
    (gallery / "captions.vi.txt").write_text(
        "image,caption\nblue_circle_0.jpg,hình tròn màu xanh\n", encoding="utf8"
    )
    build(gallery, tmp_path / "out")
    dictionary = VectorDictionary.open(tmp_path / "out")
    assert dictionary.item(0).captions[-1] == "hình tròn màu xanh"
    assert dictionary.item(1).captions == ("a blue circle", "one circle in blue")


def test_the_gallery_and_its_dictionary_can_be_moved_together(tmp_path: Path) -> None:
    make_pictures(tmp_path / "here" / "pictures", 3)
    build(tmp_path / "here" / "pictures", tmp_path / "here" / "vectors" / "v")
    (tmp_path / "here").rename(tmp_path / "there")
    dictionary = VectorDictionary.open(tmp_path / "there" / "vectors" / "v", PixelEncoder())
    assert dictionary.gallery == tmp_path / "there" / "pictures"
    assert check_dictionary(dictionary, PixelEncoder()).ok


def test_ids_are_stable_and_never_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    assert items.item_id("a/b.jpg") == items.item_id("a/b.jpg") != items.item_id("a/c.jpg")
    assert items.item_id("a/b.jpg").isalnum() and len(items.item_id("a/b.jpg")) == 16
    monkeypatch.setattr(items, "_digest", lambda text: "twice" if "\0" not in text else text[-1])
    taken = {items.item_id("one.jpg"): "one.jpg"}
    assert items.item_id("one.jpg", taken) == "twice"
    assert items.item_id("two.jpg", taken) == "1"


# What a coarser runtime costs

"""A gallery changes, and only what is new is encoded: building again, adding, removing."""

import os
from pathlib import Path

import pytest
from PIL import Image
from pixel_encoder import PixelEncoder, make_pictures
from small_dictionary import build, captions_in, contents

from timanh.errors import (
    DictionaryError,
    UnknownPictureError,
)
from timanh.vectors import VectorDictionary, add_pictures, check_dictionary, remove_pictures
from timanh.vectors.build import encoding
from timanh.vectors.store import items


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "SEGMENT_ROWS", 4)


# Building again


@pytest.mark.usefixtures("small_segments")
def test_a_second_build_does_only_what_is_new(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = build(pictures, out)
    assert (first.added, first.kept) == (10, 0)
    untouched = (out / "manifest.json").read_bytes()
    encoder = PixelEncoder()
    again = build(pictures, out, encoder)
    assert (again.added, again.kept, encoder.encoded) == (0, 10, 0)
    assert (out / "manifest.json").read_bytes() == untouched

    (pictures / "0002.png").unlink()
    Image.new("RGB", (30, 20), "red").save(pictures / "0004.png")
    Image.new("RGB", (30, 20), "blue").save(pictures / "new.png")
    os.utime(pictures / "0006.png", (1, 1))
    encoder = PixelEncoder()
    third = build(pictures, out, encoder)
    assert (third.added, third.changed, third.removed, third.kept) == (1, 1, 1, 8)
    assert encoder.encoded == 2, "a touched picture has the same bytes and is not encoded again"
    dictionary = VectorDictionary.open(out, encoder)
    assert sorted(item.path for item in dictionary.items) == sorted(
        path.name for path in pictures.iterdir()
    )
    assert next(item.mtime for item in dictionary.items if item.path == "0006.png") == 1
    assert check_dictionary(dictionary, encoder).ok
    build(pictures, tmp_path / "unbroken")
    assert contents(out) == contents(tmp_path / "unbroken")


def test_renamed_pictures_keep_their_vectors(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(pictures, out)
    vectors = dict(contents(out))
    (pictures / "deep").mkdir()
    (pictures / "0001.png").rename(pictures / "deep" / "một.png")
    (pictures / "0002.png").rename(pictures / "swap")
    (pictures / "0003.png").rename(pictures / "0002.png")
    (pictures / "swap").rename(pictures / "0003.png")
    Image.new("RGB", (48, 36), "red").save(pictures / "new.png")
    encoder = PixelEncoder()
    report = build(pictures, out, encoder)
    assert (report.renamed, report.added, report.removed, report.kept) == (3, 1, 0, 7)
    assert (report.changed, encoder.encoded) == (0, 1)
    now = dict(contents(out))
    assert now["deep/một.png"] == vectors["0001.png"]
    assert (now["0002.png"], now["0003.png"]) == (vectors["0003.png"], vectors["0002.png"])
    dictionary = VectorDictionary.open(out)
    assert check_dictionary(dictionary, encoder).ok
    assert all(item.id == items.item_id(item.path) for item in dictionary.items)
    build(pictures, tmp_path / "unbroken")
    assert contents(out) == contents(tmp_path / "unbroken")


def test_a_gallery_in_another_folder_is_known_by_its_pictures(tmp_path: Path) -> None:
    make_pictures(tmp_path / "one" / "a", 6)
    build(tmp_path / "one", tmp_path / "out")
    (tmp_path / "one" / "a").rename(tmp_path / "one" / "b")
    encoder = PixelEncoder()
    report = build(tmp_path / "one", tmp_path / "out", encoder)
    assert (report.renamed, report.kept, report.removed, encoder.encoded) == (6, 0, 0, 0)


def test_caption_files_are_remembered(gallery: Path, tmp_path: Path) -> None:
    out, named = tmp_path / "out", tmp_path / "words.txt"
    named.write_text("image,caption\nred_circle_0.jpg,a tomato\nnew.jpg,a lemon\n")
    build(gallery, out, captions=named)
    captions = captions_in(out)
    assert captions["red_circle_0.jpg"] == ("a tomato",) and captions["blue_circle_0.jpg"] == ()
    Image.new("RGB", (30, 20), "yellow").save(gallery / "images" / "new.jpg")
    report = add_pictures(out, [gallery / "images" / "new.jpg"], PixelEncoder(), progress=False)
    assert report.added == 1
    build(gallery, out)
    captions = captions_in(out)
    assert captions["new.jpg"] == ("a lemon",) and captions["red_circle_0.jpg"] == ("a tomato",)
    build(gallery, out, captions=gallery / "captions.txt")
    assert "a red circle" in captions_in(out)["red_circle_0.jpg"]
    named.unlink()
    build(gallery, out, rebuild=True)
    assert VectorDictionary.open(out).manifest.captions == ()


@pytest.mark.usefixtures("small_segments")
def test_a_rebuild_that_fails_leaves_the_dictionary_of_before(
    gallery: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    build(gallery, out, exclude=["*square*"])
    before = contents(out)

    class Failing(PixelEncoder):
        def encode_prepared(self, pixels: object) -> object:
            raise MemoryError("CUDA out of memory")

    with pytest.raises(Exception, match="memory"):
        build(gallery, out, Failing(), rebuild=True)
    assert contents(out) == before


def test_new_captions_need_no_encoding(gallery: Path, tmp_path: Path) -> None:
    build(gallery, tmp_path / "out")
    (gallery / "captions.txt").write_text("image,caption\nblue_circle_0.jpg,a blue ball\n")
    encoder = PixelEncoder()
    build(gallery, tmp_path / "out", encoder)
    assert encoder.encoded == 0
    assert VectorDictionary.open(tmp_path / "out").item(0).captions == ("a blue ball",)
    assert check_dictionary(VectorDictionary.open(tmp_path / "out"), encoder).ok


# A few in, a few out


def test_add_and_remove(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(pictures, out)
    Image.new("RGB", (30, 20), "red").save(pictures / "new.png")
    encoder = PixelEncoder()
    report = add_pictures(out, [pictures / "new.png"], encoder, progress=False)
    assert (report.added, report.count, encoder.encoded) == (1, 11, 1)
    dictionary = VectorDictionary.open(out)
    new = dictionary.item(10)
    assert remove_pictures(out, [new.id, str(pictures / "0001.png")]) == ("new.png", "0001.png")
    assert dictionary.item(10) == new, "what was opened before stays as it was"
    left = VectorDictionary.open(out)
    assert len(left) == 9
    assert check_dictionary(left, encoder).ok
    with pytest.raises(UnknownPictureError, match="Nothing was removed"):
        remove_pictures(out, ["0002.png", "0001.png"])
    assert len(VectorDictionary.open(out)) == 9


def test_pictures_from_elsewhere_are_copied_only_on_request(pictures: Path, tmp_path: Path) -> None:
    build(pictures, tmp_path / "out")
    Image.new("RGB", (30, 20), "red").save(tmp_path / "red.png")
    with pytest.raises(DictionaryError, match="--copy"):
        add_pictures(tmp_path / "out", [tmp_path / "red.png"], PixelEncoder(), progress=False)
    add_pictures(
        tmp_path / "out", [tmp_path / "red.png"], PixelEncoder(), copy=True, progress=False
    )
    assert (pictures / "red.png").is_file()
    Image.new("RGB", (30, 20), "blue").save(tmp_path / "red.png")
    with pytest.raises(DictionaryError, match="another picture of that name"):
        add_pictures(
            tmp_path / "out", [tmp_path / "red.png"], PixelEncoder(), copy=True, progress=False
        )


def test_many_small_changes_leave_few_segments(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(pictures, out)
    for number in range(6):
        Image.new("RGB", (30, 20), (number * 40, 0, 0)).save(pictures / f"new{number}.png")
        add_pictures(out, [pictures / f"new{number}.png"], PixelEncoder(), progress=False)
    assert len(VectorDictionary.open(out).manifest.segments) == 1
    assert len(list(out.iterdir())) == 4
    build(pictures, tmp_path / "unbroken")
    assert contents(out) == contents(tmp_path / "unbroken")

"""Building a dictionary, again after changes, and after being killed."""

import errno
import importlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pixel_encoder import PixelEncoder, make_pictures, unit

from timanh.data import open_data, open_picture
from timanh.errors import (
    DictionaryDamagedError,
    DictionaryError,
    EmptyGalleryError,
    EncoderMismatchError,
    SettingsError,
    UnknownPictureError,
)
from timanh.models import Encoder, Vectors
from timanh.vectors import (
    VectorDictionary,
    add_pictures,
    build_dictionary,
    compact_dictionary,
    encoding,
    items,
    manifest,
    measure_cost,
    remove_pictures,
    segments,
    writer,
)


def build(gallery: Path, out: Path, encoder: Encoder | None = None, **options: object):  # type: ignore[no-untyped-def]
    return build_dictionary(gallery, encoder or PixelEncoder(), out, progress=False, **options)  # type: ignore[arg-type]


def contents(folder: Path) -> list[tuple[str, bytes]]:
    """Path and vector of every row, in order of paths."""
    dictionary = VectorDictionary.open(folder)
    return sorted(
        (item.path, dictionary.vectors[row].tobytes()) for row, item in enumerate(dictionary.items)
    )


def captions_in(folder: Path) -> dict[str, tuple[str, ...]]:
    return {item.path: item.captions for item in VectorDictionary.open(folder).items}


def flip_a_bit(path: Path, where: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= 1
    path.write_bytes(content)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return make_pictures(tmp_path / "pictures", 10)


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "SEGMENT_ROWS", 4)


# What can go wrong


def test_a_folder_without_pictures_is_told(tmp_path: Path) -> None:
    with pytest.raises(EmptyGalleryError, match="no picture"):
        build(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_text_files_named_jpg_are_told(tmp_path: Path) -> None:
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
    assert dictionary.check(PixelEncoder()).ok


def test_another_encoder_is_refused_and_both_are_named(pictures: Path, tmp_path: Path) -> None:
    build(pictures, tmp_path / "out")
    before = contents(tmp_path / "out")
    with pytest.raises(EncoderMismatchError, match=r"pixels-0 \(24-d\).*pixels-1 \(32-d\)"):
        build(pictures, tmp_path / "out", PixelEncoder(dim=32, seed=1))
    assert contents(tmp_path / "out") == before
    build(pictures, tmp_path / "out", PixelEncoder(dim=32, seed=1), rebuild=True)
    assert VectorDictionary.open(tmp_path / "out").dim == 32
    assert len(list((tmp_path / "out").iterdir())) == 3, "the files of the first are gone"


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


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_no_more_leaves_the_old_state(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    build(pictures, tmp_path / "out")
    before = contents(tmp_path / "out")
    make_pictures(pictures, 14, seed=0)

    def full(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(np, "save", full)
        with pytest.raises(DictionaryError, match=os.strerror(code)) as told:
            build(pictures, tmp_path / "out")
    assert "\n" not in str(told.value)
    assert "10 pictures done so far are kept" in str(told.value)
    assert contents(tmp_path / "out") == before
    assert build(pictures, tmp_path / "out").added == 4


def test_a_file_system_that_refuses_large_files(pictures: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    build(pictures, tmp_path / "out")
    before = contents(tmp_path / "out")
    make_pictures(pictures, 60)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
    try:
        with pytest.raises(DictionaryError, match="cannot be written"):
            build(pictures, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert contents(tmp_path / "out") == before
    assert not list((tmp_path / "out").glob(".*.part"))


def test_a_place_that_cannot_be_written(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DictionaryError, match="cannot be written"):
        build(pictures, tmp_path / "file" / "out")


def test_too_little_room_is_told_before_the_work(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    encoder = PixelEncoder()
    with pytest.raises(SettingsError, match="free"):
        build(pictures, tmp_path / "out", encoder)
    assert encoder.encoded == 0


def test_weights_that_give_nan_are_told(pictures: Path, tmp_path: Path) -> None:
    encoder = PixelEncoder()
    encoder._matrix[:] = np.nan
    with pytest.raises(DictionaryError, match="not finite"):
        build(pictures, tmp_path / "out", encoder)


def test_two_writers_at_once_are_found_out(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(pictures, out)
    mine = manifest.Manifest.load(out)
    remove_pictures(out, ["0000.png"])
    with pytest.raises(DictionaryError, match="another process"):
        mine.save(out)
    assert len(VectorDictionary.open(out)) == 9


# Building and building again


def test_a_picture_finds_itself_first(gallery: Path, tiny_encoder: Encoder, tmp_path: Path) -> None:
    report = build(gallery, tmp_path / "out", tiny_encoder)
    dictionary = VectorDictionary.open(tmp_path / "out", tiny_encoder)
    assert (report.added, report.count, len(dictionary)) == (12, 12, 12)
    scores, _ = dictionary.search(dictionary.vectors, k=1)
    np.testing.assert_allclose(scores[:, 0], 1, atol=1e-5)
    assert dictionary.check(tiny_encoder).ok
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
    assert dictionary.check(encoder).ok
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
    assert dictionary.check(encoder).ok
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


def test_new_captions_need_no_encoding(gallery: Path, tmp_path: Path) -> None:
    build(gallery, tmp_path / "out")
    (gallery / "captions.txt").write_text("image,caption\nblue_circle_0.jpg,a blue ball\n")
    encoder = PixelEncoder()
    build(gallery, tmp_path / "out", encoder)
    assert encoder.encoded == 0
    assert VectorDictionary.open(tmp_path / "out").item(0).captions == ("a blue ball",)
    assert VectorDictionary.open(tmp_path / "out").check(encoder).ok


@pytest.mark.parametrize(("damaged", "rows"), [(0, 4), (1, 3)])
@pytest.mark.parametrize("kind", ["vectors", "items"])
def test_a_damaged_part_is_made_anew_and_nothing_else(
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damaged: int,
    rows: int,
    kind: str,
) -> None:
    monkeypatch.setattr(writer, "SMALL_ROWS", 0)
    monkeypatch.setattr(segments, "PART_ROWS", 4)
    out = tmp_path / "out"
    build(pictures, out)
    for number in range(3):
        Image.new("RGB", (30, 20), (number, 99, 0)).save(pictures / f"new{number}.png")
    build(pictures, out)
    whole = contents(out)
    stored = manifest.Manifest.load(out).segments
    assert [segment.count for segment in stored] == [10, 3]
    assert [part.rows for part in stored[0].parts] == [4, 4, 2]
    file = out / getattr(stored[damaged], kind).name
    flip_a_bit(file, 0.55 if damaged == 0 else 0.9)
    problems = VectorDictionary.open(out).check().problems
    assert file.name in problems[0] and "checksum" in problems[0]
    shutil.copytree(out, tmp_path / "apart")

    # Without pictures and encoder: the damaged part is left out, and all else is as it was.
    left = compact_dictionary(tmp_path / "apart")
    assert (left.damaged, left.count) == ({file.name: rows}, 13 - rows)
    assert set(contents(tmp_path / "apart")) < set(whole)
    assert VectorDictionary.open(tmp_path / "apart").check(PixelEncoder()).ok
    assert len(list((tmp_path / "apart").iterdir())) == 3

    encoder = PixelEncoder()
    report = build(pictures, out, encoder)
    assert (report.mended, report.added, encoder.encoded) == (rows, 0, rows)
    assert report.damaged == (file.name,)
    assert contents(out) == whole


def test_a_segment_cut_short_keeps_what_is_before_the_cut(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "PART_ROWS", 4)
    out = tmp_path / "out"
    build(pictures, out)
    (segment,) = manifest.Manifest.load(out).segments
    file = out / segment.vectors.name
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(DictionaryDamagedError, match="compact"):
        VectorDictionary.open(out)
    assert compact_dictionary(out).count == 8
    assert VectorDictionary.open(out).check(PixelEncoder()).ok


def test_the_gallery_and_its_dictionary_can_be_moved_together(tmp_path: Path) -> None:
    make_pictures(tmp_path / "here" / "pictures", 3)
    build(tmp_path / "here" / "pictures", tmp_path / "here" / "vectors" / "v")
    (tmp_path / "here").rename(tmp_path / "there")
    dictionary = VectorDictionary.open(tmp_path / "there" / "vectors" / "v", PixelEncoder())
    assert dictionary.gallery == tmp_path / "there" / "pictures"
    assert dictionary.check(PixelEncoder()).ok


def test_ids_are_stable_and_never_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    assert items.item_id("a/b.jpg") == items.item_id("a/b.jpg") != items.item_id("a/c.jpg")
    assert items.item_id("a/b.jpg").isalnum() and len(items.item_id("a/b.jpg")) == 16
    monkeypatch.setattr(items, "_digest", lambda text: "twice" if "\0" not in text else text[-1])
    taken = {items.item_id("one.jpg"): "one.jpg"}
    assert items.item_id("one.jpg", taken) == "twice"
    assert items.item_id("two.jpg", taken) == "1"


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
    assert left.check(encoder).ok
    with pytest.raises(UnknownPictureError, match="Nothing was removed"):
        remove_pictures(out, ["0002.png", "0001.png"])
    assert len(VectorDictionary.open(out)) == 9


def test_pictures_from_elsewhere_are_copied_only_when_asked(pictures: Path, tmp_path: Path) -> None:
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
    assert len(list(out.iterdir())) == 3
    build(pictures, tmp_path / "unbroken")
    assert contents(out) == contents(tmp_path / "unbroken")


# Killed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is forked to be killed")
def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_there_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
    kills = importlib.import_module("kills")
    monkeypatch.setattr(encoding, "SEGMENT_ROWS", 8)
    monkeypatch.setattr(writer, "SMALL_ROWS", 0)
    tally = kills.run(tmp_path, 16, seed=7)
    assert not tally.faults
    assert sum(tally.in_the_middle.values()) >= 4, "some came while it wrote"


def test_the_trial_of_kills_finds_a_writer_that_forgets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manifest that is saved before it is complete must not pass."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
    kills = importlib.import_module("kills")
    before, after = {"a": b"1", "b": b"2"}, {"a": b"1"}
    assert kills.faults("compact", before, after, [])
    assert kills.faults("build", before, after, [])
    assert kills.faults("add", after, before, ["c"])
    assert kills.faults("remove", before, after, ["a", "b"])
    assert not kills.faults("remove", before, after, ["b"])


# What a coarser runtime costs


class Coarse(PixelEncoder):
    """A pixel encoder whose numbers are cut to a few steps."""

    runtime = "steps"

    def encode_prepared(self, pixels: NDArray[np.float32]) -> Vectors:
        return np.stack([unit(np.round(row * 6)) for row in super().encode_prepared(pixels)])


def test_the_cost_of_a_coarser_runtime(gallery: Path, tmp_path: Path) -> None:
    make_pictures(tmp_path / "pictures", 60)
    plain = open_data(tmp_path / "pictures")
    same = measure_cost(PixelEncoder(), PixelEncoder(), plain)
    assert same is not None
    assert (same.kept, same.by, same.queries, same.recall) == (1.0, "pictures", 60, None)
    worse = measure_cost(PixelEncoder(), Coarse(), plain)
    assert worse is not None and worse.cosine < 1
    # By hand, from the definition.
    names = [plain.images / name for name in plain.names]
    both = [
        encoder.encode_images([open_picture(name) for name in names])
        for encoder in (PixelEncoder(), Coarse())
    ]
    best = []
    for vectors in both:
        scores = vectors @ vectors.T
        np.fill_diagonal(scores, -2)
        best.append(np.argsort(-scores, axis=1, kind="stable")[:, :10])
    kept = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(*best, strict=True)])
    assert worse.kept == pytest.approx(kept) and 0.3 < kept < 1
    captioned = measure_cost(PixelEncoder(), Coarse(), open_data(gallery))
    assert captioned is not None and captioned.by == "captions" and captioned.queries == 12
    assert "12 captions among 12 of your pictures" in str(captioned)
    assert (
        measure_cost(PixelEncoder(), Coarse(), open_data(make_pictures(tmp_path / "p", 4))) is None
    )

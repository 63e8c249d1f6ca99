"""A read error is not a removal: what cannot be read keeps its row and is named."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pixel_encoder import PixelEncoder, make_pictures
from small_dictionary import build, contents

from timanh.errors import DictionaryError
from timanh.vectors import VectorDictionary, add_pictures, compact_dictionary
from timanh.vectors.build import changes
from timanh.vectors.store import segments
from timanh.vectors.store.manifest import Manifest
from timanh.workspace import free_disk_or_raise


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    """Six pictures, and three in each of two folders; their dictionary is in `out`."""
    folder = make_pictures(tmp_path / "pictures", 6)
    for number, name in enumerate(("nas/2024", "local")):
        make_pictures(folder / name, 3, seed=number + 1)
    build(folder, tmp_path / "out")
    return folder


def failing(known: Callable[..., Any], name: str, code: int) -> Callable[..., Any]:
    """`known`, but for files of this name, which give a read error."""

    def work(path: Any, *values: Any, **named: Any) -> Any:
        if name in Path(path).parts:
            raise OSError(code, os.strerror(code), str(path))
        return known(path, *values, **named)

    return work


def touch(place: Path) -> None:
    os.utime(place, (1, 1))


@pytest.mark.parametrize("code", [errno.EIO, errno.ETIMEDOUT, errno.EACCES])
def test_a_touched_file_that_cannot_be_read_keeps_its_row(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    before = contents(tmp_path / "out")
    touch(gallery / "0002.png")
    with monkeypatch.context() as patch:
        patch.setattr(changes, "file_state", failing(changes.file_state, "0002.png", code))
        report = build(gallery, tmp_path / "out")
    assert (report.removed, report.changed, report.kept, report.count) == (0, 0, 12, 12)
    (named,) = report.skipped
    assert named.path == "0002.png" and os.strerror(code) in named.reason
    assert contents(tmp_path / "out") == before
    assert build(gallery, tmp_path / "out").skipped == ()


def test_a_file_whose_size_cannot_be_read_keeps_its_row(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr(
            changes, "size_and_time", failing(changes.size_and_time, "0003.png", errno.EIO)
        )
        report = build(gallery, tmp_path / "out")
    assert [one.path for one in report.skipped] == ["0003.png"] and report.removed == 0
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize("how", ["by build", "by add"])
def test_a_changed_picture_that_is_no_picture_now_keeps_its_row_until_it_is_one(
    gallery: Path, tmp_path: Path, how: str
) -> None:
    """As one that is just being copied."""
    before = dict(contents(tmp_path / "out"))
    whole = (gallery / "0001.png").read_bytes()
    Image.new("RGB", (40, 30), "red").save(gallery / "0001.png")
    red = (gallery / "0001.png").read_bytes()
    (gallery / "0001.png").write_bytes(red[:40])

    def again() -> Any:
        if how == "by build":
            return build(gallery, tmp_path / "out")
        places = [gallery / "0001.png"]
        return add_pictures(tmp_path / "out", places, PixelEncoder(), progress=False)

    report = again()
    assert (report.removed, report.changed, report.count) == (0, 0, 12)
    assert [one.path for one in report.skipped] == ["0001.png"]
    assert "What was known of it before is kept" in report.skipped[0].reason
    assert dict(contents(tmp_path / "out")) == before
    (gallery / "0001.png").write_bytes(red)
    assert again().changed == 1
    assert dict(contents(tmp_path / "out"))["0001.png"] != before["0001.png"]
    (gallery / "0001.png").write_bytes(whole)
    assert again().changed == 1
    assert dict(contents(tmp_path / "out")) == before


def test_a_folder_that_cannot_be_listed_keeps_its_rows(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(tmp_path / "out")
    listed = build_listing(gallery, without="nas")
    for broken in ("lstat", "scandir"):
        with monkeypatch.context() as patch:
            patch.setattr("timanh.vectors.build.build.open_data", listed)
            if broken == "lstat":
                patch.setattr(Path, "lstat", failing(Path.lstat, "nas", errno.EACCES))
            else:
                patch.setattr(os, "scandir", failing(os.scandir, "nas", errno.EACCES))
            report = build(gallery, tmp_path / "out")
        assert (report.removed, report.count) == (0, 12)
        assert {one.path for one in report.skipped} == {f"nas/2024/000{n}.png" for n in range(3)}
        assert contents(tmp_path / "out") == before


def build_listing(gallery: Path, without: str) -> Callable[..., Any]:
    """`open_data` as it is where a folder may not be listed and is passed over."""
    from timanh.data import open_data

    found = open_data(gallery)
    left = tuple(name for name in found.names if not name.startswith(without))
    return lambda *_: type(found)(**{**vars(found), "names": left})


@pytest.mark.parametrize("mount_point", [True, False])
def test_a_folder_that_has_gone_as_a_whole_keeps_its_rows_unless_it_is_pruned(
    gallery: Path, tmp_path: Path, mount_point: bool
) -> None:
    before = contents(tmp_path / "out")
    shutil.move(gallery / "nas", tmp_path / "unplugged")
    if mount_point:
        (gallery / "nas").mkdir()
    (gallery / "0000.png").unlink()
    (gallery / "local" / "0001.png").unlink()
    report = build(gallery, tmp_path / "out")
    assert (report.removed, report.kept, report.count) == (2, 10, 10)
    assert report.away == {"nas": 3} and report.to_dict()["away"] == {"nas": 3}
    if mount_point:
        (gallery / "nas").rmdir()
    shutil.move(tmp_path / "unplugged", gallery / "nas")
    again = build(gallery, tmp_path / "out")
    assert (again.added, again.removed, again.away) == (0, 0, {})
    assert dict(contents(tmp_path / "out")).items() < dict(before).items()
    shutil.rmtree(gallery / "nas")
    pruned = build(gallery, tmp_path / "out", prune=True)
    assert (pruned.removed, pruned.count, pruned.away) == (3, 7, {})


def test_a_folder_within_another_that_stays(gallery: Path, tmp_path: Path) -> None:
    make_pictures(gallery / "nas", 1, seed=9)
    build(gallery, tmp_path / "out")
    shutil.rmtree(gallery / "nas" / "2024")
    assert build(gallery, tmp_path / "out").away == {"nas/2024": 3}


def test_a_renamed_folder_is_not_away(gallery: Path, tmp_path: Path) -> None:
    (gallery / "nas" / "2024" / "0001.png").unlink()
    (gallery / "nas").rename(gallery / "drive")
    report = build(gallery, tmp_path / "out")
    assert (report.renamed, report.removed, report.away) == (2, 1, {})


def test_the_gallery_itself_may_be_away(gallery: Path, tmp_path: Path) -> None:
    """As a drive that is not mounted, where the API has put a picture into the empty folder."""
    before = contents(tmp_path / "out")
    for number in range(6):
        (gallery / f"000{number}.png").rename(tmp_path / f"000{number}.png")
    report = build(gallery, tmp_path / "out")
    assert (report.removed, report.kept, report.away) == (0, 12, {".": 6})
    assert contents(tmp_path / "out") == before
    pruned = build(gallery, tmp_path / "out", prune=True)
    assert (pruned.removed, pruned.count, pruned.away) == (6, 6, {})


def test_a_rebuild_says_which_folders_it_leaves_behind(gallery: Path, tmp_path: Path) -> None:
    shutil.move(gallery / "nas", tmp_path / "unplugged")
    report = build(gallery, tmp_path / "out", rebuild=True)
    said = "Pictures that are not there now are not in the new dictionary: 3 of nas."
    assert (report.count, report.notes) == (9, (said,))
    assert build(gallery, tmp_path / "out", rebuild=True).notes == ()


def test_another_gallery_that_shares_a_name_takes_no_rows(gallery: Path, tmp_path: Path) -> None:
    before = dict(contents(tmp_path / "out"))
    other = make_pictures(tmp_path / "other", 1, seed=77)
    (other / "local").mkdir()
    (gallery / "local" / "0001.png").rename(other / "local" / "0001.png")
    report = build(other, tmp_path / "out")
    assert (report.removed, report.count) == (0, 12)
    assert report.away == {".": 7, "nas": 3}
    now = dict(contents(tmp_path / "out"))
    assert now.keys() == before.keys() and now["local/0001.png"] == before["local/0001.png"]


def test_the_command_says_what_is_away_and_prunes(
    indexed_gallery: Path,
    tmp_path: Path,
    tiny_clip_folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from command_line import build_of

    from timanh.cli import run

    shutil.copytree(indexed_gallery, tmp_path / "copy")
    pictures = tmp_path / "copy" / "gallery"
    inner = next(place for place in (pictures / "images", pictures) if place.is_dir())
    make_pictures(inner / "drive", 2)
    words = build_of(tmp_path / "copy", tiny_clip_folder)
    assert run(words) == 0
    shutil.rmtree(inner / "drive")
    capsys.readouterr()
    assert run(words) == 0
    said = capsys.readouterr().err
    assert "drive: 2 pictures" in said and "--prune" in said
    assert run([*words, "--prune"]) == 0
    assert "2 removed" in capsys.readouterr().out


# The dictionary's own files


@pytest.mark.parametrize("work", ["build", "compact"])
@pytest.mark.parametrize("kind", ["vectors", "items"])
def test_a_file_of_the_dictionary_that_cannot_be_read_is_not_damaged(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: str, kind: str
) -> None:
    out = tmp_path / "out"
    before = contents(out)
    name = getattr(Manifest.load(out).segments[0], kind).name
    with monkeypatch.context() as patch:
        patch.setattr(segments, "file_hash", failing(segments.file_hash, name, errno.EIO))
        with pytest.raises(DictionaryError, match=r"cannot be read now .* Nothing was changed"):
            build(gallery, out) if work == "build" else compact_dictionary(out)
    assert contents(out) == before


def test_disk_space_is_checked_for_what_is_added(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for twice the dictionary."""
    needed: list[int] = []
    monkeypatch.setattr(
        "timanh.vectors.build.build.free_disk_or_raise",
        lambda folder, size: needed.append(size) or free_disk_or_raise(folder, size),
    )
    Image.new("RGB", (40, 30), "red").save(gallery / "red.png")
    add_pictures(tmp_path / "out", [gallery / "red.png"], PixelEncoder(), progress=False)
    assert len(VectorDictionary.open(tmp_path / "out")) == 13
    assert 0 < needed[0] < 3000

"""Pictures as one archive on Drive: packed, unpacked, killed in between, and never lost."""

import io
import shutil
import tarfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from galleries import make_gallery
from PIL import Image
from pixel_encoder import PixelEncoder

from timanh.api import ApiConfig
from timanh.api.gallery.adding import Upload
from timanh.api.gallery.additions import Additions
from timanh.api.gallery.editing import GalleryEditor
from timanh.data import (
    DataFolder,
    archive,
    data_folder,
    find_gallery,
    keep_added,
    prepare_data,
)
from timanh.data.archive import pack_data, pack_pictures, unpack_data, unpack_pictures
from timanh.errors import DataError
from timanh.serving import ServeConfig, load_engine, starting
from timanh.vectors import VectorDictionary, build_dictionary
from timanh.workspace import Workspace, mount_drive


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "source" / "images"
    (folder / "Hà Nội" / "phố cổ").mkdir(parents=True)
    for number in range(7):
        (folder / f"{number}.jpg").write_bytes(bytes([number]) * (300 * number))
    (folder / "Hà Nội" / "phố cổ" / f"{'dài' * 60}.jpg").write_bytes(b"long name")
    return folder


@pytest.fixture
def workspace(colab: Path) -> Workspace:
    """On a Drive that is mounted."""
    mount_drive()
    return Workspace.open()


@pytest.fixture
def demo(workspace: Workspace) -> DataFolder:
    """Four drawn pictures, packed on Drive and unpacked here."""
    return prepare_data("demo", workspace, count=4, progress=False)


@pytest.fixture
def index(demo: DataFolder, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The dictionary of `demo`."""
    build_dictionary(demo.root, PixelEncoder(), workspace.vectors / "demo", progress=False)
    monkeypatch.setattr(VectorDictionary, "load_encoder", lambda *_, **__: PixelEncoder())
    return workspace.vectors / "demo"


def test_an_archive_gives_back_every_byte_and_every_name(images: Path, tmp_path: Path) -> None:
    pack_pictures(images, tmp_path / "images.tar", progress=False)
    assert not list(tmp_path.glob(".*"))
    unpack_pictures(tmp_path / "images.tar", tmp_path / "out" / "images", progress=False)
    assert contents(tmp_path / "out" / "images") == contents(images)
    with tarfile.open(tmp_path / "images.tar") as tar:
        assert {(member.uid, member.uname) for member in tar} == {(0, "")}


@pytest.mark.parametrize("cut", [0, 100, 512, 1300, 3000, 5000, 9000])
def test_packing_that_was_killed_goes_on(images: Path, tmp_path: Path, cut: int) -> None:
    whole, again = tmp_path / "whole.tar", tmp_path / "images.tar"
    pack_pictures(images, whole, progress=False)
    (tmp_path / ".images.tar.packing").write_bytes(whole.read_bytes()[:cut])
    pack_pictures(images, again, progress=False)
    assert again.read_bytes() == whole.read_bytes()


def test_unpacking_that_was_killed_goes_on(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed, out = tmp_path / "images.tar", tmp_path / "out" / "images"
    pack_pictures(images, packed, progress=False)
    unpack = archive._unpack
    seen: list[str] = []

    def killed(tar: Any, member: tarfile.TarInfo, *rest: Any) -> None:
        seen.append(member.name)
        if len(seen) == 4:
            raise KeyboardInterrupt
        unpack(tar, member, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(archive, "_unpack", killed)
        with pytest.raises(KeyboardInterrupt):
            unpack_pictures(packed, out, progress=False)
    kept = {path: path.stat().st_mtime_ns for path in out.rglob("*.jpg")}
    assert len(kept) == 3
    unpack_pictures(packed, out, progress=False)
    assert contents(out) == contents(images)
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())


@pytest.mark.parametrize("name", ["../outside.jpg", "/etc/outside.jpg", "a/../../outside.jpg"])
def test_an_archive_cannot_write_outside_of_its_folder(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "images.tar", "w") as tar:
        member = tarfile.TarInfo(name)
        member.size = 3
        tar.addfile(member, io.BytesIO(b"bad"))
    with pytest.raises(DataError, match="is outside its folder"):
        unpack_data(tmp_path, progress=False)
    assert not list(tmp_path.parent.rglob("outside.jpg"))


def test_a_damaged_archive_is_said(images: Path, tmp_path: Path) -> None:
    pack_pictures(images, tmp_path / "images.tar", progress=False)
    content = (tmp_path / "images.tar").read_bytes()
    (tmp_path / "images.tar").write_bytes(content[:4000])
    with pytest.raises(DataError, match=r"images\.tar is damaged"):
        unpack_data(tmp_path, progress=False)


def test_on_ones_own_machine_it_is_unpacked_in_place_and_nothing_is_deleted(
    images: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    pack_data(images.parent, folder, progress=False)
    (folder / "images" / "added").mkdir(parents=True)
    (folder / "images" / "added" / "mine.jpg").write_bytes(b"mine")
    assert unpack_data(folder, progress=False) == folder
    found = contents(folder / "images")
    assert found.pop("added/mine.jpg") == b"mine" and found == contents(images)


def test_on_drive_pictures_are_one_file_and_the_next_session_unpacks_them(
    colab: Path, workspace: Workspace
) -> None:
    kept = workspace.data / "demo"
    first = prepare_data("demo", workspace, count=6, progress=False)
    assert not first.root.is_relative_to(colab / "drive") and len(first.names) == 6
    assert {path.name for path in kept.iterdir()} == {
        "images.tar", "images.json", "captions.txt", "captions.vi.txt", "truth.json",
    }  # fmt: skip
    pictures, packed = contents(first.images), (kept / "images.tar").stat().st_mtime_ns
    shutil.rmtree(colab / "timanh-local")  # the session has ended
    again = data_folder("demo", workspace, progress=False)
    assert contents(again.images) == pictures and again.captions == first.captions
    prepare_data("demo", workspace, count=6, progress=False)
    assert (kept / "images.tar").stat().st_mtime_ns == packed, "nothing new is to be packed"
    more = prepare_data("demo", workspace, count=9, progress=False)
    fewer = prepare_data("demo", workspace, count=4, seed=1, progress=False)
    assert (len(more.names), len(fewer.names)) == (9, 4)
    shutil.rmtree(colab / "timanh-local")
    assert len(data_folder("demo", workspace, progress=False).names) == 4


def test_another_count_draws_only_what_is_missing_and_keeps_what_is_not_ours(
    tmp_path: Path,
) -> None:
    workspace = Workspace.open(tmp_path)
    folder = prepare_data("demo", workspace, count=3, progress=False)
    times = {name: (folder.images / name).stat().st_mtime_ns for name in folder.names}
    (folder.images / "mine.jpg").write_bytes((folder.images / folder.names[0]).read_bytes())
    more = prepare_data("demo", workspace, count=5, progress=False)
    assert len(more.names) == 6 and len(more.captions.captions) == 5
    assert all((more.images / name).stat().st_mtime_ns == time for name, time in times.items())
    other = prepare_data("demo", workspace, count=2, seed=3, progress=False)
    assert [name for name in other.names if "mine" not in name] == list(folder.names[:2])
    assert (other.images / folder.names[0]).stat().st_mtime_ns != times[folder.names[0]]


def test_single_files_of_an_earlier_version_go_on_being_used(workspace: Workspace) -> None:
    make_gallery(workspace.data / "flickr8k")
    for folder in (data_folder("flickr8k", workspace), prepare_data("flickr8k", workspace)):
        assert folder.root == workspace.data / "flickr8k" and len(folder.names) == 12


def test_a_dictionary_finds_its_pictures_in_the_next_session_and_added_ones_are_kept(
    colab: Path, workspace: Workspace, demo: DataFolder, index: Path
) -> None:
    (demo.images / "added").mkdir()
    shutil.copy(demo.images / demo.names[0], demo.images / "added" / "new.jpg")
    keep_added(demo.images, "added")
    shutil.rmtree(colab / "timanh-local")
    engine = load_engine(ServeConfig(index))
    assert engine.dictionary.gallery == demo.images
    assert (demo.images / "added" / "new.jpg").is_file() and len(contents(demo.images)) == 5
    (demo.images / "added" / "new.jpg").unlink()
    keep_added(demo.images, "added", ["added/new.jpg"])
    assert not (workspace.data / "demo" / "images" / "added" / "new.jpg").exists()
    assert find_gallery(colab / "nowhere" / "images", index) == colab / "nowhere" / "images"


def test_pictures_that_another_machine_adds_stay_on_drive_and_come_here(
    workspace: Workspace, demo: DataFolder
) -> None:
    drive, here = workspace.data / "demo" / "images" / "added", demo.images / "added"
    drive.mkdir(parents=True)
    (drive / "theirs.jpg").write_bytes(b"theirs")
    here.mkdir()
    for name in ("mine.jpg", "gone.jpg"):
        (here / name).write_bytes(b"mine")
    keep_added(demo.images, "added")
    (here / "gone.jpg").unlink()
    keep_added(demo.images, "added", ["added/gone.jpg", "added/mine.jpg"])
    assert contents(drive) == {"theirs.jpg": b"theirs", "mine.jpg": b"mine"}
    assert find_gallery(demo.images, workspace.vectors / "demo") == demo.images
    assert (here / "theirs.jpg").read_bytes() == b"theirs"


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (30, 20), "purple").save(out, "JPEG")
    return out.getvalue()


def test_the_api_deletes_on_drive_what_it_deleted_itself(
    colab: Path, workspace: Workspace, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = load_engine(ServeConfig(index))
    new: set[str] = set()
    waiting: set[str] = set()
    keep = partial(starting._keep_added, engine.dictionary.gallery, new, waiting)
    editor = GalleryEditor(engine, ApiConfig(changed=keep), Additions(index))
    drawn = make_gallery(colab / "others") / "images"
    sent = [Upload(path.name, path.read_bytes()) for path in sorted(drawn.iterdir())[:2]]
    items = editor.add(sent).items
    elsewhere = editor.add([Upload("x.png", jpeg())], "holiday").items[0]
    drive = workspace.data / "demo" / "images"
    (drive / "added" / "theirs.jpg").write_bytes(b"theirs")

    def disconnected(*_: object) -> None:
        raise OSError("Transport endpoint is not connected")

    with monkeypatch.context() as patch:
        patch.setattr(starting, "keep_added", disconnected)
        editor.delete(items[0].id)
    assert (drive / items[0].path).is_file()
    editor.delete(items[1].id)
    assert sorted(contents(drive)) == ["added/theirs.jpg", "holiday/x.png"]
    assert not waiting and not new
    editor.delete(elsewhere.id)
    assert list(contents(drive)) == ["added/theirs.jpg"]
    editor.restore(elsewhere.id)
    assert (drive / "holiday/x.png").read_bytes() == jpeg()


def test_a_gallery_whose_unpacking_was_killed_is_finished_before_it_is_served(
    workspace: Workspace, demo: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = contents(demo.images)
    shutil.rmtree(demo.root)
    with monkeypatch.context() as patch:
        patch.setattr(archive, "_unpack", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            unpack_data(workspace.data / "demo", progress=False)
    assert demo.images.is_dir() and not contents(demo.images)
    assert find_gallery(demo.images, workspace.vectors / "demo") == demo.images
    assert contents(demo.images) == whole

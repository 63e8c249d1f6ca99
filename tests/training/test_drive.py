"""A model on Google Drive: copies that survive the machine, and a trash without them."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from small_training import assert_same_weights, recipe, tiny
from training.test_resuming import interrupted_after

from timanh.data import open_data
from timanh.models import load_encoder
from timanh.models.sidecar import Sidecar
from timanh.training import checkpoints, train, trainer
from timanh.workspace import discard_file, fill_folder, put_file, settle_file


class Trash:
    """Google Drive's: what is deleted or replaced below `drive` goes on taking room."""

    def __init__(self, drive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.drive, self.largest = drive.resolve(), 0
        unlink, replace = Path.unlink, Path.replace

        def unlinked(path: Path, missing_ok: bool = False) -> None:
            self.takes(path)
            unlink(path, missing_ok)

        def replaced(path: Path, target: Path) -> Path:
            self.takes(Path(target))
            return replace(path, target)

        monkeypatch.setattr(Path, "unlink", unlinked)
        monkeypatch.setattr(Path, "replace", replaced)

    def takes(self, path: Path) -> None:
        if path.is_file() and path.resolve().is_relative_to(self.drive):
            self.largest = max(self.largest, path.stat().st_size)


def test_on_drive_a_run_survives_the_machine_and_leaves_nothing_large_in_the_trash(
    gallery: Path, tmp_path: Path, colab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, names = open_data(gallery), open_data(gallery).names
    train(folder, tiny(), recipe(), tmp_path / "whole", names=names, progress=False)
    drive = colab / "drive" / "MyDrive"
    out, trash = drive / "timanh" / "models" / "broken", Trash(drive, monkeypatch)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            train(
                folder, tiny(), recipe(), out, names=names, measure=interrupted_after(1),
                progress=False,
            )  # fmt: skip
        assert (out / "training-state.pt").is_file()
        shutil.rmtree(colab / "timanh-local")  # the session has ended
    done = train(
        folder, tiny(), recipe(), out, names=names, measure=interrupted_after(99), progress=False
    )
    assert done.resumed_at and len(done.history) == 3
    assert_same_weights(tmp_path / "whole", out)
    assert not list(out.rglob("*.pt")) and not list(out.glob(".*"))
    assert not list((colab / "timanh-local").rglob("*.pt"))
    assert trash.largest < 20_000 < (out / "model.safetensors").stat().st_size


def test_the_state_is_copied_to_drive_every_ten_minutes(
    gallery: Path, colab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies: list[str] = []
    monkeypatch.setattr(checkpoints, "put_file", lambda source, target: copies.append(target.name))
    monkeypatch.setattr(trainer, "COPY_EVERY", 0.0)
    folder, out = open_data(gallery), colab / "drive" / "MyDrive" / "model"
    steps = recipe(epochs=1, batch_size=2)
    train(folder, tiny(), steps, out, names=folder.names, save_every=0.0, progress=False)
    assert copies.count("training-state.pt") == 6  # after 5 steps within the epoch, and at its end


def test_a_model_is_written_to_the_machine_and_then_copied_whole(
    colab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever saves it: the one between before and after a training, too."""
    drive = colab / "drive" / "MyDrive"
    out, trash, encoder = drive / "models" / "fine" / "between", Trash(drive, monkeypatch), tiny()
    written: list[Path] = []
    save = Sidecar.save

    def noted(sidecar: Sidecar, folder: Path, preparation: Any) -> None:
        written.append(folder)
        save(sidecar, folder, preparation)

    monkeypatch.setattr(Sidecar, "save", noted)
    for _ in range(2):
        encoder.save_pretrained(out)
    assert load_encoder(str(out), device="cpu").fingerprint == encoder.fingerprint
    assert not any(place.is_relative_to(drive) for place in written)
    assert trash.largest < 20_000 < (out / "model.safetensors").stat().st_size

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = (out / "model.safetensors").read_bytes()
    monkeypatch.setattr(Sidecar, "save", full)
    with pytest.raises(OSError, match="No space"):
        tiny(seed=3).save_pretrained(out)
    assert (out / "model.safetensors").read_bytes() == before
    assert not list(out.glob(".*")) and not list((colab / "timanh-local").rglob("*.*"))


@pytest.mark.parametrize("killed_at", range(5))
def test_a_copy_that_is_killed_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    source, target = tmp_path / "source", tmp_path / "drive" / "state.pt"
    target.parent.mkdir()
    source.write_bytes(b"new" * 1000)
    target.write_bytes(b"old" * 1000)
    calls: list[str] = []

    def killing(name: str) -> Callable[..., Any]:
        real = getattr(Path, name)

        def call(path: Path, *args: Any, **options: Any) -> Any:
            if path.is_relative_to(target.parent):
                calls.append(name)
                if len(calls) > killed_at:
                    raise KeyboardInterrupt
            return real(path, *args, **options)

        return call

    with monkeypatch.context() as patch:
        for name in ("replace", "unlink"):
            patch.setattr(Path, name, killing(name))
        with suppress(KeyboardInterrupt):
            put_file(source, target)
    settle_file(target)
    assert target.read_bytes() == (b"old" if killed_at < 2 else b"new") * 1000
    assert [path.name for path in target.parent.iterdir()] == ["state.pt"]


@pytest.mark.parametrize("place", ["drive", "own disk"])
def test_what_a_link_leads_to_is_never_emptied(tmp_path: Path, colab: Path, place: str) -> None:
    folder = colab / "drive" / "MyDrive" / "data" if place == "drive" else tmp_path / "data"
    folder.mkdir(parents=True)
    precious, source = folder / "precious.txt", tmp_path / "source"
    precious.write_text("precious")
    source.write_text("new")
    for name in ("captions.txt", ".captions.txt.part"):
        (folder / name).symlink_to(precious)
    put_file(source, folder / "captions.txt")
    assert not (folder / "captions.txt").is_symlink()
    assert (folder / "captions.txt").read_text() == "new"
    for name in (".state.old", ".state.part"):
        (folder / name).symlink_to(precious)
    settle_file(folder / "state")
    (folder / "training-state.pt").hardlink_to(precious)
    discard_file(folder / "training-state.pt")
    (folder / "dangling").symlink_to(folder / "nowhere")
    discard_file(folder / "dangling")
    assert precious.read_text() == "precious"


def test_off_drive_a_file_is_deleted_without_being_emptied(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("state")
    with (tmp_path / "state").open() as reading:
        discard_file(tmp_path / "state")
        assert reading.read() == "state" and not (tmp_path / "state").exists()


def test_a_folder_is_filled_with_the_named_file_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill in between leaves the weights of before, not new ones beside old words."""
    moved, replace = list[str](), Path.replace

    def watched(self: Path, target: Path) -> Path:
        moved.append(self.name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    with fill_folder(tmp_path / "out", last="decoder.safetensors") as place:
        for name in ("decoder.safetensors", "captioner.json", "words.txt"):
            (place / name).write_text(name)
    assert len(moved) == 3 and moved[-1] == "decoder.safetensors"

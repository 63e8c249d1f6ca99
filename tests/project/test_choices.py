"""What is chosen in notebook 01 and taken by the others; how much room a notebook takes."""

import json
import time
from pathlib import Path

import pytest

from timanh.errors import SettingsError
from timanh.workspace import Choices, Usage, Workspace, folder_bytes, read_choices, save_choices


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "workspace")


def test_what_was_chosen_is_read_again_and_a_field_may_differ(workspace: Workspace) -> None:
    assert read_choices(workspace) == Choices("flickr8k", "openai/clip-vit-base-patch32")
    saved = save_choices(workspace, data="demo", language="vi")
    assert saved == Choices("demo", "small", "drawn", "vi") and saved.drawn
    assert read_choices(workspace, data="as in 01", name="") == saved
    assert read_choices(workspace, name="other") == Choices("demo", "small", "other", "vi")
    assert read_choices(workspace) == saved, "reading changes nothing"
    assert [file.name for file in workspace.root.iterdir()] == ["choices.json"]
    assert saved.example() == "chiếc ô tô màu đỏ" and saved.example("en") == "a red car"
    assert saved.recipe == "demo" and Choices().recipe == "strong"


def test_a_name_is_made_of_data_and_model(workspace: Workspace) -> None:
    assert save_choices(workspace, data="flickr8k").name == "flickr8k"
    siglip = save_choices(workspace, data="flickr8k", model="google/siglip2-base-patch16-224")
    assert siglip.name == "flickr8k-siglip2-base-patch16-224"
    assert save_choices(workspace, data="/photos/My trip", model="small").name == "My-trip-small"
    assert save_choices(workspace, data="flickr8k", name="ảnh của tôi").name == "ảnh của tôi"


def test_the_model_of_02_is_taken_where_it_is(workspace: Workspace) -> None:
    chosen = save_choices(workspace, data="demo")
    assert chosen.source(workspace, "as in 02") == "demo", "nothing was trained yet"
    assert Choices().source(workspace) == "openai/clip-vit-base-patch32"
    (workspace.models / "drawn").mkdir(parents=True)
    assert chosen.source(workspace) == str(workspace.models / "drawn")
    assert chosen.source(workspace, "org/model") == "org/model"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"data": 3}', '{"language": "fr"}', "\x00"])
def test_a_wrong_file_is_a_sentence(workspace: Workspace, text: str) -> None:
    (workspace.root / "choices.json").write_text(text, "utf8")
    with pytest.raises(SettingsError, match=r"(not what notebook 01 writes|is not known)"):
        read_choices(workspace)
    save_choices(workspace, data="demo")
    assert read_choices(workspace).drawn


def test_a_later_version_may_have_written_more(workspace: Workspace) -> None:
    save_choices(workspace, data="demo")
    file = workspace.root / "choices.json"
    file.write_text(json.dumps({**json.loads(file.read_text("utf8")), "colour": "red"}), "utf8")
    assert read_choices(workspace).data == "demo"


@pytest.mark.parametrize("changes", [{"language": "fr"}, {"name": "a/b"}, {"name": "."}])
def test_what_may_not_be_chosen_is_not_kept(workspace: Workspace, changes: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        save_choices(workspace, data="demo", **changes)
    assert not (workspace.root / "choices.json").exists()


def test_the_most_room_is_remembered(workspace: Workspace) -> None:
    usage = Usage(workspace, every_s=0.01)
    (workspace.root / "folder").mkdir()
    checkpoint = workspace.root / "folder" / "checkpoint"
    checkpoint.write_bytes(bytes(30_000_000))
    until = time.monotonic() + 10
    while usage.peak_bytes < 30_000_000 and time.monotonic() < until:
        time.sleep(0.01)
    checkpoint.unlink()
    english, vietnamese = usage.summary().splitlines()
    assert "workspace 0 MB, at most 30 MB" in english and english.startswith("Time ")
    assert "cao nhất 30 MB" in vietnamese
    usage.close()
    assert folder_bytes(workspace.root / "nothing") == 0

"""Several data folders as one: UIT-ViIC and KTVIC as they are published."""

import shutil
from pathlib import Path

import pytest
from vietnamese_data import ktvic, picture, uit_viic

from timanh.data import JoinedFolder, data_notes, open_sources, split_note
from timanh.errors import DataError, SettingsError


def test_each_source_keeps_its_captions_and_its_splits(tmp_path: Path) -> None:
    roots = [uit_viic(tmp_path / "uit-viic"), ktvic(tmp_path / "ktvic")]
    both = open_sources(roots)
    assert isinstance(both, JoinedFolder)
    alone = [open_sources([root]) for root in roots]
    for which in ("train", "dev", "test"):
        wanted = [one.split(which) for one in alone]
        assert [name.rpartition("/")[2] for name in both.split(which)] == [
            name.rpartition("/")[2] for names in wanted for name in names
        ]
    assert len(both.split("test")) == 4 + 4 and len(both.names) == 12 + 8
    assert not set(both.split("train")) & set(both.split("test"))
    for name in both.names:
        assert (both.images / name).is_file() and both.captions_of(name)
    first = next(name for name in both.names if "ktvic" in name)
    assert both.captions_of(first)[0].startswith("người phụ nữ đứng")  # read as it is written
    notes = data_notes(both)
    assert len(notes) == 2 and notes[0].startswith("uit-viic: ") and "ktvic: " in notes[1]
    said = split_note(both)
    assert "uit-viic: Splits: train, 4" in said and "ktvic: Splits: train" in said


def test_what_one_source_measures_on_no_other_trains_on(tmp_path: Path) -> None:
    """UIT-ViIC's pictures are COCO's: in COCO's train split they were trained on."""
    viic = open_sources([uit_viic(tmp_path / "uit-viic")])
    held = [*viic.split("test"), *viic.split("dev")]
    coco = tmp_path / "coco"
    (coco / "images").mkdir(parents=True)
    for name in viic.names:
        shutil.copy(viic.images / name, coco / "images" / Path(name).name)
    picture(coco / "images" / "other.jpg", 99)
    stranger = coco / "images" / Path(held[0]).name
    stranger.write_bytes(stranger.read_bytes() + b"of the same name only")
    lines = [f"{file.name},a picture" for file in sorted((coco / "images").iterdir())]
    (coco / "captions.txt").write_text("\n".join(["image,caption", *lines]), "utf8")
    (coco / "train.txt").write_text("\n".join(line.split(",")[0] for line in lines), "utf8")
    both = open_sources([tmp_path / "uit-viic", coco])
    with pytest.warns(UserWarning, match=f"{len(held) - 1} pictures are not trained on"):
        train = {name for name in both.split("train") if "coco" in name}
    names = {Path(name).name for name in train}
    assert names & {Path(name).name for name in held} == {stranger.name}
    assert "other.jpg" in names


def test_a_missing_picture_of_ktvic_is_counted_and_left_out(tmp_path: Path) -> None:
    both = open_sources([uit_viic(tmp_path / "a"), ktvic(tmp_path / "b", absent=1)])
    assert any("1 captions name no picture that is there" in note for note in data_notes(both))
    assert sum("train-images" in name for name in both.names) == 3


def test_a_source_without_captions_is_named(tmp_path: Path) -> None:
    picture(tmp_path / "bare" / "one.jpg", 1)
    both = open_sources([uit_viic(tmp_path / "a"), tmp_path / "bare"])
    with pytest.raises(DataError, match=r"No caption file found in .*bare"):
        both.require_captions()


def test_the_same_pictures_twice_are_refused(tmp_path: Path) -> None:
    root = uit_viic(tmp_path / "a")
    for other in (root, root / "images"):
        with pytest.raises(SettingsError, match="hold the same pictures"):
            open_sources([root, other])
    with pytest.raises(SettingsError, match="Put each into its folder"):
        open_sources([root, ktvic(tmp_path / "b")], [root / "x.txt"])

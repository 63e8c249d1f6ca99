"""Tar shards in img2dataset's form, read without being unpacked."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import small_training
from PIL import Image, ImageDraw

from timanh.data import holds_shards, open_picture, open_sources
from timanh.errors import DataError, EmptyGalleryError
from timanh.evaluation import dev_recall
from timanh.training import train

COLOURS = {"red": (214, 40, 40), "green": (42, 157, 90), "blue": (38, 90, 200)}


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def make_shards(root: Path, *, broken: int = -1) -> Path:
    """Two shards of 15 pictures; captions in .txt, and in the second only in .json."""
    root.mkdir()
    kinds = [(colour, shape) for colour in COLOURS for shape in ("circle", "square")]
    for shard in range(2):
        with tarfile.open(root / f"{shard:05}.tar", "w") as archive:
            for number in range(15):
                colour, shape = kinds[(number + shard) % len(kinds)]
                key = f"{shard:05}{number:04}"
                image = Image.new("RGB", (40, 32), (225, 225, 225))
                draw = ImageDraw.Draw(image)
                box = (8, 4, 28, 24)
                (draw.ellipse if shape == "circle" else draw.rectangle)(box, fill=COLOURS[colour])
                jpeg = io.BytesIO()
                image.save(jpeg, "JPEG")
                caption = f"a {colour} {shape}"
                content = b"no picture" if number == broken else jpeg.getvalue()
                add(archive, f"{key}.jpg", content)
                if shard == 0:
                    add(archive, f"{key}.txt", caption.encode())
                add(archive, f"{key}.json", json.dumps({"caption": caption, "key": key}).encode())
    return root


def test_pictures_and_captions_are_read_out_of_the_shards(tmp_path: Path) -> None:
    folder = open_sources([make_shards(tmp_path / "laion")])
    assert folder.streamed and len(folder.names) == 30
    assert folder.captions_of("00000.tar/000000001.jpg") == ("a red square",)
    assert folder.captions_of("00001.tar/000010000.jpg") == ("a red square",)
    picture = open_picture(folder.images / "00001.tar/000010000.jpg")
    assert picture.size == (40, 32)
    assert np.asarray(picture)[10, 15, 0] > 180
    assert len(folder.split("train")) + len(folder.split("dev")) + len(folder.split("test")) == 30


def test_a_training_on_shards_is_that_on_their_files(tmp_path: Path) -> None:
    """Streamed or decoded beforehand, and stopped or not, the weights are the same."""
    shards = make_shards(tmp_path / "laion")
    plain = tmp_path / "plain"
    lines = ["image,caption"]
    streamed = open_sources([shards])
    for name in streamed.names:
        flat = name.replace("/", "-")
        (plain / "images").mkdir(parents=True, exist_ok=True)
        content = (tmp_path / "laion" / name.partition("/")[0]).read_bytes()
        assert content
        open_file = streamed.images / name
        Image.fromarray(np.asarray(open_picture(open_file))).save(
            (plain / "images" / flat).with_suffix(".png")
        )
        lines.append(f"{Path(flat).with_suffix('.png')},{streamed.captions_of(name)[0]}")
    (plain / "captions.txt").write_text("\n".join(lines), "utf8")
    names = streamed.split("train")
    flat_names = [str(Path(name.replace("/", "-")).with_suffix(".png")) for name in names]
    recipe = small_training.recipe(epochs=1, average=0.0)
    measure = dev_recall(streamed)
    train(
        streamed, small_training.tiny(), recipe, tmp_path / "one", measure=measure, progress=False
    )
    train(
        open_sources([plain]), small_training.tiny(), recipe, tmp_path / "two", names=flat_names,
        progress=False,
    )  # fmt: skip
    small_training.assert_same_weights(tmp_path / "one", tmp_path / "two")
    assert not (tmp_path / "one" / ".pixels").exists()


def test_a_broken_picture_in_a_shard_is_left_out_and_named(tmp_path: Path) -> None:
    folder = open_sources([make_shards(tmp_path / "laion", broken=3)])
    done = train(
        folder, small_training.tiny(), small_training.recipe(epochs=2), tmp_path / "out",
        names=folder.names, progress=False,
    )  # fmt: skip
    assert sorted(done.skipped) == ["00000.tar/000000003.jpg", "00001.tar/000010003.jpg"]


def test_a_packed_data_folder_is_no_folder_of_shards(tmp_path: Path) -> None:
    root = make_shards(tmp_path / "demo")
    assert holds_shards(root)
    (root / "captions.txt").write_text("image,caption\na.jpg,a dog\n")
    assert not holds_shards(root)


def test_what_is_no_shard_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "00000.tar").write_bytes(b"no tar at all" * 100)
    with pytest.raises(DataError, match=r"00000\.tar cannot be read as a tar archive"):
        open_sources([tmp_path / "a"])
    (tmp_path / "b").mkdir()
    with tarfile.open(tmp_path / "b" / "00000.tar", "w") as archive:
        add(archive, "1.txt", b"a caption alone")
    with pytest.raises(EmptyGalleryError, match="None of the 1 tar files"):
        open_sources([tmp_path / "b"])

"""The report's image_vectors.npy into a dictionary and out again: nothing is lost."""

import json
from pathlib import Path

import numpy as np
import pytest
from pixel_encoder import PixelEncoder, make_pictures, unit
from small_dictionary import save_pickled

from timanh.cli import run
from timanh.errors import (
    DictionaryDamagedError,
    DictionaryError,
    EncoderMismatchError,
)
from timanh.vectors import (
    VectorDictionary,
    build_dictionary,
    check_dictionary,
    export_report_vectors,
    import_report_vectors,
)


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    make_pictures(tmp_path / "gallery" / "images", 8)
    make_pictures(tmp_path / "gallery" / "images" / "more", 3, seed=9)
    return tmp_path / "gallery"


def test_out_and_in_again_is_the_same_to_the_bit(gallery: Path, tmp_path: Path) -> None:
    encoder = PixelEncoder()
    build_dictionary(gallery, encoder, tmp_path / "one", progress=False)
    assert export_report_vectors(tmp_path / "one", tmp_path / "image_vectors.npy") == 11
    theirs = np.load(tmp_path / "image_vectors.npy", allow_pickle=True).item()
    assert theirs["0000.png"].shape == (24,)
    report = import_report_vectors(
        tmp_path / "image_vectors.npy", gallery, encoder, tmp_path / "two"
    )
    assert (report.count, report.unmatched) == (11, ())
    assert report.agreement is not None and report.agreement > 0.9999
    one, two = (VectorDictionary.open(tmp_path / name, encoder) for name in ("one", "two"))
    assert one.vectors.tobytes() == two.vectors.tobytes()
    assert list(one.items) == list(two.items)
    assert check_dictionary(two, encoder).ok
    again = build_dictionary(gallery, PixelEncoder(), tmp_path / "two", progress=False)
    assert (again.kept, again.added) == (11, 0)


def test_paths_of_another_machine_are_matched_by_their_ends(gallery: Path, tmp_path: Path) -> None:
    encoder = PixelEncoder()
    build_dictionary(gallery, encoder, tmp_path / "one", progress=False)
    one = VectorDictionary.open(tmp_path / "one")
    by_path = {item.path: one.vectors[row] for row, item in enumerate(one.items)}
    foreign = {
        "/content/drive/MyDrive/Images/more/0001.png": 3.5 * by_path["more/0001.png"],
        "D:\\pictures\\0001.png": by_path["0001.png"].astype(np.float64)[None],
        "/content/0002.png": by_path["0002.png"],
        "/content/vanished.png": by_path["0003.png"],
    }
    report = import_report_vectors(
        save_pickled(tmp_path / "x.npy", foreign), gallery, encoder, tmp_path / "two"
    )
    assert report.unmatched == ("/content/vanished.png",)
    two = VectorDictionary.open(tmp_path / "two", encoder)
    assert [item.path for item in two.items] == ["0001.png", "0002.png", "more/0001.png"]
    assert check_dictionary(two, encoder).ok
    np.testing.assert_allclose(two.vectors[2], by_path["more/0001.png"], atol=1e-6)


def test_it_says_which_captions_it_takes(
    gallery: Path, tmp_path: Path, tiny_clip_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["image,caption", "0000.png,a dog", "more/0001.png,a cat", "gone.png,a bird", "none"]
    (gallery / "captions.txt").write_text("\n".join(rows))
    out, file = str(tmp_path / "one"), str(tmp_path / "vectors.npy")
    model = ["--model", str(tiny_clip_folder), "--device", "cpu"]
    assert run(["index", "build", str(gallery), *model, "--out", out]) == 0
    assert run(["index", "export", "--index", out, "--out", file]) == 0
    capsys.readouterr()
    command = ["index", "import", file, "--gallery", str(gallery), *model]
    assert run([*command, "--out", str(tmp_path / "two")]) == 0
    said = capsys.readouterr().err
    assert "2 of 11 pictures have captions, 2 in all (captions.txt)" in said
    assert "1 rows could not be read" in said and "the first: gone.png" in said
    assert run([*command, "--out", str(tmp_path / "three"), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["notes"]) == 3


def test_vectors_of_another_encoder_are_noticed(gallery: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    wrong = {f"{row:04d}.png": unit(random.standard_normal(24)) for row in range(8)}
    file = save_pickled(tmp_path / "x.npy", wrong)
    with pytest.raises(EncoderMismatchError, match=r"agrees with its vector at .*--no-verify"):
        import_report_vectors(file, gallery, PixelEncoder(), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(EncoderMismatchError, match=r"24 numbers.*makes 32"):
        import_report_vectors(file, gallery, PixelEncoder(dim=32), tmp_path / "out")
    import_report_vectors(file, gallery, PixelEncoder(), tmp_path / "out", verify=False)
    with pytest.raises(DictionaryError, match="already"):
        import_report_vectors(file, gallery, PixelEncoder(), tmp_path / "out", verify=False)


@pytest.mark.parametrize("wrong", [np.zeros(24), np.full(24, np.nan)])
def test_vectors_without_direction_are_refused(
    gallery: Path, tmp_path: Path, wrong: np.ndarray
) -> None:
    file = save_pickled(tmp_path / "x.npy", {"0000.png": wrong})
    with pytest.raises(DictionaryDamagedError, match=r"0000\.png"):
        import_report_vectors(file, gallery, PixelEncoder(), tmp_path / "out")


def test_a_gallery_that_does_not_fit_is_refused(gallery: Path, tmp_path: Path) -> None:
    file = save_pickled(tmp_path / "x.npy", {"other.jpg": np.ones(24)})
    with pytest.raises(DictionaryError, match=r"other\.jpg.*--gallery"):
        import_report_vectors(file, gallery, PixelEncoder(), tmp_path / "out")

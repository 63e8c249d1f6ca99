"""Vectors stored in half the bytes: the same dictionary in every other way."""

import json
from pathlib import Path

import numpy as np
import pytest
from pixel_encoder import PixelEncoder, make_pictures

from timanh.cli.program import run
from timanh.cli.reports import describe
from timanh.errors import DictionaryDamagedError, DictionaryError, SettingsError
from timanh.vectors import (
    BuildReport,
    VectorDictionary,
    build_dictionary,
    check_dictionary,
    compact_dictionary,
    remove_pictures,
    tune_dictionary,
)
from timanh.vectors.store.manifest import FILE


def build(gallery: Path, out: Path, storage: str | None = None) -> BuildReport:
    return build_dictionary(gallery, PixelEncoder(), out, progress=False, storage=storage)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return make_pictures(tmp_path / "pictures", 40)


def by_path(folder: Path) -> dict[str, np.ndarray]:
    dictionary = VectorDictionary.open(folder)
    return {item.path: dictionary.vectors[row] for row, item in enumerate(dictionary.items)}


def vector_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.vectors.npy"))


def test_an_unknown_storage_is_refused(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Unknown storage 'int4'. Choose float32 or float16"):
        build(pictures, tmp_path / "out", "int4")
    assert not (tmp_path / "out" / FILE).exists()


def test_another_storage_than_what_is_there_is_refused_and_nothing_changes(
    pictures: Path, tmp_path: Path
) -> None:
    build(pictures, tmp_path / "out")
    before = (tmp_path / "out" / FILE).read_bytes()
    with pytest.raises(SettingsError, match=r"in float32, not in float16.*compact .*--storage"):
        build(pictures, tmp_path / "out", "float16")
    assert (tmp_path / "out" / FILE).read_bytes() == before


def test_numbers_of_a_type_that_nobody_knows_are_refused(pictures: Path, tmp_path: Path) -> None:
    build(pictures, tmp_path)
    stored = json.loads((tmp_path / FILE).read_text(encoding="utf8"))
    (tmp_path / FILE).write_text(json.dumps({**stored, "dtype": "<f8"}), encoding="utf8")
    with pytest.raises(DictionaryError, match="stores '<f8'; this program reads"):
        VectorDictionary.open(tmp_path)
    # Files of one type under a manifest that promises the other.
    (tmp_path / FILE).write_text(json.dumps({**stored, "dtype": "<f2"}), encoding="utf8")
    with pytest.raises(DictionaryDamagedError, match="promises float16"):
        VectorDictionary.open(tmp_path)


def test_half_the_bytes_and_the_same_answers(pictures: Path, tmp_path: Path) -> None:
    build(pictures, tmp_path / "whole")
    build(pictures, tmp_path / "half", "float16")
    whole, half = (VectorDictionary.open(tmp_path / name) for name in ("whole", "half"))
    assert half.manifest.storage == "float16"
    sizes = [np.load(vector_files(one.folder)[0]).nbytes for one in (whole, half)]
    assert sizes[0] == 2 * sizes[1]
    assert check_dictionary(half, PixelEncoder()).problems == ()
    wanted, wanted_rows = whole.search(whole.vectors, 3)
    found, rows = half.search(whole.vectors, 3)
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    assert (rows[:, 0] == wanted_rows[:, 0]).all()
    for row in range(5):
        alone = half.search(whole.vectors[row], 3)
        np.testing.assert_allclose(alone[0][0], found[row], atol=3e-7)


def test_it_stays_so_while_pictures_come_go_and_break(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(pictures, out, "float16")
    make_pictures(tmp_path / "more", 50)
    for new in sorted((tmp_path / "more").iterdir())[40:]:
        new.rename(pictures / f"new-{new.name}")
    report = build(pictures, out)
    assert (report.added, report.kept) == (10, 40)
    before = by_path(out)
    gone = sorted(before)[:3]
    assert set(remove_pictures(out, gone)) == set(gone)
    damaged = vector_files(out)[0]
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    assert build(pictures, out).mended > 0
    after = by_path(out)
    assert after.keys() == before.keys()
    for path, vector in before.items():
        np.testing.assert_array_equal(after[path], vector)
    assert all(np.load(file).dtype == np.float16 for file in vector_files(out))


def test_compact_turns_one_into_the_other(pictures: Path, tmp_path: Path) -> None:
    build(pictures, tmp_path)
    before = by_path(tmp_path)
    report = compact_dictionary(tmp_path, "float16")
    assert report.bytes_after < report.bytes_before
    half = by_path(tmp_path)
    assert compact_dictionary(tmp_path, "float32").count == 40
    for path, vector in before.items():
        np.testing.assert_array_equal(half[path], vector.astype(np.float16))
        np.testing.assert_array_equal(by_path(tmp_path)[path], half[path])
    assert build(pictures, tmp_path).kept == 40


def test_info_tells_storage_and_a_search_index_that_is_out_of_date(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def described() -> dict[str, str]:
        assert run(["index", "info", "--index", str(tmp_path), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    build(pictures, tmp_path)
    assert described()["storage"] == "float32" and "index tune" in described()["search"]
    queries = VectorDictionary.open(tmp_path).vectors[:30]
    tune_dictionary(tmp_path, queries, method="two-step", threads=1)
    assert described()["search"].startswith("two-step, ")
    assert run(["index", "compact", "--index", str(tmp_path), "--storage", "float16"]) == 0
    capsys.readouterr()
    assert described()["storage"] == "float16"
    assert "was made for an earlier state; run `timanh index tune`" in described()["search"]


def test_info_says_when_much_of_what_an_index_covers_was_removed(
    pictures: Path, tmp_path: Path
) -> None:
    def described() -> str:
        return str(describe(VectorDictionary.open(tmp_path))["search"])

    build(pictures, tmp_path)
    dictionary = VectorDictionary.open(tmp_path)
    names = [item.path for item in dictionary.items]
    tune_dictionary(tmp_path, dictionary.vectors[:30], method="two-step", threads=1)
    remove_pictures(tmp_path, names[:8])
    assert "removed" not in described()
    remove_pictures(tmp_path, names[8:9])
    assert "9 of its 40 pictures were removed" in described()
    assert "run `timanh index compact`, then `timanh index tune`" in described()


def test_info_never_calls_exact_search_out_of_date(pictures: Path, tmp_path: Path) -> None:
    build(pictures, tmp_path)
    dictionary = VectorDictionary.open(tmp_path)
    tune_dictionary(tmp_path, dictionary.vectors[:30], method="exact", threads=1)
    chosen = describe(dictionary)["search"]
    remove_pictures(tmp_path, [item.path for item in dictionary.items][:15])
    compact_dictionary(tmp_path)
    assert chosen.startswith("exact")
    assert describe(VectorDictionary.open(tmp_path))["search"] == chosen

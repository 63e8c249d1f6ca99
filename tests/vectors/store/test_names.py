"""Names of files in dictionaries: whoever writes a name, and in which form, means the same file."""

import csv
import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from odd_names import COMPOSED, FROM_MAC, LATIN, LATIN_SHOWN, make_odd_names
from pixel_encoder import PixelEncoder, make_pictures
from small_dictionary import save_pickled

from timanh.errors import UnknownPictureError
from timanh.search import Query, SearchEngine, read_queries, write_answers
from timanh.vectors import (
    VectorDictionary,
    add_pictures,
    build_dictionary,
    export_report_vectors,
    import_report_vectors,
    remove_pictures,
)


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    gallery = make_odd_names(tmp_path)
    build_dictionary(gallery, PixelEncoder(), tmp_path / "out", progress=False)
    return gallery


@pytest.mark.parametrize(
    ("written", "removed"),
    [
        (f"{COMPOSED}/0.png", f"{FROM_MAC}/0.png"),
        (unicodedata.normalize("NFD", "Huế/2.png"), "Huế/2.png"),
        ("bảy.png", unicodedata.normalize("NFD", "bảy.png")),
        (f"{LATIN_SHOWN}/4.png", f"{LATIN}/4.png"),
        (f"{LATIN}.png", f"{LATIN}.png"),
    ],
)
def test_a_picture_is_removed_by_any_form_of_its_name(
    gallery: Path, tmp_path: Path, written: str, removed: str
) -> None:
    assert remove_pictures(tmp_path / "out", [written]) == (removed,)
    assert removed not in {item.path for item in VectorDictionary.open(tmp_path / "out").items}


def test_a_file_is_removed_and_added_by_its_place_in_any_form(
    gallery: Path, tmp_path: Path
) -> None:
    written = str(gallery / COMPOSED / "0.png")
    assert remove_pictures(tmp_path / "out", [written]) == (f"{FROM_MAC}/0.png",)
    report = add_pictures(tmp_path / "out", [Path(written)], PixelEncoder(), progress=False)
    assert (report.added, report.count) == (1, 8)
    assert f"{FROM_MAC}/0.png" in {i.path for i in VectorDictionary.open(tmp_path / "out").items}


def test_of_two_names_that_look_alike_the_exact_one_is_removed(tmp_path: Path) -> None:
    gallery = make_odd_names(tmp_path)
    (gallery / COMPOSED).mkdir(parents=True)
    (gallery / "6.png").rename(gallery / COMPOSED / "0.png")
    build_dictionary(gallery, PixelEncoder(), tmp_path / "out", progress=False)
    mixed = f"{COMPOSED.split('/')[0]}/{FROM_MAC.split('/')[1]}/0.png"
    with pytest.raises(UnknownPictureError, match="2 pictures are called"):
        remove_pictures(tmp_path / "out", [mixed])
    assert remove_pictures(tmp_path / "out", [f"{COMPOSED}/0.png"]) == (f"{COMPOSED}/0.png",)
    assert remove_pictures(tmp_path / "out", [mixed]) == (f"{FROM_MAC}/0.png",)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_vectors_of_another_machine_are_matched_in_any_form(
    gallery: Path, tmp_path: Path, form: str
) -> None:
    source = VectorDictionary.open(tmp_path / "out")
    elsewhere = {
        "C:\\photos\\" + unicodedata.normalize(form, item.path).replace("/", "\\"): vector
        for item, vector in zip(source.items, np.array(source.vectors), strict=True)
    }
    report = import_report_vectors(
        save_pickled(tmp_path / "vectors.npy", elsewhere), gallery, PixelEncoder(),
        tmp_path / "again",
    )  # fmt: skip
    assert (report.count, report.unmatched) == (8, ())
    again = VectorDictionary.open(tmp_path / "again")
    assert {item.path for item in again.items} == {item.path for item in source.items}


def test_an_export_has_names_for_everybody_and_comes_back(gallery: Path, tmp_path: Path) -> None:
    assert export_report_vectors(tmp_path / "out", tmp_path / "vectors.npy") == 8
    exported = np.load(tmp_path / "vectors.npy", allow_pickle=True).item()
    assert {f"{LATIN_SHOWN}.png", f"{LATIN_SHOWN}/4.png"} <= set(exported)
    assert "".join(exported).encode()
    report = import_report_vectors(
        tmp_path / "vectors.npy", gallery, PixelEncoder(), tmp_path / "again"
    )
    assert (report.count, report.unmatched) == (8, ())
    assert report.agreement == pytest.approx(1)


def test_no_vector_is_lost_where_two_names_are_shown_alike(gallery: Path, tmp_path: Path) -> None:
    (gallery / "6.png").rename(gallery / f"{LATIN_SHOWN}.png")
    build_dictionary(gallery, PixelEncoder(), tmp_path / "out", progress=False)
    assert export_report_vectors(tmp_path / "out", tmp_path / "vectors.npy") == 8


def test_the_gallery_and_the_dictionary_may_lie_in_folders_that_are_not_utf8(
    tmp_path: Path,
) -> None:
    gallery = make_pictures(tmp_path / LATIN, 2)
    out = tmp_path / f"{LATIN} out"
    build_dictionary(gallery, PixelEncoder(), out, progress=False)
    json.loads((out / "manifest.json").read_bytes().decode("utf8"))
    assert VectorDictionary.open(out).gallery == gallery
    again = build_dictionary(gallery, PixelEncoder(), out, progress=False)
    assert again.kept == 2


def test_queries_name_pictures_in_any_form_and_answers_can_be_read(
    gallery: Path, tmp_path: Path
) -> None:
    queries = gallery / "queries.csv"
    queries.write_text(f"image\n{COMPOSED}/0.png\n", encoding="utf8")
    engine = SearchEngine(PixelEncoder(), VectorDictionary.open(tmp_path / "out"))
    queries = [one.query(Query(k=8)) for one in read_queries(queries)]
    for name in ("answers.csv", "answers.jsonl"):
        write_answers(tmp_path / name, engine.search_many(queries))
    with (tmp_path / "answers.csv").open(encoding="utf8", newline="") as file:
        rows = [row["path"] for row in csv.DictReader(file)]
    [line] = (tmp_path / "answers.jsonl").read_text(encoding="utf8").splitlines()
    assert [hit["path"] for hit in json.loads(line)["results"]] == rows
    assert rows[0] == f"{FROM_MAC}/0.png" and f"{LATIN_SHOWN}.png" in rows

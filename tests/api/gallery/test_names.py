"""Names of files and folders over HTTP: shown to everybody, found however they are written."""

import json
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from odd_names import COMPOSED, FROM_MAC, LATIN, LATIN_SHOWN, make_odd_names
from pixel_encoder import PixelEncoder

from timanh.api import create_app
from timanh.search import SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary, item_id


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("names")
    make_odd_names(folder)
    build_dictionary(folder / "gallery", PixelEncoder(), folder / "out", progress=False)
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    engine = SearchEngine(PixelEncoder(), VectorDictionary.open(folder / "out"))
    with TestClient(create_app(engine), base_url="http://127.0.0.1:8001") as client:
        yield client


def found_in(client: TestClient, folder: str) -> list[str]:
    answer = client.post("/api/search", data={"query": "con", "k": "100", "folder": folder})
    assert answer.status_code == 200, answer.text
    return sorted(result["path"] for result in answer.json()["results"])


def test_one_name_that_is_not_utf8_spoils_nothing(client: TestClient) -> None:
    gallery = client.get("/api/gallery").json()["images"]
    assert len(gallery) == 8
    found = client.post("/api/search", data={"query": "con", "k": "100"}).json()["results"]
    assert {one["path"] for one in found} == {one["path"] for one in gallery}
    assert {f"{LATIN_SHOWN}/4.png", f"{LATIN_SHOWN}.png"} <= {one["path"] for one in found}
    stream = client.post("/api/search/stream", data={"query": "con", "k": "100"})
    hits = [block for block in stream.text.split("\n\n") if block.startswith("event: hit")]
    shown = {json.loads(hit.partition("data: ")[2])["path"] for hit in hits}
    assert shown == {one["path"] for one in gallery}


def test_ids_lead_to_the_very_file(client: TestClient, folder: Path) -> None:
    for name in (f"{LATIN}.png", f"{LATIN}/4.png", f"{FROM_MAC}/0.png"):
        picture = client.get(f"/api/images/{item_id(name)}")
        assert picture.content == (folder / "gallery" / name).read_bytes()
        assert client.get(f"/api/images/{item_id(name)}/thumbnail").status_code == 200
        similar = client.get(f"/api/images/{item_id(name)}/similar").json()
        assert similar["picture"]["id"] == item_id(name)


def test_a_folder_is_found_however_its_letters_are_stored(client: TestClient) -> None:
    both = [f"{FROM_MAC}/0.png", f"{FROM_MAC}/1.png"]
    for written in (FROM_MAC, COMPOSED, f"/{COMPOSED}/", COMPOSED.replace("/", "\\"), "Hội An"):
        assert found_in(client, written) == both
    for written in ("Huế", unicodedata.normalize("NFD", "Huế")):
        assert found_in(client, written) == ["Huế/2.png", "Huế/3.png"]


def test_every_folder_that_is_listed_can_be_searched(client: TestClient) -> None:
    listed = {one["path"]: one["count"] for one in client.get("/api/folders").json()["folders"]}
    assert listed == {"Hội An": 2, COMPOSED: 2, "Huế": 2, LATIN_SHOWN: 1}
    for path, count in listed.items():
        assert len(found_in(client, path)) == count


@pytest.mark.parametrize(
    ("wanted", "near"),
    [
        ("hoi an", ["Hội An"]), ("phố cổ", [COMPOSED]), ("ảnh/hue", ["Huế"]),
        ("Hội Am", ["Hội An"]), ("cafe", [LATIN_SHOWN]), ("An", ["Hội An"]), ("2019", []),
    ],
)  # fmt: skip
def test_a_folder_that_is_not_there_is_named_with_those_near(
    client: TestClient, wanted: str, near: list[str]
) -> None:
    answers = [
        client.post(path, data={"query": "con", "folder": wanted})
        for path in ("/api/search", "/api/search/stream")
    ]
    for answer in answers:
        reply = answer.json()
        assert (answer.status_code, reply["code"]) == (422, "unknown-folder")
        assert f"“{wanted}”" in reply["detail"]
        assert reply["near"][: len(near)] == near and (near or not reply["near"])
        assert all(f"“{name}”" in reply["detail"] for name in near or ["Hội An", "Huế"])


def test_files_whose_letters_an_archive_has_composed_are_found(tmp_path: Path) -> None:
    gallery = make_odd_names(tmp_path)
    build_dictionary(gallery, PixelEncoder(), tmp_path / "out", progress=False)
    (gallery / FROM_MAC).rename(gallery / "away")
    shutil.rmtree(gallery / FROM_MAC.split("/")[0])
    (gallery / COMPOSED).parent.mkdir()
    (gallery / "away").rename(gallery / COMPOSED)
    engine = SearchEngine(PixelEncoder(), VectorDictionary.open(tmp_path / "out"))
    with TestClient(create_app(engine), base_url="http://127.0.0.1:8001") as client:
        assert client.get(f"/api/images/{item_id(f'{FROM_MAC}/0.png')}").status_code == 200


def test_a_picture_that_is_gone_is_named(tmp_path: Path) -> None:
    gallery = make_odd_names(tmp_path)
    build_dictionary(gallery, PixelEncoder(), tmp_path / "out", progress=False)
    (gallery / f"{LATIN}.png").unlink()
    engine = SearchEngine(PixelEncoder(), VectorDictionary.open(tmp_path / "out"))
    with TestClient(create_app(engine), base_url="http://127.0.0.1:8001") as client:
        gone = client.get(f"/api/images/{item_id(f'{LATIN}.png')}")
        assert gone.status_code == 404
        assert f"The picture {LATIN_SHOWN}.png is no longer" in gone.json()["detail"]

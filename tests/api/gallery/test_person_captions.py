"""A person corrects what is said of a picture: it is theirs, it stays, and it can be taken back."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pixel_encoder import PixelEncoder, make_pictures

from timanh.api import ApiConfig, create_app
from timanh.search import SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary, correct_captions
from timanh.vectors.store.items import MachineCaption
from timanh.vectors.store.written_captions import PERSON, add_machine_captions


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Nine pictures: the first with a caption of the gallery, all with a machine's in Vietnamese
    and English, and the last one twice."""
    pictures = make_pictures(tmp_path / "pictures", 8)
    names = sorted(file.name for file in pictures.iterdir())
    (pictures / "twice.png").write_bytes((pictures / names[-1]).read_bytes())
    (pictures / "captions.txt").write_text(f"image,caption\n{names[0]},from a file\n", "utf8")
    build(tmp_path)
    items = VectorDictionary.open(tmp_path / "out").items
    add_machine_captions(
        tmp_path / "out",
        [
            (item.hash, MachineCaption(text, language, "m", "f" * 16))
            for item in items
            for language, text in (("vi", "một bức ảnh"), ("en", "a picture"))
        ],
    )
    build(tmp_path)
    return tmp_path


def build(place: Path, **options: Any) -> dict[str, Any]:
    build_dictionary(place / "pictures", PixelEncoder(), place / "out", progress=False, **options)
    return {item.path: item for item in VectorDictionary.open(place / "out").items}


def engine_of(place: Path) -> SearchEngine:
    return SearchEngine(PixelEncoder(), VectorDictionary.open(place / "out"))


@pytest.fixture
def client(place: Path) -> Iterator[TestClient]:
    with TestClient(create_app(engine_of(place)), base_url="http://127.0.0.1:8001") as client:
        yield client


def pictures(client: TestClient) -> dict[str, Any]:
    found = client.get("/api/gallery", params={"limit": 50}).json()["images"]
    return {picture["path"]: picture for picture in found}


def put(client: TestClient, id: str, *captions: str) -> Any:
    return client.put(f"/api/images/{id}/captions", json={"captions": list(captions)})


def test_it_is_theirs_at_once_and_found_by_its_words(client: TestClient, place: Path) -> None:
    before = {file: file.read_bytes() for file in (place / "pictures").iterdir()}
    chosen = next(iter(pictures(client).values()))
    assert chosen["captions"] == ["from a file"] and not chosen["corrected"]
    answer = put(client, chosen["id"], "  Hai con   mèo ", "Hai con mèo", "trên ghế").json()
    assert answer["captions"] == ["Hai con mèo", "trên ghế"] and answer["corrected"]
    # In the person's language nothing of a machine remains beside it.
    assert [each["language"] for each in answer["machine_captions"]] == ["en"]
    assert client.get(f"/api/images/{chosen['id']}/info").json() == answer
    found = client.post("/api/search", data={"query": "red", "words": "mèo"}).json()
    assert [hit["id"] for hit in found["results"]] == [chosen["id"]]
    assert {file: file.read_bytes() for file in (place / "pictures").iterdir()} == before


def test_what_somebody_wrote_meanwhile_is_not_written_over(client: TestClient) -> None:
    chosen = next(iter(pictures(client).values()))
    address = f"/api/images/{chosen['id']}/captions"
    first = {"captions": ["a cat"], "seen": chosen["captions"]}
    assert client.put(address, json=first).json()["captions"] == ["a cat"]
    refused = client.put(address, json={**first, "captions": ["a dog"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "changed-meanwhile")
    assert pictures(client)[chosen["path"]]["captions"] == ["a cat"]
    again = client.put(address, json={"captions": ["a dog"], "seen": ["a cat"]})
    assert again.json()["captions"] == ["a dog"]


def test_what_another_process_wrote_meanwhile_is_seen(client: TestClient, place: Path) -> None:
    chosen = next(iter(pictures(client).values()))
    app = create_app(engine_of(place))
    with TestClient(app, base_url="http://127.0.0.1:8001") as other:
        put(other, chosen["id"], "a cat")
        address = f"/api/images/{chosen['id']}/captions"
        late = client.put(address, json={"captions": ["a dog"], "seen": chosen["captions"]})
    assert (late.status_code, late.json()["code"]) == (409, "changed-meanwhile")


def test_taken_back_what_was_there_returns(client: TestClient) -> None:
    for chosen in list(pictures(client).values())[:2]:
        put(client, chosen["id"], "a cat")
        put(client, chosen["id"], "a dog")
        assert client.delete(f"/api/images/{chosen['id']}/captions").json() == chosen
        assert client.delete(f"/api/images/{chosen['id']}/captions").json() == chosen
        assert pictures(client)[chosen["path"]] == chosen


def test_it_survives_rebuilds_and_renames_and_goes_to_pictures_that_are_the_same(
    client: TestClient, place: Path
) -> None:
    put(client, pictures(client)["twice.png"]["id"], "the last one")
    same = [one["path"] for one in pictures(client).values() if one["captions"] == ["the last one"]]
    assert len(same) == 2
    (place / "pictures" / "twice.png").rename(place / "pictures" / "other.png")
    assert build(place)["other.png"].captions == ("the last one",)
    assert build(place, rebuild=True)["other.png"].captions == ("the last one",)


def test_two_at_once_agree_in_the_end(place: Path) -> None:
    chosen = VectorDictionary.open(place / "out").item(0)
    failed: list[Exception] = []

    def work(name: str) -> None:
        try:
            for number in range(4):
                correct_captions(place / "out", chosen.id, [f"{name} {number}"])
        except Exception as error:  # noqa: BLE001 - it is looked at below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = (place / "out" / PERSON).read_text("utf8").splitlines()
    assert not failed and len(lines) == 8
    now = VectorDictionary.open(place / "out")
    assert list(now.item(now.row_of(chosen.id)).captions) == json.loads(lines[-1])["captions"]
    assert len(now) == 9


@pytest.mark.parametrize(
    ("captions", "code"),
    [
        ([], "no-caption"),
        (["  \n"], "no-caption"),
        ([str(number) for number in range(21)], "too-many-captions"),
        (["x" * 1001], "text-too-long"),
        ("no list", "invalid-request"),
    ],
)
def test_what_is_refused(client: TestClient, captions: Any, code: str) -> None:
    chosen = next(iter(pictures(client).values()))
    answer = client.put(f"/api/images/{chosen['id']}/captions", json={"captions": captions})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert pictures(client)[chosen["path"]] == chosen


def test_an_unknown_picture_and_a_gallery_that_may_not_be_changed(
    client: TestClient, place: Path
) -> None:
    assert put(client, "0" * 16, "a cat").status_code == 404
    id = next(iter(pictures(client).values()))["id"]
    closed = create_app(engine_of(place), ApiConfig(read_only=True))
    with TestClient(closed, base_url="http://127.0.0.1:8001") as other:
        for answer in (put(other, id, "a cat"), other.delete(f"/api/images/{id}/captions")):
            assert (answer.status_code, answer.json()["code"]) == (403, "read-only")
    assert not (place / "out" / PERSON).exists()

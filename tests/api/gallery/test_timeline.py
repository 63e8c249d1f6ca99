"""Pictures by the time at which they were taken: dates, pages, and what happens in between."""

import json
import os
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from pixel_encoder import PixelEncoder

from timanh.api import ApiConfig, create_app
from timanh.data import taken_at
from timanh.search import SearchEngine
from timanh.vectors import Item, VectorDictionary, build_dictionary, item_id
from timanh.vectors.build import edit
from timanh.vectors.build.build import new_manifest
from timanh.vectors.store.manifest import Manifest
from timanh.vectors.store.writer import DictionaryWriter


def photo(seed: int, date: str | None = None, form: str = "JPEG", tag: int = 0x9003) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 5, 3), np.uint8)
    out, exif = BytesIO(), Image.Exif()
    if date is not None:
        (exif if tag == 0x0132 else exif.get_ifd(0x8769))[tag] = date
    Image.fromarray(pixels).resize((30, 20)).save(out, form, exif=exif)
    return out.getvalue()


def put(gallery: Path, name: str, content: bytes, mtime: float) -> None:
    (gallery / name).parent.mkdir(parents=True, exist_ok=True)
    (gallery / name).write_bytes(content)
    os.utime(gallery / name, (mtime, mtime))


@pytest.fixture
def engine(tmp_path: Path) -> SearchEngine:
    gallery = tmp_path / "g"
    noon = 1_600_000_000.0  # 2020-09-13, when the files were copied
    put(gallery, "old.jpg", photo(1, "2009:07:14 23:59:58"), noon)
    put(gallery, "new/last.jpg", photo(2, "2025:01:02 03:04:05"), noon)
    put(gallery, "new/plain.jpg", photo(3), noon)
    put(gallery, "new/deep/zero.jpg", photo(4, "0000:00:00 00:00:00"), noon + 1)
    encoder = PixelEncoder()
    build_dictionary(gallery, encoder, tmp_path / "i", progress=False)
    return SearchEngine(encoder, VectorDictionary.open(tmp_path / "i", encoder))


def client_of(engine: SearchEngine) -> TestClient:
    return TestClient(create_app(engine, ApiConfig()), base_url="http://127.0.0.1:8001")


def paths(answer: Any) -> list[str]:
    return [image["path"] for image in answer["images"]]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (photo(1, "2019:05:03 14:22:11"), "2019-05-03T14:22:11"),
        (photo(1, "2019:05:03 14:22:11", tag=0x0132), "2019-05-03T14:22:11"),
        (photo(1, "2019-05-03 14:22:11+07:00"), "2019-05-03T14:22:11"),
        (photo(1, "2019:05:03 14:22:11", "WEBP"), "2019-05-03T14:22:11"),
        (photo(1, "2019:13:03 14:22:11"), None),
        (photo(1, "2019:02:31 14:22:11"), None),
        (photo(1, "    :  :     :  :  "), None),
        (photo(1), None),
        (photo(1, "2019:05:03 14:22:11")[:60], None),
        (b"", None),
    ],
)
def test_the_cameras_clock_is_read_as_it_stood(content: bytes, text: str | None) -> None:
    shown = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(taken_at(content)))
    assert (shown if taken_at(content) else None) == text


def test_newest_first_by_the_camera_else_by_the_file(engine: SearchEngine) -> None:
    with client_of(engine) as client:
        found = client.get("/api/gallery?order=newest").json()
        inside = client.get("/api/gallery?order=newest&folder=new").json()
        assert client.get("/api/gallery?folder=nowhere").json()["code"] == "unknown-folder"
    assert paths(found) == ["new/last.jpg", "new/deep/zero.jpg", "new/plain.jpg", "old.jpg"]
    assert [one["dated"] for one in found["images"]] == [True, False, False, True]
    assert found["images"][0]["taken"] == "2025-01-02T03:04:05"
    assert (found["total"], found["gallery"], found["offset"], found["next"]) == (4, 4, 0, None)
    assert paths(inside) == paths(found)[:3] and (inside["total"], inside["gallery"]) == (3, 4)
    assert [one["folder"] for one in inside["images"]] == ["new", "new/deep", "new"]


def test_a_picture_says_its_place_among_its_neighbours(engine: SearchEngine) -> None:
    with client_of(engine) as client:
        images = client.get("/api/gallery?order=newest").json()["images"]
        id = images[2]["id"]
        found = client.get(f"/api/gallery?order=newest&limit=2&around={id}").json()
        assert (found["offset"], found["around_offset"]) == (1, 2)
        assert found["images"] == images[1:3]
        assert client.get(f"/api/images/{id}/info").json() == images[2]
        assert client.get("/api/gallery?around=nobody").json()["code"] == "unknown-picture"
        outside = client.get(f"/api/gallery?around={images[3]['id']}&folder=new")
        assert outside.json()["code"] == "invalid-request"


def test_pages_go_on_where_they_were_when_pictures_come_and_go(engine: SearchEngine) -> None:
    with client_of(engine) as client:
        first = client.get("/api/gallery?order=newest&limit=2").json()
        assert paths(first) == ["new/last.jpg", "new/deep/zero.jpg"] and first["next"]
        newer = photo(9, "2026:01:01 00:00:00")
        client.post("/api/images", files=[("file", ("n.jpg", newer))])
        assert client.delete(first["images"][1]["url"]).status_code == 200
        cursor = first["next"]
        second = client.get("/api/gallery", params={"limit": 1, "cursor": cursor}).json()
        assert paths(second) == ["new/plain.jpg"] and second["offset"] == 2
        last = client.get("/api/gallery", params={"limit": 9, "cursor": second["next"]}).json()
        assert paths(last) == ["old.jpg"] and last["next"] is None
        for wrong in ("x", "0x1p3~a~b", "~~", "nan"):
            refused = client.get("/api/gallery", params={"cursor": wrong})
            assert (refused.status_code, refused.json()["code"]) == (422, "invalid-request")


def test_rows_of_before_dictionaries_kept_dates_get_theirs_in_the_next_build(
    engine: SearchEngine, tmp_path: Path
) -> None:
    folder = engine.dictionary.folder
    writer = DictionaryWriter(folder, Manifest.load(folder))
    undated = {}
    for item in writer.items():
        fields = json.loads(
            (folder / writer.manifest.segments[0].items.name).read_bytes().split(b"\n")[0]
        )
        assert "taken" in fields
        undated[item.id] = (item, edit.replace(item, taken=None))
    writer.apply(undated)
    assert all(item.taken is None for item in VectorDictionary.open(folder).items)
    for _ in range(2):
        build_dictionary(tmp_path / "g", PixelEncoder(), folder, progress=False)
    dates = {item.path: item.taken for item in VectorDictionary.open(folder).items}
    assert dates["old.jpg"] == 1247615998.0 and dates["new/plain.jpg"] == 0.0


def test_twenty_thousand_are_paged_without_sorting_again(tmp_path: Path) -> None:
    """Each page of a large gallery takes milliseconds, once the order is there."""
    encoder, count = PixelEncoder(dim=2), 20_000
    random = np.random.default_rng(0)
    names = [f"{place % 50}/{place}.jpg" for place in range(count)]
    items = [
        Item(item_id(name), name, (), 4, 3, 9, float(time), f"{place:032x}", 0.0)
        for place, (name, time) in enumerate(
            zip(names, random.integers(1_500_000_000, 1_700_000_000, count), strict=True)
        )
    ]
    (tmp_path / "i").mkdir()
    writer = DictionaryWriter(tmp_path / "i", new_manifest(tmp_path / "i", encoder, tmp_path, ""))
    vectors = random.standard_normal((count, 2)).astype(np.float32)
    writer.append(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), items)
    timeline = SearchEngine(encoder, VectorDictionary.open(tmp_path / "i")).timeline()
    seen: list[int] = []
    page = timeline.page(200)
    began = time.perf_counter()
    while True:
        seen += page.rows.tolist()
        if page.next is None:
            break
        page = timeline.page(200, cursor=page.next)
    took_s = time.perf_counter() - began
    times = np.array([item.mtime for item in items])[seen]
    assert sorted(seen) == list(range(count)) and (np.diff(times) <= 0).all()
    assert took_s < 1.0, "100 pages"
    assert timeline.page(60, offset=12_345, folder="7").total == 400

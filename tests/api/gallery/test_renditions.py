"""What browsers cannot show comes as a JPEG that they can; the file itself is still to be had."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from fastapi.testclient import TestClient
from odd_names import LATIN
from odd_pictures import COLOURS, HEIGHT, WIDTH, make_odd_pictures
from PIL import Image
from pixel_encoder import PixelEncoder, make_pictures

from timanh.api import create_app
from timanh.api.gallery.renditions import LARGE_SIDE
from timanh.search import SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary, item_id

SHOWN = {"a.jpg": "JPEG", "b.png": "PNG", "c.webp": "WEBP", "d.gif": "GIF", "e.bmp": "BMP"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("renditions")
    pictures = make_odd_pictures(folder / "gallery")
    random = np.random.default_rng(0)
    for name, kind in SHOWN.items():
        pixels = random.integers(0, 256, (30, 40, 3), np.uint8)
        Image.fromarray(pixels).save(pictures / name, kind)
    Image.new("RGB", (20, 10), "red").save(pictures / "Ảnh chụp (1).jpg", "PNG")
    Image.new("RGB", (20, 10), "blue").save(pictures / f"{LATIN}.tif")
    Image.new("L", (LARGE_SIDE + 904, 50), 90).save(pictures / "wide.tif")
    build_dictionary(pictures, PixelEncoder(), folder / "out", progress=False)
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    engine = SearchEngine(PixelEncoder(), VectorDictionary.open(folder / "out"))
    with TestClient(create_app(engine), base_url="http://127.0.0.1:8001") as client:
        yield client


def near(one: object, other: object) -> bool:
    return bool(np.abs(np.subtract(one, other, dtype=int)).max() < 40)  # type: ignore[call-overload]


@pytest.mark.parametrize("name", COLOURS)
@pytest.mark.parametrize("variant", ["", "/thumbnail"])
def test_other_kinds_are_seen_as_a_jpeg_upright_in_their_colours(
    client: TestClient, name: str, variant: str
) -> None:
    answer = client.get(f"/api/images/{item_id(name)}{variant}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    with Image.open(BytesIO(answer.content)) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (WIDTH, HEIGHT))
        found = image.getpixel((5, 5)), image.getpixel((WIDTH - 5, HEIGHT - 5))
    assert all(map(near, found, COLOURS[name])), found


@pytest.mark.parametrize("name", SHOWN)
def test_what_browsers_show_goes_out_as_it_is(client: TestClient, folder: Path, name: str) -> None:
    answer = client.get(f"/api/images/{item_id(name)}")
    assert answer.content == (folder / "gallery" / name).read_bytes()
    assert answer.headers["content-type"] == f"image/{SHOWN[name].lower()}"


def test_the_content_gives_the_type_and_not_the_name(client: TestClient) -> None:
    answer = client.get(f"/api/images/{item_id('Ảnh chụp (1).jpg')}")
    assert answer.headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    ("name", "kept", "shown"),
    [
        ("Ảnh chụp (1).jpg", "Ảnh chụp (1).jpg", "Ảnh chụp (1).jpg"),
        (f"{LATIN}.tif", r"caf\xe9.tif", r"caf\xe9.jpg"),
        ("deep.tif", "deep.tif", "deep.jpg"),
    ],
)
def test_the_file_itself_comes_with_its_name(
    client: TestClient, folder: Path, name: str, kept: str, shown: str
) -> None:
    id = item_id(name)
    answer = client.get(f"/api/images/{id}/original")
    assert answer.content == (folder / "gallery" / name).read_bytes()
    how, _, reply = answer.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert (how, unquote(reply)) == ("attachment", kept)
    how, _, reply = client.get(f"/api/images/{id}").headers["content-disposition"].partition(
        "; filename*=UTF-8''"
    )  # fmt: skip
    assert (how, unquote(reply)) == ("inline", shown)
    listed = client.get("/api/gallery?limit=100").json()["images"]
    assert {"url": f"/api/images/{id}", "original": f"/api/images/{id}/original"}.items() <= next(
        one for one in listed if one["id"] == id
    ).items()


def test_a_rendition_is_large_but_not_without_end_and_is_kept_by_its_tag(
    client: TestClient,
) -> None:
    place = f"/api/images/{item_id('wide.tif')}"
    answer = client.get(place)
    with Image.open(BytesIO(answer.content)) as image:
        assert image.width == LARGE_SIDE
    tag = answer.headers["etag"]
    assert client.get(place, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(f"{place}/original").headers["etag"] != tag


def test_what_cannot_be_read_any_more_is_said(tmp_path: Path) -> None:
    pictures = make_pictures(tmp_path / "pictures", 2)
    Image.new("RGB", (90, 90), "red").save(pictures / "a.tif")
    build_dictionary(pictures, PixelEncoder(), tmp_path / "out", progress=False)
    (pictures / "a.tif").write_bytes((pictures / "a.tif").read_bytes()[:2000])
    engine = SearchEngine(PixelEncoder(), VectorDictionary.open(tmp_path / "out"))
    with TestClient(create_app(engine), base_url="http://127.0.0.1:8001") as client:
        answer = client.get(f"/api/images/{item_id('a.tif')}")
        assert (answer.status_code, answer.json()["code"]) == (415, "unreadable-picture")
        assert answer.json()["detail"].startswith("a.tif is damaged")
        thumbnail = client.get(f"/api/images/{item_id('a.tif')}/thumbnail")
        assert str(tmp_path) not in thumbnail.text + answer.text, (
            "where it lies is nobody's business"
        )
        assert client.get(f"/api/images/{item_id('a.tif')}/original").status_code == 200


@pytest.mark.parametrize("content", [b"garbage" * 400, b"", b"<!doctype html><title>gone</title>"])
def test_what_is_no_picture_any_more_is_no_picture_to_a_browser(
    tmp_path: Path, content: bytes
) -> None:
    pictures = make_pictures(tmp_path / "pictures", 2)
    Image.new("RGB", (90, 90), "red").save(pictures / "a.jpg")
    build_dictionary(pictures, PixelEncoder(), tmp_path / "out", progress=False)
    (pictures / "a.jpg").write_bytes(content)
    engine = SearchEngine(PixelEncoder(), VectorDictionary.open(tmp_path / "out"))
    with TestClient(create_app(engine), base_url="http://127.0.0.1:8001") as client:
        place = f"/api/images/{item_id('a.jpg')}"
        for answer in (client.get(place), client.get(f"{place}/thumbnail")):
            assert (answer.status_code, answer.json()["code"]) == (415, "unreadable-picture")
            assert answer.json()["detail"].startswith("a.jpg is")
            assert "etag" not in answer.headers
        assert client.get(f"{place}/original").content == content

"""What is added stays as it was sent: its bytes, its name, where the person wanted it."""

import os
import signal
import subprocess
import sys
import time
import unicodedata
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from pixel_encoder import PixelEncoder, make_pictures
from upstream_standin import free_port

from timanh.api import ApiConfig, create_app
from timanh.api.gallery import adding
from timanh.api.gallery.journal import Journal, NewFile
from timanh.api.gallery.naming import file_name
from timanh.models.reading import content_hash
from timanh.search import SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary


@pytest.fixture
def engine(tmp_path: Path) -> SearchEngine:
    encoder = PixelEncoder()
    make_pictures(tmp_path / "Ảnh" / "holiday", 4)
    build_dictionary(
        tmp_path / "Ảnh", encoder, tmp_path / "i", progress=False, exclude=["*secret*"]
    )
    return SearchEngine(encoder, VectorDictionary.open(tmp_path / "i", encoder))


def client_of(engine: SearchEngine) -> TestClient:
    return TestClient(create_app(engine, ApiConfig()), base_url="http://127.0.0.1:8001")


def photo(seed: int = 0, size: tuple[int, int] = (1200, 1500), date: str = "") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 5, 3), np.uint8)
    out, exif = BytesIO(), Image.Exif()
    if date:
        exif.get_ifd(0x8769)[0x9003] = date
    Image.fromarray(pixels).resize(size).save(out, "JPEG", exif=exif, quality=80)
    return out.getvalue()


def send(client: TestClient, *files: tuple[str, bytes], **fields: str) -> Any:
    return client.post("/api/images", files=[("file", file) for file in files], data=fields)


def test_bytes_name_and_date_stay_and_the_answer_says_where(engine: SearchEngine) -> None:
    content = photo(1, date="2019:05:03 14:22:11")
    with client_of(engine) as client:
        sent = send(client, ("Bữa tối ở Huế.JPG", content)).json()
        image = sent["images"][0]
        assert image["path"] == "added/Bữa tối ở Huế.JPG" and image["folder"] == "added"
        assert (sent["folder"], sent["place"]) == ("added", "Ảnh/added")
        assert (image["width"], image["height"]) == (1200, 1500)
        assert (image["bytes"], image["added"]) == (len(content), True)
        assert (image["taken"], image["dated"]) == ("2019-05-03T14:22:11", True)
        assert client.get(image["original"]).content == content
    assert (engine.dictionary.gallery / image["path"]).read_bytes() == content
    assert {path.name for path in (engine.dictionary.gallery / "added").iterdir()} == {
        "Bữa tối ở Huế.JPG"
    }


def test_another_process_that_put_the_same_picture_there_keeps_it(
    engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, place = photo(1), engine.dictionary.gallery / "added" / "same.jpg"

    def overtaken(part: Path, target: Path) -> None:
        target.write_bytes(content)  # of the other process
        raise FileExistsError(target)

    monkeypatch.setattr(adding, "put_under", overtaken)
    with client_of(engine) as client:
        answer = send(client, ("same.jpg", content))
    assert (answer.status_code, answer.json()["code"]) == (409, "overtaken")
    assert place.read_bytes() == content


def test_a_name_twice_is_numbered_whatever_its_capitals(engine: SearchEngine) -> None:
    with client_of(engine) as client:
        names = ["a.jpg", "A.JPG", "a.jpg"]
        sent = send(client, *((name, photo(place)) for place, name in enumerate(names))).json()
        assert [one["path"] for one in sent["images"]] == [
            "added/a.jpg", "added/A (2).JPG", "added/a (3).jpg"
        ]  # fmt: skip
        again = send(client, ("b.jpg", photo(0))).json()
        assert (again["added"], again["known"]) == (0, 1)
        assert again["images"][0]["path"] == "added/a.jpg"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("ảnh chụp.png", "ảnh chụp.png"),
        (unicodedata.normalize("NFD", "Đà Nẵng.jpg"), "Đà Nẵng.jpg"),
        ("写真😀👩‍👩‍👧.jpg", "写真😀👩‍👩‍👧.jpg"),
        ("صورة.jpg", "صورة.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\Photos\\a?b*.jpg", "a_b_.jpg"),
        (".hidden.jpg", "hidden.jpg"),
        ("con.jpg", "con_.jpg"),
        ("bacon.jpg", "bacon.jpg"),
        ("dự án com1.jpg", "dự án com1.jpg"),
        ("LPT1.tar.jpg", "LPT1_.tar.jpg"),
        ("", "picture.jpg"),
        (".jpg", "jpg.jpg"),
        ("exe\u202egnp.jpg", "exe_gnp.jpg"),
        ("archive.tar", "archive.tar.jpg"),
    ],
)
def test_names_of_any_script_stay_and_harmful_ones_do_not(sent: str, kept: str) -> None:
    assert file_name(sent, ".jpg") == kept


def test_a_long_name_is_cut_between_letters() -> None:
    name = file_name("ữ" * 300 + ".jpg", ".jpg")
    assert len(name.encode()) <= 210 and set(name[:-4]) == {"ữ"}


def test_a_folder_can_be_named_within_the_gallery_only(engine: SearchEngine) -> None:
    with client_of(engine) as client:
        inside = send(client, ("x.jpg", photo(1)), folder="holiday/Tết 2026")
        assert inside.json()["images"][0]["path"] == "holiday/Tết 2026/x.jpg"
        assert send(client, ("y.jpg", photo(2)), folder=".").json()["images"][0]["path"] == "y.jpg"
        for folder in ("../outside", "a/../../b", "/../c", ".hidden", "my secret"):
            refused = send(client, ("z.jpg", photo(3)), folder=folder)
            assert (refused.status_code, refused.json()["code"]) == (422, "bad-folder"), folder
    assert not (engine.dictionary.gallery.parent / "outside").exists()


def test_those_that_cannot_be_kept_are_named_and_the_others_stay(engine: SearchEngine) -> None:
    with client_of(engine) as client:
        answer = send(
            client, ("1.jpg", photo(1)), ("broken.jpg", b"no picture"), ("secret.jpg", photo(2))
        )
        sent = answer.json()
        assert answer.status_code == 201 and sent["added"] == 1
        assert [(one["name"], one["code"]) for one in sent["skipped"]] == [
            ("broken.jpg", "unreadable-picture"), ("secret.jpg", "left-out")
        ]  # fmt: skip
        alone = send(client, ("broken.jpg", b"no picture"))
        assert (alone.status_code, alone.json()["code"]) == (415, "unreadable-picture")


def test_three_hundred_at_once_are_all_there(engine: SearchEngine) -> None:
    photos = [photo(seed, (40, 50)) for seed in range(300)]
    with client_of(engine) as client:
        for first in range(0, 300, 5):
            batch = [("IMG.jpg", content) for content in photos[first : first + 5]]
            assert send(client, *batch).json()["added"] == 5
    files = list((engine.dictionary.gallery / "added").iterdir())
    assert sorted(file.read_bytes() for file in files) == sorted(photos)
    assert len(VectorDictionary.open(engine.dictionary.folder)) == 304


def test_what_a_killed_process_left_is_finished(engine: SearchEngine) -> None:
    folder, gallery = engine.dictionary.folder, engine.dictionary.gallery
    whole, half = photo(1, (40, 50)), photo(2, (40, 50))
    files = [
        NewFile("added/whole.jpg", "added/.whole.jpg.0.part", content_hash(whole)),
        NewFile("added/half.jpg", "added/.half.jpg.0.part", content_hash(half)),
    ]
    journal = Journal(folder, gallery, files)
    journal.write()
    (gallery / "added").mkdir()
    (gallery / "added/whole.jpg").write_bytes(whole)
    (gallery / "added/.half.jpg.0.part").write_bytes(half[:100])
    place = next((folder / "changes").iterdir())
    place.write_text(place.read_text().replace(f'"process": {os.getpid()}', f'"process": {dead()}'))
    with client_of(engine) as client:
        found = client.get("/api/gallery?order=newest").json()
        assert found["total"] == 5
        assert "added/whole.jpg" in [one["path"] for one in found["images"]]
    assert [file.name for file in (gallery / "added").iterdir()] == ["whole.jpg"]
    assert not list((folder / "changes").iterdir())


def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


SERVER = """
import sys
from pathlib import Path
import uvicorn
from pixel_encoder import PixelEncoder
from timanh.api import ApiConfig, create_app
from timanh.search import SearchEngine
from timanh.vectors import VectorDictionary

encoder = PixelEncoder(delay_s=0.01)
engine = SearchEngine(encoder, VectorDictionary.open(Path(sys.argv[1]), encoder))
uvicorn.run(create_app(engine, ApiConfig()), port=int(sys.argv[2]), log_level="error")
"""


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
def test_killed_in_the_middle_what_was_answered_is_there(
    engine: SearchEngine, tmp_path: Path
) -> None:
    folder, gallery = engine.dictionary.folder, engine.dictionary.gallery
    (tmp_path / "server.py").write_text(SERVER)
    support = str(Path(__file__).parents[2] / "support")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([support, *sys.path])}
    answered: dict[str, bytes] = {}
    random, seed = np.random.default_rng(7), 0
    for _ in range(2):
        port = free_port()
        command = [sys.executable, str(tmp_path / "server.py"), str(folder), str(port)]
        server = subprocess.Popen(command, env=env)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/health")
            until = time.monotonic() + random.uniform(0.2, 0.5)
            while time.monotonic() < until:
                batch = [photo(seed + place, (40, 50)) for place in range(3)]
                seed += 3
                files = [("file", ("IMG.jpg", content)) for content in batch]
                if time.monotonic() + 0.05 > until:  # the last one is cut off
                    pause_s = random.uniform(0, 0.05)
                    killer = f"import os, time; time.sleep({pause_s}); os.kill({server.pid}, 9)"
                    subprocess.Popen([sys.executable, "-S", "-c", killer])
                try:
                    sent = httpx.post(f"{address}/api/images", files=files, timeout=10)
                except httpx.HTTPError:
                    break
                images = sent.json()["images"]
                pairs = zip(images, batch, strict=True)
                answered.update({image["path"]: content for image, content in pairs})
        finally:
            server.send_signal(signal.SIGKILL)
            server.wait()
    with client_of(SearchEngine(PixelEncoder(), VectorDictionary.open(folder))) as client:
        assert client.get("/health").status_code == 200
    rows = {item.path for item in VectorDictionary.open(folder).items}
    files = {file.relative_to(gallery).as_posix() for file in (gallery / "added").iterdir()}
    assert len(answered) >= 6 and answered.keys() <= rows
    assert all((gallery / path).read_bytes() == content for path, content in answered.items())
    assert files == {path for path in rows if path.startswith("added/")}, "nothing odd is left"


def wait_for(url: str) -> None:
    for _ in range(400):
        try:
            httpx.get(url, timeout=1)
            return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError("the server did not start")

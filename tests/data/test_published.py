"""Published collections from a server on this machine that speaks as the real ones do."""

import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from command_line import Printed
from vietnamese_data import BALLS, caption_of, ktvic, picture, uit_viic

from timanh.cli import run
from timanh.data.published import CATALOGUE, Collection, get_published
from timanh.data.published.transfer import fetch_file
from timanh.errors import DataError, SettingsError


class Host(BaseHTTPRequestHandler):
    """Files by path, with ETag and ranges; `cut` answers end in the middle, `wrong` are refused."""

    files: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[tuple[str, str]]] = []
    cut: ClassVar[dict[str, int]] = {}
    status: ClassVar[dict[str, int]] = {}
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Range", "")))
        if self.path in self.status:
            self.send_error(self.status[self.path])
            return
        if self.path.startswith("/kaggle/"):  # Kaggle sends one on to Google's storage
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/kaggle"))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content, tag = self.files.get(self.path), '"one"'
        if content is None:
            self.send_error(404)
            return
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        begin = int(asked.group(1)) if asked and self.headers.get("If-Range") == tag else 0
        if begin >= len(content) and begin:
            self.send_error(416)
            return
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(content) - begin))
        self.send_header("ETag", tag)
        if self.path.endswith(".html"):
            self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        stop = self.cut.pop(self.path, len(content))
        self.wfile.write(content[begin:stop])
        self.close_connection = stop < len(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def host() -> Iterator[str]:
    for record in (Host.files, Host.asked, Host.cut, Host.status):
        record.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def zipped(root: Path, inside: str, *, only: str = "*") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for file in sorted(root.rglob(only)):
            if file.is_file():
                archive.write(file, f"{inside}/{file.relative_to(root).as_posix()}")
    return content.getvalue()


def at(host: str, name: str) -> dict[str, Collection]:
    """The catalogue with one collection, whose files are on the test's host."""
    known = CATALOGUE[name]
    addresses = {
        file: f"{host}/{'kaggle/' if 'kaggle' in url else ''}{file}"
        for file, url in known.addresses.items()
    }
    return {name: replace(known, addresses=addresses, pictures=known.pictures and host)}


def test_a_broken_transfer_goes_on_where_it_stopped(host: str, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4000
    Host.files["/big.zip"] = content
    Host.cut["/big.zip"] = 400_000
    fetch_file(f"{host}/big.zip", tmp_path / "big.zip", progress=False, pause_s=0)
    assert (tmp_path / "big.zip").read_bytes() == content
    assert [path for path, _ in Host.asked] == ["/big.zip"] * 2 and not Host.asked[0][1]
    begin = int(Host.asked[1][1].removeprefix("bytes=").removesuffix("-"))
    assert 300_000 < begin <= 400_000
    assert sorted(file.name for file in tmp_path.iterdir()) == ["big.zip"]
    fetch_file(f"{host}/big.zip", tmp_path / "big.zip", progress=False)
    assert len(Host.asked) == 2, "what is there is not asked for"


def test_another_version_on_the_server_is_fetched_from_its_beginning(
    host: str, tmp_path: Path
) -> None:
    Host.files["/big.zip"] = b"the new one"
    (tmp_path / "big.zip.part").write_bytes(b"the old")
    (tmp_path / "big.zip.tag").write_text('"older"')
    fetch_file(f"{host}/big.zip", tmp_path / "big.zip", progress=False)
    assert (tmp_path / "big.zip").read_bytes() == b"the new one"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/gone.zip", 404, "answers 404 Not Found. If the collection has moved"),
        ("/busy.zip", 503, r"cannot be fetched \(HTTPError\)"),
        ("/page.html", None, "a page instead of the file"),
    ],
)
def test_refusals_are_one_sentence(
    host: str, tmp_path: Path, path: str, status: int | None, said: str
) -> None:
    Host.files[path] = b"<html>Quota exceeded</html>"
    if status:
        Host.status[path] = status
    with pytest.raises(DataError, match=said):
        fetch_file(f"{host}{path}", tmp_path / "file.zip", progress=False, pause_s=0)


def test_uit_viic_comes_with_cocos_pictures_by_name(host: str, tmp_path: Path) -> None:
    source = uit_viic(tmp_path / "source")
    Host.files["/captions.zip"] = zipped(source, "UIT-ViIC", only="*.json")
    for file in (source / "images").iterdir():
        Host.files[f"/train2017/{file.name}"] = file.read_bytes()
    absent = "/train2017/000000000002.jpg"
    content = Host.files.pop(absent)
    out = tmp_path / "out"
    catalogue = at(host, "uit-viic")
    with pytest.raises(DataError, match=r"1 of 12 pictures .* 404"):
        get_published("uit-viic", out, catalogue=catalogue, progress=False, pause_s=0)
    Host.files[absent] = content
    Host.asked.clear()
    folder = get_published("uit-viic", out, catalogue=catalogue, progress=False)
    assert [path for path, _ in Host.asked] == [absent], "only what was missing"
    assert len(folder.names) == 12 and len(folder.split("test")) == 4
    assert folder.captions_of("000000000100.jpg") == (caption_of(100, BALLS),)


def test_ktvic_comes_from_kaggle_after_a_redirect(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    Host.files["/ktvic.zip"] = zipped(ktvic(tmp_path / "source"), "ktvic_dataset")
    catalogue = at(host, "ktvic")
    monkeypatch.setattr("timanh.data.published.get.CATALOGUE", catalogue)
    assert run(["data", "get", "ktvic", "--out", str(tmp_path / "out")]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("8 pictures in ")
    lines = err.splitlines()
    assert lines[1].startswith("Licence: ") and "Ctrl-C stops" in lines[2], "before it starts"
    assert not list((tmp_path / "out" / ".fetched").glob("*.zip"))


def test_flickr30k_has_karpathys_splits(host: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    rows = ["raw,sentids,split,filename,img_id"]
    for number, split in enumerate(("train", "train", "val", "test")):
        picture(source / f"{number}.jpg", number)
        five = json.dumps([f"A dog, number {number}.", "It runs."]).replace('"', '""')
        rows.append(f'"{five}","[0, 1]",{split},{number}.jpg,{number}')
    Host.files["/captions.csv"] = "\n".join(rows).encode()
    Host.files["/images.zip"] = zipped(source, "flickr30k-images")
    folder = get_published(
        "flickr30k", tmp_path / "out", catalogue=at(host, "flickr30k"), progress=False
    )
    assert folder.split("dev") == ("2.jpg",) and folder.split("test") == ("3.jpg",)
    assert folder.captions_of("0.jpg") == ("A dog, number 0.", "It runs.")


def test_coco_keeps_captions_alone_of_its_annotations(host: str, tmp_path: Path) -> None:
    source = uit_viic(tmp_path / "source", count=2)
    annotations = tmp_path / "annotations"
    annotations.mkdir()
    for split in ("train", "val"):
        text = (source / f"uitviic_captions_{split}2017.json").read_text("utf8")
        (annotations / f"captions_{split}2017.json").write_text(text, "utf8")
    (annotations / "instances_val2017.json").write_text("{}")
    Host.files["/annotations.zip"] = zipped(annotations, "annotations")
    for split, first in (("train", "0000000000"), ("val", "0000000001")):
        Host.files[f"/{split}2017.zip"] = zipped(
            source / "images", f"{split}2017", only=f"{first}*.jpg"
        )
    folder = get_published("coco", tmp_path / "out", catalogue=at(host, "coco"), progress=False)
    assert folder.split("train") == ("train2017/000000000000.jpg", "train2017/000000000001.jpg")
    assert len(folder.split("dev") + folder.split("test")) == 2
    assert not (tmp_path / "out" / "annotations" / "instances_val2017.json").exists()


def test_a_damaged_archive_is_deleted_and_said(host: str, tmp_path: Path) -> None:
    Host.files["/ktvic.zip"] = zipped(ktvic(tmp_path / "source"), "ktvic_dataset")[:-2000]
    with pytest.raises(DataError, match=r"ktvic\.zip arrived damaged .* and was deleted"):
        get_published("ktvic", tmp_path / "out", catalogue=at(host, "ktvic"), progress=False)
    assert not (tmp_path / "out" / ".fetched" / "ktvic.zip").exists()
    with pytest.raises(SettingsError, match="Choose uit-viic, ktvic, flickr8k, flickr30k, coco"):
        get_published("laion", tmp_path / "out")

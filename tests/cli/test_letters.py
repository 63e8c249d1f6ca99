"""No command fails over a letter, whatever its output can encode and whatever the locale is."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from odd_names import COMPOSED, FROM_MAC, LATIN, LATIN_SHOWN, make_odd_names
from pixel_encoder import PixelEncoder, make_pictures
from small_dictionary import build

from timanh.cli import run
from timanh.cli.charset import replace_unencodable
from timanh.vectors import VectorDictionary
from timanh.workspace import name_key

ENCODINGS = ("ascii", "cp1252", "cp1258", "utf8")


class Streams:
    """Stdout and stderr as a redirection opens them on a machine with `encoding`."""

    def __init__(self, encoding: str, patch: pytest.MonkeyPatch) -> None:
        self.encoding, self.patch = encoding, patch
        self.out, self.err = io.BytesIO(), io.BytesIO()

    def run(self, *args: object) -> tuple[int, str, str]:
        self.out, self.err = io.BytesIO(), io.BytesIO()
        out = io.TextIOWrapper(self.out, self.encoding, "strict", write_through=True)
        err = io.TextIOWrapper(self.err, self.encoding, "strict", write_through=True)
        self.patch.setattr("sys.stdout", out)
        self.patch.setattr("sys.stderr", err)
        code = run([str(arg) for arg in args])
        return code, *(each.getvalue().decode(self.encoding) for each in (self.out, self.err))


@pytest.fixture(params=ENCODINGS)
def streams(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Streams:
    monkeypatch.setattr("timanh.models.load_encoder", lambda *_, **__: PixelEncoder())
    monkeypatch.setattr(VectorDictionary, "load_encoder", lambda *_, **__: PixelEncoder())
    return Streams(request.param, monkeypatch)


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    gallery = make_odd_names(tmp_path)
    lines = ["image,caption", *(f"{path.name},con mèo một mình dưới ổ" for path in
             gallery.rglob("*.png") if LATIN not in str(path))]  # fmt: skip
    (gallery / "captions.txt").write_text("\n".join(lines), encoding="utf8")
    (gallery / "hỏng.png").write_bytes(b"no picture")
    (gallery / f"{LATIN}2.png").write_bytes(b"no picture")
    return gallery


def test_every_command_ends_well(streams: Streams, gallery: Path, tmp_path: Path) -> None:
    index, more = tmp_path / "chỉ mục", make_pictures(gallery / "thêm", 1)
    queries = tmp_path / "truy vấn.txt"
    queries.write_text("một con mèo\n", encoding="utf8")
    for args in (
        ("index", "build", gallery, "--model", "demo", "--out", index),
        ("index", "add", "--index", index, more),
        ("index", "info", "--index", index),
        ("index", "check", "--index", index),
        ("search", "--index", index, "một con mèo", "--no-translate"),
        ("search", "--index", index, "-k", "9", "--image", gallery / "6.png", "--figure",
         tmp_path / "hình.png"),
        ("search", "--index", index, "--queries", queries, "--out", tmp_path / "kết quả.csv",
             "--no-translate"),
        ("search", "--index", index, "--no-translate", "--", "-mũ con mèo"),
        ("index", "export", "--index", index, "--out", tmp_path / "véc-tơ.npy"),
        ("index", "import", tmp_path / "véc-tơ.npy", "--gallery", gallery, "--model", "demo",
         "--out", tmp_path / "lần hai"),
        ("index", "remove", "--index", index, f"{COMPOSED}/0.png", f"{LATIN_SHOWN}.png"),
        ("index", "compact", "--index", index),
        ("doctor",),
        ("--version",),
    ):  # fmt: skip
        code, out, err = streams.run(*args)
        assert (code, "unexpected" in err) == (0, False), (args, err)
        assert out.strip(), args
        if args[:2] == ("index", "build"):
            assert LATIN_SHOWN + "2.png" in err  # what was skipped is named
    if streams.encoding != "ascii":  # where it is, Click writes its help in UTF-8
        code, out, _ = streams.run("--help")
        assert code == 0 and name_key(out)[: out.index(" [")] == "Usage: timanh"


def test_json_is_whole_and_holds_every_letter(
    streams: Streams, gallery: Path, tmp_path: Path
) -> None:
    index = tmp_path / "out"
    code, out, _ = streams.run(
        "index", "build", gallery, "--model", "demo", "--out", index, "--json"
    )
    assert code == 0 and json.loads(out)["count"] == 8
    _, out, _ = streams.run(
        "search", "--index", index, "một con mèo", "-k", "9", "--json", "--no-translate"
    )
    printed = json.loads(out)
    assert printed["query"]["text"] == "một con mèo"
    assert {f"{FROM_MAC}/0.png", f"{LATIN_SHOWN}/4.png"} <= {
        hit["path"] for hit in printed["results"]
    }
    _, out, _ = streams.run("index", "remove", "--index", index, f"{LATIN_SHOWN}.png", "--json")
    assert json.loads(out) == {"removed": [f"{LATIN_SHOWN}.png"]}


def test_a_mistake_is_one_line(streams: Streams, gallery: Path, tmp_path: Path) -> None:
    build(gallery, tmp_path / "out")
    code, out, err = streams.run(
        "search", "--index", tmp_path / "out", "con", "--folder", "pho co"
    )  # fmt: skip
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "pho co" in err
    if streams.encoding == "cp1258":
        assert f"“{COMPOSED}”" in name_key(err)
    code, _, err = streams.run("search", "--index", tmp_path / "out", f"{LATIN} mèo")
    assert code == 2 and LATIN_SHOWN in err and "UTF-8" in err
    code, _, err = streams.run("search", "--index", tmp_path / "out", "-hat")
    assert code == 2 and '-- "-hat man"' in err


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("ascii", 'm\\u1ed9t "-" ## -> ...'),
        ("cp1252", "m\\u1ed9t “·” ## -> …"),
        ("cp1258", "một “·” ## -> …"),
        ("utf8", "một “·” █▌ → …"),
    ],
)
def test_what_cannot_be_written_becomes_something_like_it(
    encoding: str, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(held, encoding, write_through=True))
    replace_unencodable()
    sys.stdout.write("một “·” █▌ → …")
    assert name_key(held.getvalue().decode(encoding)) == written
    sys.stdout.write(LATIN)
    assert held.getvalue().decode(encoding).endswith(LATIN_SHOWN)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of files are UTF-8 always")
def test_names_are_utf8_in_any_locale(tmp_path: Path) -> None:
    gallery = make_odd_names(tmp_path)
    build(gallery, tmp_path / "chỉ mục")
    plain = {name: value for name, value in os.environ.items() if name[:2] != "LC"}
    environment = {**plain, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "timanh", "index"]
    named = ["--index", str(tmp_path / "chỉ mục")]
    checked, removed = (
        subprocess.run([*command, *args], env=environment, capture_output=True, timeout=60)
        for args in (
            ["check", "--no-encode", "--json", *named],
            ["remove", "--json", *named, str(gallery / COMPOSED / "0.png"), f"{LATIN}/4.png"],
        )
    )
    printed = json.loads(checked.stdout)
    assert (checked.returncode, printed["count"], printed["missing_pictures"]) == (0, 8, 0)
    assert removed.returncode == 0, removed.stderr
    assert json.loads(removed.stdout.decode("ascii")) == {
        "removed": [f"{FROM_MAC}/0.png", f"{LATIN_SHOWN}/4.png"]
    }

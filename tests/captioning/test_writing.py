"""Captions of a dictionary's pictures: each once, never over a person's, taken over by a build."""

import json
import os
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pixel_encoder import PixelEncoder, make_pictures

from timanh.captioning import Caption, Captioner, write_gallery
from timanh.captioning.captioner import Pixels
from timanh.cli import run
from timanh.errors import DictionaryNotFoundError, LanguageError
from timanh.vectors import VectorDictionary, build_dictionary
from timanh.vectors.store.written_captions import MACHINE, add_person_captions, read_written


class Namer(Captioner):
    """Writes how bright a picture is; may be killed in the middle."""

    name, fingerprint, device = "namer", "0123456789abcdef", "cpu"
    languages = ("en", "vi")

    def __init__(self, killed_after: int | None = None) -> None:
        self.left = killed_after
        self.calls = 0

    def prepare_images(self, images: Any) -> Pixels:
        return PixelEncoder().prepare_images(images)

    def captions_prepared(
        self, pixels: Pixels, language: str | None = None, *, beams: int = 5, count: int = 1
    ) -> list[list[Caption]]:
        if self.left is not None and self.calls >= self.left:
            raise KeyboardInterrupt
        self.calls += 1
        chosen = self.check(language, beams, count)
        return [[Caption(f"{chosen} {one.mean():.3f}", chosen, -1.0)] for one in pixels]


class Slow(Namer):
    """Takes its time, so that it can be killed between two pictures."""

    def captions_prepared(self, *values: Any, **named: Any) -> list[list[Caption]]:
        time.sleep(0.02)
        return super().captions_prepared(*values, **named)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    make_pictures(tmp_path / "pictures", 9)
    names = sorted(file.name for file in (tmp_path / "pictures").iterdir())
    captions = f"image,caption\n{names[0]},by a person\n"
    (tmp_path / "pictures" / "captions.txt").write_text(captions, encoding="utf8")
    build_dictionary(tmp_path / "pictures", PixelEncoder(), tmp_path / "out", progress=False)
    return tmp_path


def items(place: Path) -> dict[str, Any]:
    build_dictionary(place / "pictures", PixelEncoder(), place / "out", progress=False)
    return {item.path: item for item in VectorDictionary.open(place / "out").items}


def test_killed_again_and_again_each_picture_is_captioned_once(place: Path) -> None:
    before = {file: file.read_bytes() for file in (place / "pictures").iterdir()}
    for _ in range(20):
        try:
            done = write_gallery(place / "out", Namer(killed_after=1), batch_size=2, progress=False)
            break
        except KeyboardInterrupt:
            file = place / "out" / MACHINE
            if file.exists():  # a line that was being written
                with file.open("ab") as stream:
                    stream.write(b'{"hash":"torn')
    assert done.skipped == {}
    lines = [line for line in (place / "out" / MACHINE).read_bytes().split(b"\n") if line]
    whole = [json.loads(line) for line in lines if line.endswith(b"}")]
    assert len(whole) == len({(line["hash"], line["language"]) for line in whole}) == 16
    assert {file: file.read_bytes() for file in (place / "pictures").iterdir()} == before
    again = write_gallery(place / "out", Namer(), progress=False)
    assert (again.written, again.kept) == (0, 8)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it forks a writer to be killed")
def test_a_writer_killed_ten_times_captions_each_picture_once(place: Path) -> None:
    file, kills = place / "out" / MACHINE, 0
    while True:
        before = file.stat().st_size if file.exists() else 0
        writer = os.fork()
        if writer == 0:
            with suppress(BaseException):
                write_gallery(place / "out", Slow(), batch_size=1, progress=False)
                os._exit(0)
            os._exit(1)
        # As soon as it has written something, wherever it is then.
        while kills < 10 and os.waitpid(writer, os.WNOHANG) == (0, 0):
            if file.exists() and file.stat().st_size > before:
                os.kill(writer, signal.SIGKILL)
                kills += 1
                os.waitpid(writer, 0)
                break
            time.sleep(0.001)
        else:
            with suppress(ChildProcessError):
                assert os.waitpid(writer, 0)[1] == 0
            break
    lines = [json.loads(line) for line in file.read_text("utf8").splitlines()]
    written = Counter((line["hash"], line["language"]) for line in lines)
    assert kills == 10 and len(written) == 16 and set(written.values()) == {1}
    assert write_gallery(place / "out", Namer(), progress=False).written == 0


def test_the_command_names_what_it_skipped(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from timanh import captioning

    monkeypatch.setattr(captioning, "load_captioner", lambda *_, **__: Namer(), raising=False)
    victims = sorted(item.path for item in items(place).values() if not item.captions)[:2]
    (place / "pictures" / victims[0]).write_bytes(b"no picture")
    (place / "pictures" / victims[1]).unlink()
    words = ("caption", "write", "--index", str(place / "out"), "--captioner", "namer")
    assert run([*words, "--language", "en"]) == 0
    out, err = capsys.readouterr()
    assert out == "6 captions of 6 pictures written, 0 pictures had theirs, 2 skipped.\n"
    skipped = [line for line in err.splitlines() if "Skipped: " in line]
    assert len(skipped) == 2 and all(any(each in line for line in skipped) for each in victims)
    assert f"They are in {place / 'out' / MACHINE}." in err
    assert run([*words, "--language", "fr"]) == 2
    assert "writes en and vi, not 'fr'" in capsys.readouterr().err


def test_a_build_takes_them_over_marked_and_a_persons_stay(place: Path) -> None:
    write_gallery(place / "out", Namer(), languages=["en"], progress=False)
    known = items(place)
    captioned = [item for item in known.values() if item.captions]
    assert [(item.captions, item.machine) for item in captioned] == [(("by a person",), ())]
    others = [item for item in known.values() if not item.captions]
    assert len(others) == 8
    for item in others:
        (machine,) = item.machine
        assert machine.text.startswith("en ") and machine.language == "en"
        assert (machine.captioner, machine.fingerprint) == (Namer.name, Namer.fingerprint)
    moved = place / "pictures" / "renamed.png"
    (place / "pictures" / others[0].path).rename(moved)
    assert items(place)["renamed.png"].machine == others[0].machine


def test_a_person_has_the_last_word(place: Path) -> None:
    write_gallery(place / "out", Namer(), missing=False, progress=False)
    known = items(place)
    first = next(item for item in known.values() if item.captions)
    other = next(item for item in known.values() if not item.captions)
    add_person_captions(place / "out", first.hash, ["corrected", "twice"])
    add_person_captions(place / "out", other.hash, ["mine"])
    now = items(place)
    assert now[first.path].captions == ("corrected", "twice")
    assert now[other.path].captions == ("mine",)
    assert [each.language for each in now[other.path].machine] == ["vi"]
    build_dictionary(
        place / "pictures", PixelEncoder(), place / "out", progress=False, rebuild=True
    )
    assert items(place)[other.path].captions == ("mine",)


def test_another_captioner_writes_only_when_asked_to(place: Path) -> None:
    write_gallery(place / "out", Namer(), languages=["vi"], progress=False)
    other = Namer()
    other.fingerprint = "f" * 16  # type: ignore[misc]
    assert write_gallery(place / "out", other, languages=["vi"], progress=False).written == 0
    done = write_gallery(place / "out", other, languages=["vi"], again=True, progress=False)
    assert done.written == 8
    machine = read_written(place / "out").machine
    assert {each.fingerprint for kept in machine.values() for each in kept} == {"f" * 16}
    with pytest.raises(LanguageError):
        write_gallery(place / "out", other, languages=["fr"], progress=False)
    with pytest.raises(DictionaryNotFoundError):
        write_gallery(place / "none", other, progress=False)


def test_an_unreadable_picture_spoils_only_itself(place: Path) -> None:
    victim = next(item for item in items(place).values() if not item.captions)
    (place / "pictures" / victim.path).write_bytes(b"no picture")
    done = write_gallery(place / "out", Namer(), languages=["en"], progress=False)
    assert (done.written, list(done.skipped)) == (7, [victim.path])


def test_they_are_found_by_their_words_and_shown_as_a_machines(place: Path) -> None:
    from fastapi.testclient import TestClient

    from timanh.api import create_app
    from timanh.search import SearchEngine

    write_gallery(place / "out", Namer(), languages=["en"], progress=False)
    items(place)
    engine = SearchEngine(PixelEncoder(), VectorDictionary.open(place / "out"))
    with TestClient(create_app(engine), base_url="http://127.0.0.1:8001") as client:
        answer = client.post("/api/search", data={"query": "red", "k": "20", "words": "en"}).json()
        assert answer["considered"] == 8
        for found in answer["results"]:
            assert found["captions"] == []
            (machine,) = found["machine_captions"]
            assert machine["text"].startswith("en ") and machine["captioner"] == "namer"
        gallery = client.get("/api/gallery").json()["images"]
        assert sum(bool(each["machine_captions"]) for each in gallery) == 8

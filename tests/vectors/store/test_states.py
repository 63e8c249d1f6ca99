"""The states of a dictionary: one follows the other, whoever writes; versions and migration."""

import json
import os
import shutil
import threading
from pathlib import Path

import pytest
from small_dictionary import add_picture, build_in_segments, contents, paths_in

from timanh.errors import DictionaryDamagedError, DictionaryError, OvertakenError
from timanh.vectors import VectorDictionary, compact_dictionary, remove_pictures
from timanh.vectors.store import generations
from timanh.vectors.store.manifest import Manifest


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return build_in_segments(tmp_path, monkeypatch)


def test_of_many_that_follow_one_state_one_goes_on(tmp_path: Path) -> None:
    start, won = threading.Barrier(8), []

    def work(number: int) -> None:
        start.wait()
        for generation in range(1, 20):
            try:
                generations.publish(
                    tmp_path, generation, f"{number}", f'"generation": {generation}'
                )
                won.append(generation)
            except OvertakenError:
                pass

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(won)) == sorted(won), "no number was given twice"
    assert generations.highest(tmp_path) == 19
    assert len(list((tmp_path / generations.FOLDER).iterdir())) <= generations.KEPT


def no_links(*_: object) -> None:
    raise OSError(95, "Operation not supported")


@pytest.mark.parametrize("links", [True, False])
def test_without_hard_links_it_is_found_out_too(
    out: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    mine = Manifest.load(out)
    add_picture(out, "b.png")
    with pytest.raises(OvertakenError, match="another process"):
        mine.save(out)
    assert "b.png" in paths_in(out)
    assert json.loads((out / "manifest.json").read_text())["count"] == 11


def test_a_process_killed_between_both_names_has_done_it(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(generations, "_name_for_people", lambda *_: None)
        remove_pictures(out, ["x.png"])
    assert json.loads((out / "manifest.json").read_text())["count"] == 10
    assert "x.png" not in paths_in(out)
    add_picture(out, "b.png")
    assert json.loads((out / "manifest.json").read_text())["count"] == 10


def test_a_number_that_was_free_again_is_not_taken_for_the_newest(out: Path) -> None:
    """A process that slept while others made more states than are kept."""
    mine = Manifest.load(out)
    text = mine.to_text()
    for number in range(generations.KEPT + 3):
        remove_pictures(out, ["x.png"]) if number % 2 else add_picture(out, "x.png")
    assert not (out / generations.FOLDER / f"{mine.generation + 1:08d}.json").exists()
    known = generations.highest
    looks = iter([0])  # it looked before the others began
    generations.highest = lambda folder: next(looks, None) or known(folder)  # type: ignore[assignment]
    try:
        with pytest.raises(OvertakenError):
            generations.publish(out, mine.generation + 1, "slow", text)
    finally:
        generations.highest = known
    assert Manifest.load(out).generation > mine.generation + generations.KEPT


def test_a_folder_copied_in_part_is_read_from_what_is_there(out: Path, tmp_path: Path) -> None:
    for number, left_out in enumerate(("manifests", "manifest.json")):
        copy = tmp_path / f"copy{number}"
        shutil.copytree(out, copy, ignore=shutil.ignore_patterns(left_out))
        assert paths_in(copy) == paths_in(out)
        remove_pictures(copy, ["x.png"])
        assert len(paths_in(copy)) == 9


def test_version_1_opens_and_becomes_version_2_with_the_first_change(out: Path) -> None:
    compact_dictionary(out)
    whole = contents(out)
    shutil.rmtree(out / "manifests")
    fields = json.loads((out / "manifest.json").read_text())
    (old,) = fields["segments"]
    for file in ("vectors", "items"):  # as they were called then
        plain = f"000001.{old[file]['name'].partition('.')[2]}"
        (out / old[file]["name"]).rename(out / plain)
        old[file]["name"] = plain
    del old["gone"], fields["id"], fields["follows"]
    (out / "manifest.json").write_text(json.dumps({**fields, "version": 1}, indent=2))
    assert contents(out) == whole
    assert json.loads((out / "manifest.json").read_text())["version"] == 1
    remove_pictures(out, ["x.png"])
    after = json.loads((out / "manifest.json").read_text())
    assert (after["version"], after["generation"]) == (3, fields["generation"] + 1)
    assert dict(contents(out)) == {path: row for path, row in whole if path != "x.png"}


def test_of_a_newer_version_it_is_said(out: Path) -> None:
    file = out / generations.FOLDER / f"{generations.highest(out) + 1:08d}.json"
    fields = json.loads((out / "manifest.json").read_text())
    file.write_text(json.dumps({**fields, "version": 4}))
    for work in (lambda: VectorDictionary.open(out), lambda: remove_pictures(out, ["x.png"])):
        with pytest.raises(DictionaryError, match=r"version 4; this program reads versions 1 to 3"):
            work()


@pytest.mark.parametrize("gone", ["5-", "3 3", "12"])
def test_a_state_that_names_rows_that_are_not_there_is_damaged(out: Path, gone: str) -> None:
    fields = json.loads((out / "manifest.json").read_text())
    fields["segments"][0]["gone"] = gone
    for file in (out / generations.FOLDER).iterdir():
        file.write_text(json.dumps(fields))
    with pytest.raises(DictionaryDamagedError, match="cannot be read"):
        VectorDictionary.open(out)

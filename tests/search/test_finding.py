"""Filters, pages, folding, more like this, and queries from files."""

import csv
import json
import os
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pixel_encoder import PixelEncoder, make_pictures

from timanh.cli.program import run
from timanh.errors import QueryError, UnknownFolderError, UnknownPictureError
from timanh.search import (
    Filter,
    Query,
    SearchEngine,
    parse_day,
    read_queries,
    write_answers,
)
from timanh.vectors import VectorDictionary, build_dictionary

NOON = datetime(2026, 1, 31, 12).timestamp()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty pictures in two folders, a day apart each, one with an exact double."""
    folder = tmp_path_factory.mktemp("finding")
    pictures = make_pictures(folder / "pictures" / "images", 20)
    (pictures / "biển đẹp").mkdir()
    for number in range(10, 20):
        name = f"{number:04d}.png"
        (pictures / name).rename(pictures / "biển đẹp" / name)
    double = pictures / "biển đẹp" / "0003 again.png"
    double.write_bytes((pictures / "0003.png").read_bytes())
    Image.new("RGB", (200, 300), (9, 90, 200)).save(pictures / "large.png")
    lines = ["image,caption"]
    for number in range(20):
        name = f"{number:04d}.png"
        path = name if number < 10 else f"biển đẹp/{name}"
        os.utime(pictures / path, (NOON + 86_400 * number,) * 2)
        word = "Con Chó" if number % 3 == 0 else "a dog"
        lines += [f'{path},"{word}, number {number}"', f'{path},"said ""path"":""x/"""']
    (folder / "pictures" / "captions.txt").write_text("\n".join(lines) + "\n", encoding="utf8")
    build_dictionary(folder / "pictures", PixelEncoder(), folder / "out", progress=False)
    return folder


@pytest.fixture
def engine(folder: Path) -> SearchEngine:
    return SearchEngine(PixelEncoder(), VectorDictionary.open(folder / "out"))


def paths(engine: SearchEngine, **fields: object) -> list[str]:
    found = engine.search(Query("dog", k=99, **fields))  # type: ignore[arg-type]
    assert found.considered >= len(found.hits)
    return sorted(hit.path for hit in found.hits)


def numbers(names: list[str]) -> list[int]:
    return [int(Path(name).stem[:4]) for name in names]


# Filters


@pytest.mark.parametrize("text", ["yesterday", "31.1.2026", "2026-02-30", ""])
def test_a_day_is_written_in_one_way(text: str) -> None:
    with pytest.raises(QueryError, match="2026-01-31"):
        parse_day(text)


def test_by_folder(engine: SearchEngine) -> None:
    inside = [name for name in paths(engine) if name.startswith("biển đẹp/")]
    assert len(inside) == 11
    written = (
        "biển đẹp", "biển đẹp/", "/biển đẹp", "./biển đẹp", "biển đẹp/.", "biển đẹp//",
        ".\\biển đẹp\\", "x/../biển đẹp",
    )  # fmt: skip
    for name in written:
        assert paths(engine, where=Filter(folder=name)) == inside
    for name in (".", "./", "/", ".\\", "biển đẹp/.."):
        assert paths(engine, where=Filter(folder=name)) == paths(engine)
    # The second one is written in a caption, which makes it no folder.
    for name in ("biển", "x", "../biển đẹp"):
        with pytest.raises(UnknownFolderError, match=f"no folder “{name}”.*“biển đẹp”"):
            paths(engine, where=Filter(folder=name))


def test_by_date_both_days_included(engine: SearchEngine) -> None:
    where = Filter(after=date(2026, 2, 2), before=date(2026, 2, 4))
    assert numbers(paths(engine, where=where)) == [2, 3, 4]
    assert paths(engine, where=Filter(before=date(2020, 1, 1))) == []


def test_by_size(engine: SearchEngine, folder: Path) -> None:
    assert paths(engine, where=Filter(min_side=200)) == ["large.png"]
    assert paths(engine, where=Filter(min_side=201)) == []
    size = (folder / "pictures" / "images" / "large.png").stat().st_size
    where = Filter(min_bytes=size, max_bytes=size)
    assert "large.png" in paths(engine, where=where)


def test_by_words_of_the_captions(engine: SearchEngine) -> None:
    assert numbers(paths(engine, where=Filter(words="con CHÓ"))) == [0, 3, 6, 9, 12, 15, 18]
    assert numbers(paths(engine, where=Filter(words="chó 12"))) == [12]
    # A part of a word is none, nor is a word without its marks, nor a name of a field.
    for words in ("ch", "cho", "height", "dog chó"):
        assert paths(engine, where=Filter(words=words)) == []


def test_conditions_hold_together_and_scores_stay(engine: SearchEngine) -> None:
    where = Filter(folder="biển đẹp", after=date(2026, 2, 12), words="chó")
    found = engine.search(Query("dog", k=99, where=where))
    assert [hit.path for hit in found.hits] and found.considered == len(found.hits) == 3
    everything = {hit.path: hit.score for hit in engine.search(Query("dog", k=99)).hits}
    for hit in found.hits:
        assert abs(hit.score - everything[hit.path]) < 1e-6


# Pages


def test_pages_make_up_the_whole(engine: SearchEngine) -> None:
    whole = engine.search(Query("dog", k=99)).hits
    pages = [engine.search(Query("dog", k=8, offset=start)).hits for start in (0, 8, 16, 24)]
    assert [len(page) for page in pages] == [8, 8, 6, 0]
    assert [hit for page in pages for hit in page] == list(whole)


@pytest.mark.parametrize("offset", [-1, 1.5, True, "3"])
def test_offset_must_be_a_number(engine: SearchEngine, offset: int) -> None:
    with pytest.raises(QueryError, match="offset is"):
        engine.search(Query("dog", offset=offset))


# Folding


@pytest.mark.parametrize("fold", [-0.1, 1.1, "much", float("nan")])
def test_fold_must_be_a_cosine(engine: SearchEngine, fold: float) -> None:
    with pytest.raises(QueryError, match="fold is"):
        engine.search(Query("dog", fold=fold))


def test_a_double_takes_no_place(engine: SearchEngine) -> None:
    plain = engine.search(Query("dog", k=22)).hits
    folded = engine.search(Query("dog", k=22, fold=0.9999)).hits
    assert len(plain) == 22 and len(folded) == 21
    kept = next(hit for hit in folded if hit.doubles)
    pair = {hit.id for hit in plain if Path(hit.path).stem.startswith("0003")}
    assert {kept.id, *kept.doubles} == pair
    assert [hit.rank for hit in folded] == list(range(1, 22))


def test_folding_fills_its_pages(engine: SearchEngine) -> None:
    whole = engine.search(Query("dog", k=22, fold=0.9999)).hits
    pages = [engine.search(Query("dog", k=3, offset=n, fold=0.9999)).hits for n in range(0, 21, 3)]
    assert [hit.id for page in pages for hit in page] == [hit.id for hit in whole]
    assert len(engine.search(Query("dog", k=5, fold=0.0)).hits) < 5


# More like this


def test_more_like_a_picture_leaves_it_out(engine: SearchEngine) -> None:
    row = next(i for i, item in enumerate(engine.dictionary.items) if item.path == "0003.png")
    id = engine.dictionary.item(row).id
    found = engine.search(Query(like=(id,), left_out=(id,), k=4))
    assert found.hits[0].path == "biển đẹp/0003 again.png" and found.hits[0].score > 0.9999
    assert len(found.hits) == 4 and id not in {hit.id for hit in found.hits}
    assert found.query.text is None
    with pytest.raises(UnknownPictureError, match="nobody"):
        engine.search(Query(like=("nobody",)))


# Many queries


def test_many_queries_are_answered_as_one_by_one(engine: SearchEngine) -> None:
    id = engine.dictionary.item(4).id
    picture = Image.new("RGB", (20, 20), (200, 10, 10))
    queries = [
        *(Query(f"word{number}", k=3 + number % 4) for number in range(70)),
        Query("dog", where=Filter(words="chó"), k=2),
        Query("dog", (picture,), 0.3),
        Query(like=(id,), left_out=(id,), fold=0.99),
        Query("dog", offset=2, k=2),
    ]
    for query, found in zip(queries, engine.search_many(queries), strict=True):
        alone = engine.search(query)
        assert [hit.id for hit in found.hits] == [hit.id for hit in alone.hits]
        np.testing.assert_allclose(
            [hit.score for hit in found.hits], [hit.score for hit in alone.hits], atol=1e-6
        )
        assert (found.query, found.considered) == (alone.query, alone.considered)
    assert list(engine.search_many([])) == []


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("q.xls", "dog", "not a file of queries"),
        ("q.txt", "\n \n", "holds no query"),
        ("q.csv", "text,colour\ndog,red\n", "line 2: 'colour' is not one of"),
        ("q.jsonl", '{"text": "dog"}\nnonsense\n', "Line 2"),
        ("q.jsonl", "[1]\n", "line 1: .* is not an object"),
        ("q.csv", "text,k\ndog,many\n", "line 2"),
        ("q.csv", "text,k\na dog, at night,5\n", "Line 2 has 3 fields and the header 2"),
        ("q.jsonl", '{"text": ["dog"]}\n', r"line 1: The text is \['dog'\]"),
    ],
)
def test_files_that_are_no_queries(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf8")
    with pytest.raises(QueryError, match=words):
        read_queries(tmp_path / name)
    with pytest.raises(QueryError, match="cannot be read"):
        read_queries(tmp_path / "missing.txt")


def test_a_query_over_two_lines_keeps_its_space(tmp_path: Path) -> None:
    tables = (
        'text,k\n"a red\ncar",3\n',
        'k;Text\r\n3;"a red\r\ncar"\r\n',
        "text\tk\na red  car\t3\n",
    )
    for table in tables:
        (tmp_path / "q.csv").write_bytes(table.encode())
        (one,) = read_queries(tmp_path / "q.csv")
        assert (one.text, one.k) == ("a red car", 3)
    (tmp_path / "q.jsonl").write_text('{"text": "a red\u2028car"}\n', encoding="utf8")
    assert [one.text for one in read_queries(tmp_path / "q.jsonl")] == ["a red car"]


def test_queries_of_each_form(engine: SearchEngine, tmp_path: Path, folder: Path) -> None:
    picture = folder / "pictures" / "images" / "0005.png"
    (tmp_path / "here.png").write_bytes(picture.read_bytes())
    (tmp_path / "a.txt").write_text("﻿a dog\n\ncon mèo\n", encoding="utf8")
    (tmp_path / "b.csv").write_text('text,image,k\n"dog, big",,3\n,here.png,\n', encoding="utf8")
    lines = [{"text": "dog", "image": ["here.png"], "alpha": 0.2}, {"like": "x", "k": 1}]
    (tmp_path / "c.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf8")
    pattern = Query(k=9)
    assert [row.text for row in read_queries(tmp_path / "a.txt")] == ["a dog", "con mèo"]
    first, second = (row.query(pattern) for row in read_queries(tmp_path / "b.csv"))
    assert (first.text, first.k, second.text, second.k) == ("dog, big", 3, None, 9)
    assert engine.search(second).hits[0].path == "0005.png"
    both, like = (row.query(pattern) for row in read_queries(tmp_path / "c.jsonl"))
    assert (both.text, both.alpha, len(both.images)) == ("dog", 0.2, 1)
    assert (like.like, like.k, like.alpha) == (("x",), 1, 0.6)


def test_answers_in_both_forms(engine: SearchEngine, tmp_path: Path) -> None:
    found = list(engine.search_many([Query("dog, big", k=2), Query("con mèo", k=3)]))
    assert write_answers(tmp_path / "a.csv", found) == 2
    with (tmp_path / "a.csv").open(encoding="utf8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["query"], row["rank"]) for row in rows] == [
        ("1", "1"), ("1", "2"), ("2", "1"), ("2", "2"), ("2", "3"),
    ]  # fmt: skip
    assert rows[0]["text"] == "dog, big" and rows[0]["id"] == found[0].hits[0].id
    assert write_answers(tmp_path / "a.jsonl", found) == 2
    text = (tmp_path / "a.jsonl").read_text(encoding="utf8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[1]["query"]["text"] == "con mèo" and len(lines[1]["results"]) == 3
    with pytest.raises(QueryError, match=r"Name a \.csv or \.jsonl file"):
        write_answers(tmp_path / "a.txt", found)


def test_answers_that_fail_leave_the_old_file(engine: SearchEngine, tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    out.write_text("old", encoding="utf8")
    queries = [Query(f"word{number}") for number in range(80)] + [Query(like=("nobody",))]
    with pytest.raises(UnknownPictureError):
        write_answers(out, engine.search_many(queries))
    assert out.read_text(encoding="utf8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--queries", "q.txt"], "needs --out"),
        (["dog", "--queries", "q.txt", "--out", "a.csv"], "cannot be combined with TEXT"),
        (["dog", "--after", "soon"], "2026-01-31"),
        (["dog", "--fold", "7"], "fold is"),
        (["dog", "--offset", "-2"], "offset is"),
    ],
)
def test_mistakes_on_the_command_line(
    folder: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["search", "--index", str(folder / "out"), *arguments]) == 2
    assert words in capsys.readouterr().err

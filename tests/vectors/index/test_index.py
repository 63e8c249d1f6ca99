"""The search index on disk: chosen by measuring, kept beside the dictionary, never in the way."""

import json
import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_dictionary import two_step

from timanh.cli.program import run
from timanh.cli.reports import describe
from timanh.errors import DictionaryError, SettingsError
from timanh.vectors import Item, VectorDictionary, tune_dictionary
from timanh.vectors.index.approximate import (
    Approximate,
    QueryKind,
    SearchBudget,
    build_candidates,
    is_installed,
)
from timanh.vectors.index.index_files import FILE, FOLDER, load_index, save_index
from timanh.vectors.scan.exact import search_exact
from timanh.vectors.store.manifest import Manifest
from timanh.vectors.store.row_blocks import RowBlocks
from timanh.vectors.store.writer import DictionaryWriter
from timanh.vectors.tune.measure import Tuner

DIM, COUNT = 32, 4000
MANIFEST = Manifest("stand-in", "0123456789abcdef", DIM, "", "pictures")


def vectors(count: int, seed: int = 0, dim: int = DIM) -> np.ndarray:
    random = np.random.default_rng(seed)
    cone = 1 + random.standard_normal((count, dim)) * np.exp(-np.arange(dim) / (dim // 4))
    return (cone / np.linalg.norm(cone, axis=1, keepdims=True)).astype(np.float32)


def items(count: int, first: int = 0) -> list[Item]:
    numbers = range(first, first + count)
    return [Item(f"{n:016x}", f"{n}.jpg", (), 8, 8, 1, 1.0, "") for n in numbers]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "dictionary"
    folder.mkdir()
    writer = DictionaryWriter(folder, MANIFEST.save(folder))
    writer.append(vectors(3000), items(3000))
    writer.append(vectors(COUNT - 3000, seed=1), items(COUNT - 3000, 3000))
    return folder


QUERIES = vectors(60, seed=7)


def rows_of(dictionary: VectorDictionary) -> list[list[int]]:
    return dictionary.search(QUERIES[:9], 10)[1].tolist()


@pytest.mark.parametrize("method", ["exact", "two-step", "ivf", "hnsw"])
def test_each_way_is_measured_kept_and_used(folder: Path, method: str) -> None:
    if method in ("ivf", "hnsw") and not is_installed(method):
        pytest.skip("faiss is not installed")
    exact = rows_of(VectorDictionary.open(folder))
    said: list[str] = []
    tuned = tune_dictionary(folder, QUERIES, method=method, recall=0.9, threads=1, say=said.append)
    assert tuned.chosen.kind == method and tuned.chosen.recall >= 0.9 and said
    assert tuned.tried[0].kind == "exact" and tuned.chosen.ms > 0
    dictionary = VectorDictionary.open(folder)
    assert (dictionary.index is None) == (method == "exact")
    record = json.loads((folder / FOLDER / FILE).read_text(encoding="utf8"))
    assert record["kind"] == method and record["measured"]["target"] == 0.9
    found = rows_of(dictionary)
    if method in ("exact", "two-step"):
        assert found == exact
    else:
        hits = [len(set(a) & set(b)) for a, b in zip(found, exact, strict=True)]
        assert sum(hits) >= 0.85 * 90
    # Scores are those of the stored vectors, whatever proposed the rows.
    scores, rows = dictionary.search(QUERIES[0], 10)
    np.testing.assert_allclose(dictionary.vectors[rows[0]] @ QUERIES[0], scores[0], atol=1e-6)
    assert dictionary.search(QUERIES[0], COUNT)[1].shape == (1, COUNT)


def test_lists_propose_little_more_than_what_is_wanted() -> None:
    if not is_installed("ivf"):
        pytest.skip("faiss is not installed")
    parts = RowBlocks([vectors(6000, dim=256)], 256)
    candidates, coding = build_candidates("ivf", parts, vectors(500, 7, parts.dim), 1)
    queries = vectors(40, 8, parts.dim)
    budget, query_kind = SearchBudget(parts.dim, 20), QueryKind(parts.arrays[0][0], 0.0)
    index = Approximate("ivf", len(parts), candidates, coding, query_kind, budget, budget)
    pairs = zip(
        index.search(parts, queries, 10)[1], search_exact(parts, queries, 10)[1], strict=True
    )
    # The lists are learnt: on another processor a few more or fewer are found.
    assert sum(len(set(found) & set(best)) for found, best in pairs) >= 0.93 * 400


def among_others(count: int, seed: int = 0, lean: float = 0.0) -> np.ndarray:
    """Like `vectors`, in clusters; `lean` moves them off to where texts lie."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((60, DIM))
    rows = 2 + centres[random.integers(60, size=count)] + 0.5 * random.standard_normal((count, DIM))
    rows -= lean * 2
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_pictures_and_texts_are_distinguished() -> None:
    pictures, texts = among_others(400), among_others(300, seed=2, lean=1.0)
    query_kind = QueryKind.between(pictures, texts)
    assert query_kind.pictures(among_others(200, seed=3)).mean() > 0.98
    assert query_kind.pictures(texts).mean() < 0.02
    assert QueryKind.between(texts, texts).pictures(texts).all(), (
        "what cannot be distinguished gets most"
    )


def test_pictures_get_the_look_that_they_need(tmp_path: Path) -> None:
    if not is_installed("ivf"):
        pytest.skip("faiss is not installed")
    folder = tmp_path / "dictionary"
    folder.mkdir()
    stored = among_others(6000)
    DictionaryWriter(folder, MANIFEST.save(folder)).append(stored, items(6000))
    texts = among_others(300, seed=2, lean=1.0)
    tuned = tune_dictionary(folder, texts, method="ivf", recall=0.97, threads=1).chosen
    assert tuned.recall >= 0.97 and tuned.of_pictures is not None and tuned.of_pictures >= 0.97
    dictionary = VectorDictionary.open(folder)
    index = dictionary.index and dictionary.index.index
    assert isinstance(index, Approximate)
    # New pictures, not those that it was tuned on; and both kinds in one batch.
    strangers = among_others(100, seed=5)
    best = search_exact(stored, np.concatenate([strangers, texts[:100]]), 10)[1]
    found = dictionary.search(np.concatenate([strangers, texts[:100]]), 10)[1]
    hits = [len(set(a) & set(b)) for a, b in zip(found.tolist(), best.tolist(), strict=True)]
    assert sum(hits[:100]) >= 950 and sum(hits[100:]) >= 950
    # What finds them is the budget: with hardly any, fewer are found.
    least = replace(index, for_pictures=SearchBudget(1, 20), for_texts=SearchBudget(1, 20))
    poor = least.search(dictionary.parts, strangers, 10)[1]
    assert sum(len(set(a) & set(b)) for a, b in zip(poor.tolist(), best.tolist(), strict=False)) < (
        sum(hits[:100])
    )


@pytest.mark.parametrize("lean", [0.0, 1.0], ids=["together", "apart"])
def test_kinds_that_lie_together_share_the_larger_look(
    lean: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_installed("ivf"):
        pytest.skip("faiss is not installed")
    needed = iter([SearchBudget(800, 100), SearchBudget(200, 300)])
    monkeypatch.setattr(Tuner, "_least", lambda self, kind, measure: measure(next(needed)))
    texts = among_others(300, seed=2, lean=lean)
    tuner = Tuner(RowBlocks([among_others(6000)], DIM), texts, 0.97, 1, print)
    choice, index = tuner.approximate("ivf")
    budgets = index.for_texts, index.for_pictures
    if lean:
        assert budgets == (SearchBudget(800, 100), SearchBudget(200, 300))
    else:
        assert budgets == (SearchBudget(800, 300), SearchBudget(800, 300))
    assert choice.recall >= 0.97 and choice.of_pictures is not None and choice.of_pictures >= 0.97


def test_rows_come_and_go_and_the_index_stays_until_they_are_compacted(folder: Path) -> None:
    tune_dictionary(folder, QUERIES, method="two-step", threads=1)
    writer = DictionaryWriter(folder, Manifest.load(folder))
    writer.append(QUERIES[:5], items(5, COUNT))
    dictionary = VectorDictionary.open(folder)
    assert dictionary.index is not None
    assert dictionary.search(QUERIES[:5], 1)[1][:, 0].tolist() == list(range(COUNT, COUNT + 5))
    wanted = search_exact(dictionary.parts, QUERIES, 10)
    np.testing.assert_array_equal(dictionary.search(QUERIES, 10)[1], wanted[1])
    opened = dictionary
    best = {dictionary.item(int(row)).id for row in wanted[1][:, 0]}
    writer.remove(best)
    assert len(VectorDictionary.open(folder)) == COUNT + 5 - len(best)
    for compacted in (False, True):
        if compacted:
            writer.compact()
        dictionary = VectorDictionary.open(folder)
        assert (dictionary.index is None) == compacted
        left = np.delete(np.asarray(opened.vectors), sorted(opened.row_of(id) for id in best), 0)
        wanted = search_exact(left, QUERIES, 10)
        np.testing.assert_array_equal(dictionary.search(QUERIES, 10)[1], wanted[1])
    # Tuned again, the old files are gone.
    tune_dictionary(folder, QUERIES, method="two-step", threads=1)
    assert len(list((folder / FOLDER).iterdir())) == 2
    assert VectorDictionary.open(folder).index is not None


@pytest.mark.parametrize("damage", ["missing", "short", "nonsense", "fields"])
def test_a_damaged_index_is_named_and_searching_goes_on(folder: Path, damage: str) -> None:
    exact = rows_of(VectorDictionary.open(folder))
    tune_dictionary(folder, QUERIES, method="two-step", threads=1)
    place = folder / FOLDER
    codes = next(place.glob("*/fine.npy"))
    if damage == "missing":
        codes.unlink()
    elif damage == "short":
        codes.write_bytes(codes.read_bytes()[:-1])
    elif damage == "nonsense":
        codes.write_bytes(b"x" * codes.stat().st_size)
    else:
        record = json.loads((place / FILE).read_text(encoding="utf8"))
        del record["parameters"]["bounds"]
        (place / FILE).write_text(json.dumps(record), encoding="utf8")
    dictionary = VectorDictionary.open(folder)
    with pytest.warns(UserWarning, match=r"search index in .* cannot be read .*index tune"):
        assert rows_of(dictionary) == exact


def test_an_index_file_that_is_none_is_no_index(folder: Path) -> None:
    (folder / FOLDER).mkdir()
    for text in ("", "[]", "nonsense", '{"format": "another"}'):
        (folder / FOLDER / FILE).write_text(text, encoding="utf8")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert VectorDictionary.open(folder).index is None


def test_an_index_of_usearch_is_named_and_searching_goes_on(folder: Path) -> None:
    exact = rows_of(VectorDictionary.open(folder))
    tune_dictionary(folder, QUERIES, method="hnsw", threads=1)
    file = folder / FOLDER / FILE
    record = json.loads(file.read_text(encoding="utf8"))
    file.write_text(json.dumps({**record, "kind": "usearch"}), encoding="utf8")
    dictionary = VectorDictionary.open(folder)
    with pytest.warns(UserWarning, match=r"'usearch', which this version .* index tune` again"):
        assert rows_of(dictionary) == exact
    assert "index tune` again" in describe(dictionary)["search"]


def test_of_another_encoder_it_is_stale(folder: Path) -> None:
    tune_dictionary(folder, QUERIES, method="two-step", threads=1)
    manifest = Manifest.load(folder)
    parts = VectorDictionary.open(folder).parts
    assert load_index(folder, manifest, parts) is not None
    assert load_index(folder, replace(manifest, fingerprint="another"), parts) is None


def test_a_folder_that_takes_no_files_keeps_the_old_index(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tune_dictionary(folder, QUERIES, method="two-step", threads=1)
    before = sorted(path.name for path in (folder / FOLDER).rglob("*"))
    dictionary = VectorDictionary.open(folder)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(DictionaryError, match=r"No space left .* works without it"):
        save_index(folder, dictionary.manifest, two_step(dictionary.parts), {})
    assert sorted(path.name for path in (folder / FOLDER).rglob("*")) == before
    assert VectorDictionary.open(folder).index is not None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"method": "magic"}, "Unknown method"),
        ({"recall": 0.0}, "Recall must lie"),
        ({"recall": 99}, "Recall must lie"),
        ({"queries": 5}, "at least"),
    ],
)
def test_what_cannot_be_tuned_is_refused(folder: Path, settings: dict, words: str) -> None:
    queries = QUERIES[: settings.pop("queries", 60)]
    with pytest.raises(SettingsError, match=words):
        tune_dictionary(folder, queries, **settings)
    assert not (folder / FOLDER).exists()


def test_a_missing_library_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timanh.vectors.index.approximate.is_installed", lambda kind: False)
    with pytest.raises(SettingsError, match="pip install faiss-cpu"):
        tune_dictionary(folder, QUERIES, method="ivf", threads=1)


def test_from_the_command_line(
    gallery: Path, tiny_clip_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, queries = tmp_path / "out", tmp_path / "q.txt"
    queries.write_text("\n".join(f"a red circle {n}" for n in range(30)), encoding="utf8")
    build = ["index", "build", str(gallery), "--model", str(tiny_clip_folder), "--out", str(out)]
    assert run(build) == 0
    command = ["index", "tune", "--index", str(out), "--queries", str(queries)]
    assert run([*command, "--method", "two-step"]) == 0
    printed = capsys.readouterr()
    assert "→  two-step" in printed.out and "exact:" in printed.err
    assert run([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["chosen"]["kind"] == "exact"
    assert run(["search", "--index", str(out), "a red circle", "--exact"]) == 0
    shutil.rmtree(out / FOLDER)
    assert run(["index", "tune", "--index", str(out)]) == 0

"""Search on a GPU: every line but the card itself, which the processor stands in for."""

import warnings
from itertools import chain, repeat
from pathlib import Path

import numpy as np
import pytest
import torch

from timanh.cli.program import run
from timanh.errors import SettingsError
from timanh.vectors import Item, VectorDictionary, tune_dictionary
from timanh.vectors.index import gpu
from timanh.vectors.index.gpu import GpuScan
from timanh.vectors.scan.exact import search_exact
from timanh.vectors.store.manifest import Manifest
from timanh.vectors.store.row_blocks import RowBlocks
from timanh.vectors.store.writer import DictionaryWriter
from timanh.vectors.tune import choose as tuning
from timanh.vectors.tune.measure import Tuner

DIM, COUNT = 32, 5000


def vectors(count: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    cone = 1 + random.standard_normal((count, DIM))
    return (cone / np.linalg.norm(cone, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "dictionary"
    folder.mkdir()
    manifest = Manifest("stand-in", "0123456789abcdef", DIM, "", "pictures").save(folder)
    items = [Item(f"{n:016x}", f"{n}.jpg", (), 8, 8, 1, 1.0, "") for n in range(COUNT)]
    DictionaryWriter(folder, manifest).append(vectors(COUNT), items)
    return folder


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "find_gpu", lambda: "cpu")


QUERIES = vectors(60, seed=7)


# What can go wrong


def test_without_a_gpu_it_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.find_gpu() is None
    with pytest.raises(SettingsError, match=r"needs a GPU .* none was found.*timanh doctor"):
        tune_dictionary(folder, QUERIES, method="gpu", threads=1)
    assert VectorDictionary.open(folder).index is None


def test_a_dictionary_that_came_from_a_machine_with_a_gpu(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as there:
        there.setattr(gpu, "find_gpu", lambda: "cpu")
        tune_dictionary(folder, QUERIES, method="gpu", threads=1)
    monkeypatch.setattr(gpu, "find_gpu", lambda: None)
    dictionary = VectorDictionary.open(folder)
    with pytest.warns(UserWarning, match="needs a GPU"):
        found = dictionary.search(QUERIES, 10)
    np.testing.assert_array_equal(found[1], search_exact(dictionary.parts, QUERIES, 10)[1])


def test_a_card_that_is_too_small(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*shape: object, **kind: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(gpu, "find_gpu", lambda: "cpu")
    monkeypatch.setattr(torch, "empty", full)
    with pytest.raises(SettingsError, match=r"no room for 5,000 vectors of 32 .* 0\.0 GB there"):
        tune_dictionary(folder, QUERIES, method="gpu", threads=1)


# What is promised


@pytest.mark.parametrize("rows_at_once", [COUNT, 700])
def test_it_proposes_the_highest_products(
    rows_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "PRODUCTS", rows_at_once * len(QUERIES))
    stored = vectors(COUNT)
    parts = RowBlocks(np.array_split(stored, 3), DIM)
    scan = GpuScan(COUNT, DIM, "cpu")
    for _, block in parts.blocks(1234):
        scan.add(block)
    assert scan.bytes() == 2 * COUNT * DIM
    proposed = scan.find(QUERIES, 50, 0)
    assert proposed.shape == (60, 50)
    best = search_exact(parts, QUERIES, 10)[1]
    for own, wanted in zip(proposed, best, strict=True):
        assert len(set(own.tolist())) == 50
        assert set(wanted.tolist()) <= set(own.tolist())
    assert scan.find(QUERIES[:1], COUNT + 5, 0).shape == (1, COUNT)


@pytest.mark.usefixtures("card")
def test_it_is_measured_kept_and_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "FAST_MS", 0.0)
    said: list[str] = []
    tuned = tune_dictionary(folder, QUERIES, method="gpu", threads=1, say=said.append)
    assert tuned.chosen.kind == "gpu" and tuned.chosen.recall == 1.0
    assert "candidates; of pictures" in tuned.chosen.detail
    assert tuned.chosen.of_pictures == 1.0 and tuned.chosen.megabytes == 0.32
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dictionary = VectorDictionary.open(folder)
        scores, rows = dictionary.search(QUERIES, 10)
    wanted = search_exact(dictionary.parts, QUERIES, 10)
    np.testing.assert_array_equal(rows, wanted[1])
    np.testing.assert_allclose(scores, wanted[0], atol=1e-6)
    assert dictionary.index is not None and dictionary.index.record["kind"] == "gpu"
    assert run(["index", "info", "--index", str(folder)]) == 0


@pytest.mark.usefixtures("card")
def test_auto_takes_it_before_it_learns_an_index(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paces = chain([50.0, 30.0, 30.0], repeat(2.0))

    def slow_but_for_the_card(self: Tuner, way: object) -> tuple[float, float]:
        return 1.0, next(paces)

    monkeypatch.setattr(Tuner, "measure", slow_but_for_the_card)
    monkeypatch.setattr(Tuner, "race", lambda self, found: found)
    tuned = tune_dictionary(folder, QUERIES, threads=1)
    assert [choice.kind for choice in tuned.tried] == ["exact", "two-step", "gpu"]
    assert tuned.chosen.kind == "gpu"

"""What `auto` chooses: by measuring, and not by a bad moment of the machine."""

import time
from pathlib import Path

import numpy as np
import pytest
from vectors.index.test_index import COUNT, MANIFEST, items, vectors

from timanh.vectors import VectorDictionary, tune_dictionary
from timanh.vectors.index.two_step import TwoStep
from timanh.vectors.store.writer import DictionaryWriter
from timanh.vectors.tune import choose as tuning
from timanh.vectors.tune.measure import Choice, Way, take_turns

QUERIES = vectors(60, seed=7)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    DictionaryWriter(tmp_path, MANIFEST.save(tmp_path)).append(vectors(COUNT), items(COUNT))
    return tmp_path


def test_auto_takes_nothing_that_misses_pictures() -> None:
    texts_only = Choice("ivf", "", 0.999, 1.0, 0.0, 0.0, 0.9, 1.0)
    both = Choice("hnsw", "", 0.995, 2.0, 0.0, 0.0, 0.995, 1.0)
    exact, slow = Choice("exact", "", 1.0, 50.0, 0.0, 0.0), Choice("two-step", "", 1.0, 20.0, 0, 0)
    tried = [(one, None) for one in (exact, slow, texts_only, both)]
    assert tuning._choose(tried, "auto", 0.99)[0] == both


def test_auto_stops_at_what_is_fast_enough(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tune_dictionary(folder, QUERIES, threads=1).chosen.kind == "exact"
    monkeypatch.setattr(tuning, "FAST_MS", 0.0)
    tuned = tune_dictionary(folder, QUERIES, threads=1, recall=0.9)
    tried = [choice.kind for choice in tuned.tried]
    assert tried[:2] == ["exact", "two-step"] and len(tried) > 2
    assert tuned.chosen.ms == min(choice.ms for choice in tuned.tried if choice.recall >= 0.9)


def test_auto_takes_the_faster_of_two(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search = TwoStep.search

    def slow(self: TwoStep, *given: object) -> object:
        time.sleep(0.01)
        return search(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(TwoStep, "search", slow)
    monkeypatch.setattr(tuning, "FAST_MS", 0.0)
    monkeypatch.setattr(tuning, "is_installed", lambda kind: False)
    tuned = tune_dictionary(folder, QUERIES[:30], threads=1)
    assert [choice.kind for choice in tuned.tried] == ["exact", "two-step"]
    assert tuned.chosen.kind == "exact"
    assert VectorDictionary.open(folder).index is None


def test_a_bad_moment_of_the_machine_decides_nothing() -> None:
    """One way is slow while it is new, the other for some seconds in between."""
    calls: dict[str, int] = {"new": 0, "disturbed": 0}

    def way(name: str, slow: range, ms: float) -> Way:
        def search(query: np.ndarray, k: int) -> np.ndarray:
            calls[name] += 1
            time.sleep((10 if calls[name] in slow else ms) / 1000)
            return query

        return search

    ways = [way("new", range(17), 0.1), way("disturbed", range(17, 60), 1.0)]
    new, disturbed = take_turns(ways, QUERIES)
    assert 0.1 <= new < disturbed < 5
    assert calls == {"new": 75, "disturbed": 75}

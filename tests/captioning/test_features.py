"""Features kept on disk: found again, with and without a grid."""

from pathlib import Path

import numpy as np
import pytest
from small_captioning import source

from timanh.captioning.features import cache_features
from timanh.data import open_data


def test_files_with_a_grid_serve_those_who_want_none(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, tower = open_data(gallery), source(tmp_path / "tower").tower
    names = folder.names[:5]
    place = tmp_path / "features"
    alone = cache_features(folder, names, tower, tmp_path / "other", grid=False, progress=False)
    assert alone.grid is None and len(list((tmp_path / "other").iterdir())) == 2
    whole = cache_features(folder, names, tower, place, progress=False)
    assert whole.grid is not None and np.array_equal(whole.pooled, alone.pooled)
    monkeypatch.setattr(type(tower), "features_prepared", None)  # nothing is computed again
    again = cache_features(folder, names, tower, place, grid=False, progress=False)
    assert again.grid is None and np.array_equal(again.pooled, alone.pooled)
    monkeypatch.undo()
    grown = cache_features(folder, names, tower, tmp_path / "other", progress=False)
    assert grown.grid is not None and np.array_equal(grown.grid, whole.grid)

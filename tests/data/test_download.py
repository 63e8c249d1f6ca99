"""Flickr8k where the hub refuses the connection, for real, and Kaggle has it or has not."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from galleries import make_gallery

from timanh.data import open_data

# The hub's client tries again, with pauses of 23 s in all: they pass at once here.
FETCH = """
import sys, time
from pathlib import Path
time.sleep = lambda seconds: None
from timanh.data.download import fetch_flickr8k
print(fetch_flickr8k(Path(sys.argv[1]), progress=False))
"""


@pytest.fixture
def kaggle(tmp_path: Path) -> Path:
    """A module `kagglehub` that has Flickr8k as Kaggle lays it out."""
    gallery = make_gallery(tmp_path / "kaggle", repeats=1)
    (gallery / "images").rename(gallery / "Images")
    module = tmp_path / "modules" / "kagglehub.py"
    module.parent.mkdir()
    module.write_text(f"def dataset_download(name):\n    return {str(gallery)!r}\n")
    return module


def fetch(out: Path, modules: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own, whose hub is a port where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: it refuses
        hub = f"http://127.0.0.1:{taken.getsockname()[1]}"
        environment = {**os.environ, "HF_ENDPOINT": hub, "HF_HUB_OFFLINE": "0"}
        environment["PYTHONPATH"] = os.pathsep.join([str(modules), *sys.path])
        return subprocess.run(
            [sys.executable, "-c", FETCH, str(out)],
            env=environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip


def test_kaggle_has_it_where_the_hub_refuses(tmp_path: Path, kaggle: Path) -> None:
    pytest.importorskip("pyarrow")
    done = fetch(tmp_path / "out", kaggle.parent)
    assert done.returncode == 0, done.stderr
    folder = open_data(tmp_path / "out")
    assert len(folder.names) == 6
    assert folder.captions_of("red_circle_0.jpg") == ("a red circle", "one circle in red")


def test_where_neither_has_it_both_reasons_are_said(tmp_path: Path, kaggle: Path) -> None:
    pytest.importorskip("pyarrow")
    kaggle.write_text(
        "class KaggleApiError(Exception): pass\n"
        "def dataset_download(name): raise KaggleApiError('403 Forbidden')\n"
    )
    done = fetch(tmp_path / "out", kaggle.parent)
    assert "DataError: Flickr8k cannot be fetched (hub: " in done.stderr
    assert "refused" in done.stderr and "kaggle: 403 Forbidden" in done.stderr
    assert not (tmp_path / "out" / "captions.txt").exists()

"""Encoding by a real cluster of Ray: a head without cores and two machines that are processes.

The last test takes one of the machines away.
"""

import importlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pixel_encoder import PixelEncoder, load_noting, make_pictures

from timanh.cli.program import run
from timanh.errors import DictionaryError
from timanh.vectors import VectorDictionary, build_dictionary, on_ray
from timanh.vectors.build import encoding
from timanh.vectors.build.encoding import Batch
from timanh.vectors.store.manifest import Manifest

ray = pytest.importorskip("ray")
pyarrow = pytest.importorskip("pyarrow")

MEMORY = 80 * 1024**2
# A lost machine is noticed within seconds instead of half a minute.
NOTICING = {
    "health_check_initial_delay_ms": 5000,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 3000,
    "health_check_failure_threshold": 3,
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    root = Path(__file__).parents[3]
    path = os.pathsep.join([str(root / "tests" / "support"), str(root / "lib")])
    head = {"num_cpus": 0, "object_store_memory": MEMORY, "include_dashboard": False}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", path)
        cluster = started(
            lambda: Cluster(True, head_node_args={**head, "_system_config": NOTICING})
        )
        try:
            cluster.machines = [
                cluster.add_node(num_cpus=1, object_store_memory=MEMORY, wait=False) for _ in "ab"
            ]
            cluster.wait_for_nodes()
            yield cluster
        finally:
            cluster.shutdown()


def started(start: Callable[[], Any]) -> Any:
    """Ray gives itself 30 s, which a machine busy with other tests may not keep to."""
    for _ in range(2):
        try:
            return start()
        except Exception as error:
            if "timed out during startup" not in str(error):
                raise
    return start()


def rows(folder: Path) -> dict[str, tuple[Any, np.ndarray]]:
    """Item and vector by id."""
    dictionary = VectorDictionary.open(folder)
    found = {item.id: (item, dictionary.vectors[row]) for row, item in enumerate(dictionary.items)}
    assert len(found) == len(dictionary), "no id is there twice"
    return found


def assert_same(one: Path, other: Path) -> None:
    wanted, found = rows(one), rows(other)
    assert found.keys() == wanted.keys()
    for id, (item, vector) in wanted.items():
        assert found[id][0] == item
        np.testing.assert_allclose(found[id][1], vector, atol=1e-5)


# What can go wrong


def test_machines_that_cannot_encode_are_named(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = make_pictures(tmp_path / "pictures", 3)
    names = sorted(file.name for file in pictures.iterdir())
    monkeypatch.chdir(pictures)
    (tmp_path / "only_here.py").write_text("def load(): return None\n")
    monkeypatch.syspath_prepend(tmp_path)
    address = cluster.address
    ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    try:
        # The folder in which this process runs, and which is another one to the workers.
        own = Path("/proc/self/cwd")
        message = rf"{socket.gethostname()} \(.*cannot take part.*cannot read {own}/0000.png"
        with on_ray(address, PixelEncoder) as encode, pytest.raises(DictionaryError, match=message):
            list(encode(own, names, PixelEncoder(), 2))
        load = importlib.import_module("only_here").load
        message = r"failed \(ModuleNotFound.*only_here.*same Python"
        with on_ray(address, load) as encode, pytest.raises(DictionaryError, match=message):
            list(encode(pictures, names, PixelEncoder(), 2))
        assert ray.is_initialized(), "a connection that was open is left open"
    finally:
        ray.shutdown()


# As an ordinary build


def test_the_command_builds_what_an_ordinary_build_does(
    cluster: Any,
    gallery: Path,
    tiny_clip_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tiny_clip_folder.parent)
    command = ["index", "build", str(gallery), "--model", tiny_clip_folder.name, "--batch-size"]
    command += ["5", "--runtime", "torch", "--json", "--out"]
    images, aside = gallery / "images", tmp_path / "aside"
    aside.mkdir()
    for picture in images.glob("blue*"):
        picture.rename(aside / picture.name)
    assert run([*command, str(tmp_path / "ray")]) == 0
    shutil.copytree(tmp_path / "ray", tmp_path / "plain")
    for picture in aside.iterdir():
        picture.rename(images / picture.name)
    (images / "red_circle_0.jpg").rename(images / "moved.jpg")
    (images / "red_circle_1.jpg").unlink()
    (images / "red_square_0.jpg").write_bytes((images / "blue_circle_0.jpg").read_bytes())
    (images / "red_square_1.jpg").write_text("no picture at all")
    capsys.readouterr()

    assert run([*command, str(tmp_path / "ray"), "--ray", cluster.address]) == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    numbers = {"count": 11, "added": 4, "changed": 1, "renamed": 1, "removed": 1, "kept": 5}
    assert {key: report[key] for key in numbers} == numbers
    assert [one["path"] for one in report["skipped"]] == ["red_square_1.jpg"]
    assert "6/6" in printed.err and "img/s" in printed.err
    assert run([*command, str(tmp_path / "plain")]) == 0
    assert json.loads(capsys.readouterr().out)["skipped"] == report["skipped"]
    assert_same(tmp_path / "plain", tmp_path / "ray")

    (images / "new.jpg").write_bytes((images / "moved.jpg").read_bytes() + b" ")
    (images / "none.jpg").write_text("no picture at all")
    adding = ["index", "add", str(images), "--runtime", "torch", "--json", "--index"]
    assert run([*adding, str(tmp_path / "ray"), "--ray", cluster.address]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["added"], report["count"]) == (1, 12)
    assert [one["path"] for one in report["skipped"]] == ["none.jpg", "red_square_1.jpg"]
    assert run([*adding, str(tmp_path / "plain")]) == 0
    assert_same(tmp_path / "plain", tmp_path / "ray")


# Machines and drivers that vanish


def test_a_killed_build_keeps_its_segments(cluster: Any, tmp_path: Path) -> None:
    pictures = make_pictures(tmp_path / "pictures", 160)
    out = tmp_path / "out"
    driver = (
        "import sys; from pathlib import Path; from functools import partial\n"
        "from pixel_encoder import PixelEncoder\n"
        "from timanh.vectors import build_dictionary, on_ray\n"
        "from timanh.vectors.build import encoding\n"
        "encoding.SEGMENT_ROWS = 16\n"
        "with on_ray(sys.argv[1], partial(PixelEncoder, delay_s=0.3)) as encode:\n"
        "    build_dictionary(Path(sys.argv[2]), PixelEncoder(), Path(sys.argv[3]), batch_size=8,"
        " progress=False, encode=encode)\n"
    )
    command = [sys.executable, "-c", driver, cluster.address, str(pictures), str(out)]
    with subprocess.Popen(command) as process:
        deadline = time.monotonic() + 200
        while kept(out) < 32 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill()
    saved = kept(out)
    assert 32 <= saved < 160
    report = build_dictionary(pictures, PixelEncoder(), out, progress=False)
    assert (report.kept, report.added, report.count) == (saved, 160 - saved, 160)
    build_dictionary(pictures, PixelEncoder(), tmp_path / "plain", progress=False)
    assert_same(tmp_path / "plain", out)


def kept(out: Path) -> int:
    return Manifest.load(out).count if (out / "manifest.json").exists() else 0


def test_a_machine_that_is_lost_loses_nothing_and_doubles_nothing(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "SEGMENT_ROWS", 32)
    pictures = make_pictures(tmp_path / "pictures", 300)
    (pictures / "0123.png").write_bytes(b"no picture at all")
    (pictures / "0124.png").rename(pictures / os.fsdecode(b"caf\xe9.png"))
    loads = tmp_path / "loads"
    loads.mkdir()
    before: list[int] = []

    with on_ray(cluster.address, partial(load_noting, loads, 0.15)) as encode:

        def losing(*given: Any) -> Iterator[Batch]:
            done = 0
            for batch in encode(*given):
                yield batch
                done += len(batch.pictures)
                if done >= 80 and not before:
                    before.append(len(list(loads.iterdir())))
                    cluster.remove_node(cluster.machines.pop(), allow_graceful=False)

        with pytest.warns(UserWarning, match=f"Lost on the way: {socket.gethostname()}"):
            report = build_dictionary(
                pictures,
                PixelEncoder(),
                tmp_path / "ray",
                batch_size=8,
                progress=False,
                encode=losing,
            )
    build_dictionary(pictures, PixelEncoder(), tmp_path / "plain", progress=False)
    assert before == [2], "both machines were at work"
    assert len(list(loads.iterdir())) > 2, "the other one took over the shards of the lost one"
    assert report.count == 299
    assert [one.path for one in report.skipped] == ["0123.png"]
    assert_same(tmp_path / "plain", tmp_path / "ray")

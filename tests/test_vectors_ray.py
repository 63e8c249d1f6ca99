"""Encoding by a real cluster of Ray: a head without cores and two machines that are processes.

The last test takes one of the machines away.
"""

import importlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pixel_encoder import PixelEncoder, load_noting, make_pictures

from timanh.cli.program import run
from timanh.errors import DictionaryError, SettingsError
from timanh.vectors import (
    VectorDictionary,
    build_dictionary,
    encoding,
    on_ray,
    ray_cluster,
    ray_encoding,
)
from timanh.vectors.encoding import Batch
from timanh.vectors.manifest import Manifest
from timanh.vectors.reading import Skipped

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

    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parent / "lib")])
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


class BrokenEncoder(PixelEncoder):
    """Gives numbers that are none."""

    def __init__(self) -> None:
        super().__init__()
        self._matrix[:] = np.nan


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


def test_ray_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        ray_cluster, "find_spec", lambda name: None if name == "ray" else find_spec(name)
    )
    with (
        pytest.raises(SettingsError, match=r"needs ray\..*timanh\[ray\]"),
        on_ray("local", PixelEncoder),
    ):
        pass


@pytest.mark.parametrize("address", ["ray://head:10001", "head", "head:x"])
def test_an_address_in_another_form_is_told(address: str) -> None:
    with pytest.raises(SettingsError, match="no address of a Ray"), on_ray(address, PixelEncoder):
        pass


def test_an_address_where_nothing_listens_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = make_pictures(tmp_path / "pictures", 2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    out = str(tmp_path / "out")
    code = run(["index", "build", str(pictures), "--model", "demo", "--out", out, "--ray", address])
    assert code == 2
    assert f"No Ray cluster answers at {address}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_picture_that_came_twice_or_never_is_found_out() -> None:
    def batch(*names: str) -> Batch:
        skipped = tuple(Skipped(name, "broken") for name in names)
        return Batch((), np.empty((0, 2), np.float32), skipped)

    whole = [batch("a"), batch("b", "c")]
    assert list(ray_encoding._each_once(whole, ["c", "b", "a"])) == whole
    with pytest.raises(DictionaryError, match=r"twice \(b\)"):
        list(ray_encoding._each_once([*whole, batch("b")], ["a", "b", "c"]))
    with pytest.raises(DictionaryError, match="twice"):
        list(ray_encoding._each_once([batch("a", "a")], ["a"]))
    with pytest.raises(DictionaryError, match="no answer for 1 of 4"):
        list(ray_encoding._each_once(whole, ["a", "b", "c", "d"]))


def node(cpus: float, gpus: float = 0, alive: bool = True) -> dict[str, Any]:
    return {"Alive": alive, "Resources": {"CPU": cpus, "GPU": gpus} if cpus else {"memory": 1.0}}


def test_workers_fit_the_machines() -> None:
    share = ray_cluster.share_of
    assert share([node(0), node(4), node(16), node(9), node(2, alive=False)], True) == (
        ray_cluster.Share(cpus=4, gpus=0, workers=1 + 4 + 2)
    )
    assert share([node(8), node(16, 4), node(8, 1)], True) == ray_cluster.Share(4, 1, 5)
    assert share([node(8), node(16, 4)], False) == ray_cluster.Share(8, 0, 3)
    with pytest.raises(SettingsError, match="no cores"):
        share([node(0)], True)


@pytest.mark.parametrize(
    ("load", "images", "reason"),
    [
        (partial(PixelEncoder, dim=-1), "pictures", r"cannot be loaded \(ValueError: negative"),
        (partial(PixelEncoder, seed=1), "pictures", "pixels-1 has other weights"),
        (PixelEncoder, "elsewhere", "cannot read .*elsewhere/0000.png. Mount the gallery"),
        (BrokenEncoder, "pictures", "not finite"),
    ],
)
def test_a_worker_that_cannot_encode_says_so(
    tmp_path: Path, load: Any, images: str, reason: str
) -> None:
    make_pictures(tmp_path / "pictures", 2)
    fingerprint = PixelEncoder().fingerprint
    work = ray_encoding.Work(tmp_path / images, "0000.png", load, fingerprint, 2, 2)
    shard = pyarrow.table({"path": [b"0000.png", b"0001.png"]})
    (told,) = [row["result"][0] for row in ray_encoding.Worker(work)(shard)]
    assert isinstance(told, ray_encoding.Failed)
    assert socket.gethostname() in told.machine
    assert re.search(reason, told.reason)


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
        told = rf"{socket.gethostname()} \(.*cannot take part.*cannot read {own}/0000.png"
        with on_ray(address, PixelEncoder) as encode, pytest.raises(DictionaryError, match=told):
            list(encode(own, names, PixelEncoder(), 2))
        load = importlib.import_module("only_here").load
        told = r"failed \(ModuleNotFound.*only_here.*same Python"
        with on_ray(address, load) as encode, pytest.raises(DictionaryError, match=told):
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
    for picture in aside.iterdir():
        picture.rename(images / picture.name)
    (images / "red_circle_0.jpg").rename(images / "moved.jpg")
    (images / "red_circle_1.jpg").unlink()
    (images / "red_square_0.jpg").write_bytes((images / "blue_circle_0.jpg").read_bytes())
    (images / "red_square_1.jpg").write_text("no picture at all")
    capsys.readouterr()

    assert run([*command, str(tmp_path / "ray"), "--ray", cluster.address]) == 0
    told = capsys.readouterr()
    report = json.loads(told.out)
    numbers = {"count": 10, "added": 4, "changed": 1, "renamed": 1, "removed": 2, "kept": 4}
    assert {key: report[key] for key in numbers} == numbers
    assert [one["path"] for one in report["skipped"]] == ["red_square_1.jpg"]
    assert "6/6" in told.err and "img/s" in told.err
    assert run([*command, str(tmp_path / "plain")]) == 0
    assert json.loads(capsys.readouterr().out)["skipped"] == report["skipped"]
    assert_same(tmp_path / "plain", tmp_path / "ray")


# Machines and drivers that vanish


def test_a_killed_build_keeps_its_segments(cluster: Any, tmp_path: Path) -> None:
    pictures = make_pictures(tmp_path / "pictures", 160)
    out = tmp_path / "out"
    driver = (
        "import sys; from pathlib import Path; from functools import partial\n"
        "from pixel_encoder import PixelEncoder\n"
        "from timanh.vectors import build_dictionary, encoding, on_ray\n"
        "encoding.SEGMENT_ROWS = 16\n"
        "with on_ray(sys.argv[1], partial(PixelEncoder, delay_s=0.3)) as encode:\n"
        "    build_dictionary(Path(sys.argv[2]), PixelEncoder(), Path(sys.argv[3]), batch_size=8,"
        " progress=False, encode=encode)\n"
    )
    command = [sys.executable, "-c", driver, cluster.address, str(pictures), str(out)]
    with subprocess.Popen(command) as process:
        deadline = time.monotonic() + 60
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

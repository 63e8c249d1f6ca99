"""What can go wrong with Ray before any machine works: addresses, answers, models, shares."""

import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pixel_encoder import PixelEncoder, make_pictures

from timanh.cli.program import run
from timanh.errors import DictionaryError, SettingsError
from timanh.models.reading import Skipped
from timanh.vectors import on_ray
from timanh.vectors.build.encoding import Batch
from timanh.vectors.build.ray import cluster as ray_cluster
from timanh.vectors.build.ray import encoding as ray_encoding

ray = pytest.importorskip("ray")
grpc = pytest.importorskip("grpc")
pyarrow = pytest.importorskip("pyarrow")


class BrokenEncoder(PixelEncoder):
    """Gives NaN for numbers."""

    def __init__(self) -> None:
        super().__init__()
        self._matrix[:] = np.nan


def test_a_missing_ray_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        ray_cluster, "find_spec", lambda name: None if name == "ray" else find_spec(name)
    )
    with (
        pytest.raises(SettingsError, match=r"needs ray\..*timanh\[ray\]"),
        on_ray("local", PixelEncoder),
    ):
        pass


@pytest.mark.parametrize("address", ["ray://head:10001", "head", "head:x", "head:65536"])
def test_an_address_in_another_form_is_refused(address: str) -> None:
    with (
        pytest.raises(SettingsError, match="not an address of a Ray"),
        on_ray(address, PixelEncoder),
    ):
        pass


def test_an_address_where_nothing_listens_is_refused(
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


def refused(address: str) -> str:
    """What is said of `address`, in good time."""
    began = time.monotonic()
    with pytest.raises(SettingsError) as caught, on_ray(address, PixelEncoder):
        pass
    assert time.monotonic() - began < 10
    return str(caught.value)


def test_what_listens_but_is_not_ray_is_refused_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "ANSWER_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        message = refused(f"127.0.0.1:{silent.getsockname()[1]}")
    assert "something else listens there" in message and "--ray local" in message


def test_a_web_server_is_no_ray() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        message = refused(f"127.0.0.1:{web.server_port}")
        web.shutdown()
    assert "No Ray cluster answers" in message and "HTTP/2" in message


def test_another_grpc_server_is_no_ray() -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    message = refused(f"127.0.0.1:{port}")
    server.stop(None)
    assert "another server is there" in message


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
    (failed,) = [row["result"][0] for row in ray_encoding.Worker(work)(shard)]
    assert isinstance(failed, ray_encoding.Failed)
    assert socket.gethostname() in failed.machine
    assert re.search(reason, failed.reason)

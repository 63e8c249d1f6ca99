"""Runtimes: the same vectors by other means, or a refusal."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import Printed, build_of
from PIL import Image

from timanh.cli import run
from timanh.errors import RuntimeRefusedError, SettingsError
from timanh.models import load_encoder, runtimes
from timanh.models.runtimes import choosing, execution, exporting, names
from timanh.models.runtimes.sessions import open_session
from timanh.models.torch_encoder import TorchEncoder
from timanh.models.towers import Tower

TEXTS = ["a red car", "two dogs run on the beach", "x", "hai con mèo dưới mưa"] * 3


@pytest.fixture(scope="module")
def shared_folder(tiny_clip_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One checkpoint for all tests that only read it, with its exports, which take seconds."""
    folder = Path(shutil.copytree(tiny_clip_folder, tmp_path_factory.mktemp("shared") / "model"))
    for runtime in ("onnx", "openvino"):
        if not names.missing(runtime):
            load_encoder(folder, device="cpu", runtime=runtime)
    return folder


@pytest.fixture
def exported(shared_folder: Path, tmp_path: Path) -> Path:
    """A copy of the checkpoint and its exports that a test may write to."""
    return Path(shutil.copytree(shared_folder, tmp_path / "exported"))


@pytest.fixture
def folder(tiny_clip_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_clip_folder, tmp_path / "model"))


def pictures(count: int = 5) -> list[Image.Image]:
    random = np.random.default_rng(1)
    return [
        Image.fromarray(random.integers(0, 256, (40 + number, 50, 3), np.uint8))
        for number in range(count)
    ]


def turn_around(encoder: TorchEncoder) -> None:
    """Other weights: every picture's vector the other way round."""
    encoder.network.visual_projection.weight.data.mul_(-1)  # type: ignore[operator, union-attr]
    encoder.forget_fingerprint()


def needs(runtime: str) -> None:
    absent = names.missing(runtime)
    if absent:
        pytest.skip(f"{runtime} needs {', '.join(absent)}")


# What can go wrong


def test_a_runtime_that_is_not_installed_is_reported(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match="pip install openvino"):
        load_encoder(folder, device="cpu", runtime="openvino")
    assert names.candidates("cpu") == ["torch-bf16"]


def test_a_runtime_that_disagrees_is_refused_and_auto_goes_on(
    folder: Path, tiny_encoder: TorchEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "PARITY", 1.1)
    with pytest.raises(RuntimeRefusedError, match=r"torch-bf16.*cosine .* wanted at least 1\.1"):
        load_encoder(folder, device="cpu", runtime="torch-bf16")
    monkeypatch.setattr(names, "candidates", lambda _: ["torch-bf16"])
    encoder = load_encoder(folder, device="cpu")
    encoder.choose_runtime_for(images=10_000)
    assert encoder.runtime == "torch"
    assert encoder.execution is not None
    taken, refused = encoder.execution.trials["image"]
    assert (taken.runtime, taken.refused) == ("torch", "")
    assert refused.runtime == "torch-bf16" and "cosine" in refused.refused
    np.testing.assert_allclose(
        encoder.encode_images(pictures()), tiny_encoder.encode_images(pictures()), atol=1e-6
    )


def test_an_exporter_that_fails_is_no_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("openvino")

    def broken(*_: object) -> None:
        raise RuntimeError("no such operator\nand a long story")

    monkeypatch.setattr(exporting, "_to_openvino", broken)
    with pytest.raises(RuntimeRefusedError, match="failed: RuntimeError: no such operator"):
        load_encoder(folder, device="cpu", runtime="openvino")
    assert not list(folder.rglob("*.xml"))


def test_an_export_of_other_weights_is_not_used(exported: Path) -> None:
    needs("openvino")
    first = load_encoder(exported, device="cpu", runtime="openvino")
    before = first.encode_images(pictures())
    turn_around(first)
    assert first.runtime == "torch", "trained on, it computes with its own weights"
    np.testing.assert_allclose(first.encode_images(pictures()), -before, atol=1e-4)
    first.save_pretrained(exported)
    encoder = load_encoder(exported, device="cpu", runtime="openvino")
    np.testing.assert_allclose(encoder.encode_images(pictures()), -before, atol=1e-4)
    assert len(list((exported / "runtimes").iterdir())) == 1, "the former export is gone"


def test_an_export_into_another_place_deletes_nothing_beside_it(
    tiny_encoder: TorchEncoder, tmp_path: Path
) -> None:
    needs("openvino")
    (tmp_path / "somebodys").mkdir()
    exporting.export("openvino", Tower(tiny_encoder, "image").eval(), tmp_path / "mine")
    assert {path.name for path in tmp_path.iterdir()} == {"somebodys", "mine"}


# What is promised


@pytest.mark.skipif(not shutil.which("g++"), reason="needs a C++ compiler")
def test_a_compiled_tower_gives_the_vectors_of_torch(
    tiny_encoder: TorchEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "compiled"))
    torch.compiler.reset()
    tower = Tower(tiny_encoder, "image").eval()
    session = open_session("torch-compile", tower, "cpu", None)
    (batch, wanted), *_ = tower.compared
    np.testing.assert_allclose(session(batch), wanted, atol=1e-5)
    assert list(tmp_path.rglob("*.so")), "it was compiled"


@pytest.mark.parametrize("runtime", ["torch-bf16", "onnx", "openvino", "openvino-bf16"])
def test_each_runtime_gives_the_vectors_of_torch(
    runtime: str,
    shared_folder: Path,
    tiny_encoder: TorchEncoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needs(runtime)
    # In half precision so narrow a network is refused as a rule; its vectors are near all the same.
    parity = 0.999 if "bf16" in runtime else choosing.PARITY
    monkeypatch.setattr(choosing, "PARITY", parity)
    encoder = load_encoder(shared_folder, device="cpu", runtime=runtime)
    assert encoder.runtime == runtime
    assert encoder.fingerprint == tiny_encoder.fingerprint
    for found, wanted in (
        (encoder.encode_images(pictures()), tiny_encoder.encode_images(pictures())),
        (encoder.encode_images(pictures(1)), tiny_encoder.encode_images(pictures(1))),
        (encoder.encode_texts(TEXTS), tiny_encoder.encode_texts(TEXTS)),
        (encoder.encode_texts(TEXTS[:1]), tiny_encoder.encode_texts(TEXTS[:1])),
    ):
        assert found.shape == wanted.shape and found.dtype == np.float32
        assert np.sum(found * wanted, axis=1).min() >= parity
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_int8_is_taken_only_on_request(shared_folder: Path, tiny_encoder: TorchEncoder) -> None:
    needs("int8")
    assert "int8" not in names.candidates("cpu") + names.candidates("cuda")
    encoder = load_encoder(shared_folder, device="cpu", runtime="int8")
    assert encoder.execution is not None
    (trial,) = encoder.execution.trials["image"]
    assert 0.9 < trial.cosine < 1
    scores = np.sum(encoder.encode_texts(TEXTS) * tiny_encoder.encode_texts(TEXTS), axis=1)
    assert 0.8 < scores.min() < 0.999999


def test_int8_says_what_it_costs(gallery: Path, exported: Path, capsys: Printed) -> None:
    needs("int8")
    assert run([*build_of(gallery.parent, exported), "--runtime", "int8"]) == 0
    printed = capsys.readouterr().err
    assert "pictures/s with int8" in printed
    assert "12 captions among 12 of your pictures" in printed and "with float32 for" in printed


def test_auto_measures_once_and_remembers(
    folder: Path, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder(folder, device="cpu")
    encoder.encode_images(pictures())
    assert not encoder.execution.trials, "not worth it yet"
    assert not (folder / "runtimes").exists()
    encoder = load_encoder(exported, device="cpu")
    encoder.choose_runtime_for(images=5000)
    assert encoder.execution is not None
    trials = encoder.execution.trials["image"]
    able = [trial for trial in trials if not trial.refused]
    assert {trial.runtime for trial in trials} == {*names.candidates("cpu"), "torch"}
    assert able[0].per_s == max(trial.per_s for trial in able)
    assert encoder.runtime == trials[0].runtime == able[0].runtime
    (file,) = exported.rglob("choice.json")
    assert json.loads(file.read_text())["trials"][0]["runtime"] == encoder.runtime

    def never(*_: object) -> None:
        raise AssertionError("it measured again")

    monkeypatch.setattr(execution, "choose", never)
    again = load_encoder(exported, device="cpu")
    again.choose_runtime_for(images=5000)
    assert again.runtime == encoder.runtime
    monkeypatch.setattr(choosing, "_processor", lambda: "another machine")
    moved = load_encoder(exported, device="cpu")
    with pytest.raises(AssertionError, match="measured again"):
        moved.choose_runtime_for(images=5000)


def test_the_package_and_read_only_folders_are_not_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shipped = Path(runtimes.__file__).parents[1] / "demo"
    name = f"f-{exporting.VERSION}"
    assert exporting.place_for(shipped, "f") == tmp_path / "cache" / "timanh" / "runtimes" / name
    assert exporting.place_for(folder, "f") == folder / "runtimes" / name
    monkeypatch.setattr(exporting.os, "access", lambda *_: False)
    assert exporting.place_for(folder, "f").is_relative_to(tmp_path / "cache")


# Last, because torch remembers what it found out about the compiler


def test_compiling_without_a_compiler_is_reported_and_auto_does_not_try(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = pytest.importorskip("torch._inductor.config").cpp
    monkeypatch.setattr(compiler, "cxx", (None, str(tmp_path / "no-such-compiler")))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "compiled"))
    torch.compiler.reset()
    printed = r"torch-compile is refused.*C\+\+ compiler.*Take --runtime auto or torch"
    with pytest.raises(RuntimeRefusedError, match=printed):
        load_encoder(folder, device="cpu", runtime="torch-compile")
    assert "torch-compile" not in names.candidates("cpu") + names.candidates("cuda")

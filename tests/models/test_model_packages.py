"""Packages that a model needs or does without: there, broken, or missing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hub_answers import pictures, read_all

from timanh.errors import ModelFormatError
from timanh.models import join_towers, load_encoder

WORKING = {
    "__init__": "",
    "transforms/__init__": (
        "from enum import Enum\n"
        "class InterpolationMode(Enum):\n"
        "    NEAREST, NEAREST_EXACT, BILINEAR, BICUBIC, BOX, HAMMING, LANCZOS = 'nearest',"
        " 'nearest-exact', 'bilinear', 'bicubic', 'box', 'hamming', 'lanczos'\n"
    ),
    "transforms/functional": "def pil_to_tensor(picture): raise RuntimeError('not to be used')\n",
    "transforms/v2/__init__": "",
    "transforms/v2/functional": "def resize(*_, **__): raise RuntimeError('not to be used')\n",
    "io": "ImageReadMode = decode_image = None\n",
}
TRIAL = """
import sys
import numpy as np
from hub_answers import pictures, read_all
from timanh.models import load_encoder
from transformers.utils import is_torchvision_available
assert is_torchvision_available() and "torchvision" not in sys.modules
for number, folder in enumerate(sys.argv[2:]):
    encoder = load_encoder(folder, device="cpu")
    np.savez(f"{sys.argv[1]}/{number}.npz", encoder.encode_images(pictures()), read_all(encoder))
assert "torchvision" in sys.modules, "transformers took it for real"
"""


def stand_in(place: Path, modules: dict[str, str]) -> Path:
    """A torchvision on this path, with what transformers imports of it."""
    for name, source in modules.items():
        file = place / "torchvision" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
    record = place / "torchvision-0.28.0.dist-info" / "METADATA"
    record.parent.mkdir()
    record.write_text("Metadata-Version: 2.1\nName: torchvision\nVersion: 0.28.0\n")
    return place


def test_with_torchvision_the_vectors_are_the_same(hub: dict[str, Path], tmp_path: Path) -> None:
    names = ["siglip2", "chinese_clip"]
    path = [str(stand_in(tmp_path / "site", WORKING)), *sys.path]
    done = subprocess.run(
        [sys.executable, "-c", TRIAL, str(tmp_path), *(str(hub[name]) for name in names)],
        env={"PYTHONPATH": ":".join(path), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    for number, name in enumerate(names):
        encoder = load_encoder(hub[name], device="cpu")
        found = np.load(tmp_path / f"{number}.npz")
        np.testing.assert_allclose(found["arr_0"], encoder.encode_images(pictures()), atol=1e-6)
        np.testing.assert_allclose(found["arr_1"], read_all(encoder), atol=1e-6)


def test_a_torchvision_for_another_torch_is_named(
    hub: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = "raise RuntimeError('operator torchvision::nms does not exist')"
    monkeypatch.syspath_prepend(stand_in(tmp_path, {"__init__": broken}))

    def cannot(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("Could not import module 'CLIPModel'. Are this object's …")

    monkeypatch.setattr("transformers.AutoModel.from_pretrained", cannot)
    message = r"torchvision on this machine does not fit.*nms does not exist.*pip uninstall"
    with pytest.raises(ModelFormatError, match=message):
        load_encoder(hub["clip"], device="cpu")
    with pytest.raises(ModelFormatError, match=message):
        join_towers(hub["clip"], hub["clip"], device="cpu")


def test_a_tokenizer_without_its_package_is_named(
    hub: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*_: object, **__: object) -> None:
        raise ImportError("\nSiglipTokenizer requires the SentencePiece library but it was not …")

    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", cannot)
    with pytest.raises(ModelFormatError, match="pip install sentencepiece protobuf"):
        load_encoder(hub["siglip"], device="cpu")

"""Vision towers of timm, in the form in which the hub ships them: how their pictures are prepared,
and one sentence where timm is missing."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tower_checkpoints import xlmr

from timanh.errors import ModelFormatError
from timanh.models import join_towers
from timanh.models.preparation import ImagePreparation

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def timm_folder(folder: Path, **settings: Any) -> Path:
    """As timm/resnet18.a1_in1k: no model_type, no preprocessor_config.json."""
    folder.mkdir()
    found = {
        "input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.95,
        "crop_mode": "center", "mean": MEAN, "std": STD, "fixed_input_size": False, **settings,
    }  # fmt: skip
    config = {"architecture": "resnet18", "num_classes": 1000, "pretrained_cfg": found}
    (folder / "config.json").write_text(json.dumps(config))
    save_file({"fc.weight": torch.zeros(2, 2)}, folder / "model.safetensors")
    return folder


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, ("shortest-edge", 235, 224, 3)),
        ({"crop_pct": 0.875, "interpolation": "bilinear"}, ("shortest-edge", 256, 224, 2)),
        ({"input_size": [3, 384, 384], "crop_pct": 1.0}, ("shortest-edge", 384, 384, 3)),
        ({"crop_pct": 1.0, "crop_mode": "squash"}, ("exact", 224, 224, 3)),
        ({"crop_pct": 0.9, "crop_mode": "squash"}, ("exact-then-crop", 248, 224, 3)),
    ],
)
def test_pictures_are_prepared_as_its_pretrained_cfg_says(
    tmp_path: Path, settings: dict[str, Any], wanted: tuple[str, int, int, int]
) -> None:
    found = ImagePreparation.from_folder(timm_folder(tmp_path / "timm", **settings))
    assert (found.resize, found.resize_to, found.height, found.resample) == wanted
    assert list(found.mean) == MEAN and list(found.std) == STD


def test_a_mode_that_pads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match="mode 'border'"):
        ImagePreparation.from_folder(timm_folder(tmp_path / "timm", crop_mode="border"))


@pytest.mark.skipif(find_spec("timm") is not None, reason="timm is installed")
def test_without_timm_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    xlmr(tmp_path / "xlm-roberta-base")
    vision = timm_folder(tmp_path / "resnet18.a1_in1k")
    wanted = r"^resnet18\.a1_in1k is a model of timm, which is not installed: pip install timm$"
    with pytest.raises(ModelFormatError, match=wanted):
        join_towers(vision, tmp_path / "xlm-roberta-base", dim=8, device="cpu")

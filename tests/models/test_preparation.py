"""Pixels as the image processors of transformers make them, class by class."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_answers import pictures
from PIL import Image

from timanh.errors import ModelFormatError
from timanh.models import join_towers
from timanh.models.preparation import ImagePreparation
from timanh.models.processors import BY_MODEL, PROCESSORS

FILES: list[dict[str, Any]] = [
    {"image_processor_type": "CLIPImageProcessor", "size": 48, "crop_size": 40},
    {"feature_extractor_type": "CLIPFeatureExtractor", "size": 48, "crop_size": 48},
    {"image_processor_type": "CLIPImageProcessorFast"},
    {"image_processor_type": "ViTImageProcessor", "size": 40},
    {"image_processor_type": "ViTFeatureExtractor", "size": 40, "image_mean": [0.4, 0.5, 0.6]},
    {"image_processor_type": "ViTImageProcessor", "size": {"height": 40, "width": 48}},
    {"image_processor_type": "ViTImageProcessor", "do_normalize": False},
    {"image_processor_type": "DeiTImageProcessor", "size": 48, "crop_size": 40},
    {"image_processor_type": "DeiTImageProcessor"},
    {"image_processor_type": "BeitImageProcessor", "size": 40, "resample": 2},
    {"image_processor_type": "BeitImageProcessor", "size": 48, "crop_size": 40,
     "do_center_crop": True},
    {"feature_extractor_type": "ConvNextFeatureExtractor", "size": 40, "crop_pct": 0.875},
    {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 40}},
    {"image_processor_type": "ConvNextImageProcessor", "size": 384, "crop_pct": 0.95},
    {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 48}, "crop_size": 40},
    {"image_processor_type": "MobileNetV1ImageProcessor", "size": 48, "crop_size": 40},
    {"image_processor_type": "MobileNetV2ImageProcessor", "size": {"shortest_edge": 30},
     "crop_size": {"height": 36, "width": 40}},
    {"image_processor_type": "SiglipImageProcessor", "size": {"height": 40, "width": 40}},
    {"image_processor_type": "SiglipImageProcessor", "resample": 2},
    {"image_processor_type": "ChineseCLIPImageProcessor", "do_center_crop": False,
     "size": {"height": 40, "width": 40}},
]  # fmt: skip


@pytest.mark.parametrize("config", FILES, ids=str)
def test_pixels_are_those_of_transformers(config: dict[str, Any]) -> None:
    stated = config.get("image_processor_type") or config["feature_extractor_type"]
    name = stated.replace("Fast", "").replace("FeatureExtractor", "ImageProcessor")
    processor = getattr(__import__("transformers"), f"{name}Pil").from_dict(dict(config))
    preparation = ImagePreparation.from_config(config)
    wanted = np.stack(
        [np.asarray(processor(picture)["pixel_values"][0], np.float32) for picture in pictures()]
    )
    np.testing.assert_allclose(preparation(pictures()), wanted, atol=2e-5)
    assert ImagePreparation.from_config(preparation.to_config()) == preparation
    assert ImagePreparation.from_config(preparation.to_config()).describe() == (
        preparation.describe()
    )


def test_a_class_that_is_not_known_is_refused() -> None:
    with pytest.raises(ModelFormatError, match="prepared by “EfficientNet” are not supported"):
        ImagePreparation.from_config({"image_processor_type": "EfficientNetImageProcessor"})
    uncropped = {"feature_extractor_type": "CLIPFeatureExtractor", "do_center_crop": False}
    with pytest.raises(ModelFormatError, match="no common size"):
        ImagePreparation.from_config(uncropped)
    with pytest.raises(ModelFormatError, match="do_resize=false"):
        ImagePreparation.from_config({"do_resize": False})
    assert set(BY_MODEL.values()) <= set(PROCESSORS)


def test_a_file_without_a_class_is_read_by_its_model(tmp_path: Path) -> None:
    (tmp_path / "preprocessor_config.json").write_text('{"size": 40, "do_resize": true}')
    (tmp_path / "config.json").write_text('{"model_type": "vit"}')
    squeezed = ImagePreparation.from_folder(tmp_path)
    assert (squeezed.resize, squeezed.resample, squeezed.mean) == ("exact", 2, (0.5, 0.5, 0.5))
    (tmp_path / "config.json").write_text('{"model_type": "clip"}')
    assert ImagePreparation.from_folder(tmp_path).resize == "shortest-edge"
    (tmp_path / "config.json").write_text('{"model_type": "vilt"}')
    with pytest.raises(ModelFormatError, match="prepared by “model type vilt”"):
        ImagePreparation.from_folder(tmp_path)


def test_a_joined_vit_sees_the_pixels_of_its_own_processor(
    tmp_path: Path, hub: dict[str, Path]
) -> None:
    from transformers import ViTConfig, ViTImageProcessorPil, ViTModel

    tower = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    vision = tmp_path / "vit"
    ViTModel(ViTConfig(**tower, num_attention_heads=2, image_size=32)).save_pretrained(vision)
    (vision / "preprocessor_config.json").write_text(
        '{"do_normalize": true, "do_resize": true, "image_mean": [0.5, 0.5, 0.5],'
        ' "image_std": [0.5, 0.5, 0.5], "resample": 2, "size": 32,'
        ' "feature_extractor_type": "ViTFeatureExtractor"}'
    )
    encoder = join_towers(vision, hub["metaclip2"], dim=8, device="cpu")
    own = ViTImageProcessorPil.from_pretrained(vision)(pictures(), return_tensors="np")
    pixels = encoder.prepare_images(pictures())
    np.testing.assert_allclose(pixels, own["pixel_values"], atol=2e-5)


def test_a_vit_that_was_cropped_is_another_encoder() -> None:
    cropped = ImagePreparation.from_config({"size": 32, "crop_size": 32})
    squeezed = ImagePreparation.from_config({"size": 32}, "vit")
    assert cropped.describe() != squeezed.describe()


@pytest.mark.parametrize("size", [(270, 180), (180, 271), (192, 192)])
@pytest.mark.parametrize(
    "preparation",
    [
        ImagePreparation(96, 96, resize_to=96),
        ImagePreparation(84, 84, resize_to=96),
        ImagePreparation(96, 96, resize="exact", resize_to=96),
        ImagePreparation(84, 84, resize="exact-then-crop", resize_to=96),
        ImagePreparation(96, 96, resize_to=96, square_padding=True),
    ],
)
def test_which_area_of_a_picture_is_seen(
    preparation: ImagePreparation, size: tuple[int, int]
) -> None:
    """On pictures that get brighter from left to right, and from top to bottom."""
    ramp = np.tile(np.linspace(0, 255, size[0]), (size[1], 1))
    across = preparation.to_uint8(Image.fromarray(ramp.astype(np.uint8)).convert("RGB"))
    ramp = np.tile(np.linspace(0, 255, size[1]), (size[0], 1)).T
    down = preparation.to_uint8(Image.fromarray(ramp.astype(np.uint8)).convert("RGB"))
    left, top, right, bottom = preparation.seen_area(*size)
    for line, seen in ((across[48, :, 0], (left, right)), (down[:, 48, 0], (top, bottom))):
        middle = np.arange(36, 60)
        slope = np.polyfit(middle + 0.5, line[middle].astype(float), 1)
        assert np.polyval(slope, [0, len(line)]) / 255 == pytest.approx(seen, abs=0.02)

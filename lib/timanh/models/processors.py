"""The defaults of transformers' image processors, for what their file leaves out.

A `preprocessor_config.json` names a class and only some of its settings. The rest is in the
class, and so is what a bare `size: 224` means: CLIP brings the shorter side to 224 pixels and
crops the middle, ViT squeezes the whole picture into 224 × 224.
"""

from dataclasses import dataclass
from typing import Any

Channels = tuple[float, float, float]

CLIP_MEAN: Channels = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Channels = (0.26862954, 0.26130258, 0.27577711)
HALF: Channels = (0.5, 0.5, 0.5)
BILINEAR, BICUBIC = 2, 3  # as Pillow numbers its filters


@dataclass(frozen=True)
class Processor:
    """The defaults of one class.

    Attributes:
        size: as its file would give it.
        square: a bare number as size means a square to squeeze into, else the shorter side.
        crop: side of the middle that is cropped, None where nothing is.
        crop_pct: only ConvNeXT: the shorter side is brought to size / crop_pct and the middle
            cropped, and from 384 pixels on the picture is squeezed instead.
    """

    size: dict[str, int]
    square: bool = False
    crop: int | None = 224
    resample: int = BICUBIC
    mean: Channels = HALF
    std: Channels = HALF
    crop_pct: float | None = None


_EDGE, _SQUARE = {"shortest_edge": 224}, {"height": 224, "width": 224}
PROCESSORS = {
    "CLIP": Processor(_EDGE, mean=CLIP_MEAN, std=CLIP_STD),
    "ChineseCLIP": Processor(_EDGE, mean=CLIP_MEAN, std=CLIP_STD),
    "Bit": Processor(_EDGE, mean=CLIP_MEAN, std=CLIP_STD),
    "Siglip": Processor(_SQUARE, crop=None),
    "ViT": Processor(_SQUARE, square=True, crop=None, resample=BILINEAR),
    "DeiT": Processor({"height": 256, "width": 256}, square=True),
    "Beit": Processor(_SQUARE, square=True, crop=None),
    "ConvNext": Processor({"shortest_edge": 384}, crop=None, crop_pct=224 / 256),
    "MobileNetV1": Processor({"shortest_edge": 256}, resample=BILINEAR),
    "MobileNetV2": Processor({"shortest_edge": 256}, resample=BILINEAR),
}

# For files that name no class: the class by the `model_type` of the model's config.json.
BY_MODEL = {
    "clip": "CLIP", "altclip": "CLIP", "metaclip_2": "CLIP", "chinese_clip": "ChineseCLIP",
    "siglip": "Siglip", "siglip_vision_model": "Siglip", "clip_vision_model": "CLIP",
    "dinov2": "Bit", "vit": "ViT", "vit_mae": "ViT", "swin": "ViT", "swinv2": "ViT",
    "deit": "DeiT", "beit": "Beit", "data2vec-vision": "Beit", "convnext": "ConvNext",
    "convnextv2": "ConvNext", "resnet": "ConvNext", "regnet": "ConvNext",
    "mobilenet_v1": "MobileNetV1", "mobilenet_v2": "MobileNetV2",
}  # fmt: skip

_ENDINGS = ("Pil", "Fast", "ImageProcessor", "FeatureExtractor")


def processor_name(config: dict[str, Any], model_type: str | None) -> str:
    """Which class a file means, such as CLIP or ViT; the file's name for it where it is unknown."""
    stated = config.get("image_processor_type") or config.get("feature_extractor_type")
    if not stated:
        if "crop_pct" in config:
            return "ConvNext"
        return BY_MODEL.get(model_type or "clip", f"model type {model_type}")
    name = str(stated)
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name

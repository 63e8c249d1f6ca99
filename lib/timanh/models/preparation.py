"""How a picture becomes the pixels of an encoder.

Reads the `preprocessor_config.json` of transformers' checkpoints and does with Pillow what
their image processors do: resize, centre crop, rescale, normalise. Pillow alone, because the
library's own processors differ between machines with and without torchvision, and a gallery
must be prepared exactly as its queries are.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from timanh.errors import ModelFormatError
from timanh.models.processor_files import processor_config, read_config
from timanh.models.processors import CLIP_MEAN, CLIP_STD, PROCESSORS, Processor, processor_name

LONGEST_SLIVER = 32  # times as long as broad
SHORTEST_EDGE = "shortest-edge"
EXACT = "exact"
EXACT_CROP = "exact-then-crop"
WARPED_FROM = 384  # pixels, from which on ConvNeXT squeezes instead of cropping


@dataclass(frozen=True)
class ImagePreparation:
    """Resize → crop (or pad) → scale to 0..1 → normalise.

    Attributes:
        height, width: what the network takes, in pixels.
        resize: "shortest-edge" keeps the shape and crops the middle; "exact" squeezes;
            "exact-then-crop" squeezes into a square of `resize_to` and crops its middle.
        resize_to: the shortest edge before the crop, in pixels.
        resample: Pillow's filter number (2 bilinear, 3 bicubic).
        mean, std: per channel, for values scaled to 0..1.
        square_padding: pad to a square with the mean colour before resizing, so that the
            whole picture is kept. The checkpoint remembers it.
    """

    height: int = 224
    width: int = 224
    resize: str = SHORTEST_EDGE
    resize_to: int = 224
    resample: int = 3
    mean: tuple[float, float, float] = CLIP_MEAN
    std: tuple[float, float, float] = CLIP_STD
    square_padding: bool = False

    @property
    def min_decode_side(self) -> int:
        """Pixels of the shorter side that a decoder must keep. With three times what the network
        takes, a large JPEG decoded smaller differs by less than a grey level and 0.001 of cosine;
        with twice, by up to 0.004."""
        return 3 * max(self.resize_to, self.height, self.width)

    def to_uint8(self, image: Image.Image) -> NDArray[np.uint8]:
        """An RGB picture of any size to (height, width, 3) uint8, before normalisation."""
        filter_ = Image.Resampling(self.resample)
        image = _crop_sliver(image)
        if self.square_padding:
            fitted = _pad_to_square(image, self.mean).resize((self.width, self.height), filter_)
        elif self.resize == EXACT:
            fitted = image.resize((self.width, self.height), filter_)
        elif self.resize == EXACT_CROP:
            square = image.resize((self.resize_to, self.resize_to), filter_)
            fitted = _centre_crop(square, self.height, self.width)
        else:
            fitted = _centre_crop(
                _resize_shortest(image, self.resize_to, filter_), self.height, self.width
            )
        return np.asarray(fitted, dtype=np.uint8)

    def seen_area(self, width: int, height: int) -> tuple[float, float, float, float]:
        """What the network sees of a picture of this size: left, top, right and bottom as shares
        of it, 0..1; below 0 and above 1 where it is padded.

        Example:
            >>> ImagePreparation().seen_area(400, 200)
            (0.25, 0.0, 0.75, 1.0)
        """
        longest = LONGEST_SLIVER * min(width, height)
        shown_width, shown_height = float(min(width, longest)), float(min(height, longest))
        if self.square_padding:
            seen_width = seen_height = max(shown_width, shown_height)
        elif self.resize == EXACT:
            seen_width, seen_height = shown_width, shown_height
        elif self.resize == EXACT_CROP:
            seen_width = shown_width * self.width / self.resize_to
            seen_height = shown_height * self.height / self.resize_to
        else:
            scale = min(shown_width, shown_height) / self.resize_to
            seen_width, seen_height = scale * self.width, scale * self.height
        right, bottom = (1 + seen_width / width) / 2, (1 + seen_height / height) / 2
        return 1 - right, 1 - bottom, right, bottom

    def normalise(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(N, H, W, 3) uint8 to (N, 3, H, W) float32."""
        scale = (1.0 / (255.0 * np.asarray(self.std))).astype(np.float32)
        shift = (np.asarray(self.mean) / np.asarray(self.std)).astype(np.float32)
        # Channels first while it is bytes, then in place: 12 times as fast as the other order.
        floats = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)).astype(np.float32)
        floats *= scale[:, None, None]
        floats -= shift[:, None, None]
        return floats

    def __call__(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """N RGB pictures to (N, 3, H, W) float32."""
        if not images:
            return np.zeros((0, 3, self.height, self.width), np.float32)
        return self.normalise(np.stack([self.to_uint8(image) for image in images]))

    def with_size(self, side: int) -> "ImagePreparation":
        """The same for a network that takes `side` × `side` pixels."""
        return replace(self, height=side, width=side, resize_to=side)

    def to_config(self) -> dict[str, Any]:
        """The same as a `preprocessor_config.json` that transformers reads too."""
        sizes = {
            SHORTEST_EDGE: {"shortest_edge": self.resize_to},
            EXACT: {"height": self.height, "width": self.width},
            EXACT_CROP: {"height": self.resize_to, "width": self.resize_to},
        }
        return {
            "image_processor_type": "CLIPImageProcessor",
            "do_convert_rgb": True,
            "do_resize": True,
            "size": sizes[self.resize],
            "do_center_crop": self.resize != EXACT,
            "crop_size": {"height": self.height, "width": self.width},
            "resample": self.resample,
            "do_rescale": True,
            "rescale_factor": 1 / 255,
            "do_normalize": True,
            "image_mean": list(self.mean),
            "image_std": list(self.std),
            "timanh_square_padding": self.square_padding,
        }

    def save(self, folder: Path) -> None:
        """Write `preprocessor_config.json`."""
        text = json.dumps(self.to_config(), indent=2, ensure_ascii=False)
        (folder / "preprocessor_config.json").write_text(text + "\n", encoding="utf8")

    def describe(self) -> str:
        """One line that two preparations share only if they do the same; for fingerprints."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_config(
        cls, config: dict[str, Any], model_type: str | None = None
    ) -> "ImagePreparation":
        """Read a `preprocessor_config.json`; what it leaves out is as its class has it.

        Args:
            model_type: of the model's config.json, for a file that names no class.

        Raises:
            ModelFormatError: a class, or a step, that is not supported.
        """
        name = processor_name(config, model_type)
        if name not in PROCESSORS:
            raise ModelFormatError(
                f"Pictures prepared by “{name}” are not supported, so this tower would get "
                f"other input than in training. Supported are {', '.join(sorted(PROCESSORS))}."
            )
        defaults = PROCESSORS[name]
        _check_steps(config)
        resize, resize_to, height, width = _read_resize(config, defaults, name)
        resample = config.get("resample")
        normalises = bool(config.get("do_normalize", True))
        return cls(
            height=height,
            width=width,
            resize=resize,
            resize_to=resize_to,
            resample=defaults.resample if resample is None else int(resample),
            mean=_channels(config.get("image_mean") or defaults.mean) if normalises else (0.0,) * 3,
            std=_channels(config.get("image_std") or defaults.std) if normalises else (1.0,) * 3,
            square_padding=bool(config.get("timanh_square_padding", False)),
        )

    @classmethod
    def from_folder(cls, folder: Path) -> "ImagePreparation":
        """As the files of a checkpoint say, see `processor_config`.

        Raises:
            ModelFormatError: they do not say it, or something that is not supported.
        """
        model_type = read_config(folder / "config.json").get("model_type")
        return cls.from_config(processor_config(folder), str(model_type) if model_type else None)


def _check_steps(config: dict[str, Any]) -> None:
    """Raises ModelFormatError where pixels are not resized and scaled to 0..1."""
    for step in ("do_resize", "do_rescale"):
        if config.get(step) is False:
            raise ModelFormatError(
                f"This checkpoint's pictures are prepared with {step}=false; only those that are "
                "resized and scaled to 0..1 are supported. Choose another checkpoint."
            )
    if abs(float(config.get("rescale_factor") or 1 / 255) - 1 / 255) > 1e-6:
        raise ModelFormatError(
            f"This checkpoint rescales pixels by {config['rescale_factor']}; only 1/255 is "
            "supported. Choose a CLIP, SigLIP, ViT, ResNet or MobileNet checkpoint."
        )


def _read_resize(
    config: dict[str, Any], defaults: Processor, name: str
) -> tuple[str, int, int, int]:
    """How a picture gets its size: (resize, resize_to, height, width)."""
    size = config.get("size") or defaults.size
    if isinstance(size, int):
        size = {"height": size, "width": size} if defaults.square else {"shortest_edge": size}
    shortest = "shortest_edge" in size
    height = int(size["shortest_edge"] if shortest else size["height"])
    width = height if shortest else int(size["width"])
    if defaults.crop_pct and shortest:
        if height >= WARPED_FROM:
            return EXACT, height, height, width
        edge = int(height / float(config.get("crop_pct") or defaults.crop_pct))
        return SHORTEST_EDGE, edge, height, width
    crops = config.get("do_center_crop")
    if crops is None:
        crops = defaults.crop is not None
    if not crops:
        if shortest:
            raise ModelFormatError(
                f"This checkpoint's pictures ({name}) keep their shape and are not cropped, so "
                "they have no common size. Choose a checkpoint that crops or squeezes them."
            )
        return EXACT, min(height, width), height, width
    crop_height, crop_width = _read_crop(config.get("crop_size") or defaults.crop or height)
    if shortest:
        return SHORTEST_EDGE, height, crop_height, crop_width
    if (crop_height, crop_width) == (height, width):
        return EXACT, min(height, width), height, width
    if height != width:
        raise ModelFormatError(
            f"This checkpoint squeezes pictures into {height} × {width} and crops them; only a "
            "square is supported. Choose another checkpoint."
        )
    return EXACT_CROP, height, crop_height, crop_width


def _read_crop(crop: Any) -> tuple[int, int]:
    if isinstance(crop, dict):
        return int(crop["height"]), int(crop["width"])
    return int(crop), int(crop)


def _channels(numbers: Any) -> tuple[float, float, float]:
    if not isinstance(numbers, list | tuple) or len(numbers) != 3:
        raise ModelFormatError(
            f"This checkpoint normalises pixels by {numbers}; three numbers were wanted, one a "
            "colour. Choose a checkpoint of colour pictures."
        )
    # Unconverted: 0 made into 0.0 would change the fingerprint.
    return numbers[0], numbers[1], numbers[2]


def _crop_sliver(image: Image.Image) -> Image.Image:
    """The middle of a sliver: brought to 224 pixels at its short side, a picture of 1 × 262,145
    would take 40 GB. All but padding to a square look at no more than the middle anyway."""
    width, height = image.size
    longest = LONGEST_SLIVER * min(width, height)
    if max(width, height) <= longest:
        return image
    across, down = min(width, longest), min(height, longest)
    left, top = (width - across) // 2, (height - down) // 2
    return image.crop((left, top, left + across, top + down))


def _resize_shortest(image: Image.Image, edge: int, filter_: Image.Resampling) -> Image.Image:
    width, height = image.size
    if min(width, height) == edge:
        return image
    # Truncation, not rounding: so do torchvision and transformers.
    if width <= height:
        return image.resize((edge, max(edge, int(edge * height / width))), filter_)
    return image.resize((max(edge, int(edge * width / height)), edge), filter_)


def _centre_crop(image: Image.Image, height: int, width: int) -> Image.Image:
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _pad_to_square(image: Image.Image, mean: tuple[float, float, float]) -> Image.Image:
    side = max(image.size)
    if image.size == (side, side):
        return image
    colour = (round(255 * mean[0]), round(255 * mean[1]), round(255 * mean[2]))
    square = Image.new("RGB", (side, side), colour)
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square

"""UIT-ViIC and KTVIC as they are published, with drawn pictures."""

import json
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

COLOURS = {"đỏ": (214, 40, 40), "xanh": (38, 90, 200), "vàng": (235, 200, 50)}
KINDS = [(colour, shape) for colour in COLOURS for shape in ("tròn", "vuông")]
BALLS = "Cầu thủ bóng chày đánh một hình {} màu {} trên sân cỏ ."
LIFE = "người phụ nữ đứng ở trong phòng cầm hình {} màu {} ."


def picture(file: Path, number: int) -> None:
    """A circle or square in one of three colours, a little aside by its number."""
    colour, shape = KINDS[number % len(KINDS)]
    image = Image.new("RGB", (48, 40), (225, 225, 225))
    left = 4 + number % 7
    draw = ImageDraw.Draw(image)
    (draw.ellipse if shape == "tròn" else draw.rectangle)(
        (left, 5, left + 28, 33), fill=COLOURS[colour]
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(file, quality=92)


def caption_of(number: int, form: str) -> str:
    colour, shape = KINDS[number % len(KINDS)]
    return form.format(shape, colour)


def uit_viic(root: Path, count: int = 4) -> Path:
    """Three caption files with the key "file_name"; pictures by their names in COCO."""
    for split, first in (("train", 0), ("val", 100), ("test", 200)):
        images, annotations = list[Any](), list[Any]()
        for number in range(first, first + count):
            name = f"{number:012}.jpg"
            picture(root / "images" / name, number)
            url = f"http://images.cocodataset.org/train2017/{name}"
            images.append({"license": 2, "file_name": name, "coco_url": url, "id": number})
            caption = caption_of(number, BALLS)
            annotations.append({"image_id": number, "caption": caption, "id": number})
        _write(root / f"uitviic_captions_{split}2017.json", images, annotations)
    return root


def ktvic(root: Path, count: int = 4, *, absent: int = 0) -> Path:
    """Two caption files beside two folders; ids go on through both, the key is "filename", and
    each caption stands there with its words joined too."""
    first = 1
    for split, folder in (("train", "train-images"), ("test", "public-test-images")):
        images, annotations = list[Any](), list[Any]()
        for number in range(first, first + count):
            name = f"{number:011}.jpg"
            if split == "test" or number >= first + absent:
                picture(root / folder / name, number)
            images.append({"id": number, "filename": name})
            caption = caption_of(number, LIFE)
            joined = caption.replace("phụ nữ", "phụ_nữ")
            annotations.append(
                {"id": number, "image_id": number, "caption": caption, "segment_caption": joined}
            )
        first += count
        _write(root / f"{split}_data.json", images, annotations)
    return root


def _write(file: Path, images: list[Any], annotations: list[Any]) -> None:
    document = {"images": images, "annotations": annotations}
    file.write_text(json.dumps(document, ensure_ascii=False), encoding="utf8")

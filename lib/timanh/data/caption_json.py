"""Captions in JSON: COCO's form, as UIT-ViIC and KTVIC have it, and Karpathy's."""

import json
from typing import Any

from timanh.data.caption_rows import CaptionRows, caption_of, name_of

KARPATHY_SPLITS = {"val": "dev", "restval": "train"}


def read_json(text: str) -> CaptionRows:
    """Read either form.

    Raises:
        ValueError: it is not whole JSON, or of another form; what it is, as the end of a sentence.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not whole JSON ({error})") from error
    images = _entries(content, "images")
    annotations = _entries(content, "annotations")
    if images and annotations:
        return _read_coco(images, annotations)
    if images and "sentences" in images[0]:
        return _read_karpathy(images)
    seen = ", ".join(list(content)[:5]) if isinstance(content, dict) else "a list"
    raise ValueError(f"is JSON of another form (it holds {seen})")


def _entries(content: Any, key: str) -> list[dict[str, Any]]:
    """The objects in a list of a JSON object; anything else in it counts as an empty object."""
    found = content.get(key) if isinstance(content, dict) else None
    if not isinstance(found, list):
        return []
    return [entry if isinstance(entry, dict) else {} for entry in found]


def _read_coco(images: list[dict[str, Any]], annotations: list[dict[str, Any]]) -> CaptionRows:
    rows = CaptionRows("coco")
    names = {
        _id(image.get("id")): name_of(image.get("file_name") or image.get("filename"))
        for image in images
    }
    for number, annotation in enumerate(annotations):
        name = names.get(_id(annotation.get("image_id")))
        caption = caption_of(annotation.get("caption")) or _segmented(annotation)
        if name and caption:
            rows.add(name, caption)
        else:
            rows.skip(f"annotation {number}: {_shown(annotation)}")
    return rows


def _segmented(annotation: dict[str, Any]) -> str:
    """KTVIC's caption with the syllables of a word joined by "_", as it is written."""
    value = annotation.get("segment_caption")
    return caption_of(value.replace("_", " ")) if isinstance(value, str) else ""


def _id(value: Any) -> str:
    """An id as text; pandas makes 7.0 of 7."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip()
    return text.removesuffix(".0") if text.removesuffix(".0").isdigit() else text


def _read_karpathy(images: list[dict[str, Any]]) -> CaptionRows:
    rows = CaptionRows("karpathy")
    for number, image in enumerate(images):
        name = name_of(image.get("filename"))
        folder = name_of(image.get("filepath"))
        captions = [caption_of(each.get("raw")) for each in _entries(image, "sentences")]
        if not name or not any(captions):
            rows.skip(f"image {number}: {_shown(image)}")
            continue
        name = f"{folder}/{name}" if folder else name
        for caption in captions:
            if caption:
                rows.add(name, caption)
            else:
                rows.skip(f"image {number}: {_shown(image)}")
        split = str(image.get("split") or "train")
        rows.splits.setdefault(KARPATHY_SPLITS.get(split, split), []).append(name)
    return rows


def _shown(entry: dict[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=False)[:80]

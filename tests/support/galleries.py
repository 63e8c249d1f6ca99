"""Small data folders whose captions are true: coloured shapes; and one that is a mess."""

import json
import os
import unicodedata
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {"red": (214, 40, 40), "green": (42, 157, 90), "blue": (38, 90, 200)}
SHAPES = ("circle", "square")


def make_gallery(folder: Path, repeats: int = 2) -> Path:
    """Circles and squares in three colours on grey, `repeats` of each, slightly apart."""
    images = folder / "images"
    images.mkdir(parents=True)
    lines = ["image,caption"]
    for colour, rgb in COLOURS.items():
        for shape in SHAPES:
            for number in range(repeats):
                name = f"{colour}_{shape}_{number}.jpg"
                picture = Image.new("RGB", (80, 60), (225, 225, 225))
                draw = ImageDraw.Draw(picture)
                box = (15 + 5 * number, 8, 55 + 5 * number, 48)
                (draw.ellipse if shape == "circle" else draw.rectangle)(box, fill=rgb)
                picture.save(images / name, quality=92)
                lines += [f"{name},a {colour} {shape}", f"{name},one {shape} in {colour}"]
    (folder / "captions.txt").write_text("\n".join(lines) + "\n", encoding="utf8")
    return folder


@dataclass(frozen=True)
class MessyFolder:
    """A person's folder of photos with all that gathers in one.

    Attributes:
        gallery: the folder.
        taken: pictures in it that can be searched for, relative to it.
        skipped: files that no reader takes → words of what is said of them.
        locked: a folder that may not be read, unless root reads it.
        left_out: rules that leave out the rest.
        captioned: pictures with captions.
    """

    gallery: Path
    taken: frozenset[str]
    skipped: dict[str, str]
    locked: Path
    left_out: tuple[str, ...]
    captioned: frozenset[str]


def make_messy_folder(folder: Path) -> MessyFolder:
    """Photos of a Mac, a phone, a scanner and a network drive; captions of three programs."""
    shapes = sorted((make_gallery(folder / "made") / "images").iterdir())
    gallery = folder / "Ảnh của tôi"
    taken: list[str] = []

    def put(name: str, content: bytes | None = None) -> None:
        (gallery / name).parent.mkdir(parents=True, exist_ok=True)
        shape = shapes[len(taken) % len(shapes)]
        (gallery / name).write_bytes(shape.read_bytes() if content is None else content)

    def take(name: str, content: bytes | None = None) -> None:
        put(name, content)
        taken.append(name)

    def saved(image: Image.Image, form: str, **options: Any) -> bytes:
        out = BytesIO()
        image.save(out, form, **options)
        return out.getvalue()

    # Names: two ways to write a letter, spaces, a name that is not UTF-8.
    spread, whole = (unicodedata.normalize(form, "Đà Nẵng") for form in ("NFD", "NFC"))
    for name in ("a.jpg", "b c.jpg", "#1.jpg", f"{spread}/biển.jpg", f"{spread}/{spread}.jpg"):
        take(name)
    if os.name == "posix":
        take(os.fsdecode(b"caf\xe9.jpg"))
    # What a browser cannot show, and pixels of more than eight bits.
    picture = Image.open(shapes[0])
    ramp = np.linspace(0, 1, 80 * 60, dtype=np.float32).reshape(60, 80)
    take("scan.tif", saved(picture, "TIFF"))
    take("scan.ppm", saved(picture, "PPM"))
    take("print.jpg", saved(picture.convert("CMYK"), "JPEG"))
    take("scan.jp2", saved(picture, "JPEG2000"))
    take("share.tif", saved(Image.fromarray(ramp), "TIFF"))
    take("deep.tif", saved(Image.fromarray((ramp * 255).astype(np.int32)), "TIFF"))
    take("sensor.png", saved(Image.fromarray((ramp * 65535).astype(np.uint16)), "PNG"))
    # Files that are something else.
    skipped = {
        "empty.jpg": "is empty",
        "text.jpg": "whatever its name says",
        "page.png": "is a web page",
        "cut.jpg": "is damaged",
        "clip.jpg": "is a video",
        "nothing.tif": "no pixel with a finite value",
    }
    put("empty.jpg", b"")
    put("text.jpg", b"I am not a picture")
    put("page.png", b"<!DOCTYPE html><title>404</title>")
    put("cut.jpg", shapes[0].read_bytes()[:700])
    put("clip.jpg", b"\0\0\0\x18ftypmp42\0\0\0\0isommp42")
    put("nothing.tif", saved(Image.fromarray(ramp * np.nan), "TIFF"))
    # What systems and people hide.
    left_out = {
        "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg": "@eaDir", "#recycle/a.jpg": "#recycle",
        "$RECYCLE.BIN/a.jpg": "$RECYCLE.BIN", "lost+found/a.jpg": "lost+found",
        "System Volume Information/a.jpg": "System Volume Information",
        ".Trash-1000/files/a.jpg": ".Trash-*", ".thumbnails/a.jpg": ".thumbnails",
        f"{spread}/._biển.jpg": "._*", ".private/a.jpg": ".private", ".x.jpg": ".x.jpg",
    }  # fmt: skip
    for name in left_out:
        put(name)
    put("locked/a.jpg")
    (gallery / "locked").chmod(0)
    # Captions: a table as Excel saves it, in which half makes no sense or names nothing.
    rows = [f"{whole}/biển.jpg;một bãi biển", 'a.jpg;"a circle\non grey"', f"{whole}.jpg;lá cờ"]
    rows += [f"a.jpg;{nothing}" for nothing in ("nan", "None", "3", "['a', 'b']", "")]
    rows += ["no caption at all", "gone.jpg;a dog", "gone.jpg;two dogs", "gone too.jpg;a cat"]
    table = "\ufeffimage;caption\r\n" + "\r\n".join(rows) + "\r\n"
    (gallery / "captions.csv").write_bytes(table.encode())
    ktvic = {
        "images": [{"id": 1, "filename": "b c.jpg"}],
        "annotations": [{"image_id": 1.0, "segment_caption": "hình_tròn xanh"}],
    }
    (gallery / "captions_ktvic.json").write_text(json.dumps(ktvic), encoding="utf8")
    (gallery / "Flickr_8k.testImages.txt").write_text("b c.jpg\r\ngone.jpg\r\n")
    return MessyFolder(
        gallery, frozenset(taken), skipped, gallery / "locked", tuple(left_out.values()),
        frozenset({"a.jpg", "b c.jpg", f"{spread}/biển.jpg", f"{spread}/{spread}.jpg"}),
    )  # fmt: skip

"""Pictures as people bring them: from a Mac, from an old archive, of kinds browsers do not know."""

import unicodedata
from pathlib import Path

from PIL import Image

FOLDER = unicodedata.normalize("NFD", "Ảnh gia đình/Đà Nẵng")  # as macOS stores it
LATIN = b"caf\xe9".decode("utf8", "surrogateescape")
# In place of scene_000011.jpg and so on: new name, Pillow's format and mode.
PICTURES = (
    (f"{FOLDER}/biển.jpg", "JPEG", "RGB"),
    (f"{FOLDER}/quét.tif", "TIFF", "RGB"),
    (f"{LATIN}/in ấn.jpg", "JPEG", "CMYK"),
    (f"{LATIN}/{LATIN}.ppm", "PPM", "RGB"),
    ("máy quét/2000.jpg", "JPEG2000", "RGB"),
)
FIRST = 11


def bring(gallery: Path) -> None:
    """Rename and convert the scenes; what was written about them goes on being said of them."""
    names = {f"scene_{FIRST + n:06d}.jpg": name for n, (name, _, _) in enumerate(PICTURES)}
    for captions in ("captions.txt", "captions.vi.txt"):
        file = gallery / captions
        lines = [line.partition(",") for line in file.read_text("utf8").splitlines()]
        # A name that is not UTF-8 cannot be written in a caption file.
        kept = [(names.get(name, name), comma, rest) for name, comma, rest in lines]
        text = "\n".join("".join(line) for line in kept if LATIN not in line[0])
        file.write_text(text + "\n", "utf8")
    for scene, (name, kind, mode) in zip(names, PICTURES, strict=True):
        place = gallery / "images" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(gallery / "images" / scene) as image:
            image.convert(mode).save(place, kind)
        (gallery / "images" / scene).unlink()

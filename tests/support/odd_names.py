"""A gallery as people bring it: folders from a Mac, names from an old archive."""

import unicodedata
from pathlib import Path

from pixel_encoder import make_pictures

FROM_MAC = unicodedata.normalize("NFD", "Hội An/Phố cổ")
COMPOSED = unicodedata.normalize("NFC", FROM_MAC)
LATIN = b"caf\xe9".decode("utf8", "surrogateescape")
LATIN_SHOWN = r"caf\xe9"


def make_odd_names(folder: Path) -> Path:
    """Eight PNGs: in a folder decomposed as macOS does, in one and of a name that are not UTF-8."""
    names = [
        f"{FROM_MAC}/0.png", f"{FROM_MAC}/1.png", "Huế/2.png", "Huế/3.png", f"{LATIN}/4.png",
        f"{LATIN}.png", "6.png", unicodedata.normalize("NFD", "bảy.png"),
    ]  # fmt: skip
    made = sorted(make_pictures(folder / "made", len(names)).iterdir())
    for picture, name in zip(made, names, strict=True):
        place = folder / "gallery" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        picture.rename(place)
    return folder / "gallery"

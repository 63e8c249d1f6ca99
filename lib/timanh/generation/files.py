"""Generated pictures on disk: PNG that says what it was made from, and films of the steps."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from timanh import __version__
from timanh.errors import SettingsError
from timanh.workspace import atomic_write

FILMS = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG"}
NOTE = "timanh"  # the text chunk with all settings
AI_MADE = "trainedAlgorithmicMedia"  # IPTC's word for a picture that a model made


def save_png(picture: Image.Image, file: Path, made: dict[str, Any]) -> None:
    """Write a new PNG with its prompts and settings inside.

    Raises:
        SettingsError: the file is there already; it stays as it is.
    """
    check_png(file)
    with atomic_write(file) as temporary:
        picture.save(temporary, "PNG", pnginfo=note_of(made))


def note_of(made: dict[str, Any]) -> PngImagePlugin.PngInfo:
    """The text chunks of a generated picture."""
    note = PngImagePlugin.PngInfo()
    note.add_itxt("Description", str(made.get("prompt", "")))
    note.add_itxt("Software", f"Tìm Ảnh {__version__}")
    note.add_itxt("DigitalSourceType", AI_MADE)
    note.add_itxt(NOTE, json.dumps(made, ensure_ascii=False))
    return note


def read_note(picture: Image.Image) -> dict[str, Any] | None:
    """What a picture of `save_png` was made from; None for other pictures."""
    text = getattr(picture, "text", {}).get(NOTE)
    try:
        found = json.loads(text) if text else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def save_film(
    frames: Sequence[Image.Image], file: Path, *, seconds: float = 6.0, last_s: float = 1.5
) -> None:
    """Write a new animation, as its ending says: .gif, .webp, or .png.

    Raises:
        SettingsError: another ending, no frame, or the file is there already.
    """
    check_film(file)
    if not frames:
        raise SettingsError("A film needs at least one frame; got none.")
    each = max(20, round(1000 * seconds / len(frames)))
    durations = [*[each] * (len(frames) - 1), each + round(1000 * last_s)]
    with atomic_write(file) as temporary:
        frames[0].save(
            temporary, FILMS[file.suffix.lower()], save_all=True, append_images=list(frames[1:]),
            duration=durations, loop=0,
        )  # fmt: skip


def free_name(folder: Path, words: str, ending: str = ".png") -> Path:
    """A name in `folder` that no file has, after the words: `a-red-car.png`, `a-red-car-2.png`."""
    stem = re.sub(r"[^\w]+", "-", words.lower()).strip("-")[:60].rstrip("-") or "picture"
    number = 1
    while True:
        file = folder / f"{stem}{'' if number == 1 else f'-{number}'}{ending}"
        if not file.exists():
            return file
        number += 1


def check_png(file: Path) -> None:
    """See that a picture can be written there, before it is made.

    Raises:
        SettingsError: another ending, no such folder, or there is such a file.
    """
    if file.suffix.lower() != ".png":
        raise SettingsError(
            f"{file} was named for the picture; a name that ends in .png was wanted, since only "
            "PNG keeps the prompt."
        )
    _check_new(file)


def check_film(file: Path) -> None:
    """The same for a film."""
    if file.suffix.lower() not in FILMS:
        raise SettingsError(
            f"{file} was named for the film; a name that ends in {', '.join(FILMS)} was wanted."
        )
    _check_new(file)


def _check_new(file: Path) -> None:
    if not file.parent.is_dir():
        raise SettingsError(f"There is no folder {file.parent} for {file.name}. Make it first.")
    if file.exists():
        raise SettingsError(
            f"{file} is there already and stays as it is. Choose another name, or move it away."
        )

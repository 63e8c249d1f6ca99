"""Small data folders whose captions are true: coloured shapes."""

from pathlib import Path

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

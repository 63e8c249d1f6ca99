"""Pictures of kinds that browsers cannot show, or show wrongly, and the colours they hold."""

import struct
from io import BytesIO
from itertools import product
from pathlib import Path

from PIL import Image, ImageCms
from pillow_heif import register_heif_opener

register_heif_opener()

WIDTH, HEIGHT = 60, 40
RED, BLUE = (255, 0, 0), (0, 0, 255)
# By file name: the colours of the upper left and the lower right once it stands upright.
COLOURS = {
    "lying.tif": (BLUE, RED),
    "deep.tif": ((0, 0, 0), (255, 255, 255)),
    "deep.png": ((0, 0, 0), (255, 255, 255)),
    "ink.jpg": (BLUE, RED),
    "printed.jpg": ((0, 255, 0), (255, 255, 255)),
    "plain.ppm": (BLUE, RED),
    "two thousand.jpg": (BLUE, RED),
    "swapped.tif": (RED, BLUE),
    "phone.heic": (BLUE, RED),
}


def make_odd_pictures(folder: Path) -> Path:
    """The pictures of `COLOURS`."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = Image.new("RGB", (WIDTH, HEIGHT), RED)
    plain.paste(BLUE, (0, 0, WIDTH // 2, HEIGHT))
    lying = plain.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees to the right
    lying.save(folder / "lying.tif", exif=exif, compression="tiff_lzw")
    deep = Image.new("I;16", (WIDTH, HEIGHT), 65535)
    deep.paste(0, (0, 0, WIDTH // 2, HEIGHT))
    deep.save(folder / "deep.tif")
    deep.save(folder / "deep.png")
    ink = Image.new("CMYK", (WIDTH, HEIGHT), (0, 255, 255, 0))
    ink.paste((255, 255, 0, 0), (0, 0, WIDTH // 2, HEIGHT))
    ink.save(folder / "ink.jpg", quality=95)
    printed = Image.new("CMYK", (WIDTH, HEIGHT))
    printed.paste((255, 0, 0, 0), (0, 0, WIDTH // 2, HEIGHT))
    printed.save(folder / "printed.jpg", quality=95, icc_profile=green_ink())
    plain.save(folder / "plain.ppm")
    plain.save(folder / "phone.heic", quality=90)
    plain.save(folder / "two thousand.jpg", "JPEG2000")
    plain.save(folder / "swapped.tif", icc_profile=swapped_profile())
    return folder


def swapped_profile() -> bytes:
    """A profile in which red and blue have changed places."""
    content = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for one, other in ((b"rXYZ", b"----"), (b"bXYZ", b"rXYZ"), (b"----", b"bXYZ")):
        content = content.replace(one, other, 1)
    return content.replace("sRGB".encode("utf-16-be"), "sBGR".encode("utf-16-be"))


def green_ink() -> bytes:
    """A profile of a printer whose cyan ink is green; its other inks are invisible."""
    nodes = [(224, 50, 207) if cyan else (255, 128, 128) for cyan, *_ in product((0, 1), repeat=4)]
    straight = bytes(range(256))
    unit = (65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = struct.pack(">4s4xBBBx9i", b"mft1", 4, 3, 2, *unit) + 4 * straight
    table += b"".join(map(bytes, nodes)) + 3 * straight
    white = (63190, 65536, 54061)
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 6) + b"green\0" + bytes(78),
        b"A2B0": table,
        b"wtpt": b"XYZ " + bytes(4) + struct.pack(">3i", *white),
        b"cprt": b"text" + bytes(4) + b"none\0",
    }
    start = 128 + 4 + 12 * len(tags)
    listed, body = BytesIO(), b""
    listed.write(struct.pack(">I", len(tags)))
    for name, content in tags.items():
        listed.write(struct.pack(">4sII", name, start + len(body), len(content)))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(
        ">I4sI4s4s4s12x4s28x3i", start + len(body), b"lcms", 0x02400000, b"prtr", b"CMYK", b"Lab ",
        b"acsp", *white,
    )  # fmt: skip
    return head.ljust(128, b"\0") + listed.getvalue() + body

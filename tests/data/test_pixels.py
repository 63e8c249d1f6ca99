"""Pictures of more than eight bits, and files that are something else than their name says."""

import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, features

from timanh.api.gallery.renditions import kind_of
from timanh.data import open_picture, signatures
from timanh.errors import PictureError

RAMP = np.linspace(0, 1, 256).reshape(16, 16)


def grey(file: Path) -> np.ndarray[Any, Any]:
    """One channel of what is read; all three must be the same."""
    pixels = np.asarray(open_picture(file)).astype(int)
    assert (pixels == pixels[..., :1]).all()
    return pixels[..., 0]


def saved(file: Path, values: np.ndarray[Any, Any], **options: Any) -> Path:
    Image.fromarray(values).save(file, **options)
    return file


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        (np.float32, 1), (np.float32, 255), (np.float32, 65535), (np.float32, 12.5),
        (np.int32, 255), (np.int32, 4095), (np.int32, 65535), (np.int32, 1 << 24),
        (np.uint16, 255), (np.uint16, 4095), (np.uint16, 65535),
    ],
)  # fmt: skip
def test_deep_pictures_are_scaled_by_their_range(tmp_path: Path, kind: type, most: float) -> None:
    values = (RAMP * most).astype(kind)
    pixels = grey(saved(tmp_path / "deep.tif", values))
    assert np.abs(pixels - RAMP * 255).max() <= 1
    assert (pixels[0, 0], pixels[-1, -1]) == (0, 255)


def test_sixteen_bits_of_png_and_both_orders_of_bytes(tmp_path: Path) -> None:
    values = (RAMP * 65535).astype(np.uint16)
    assert np.abs(grey(saved(tmp_path / "a.png", values)) - RAMP * 255).max() <= 1
    big = Image.frombytes("I;16B", (16, 16), values.astype(">u2").tobytes())
    big.save(tmp_path / "b.tif")
    assert np.abs(grey(tmp_path / "b.tif") - RAMP * 255).max() <= 1


def test_dark_and_flat_pictures_stay_what_they_are(tmp_path: Path) -> None:
    assert (grey(saved(tmp_path / "a.tif", np.full((4, 4), 0.5, np.float32))) == 128).all()
    assert (grey(saved(tmp_path / "b.tif", np.zeros((4, 4), np.float32))) == 0).all()
    dark = grey(saved(tmp_path / "c.tif", (RAMP * 0.2).astype(np.float32)))
    assert abs(dark.max() - 51) <= 1


def test_a_narrow_range_far_from_zero_is_not_one_grey(tmp_path: Path) -> None:
    pixels = grey(saved(tmp_path / "kelvin.tif", (280 + RAMP * 30).astype(np.float32)))
    assert np.abs(pixels - RAMP * 255).max() <= 1


def test_signed_values_are_brighter_above_zero_than_below(tmp_path: Path) -> None:
    """Pillow takes signed bytes for unsigned ones; the tag SampleFormat says what they are."""
    signed = (RAMP * 255 - 128).astype(np.int8)
    file = saved(tmp_path / "a.tif", signed.view(np.uint8), tiffinfo={339: 2})
    assert np.abs(grey(file) - RAMP * 255).max() <= 1
    file = saved(tmp_path / "b.tif", ((RAMP - 0.5) * 60000).astype(np.int32))
    assert np.abs(grey(file) - RAMP * 255).max() <= 1


@pytest.mark.parametrize("fault", [1e30, -9999.0])
def test_one_faulty_pixel_does_not_make_all_others_black_or_white(
    tmp_path: Path, fault: float
) -> None:
    values = np.tile(RAMP, (8, 8)).astype(np.float32)
    values[5, 5] = fault
    pixels = grey(saved(tmp_path / "fault.tif", values))
    assert pixels[5, 5] == (255 if fault > 0 else 0)
    assert np.abs(pixels - np.tile(RAMP, (8, 8)) * 255)[6:].max() <= 1


def test_what_is_no_number_is_left_out_of_the_range(tmp_path: Path) -> None:
    values = RAMP.astype(np.float32)
    values[0, 1:4] = np.nan, np.inf, -np.inf
    pixels = grey(saved(tmp_path / "holes.tif", values))
    assert pixels[0, 1:4].tolist() == [0, 255, 0]
    assert np.abs(pixels - RAMP * 255)[1:].max() <= 1
    heights = RAMP.astype(np.float32) * 3000
    heights[3, 3] = -9999
    pixels = grey(saved(tmp_path / "heights.tif", heights, tiffinfo={42113: "-9999"}))
    assert pixels[3, 3] == 0 and abs(pixels[8, 0] - RAMP[8, 0] * 3000 / 4095 * 255) <= 1
    saved(tmp_path / "nothing.tif", np.full((4, 4), np.nan, np.float32))
    with pytest.raises(PictureError, match=r"nothing\.tif holds no pixel with a finite value"):
        open_picture(tmp_path / "nothing.tif")


def test_unsigned_numbers_and_white_that_is_zero(tmp_path: Path) -> None:
    values = (RAMP * (2**32 - 1)).astype(np.uint32)
    unsigned = saved(tmp_path / "unsigned.tif", values.view(np.int32))
    signs, none = (b"\x53\x01\3\0\1\0\0\0" + sign for sign in (b"\2\0", b"\1\0"))
    assert signs in unsigned.read_bytes(), "the tag SampleFormat"
    unsigned.write_bytes(unsigned.read_bytes().replace(signs, none))
    assert np.abs(grey(unsigned) - RAMP * 255).max() <= 1
    saved(tmp_path / "white.tif", (RAMP * 65535).astype(np.uint16), tiffinfo={262: 0})
    assert np.abs(grey(tmp_path / "white.tif") - (1 - RAMP) * 255).max() <= 1


def test_colours_of_lightness_and_two_opponents(tmp_path: Path) -> None:
    colours = [(200, 20, 30), (60, 90, 180), (240, 240, 240), (80, 160, 60)]
    plain = Image.new("RGB", (40, 10))
    for place, colour in enumerate(colours):
        plain.paste(colour, (10 * place, 0, 10 * place + 10, 10))
    rgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(plain, rgb, lab, outputMode="LAB")
    assert converted is not None
    converted.save(tmp_path / "lab.tif")
    with Image.open(tmp_path / "lab.tif") as stored:
        assert stored.mode == "LAB"
    for people in (False, True):
        read = np.asarray(open_picture(tmp_path / "lab.tif", srgb=people), int)[5, 5::10]
        assert np.abs(read - colours).max() <= 12


# --- other things than their name says


def test_a_heic_photo_named_jpg_says_which_plug_in_it_needs(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    file = tmp_path / "IMG_1.jpg"
    out = BytesIO()
    heif.from_pillow(Image.new("RGB", (64, 48), "red")).save(out)
    file.write_bytes(out.getvalue())
    assert open_picture(file).size == (64, 48), "with the plug-in the name does not matter"
    program = (
        "import sys; sys.modules['pillow_heif'] = None\n"
        "from timanh.data.pictures import open_picture\n"
        "open_picture(sys.argv[1])"
    )
    without = subprocess.run(
        [sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=False
    )
    assert "IMG_1.jpg is a HEIC picture" in without.stderr
    assert "pip install pillow-heif" in without.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\0\0\0\x20ftypavif\0\0\0\0mif1avif", "AVIF picture, which this Pillow cannot read"),
        (b"\xff\x0a\x12\x34", "pip install pillow-jxl-plugin"),
        (b"\0\0\0\x0cJXL \r\n\x87\n\0\0", "pip install pillow-jxl-plugin"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isom", "is a video"),
        (b"<!DOCTYPE html><title>404</title>", "is a web page"),
        (b'<?xml version="1.0"?><svg width="9"/>', "SVG drawing"),
        (b"", "is empty"),
        (b"II*\0\x08\0\0\0\x01\0", "a TIFF of a kind that cannot be read"),
        (b"some text", "whatever its name says"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "is a PostScript drawing (EPS)"),
        (b"%PDF-1.7", "is a PDF document"),
        (b"8BPS\0\1", "is a Photoshop picture (PSD)"),
        (b"\0\0\1\0\1\0", "is an icon (ICO)"),
        (b"\1\0\0\0\x6c\0", "is a Windows drawing"),
    ],
)
def test_files_say_what_they_are_whatever_their_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, said: str
) -> None:
    monkeypatch.setattr(signatures, "find_spec", lambda _: None)
    monkeypatch.setattr(features, "check", lambda _: False)
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(PictureError, match=r"a\.jpg ") as raised:
        open_picture(tmp_path / "a.jpg")
    assert said in str(raised.value)
    with pytest.raises(PictureError, match="that was sent") as sent:
        open_picture(content)
    assert said in str(sent.value)


# Whole files that Pillow would read, the first and the last of them by other programs.
OTHER_KINDS = {"EPS": "PostScript", "PDF": "PDF", "ICO": "icon", "PCX": "PCX", "DDS": "texture"}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_no_file_is_read_by_a_kind_that_is_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Pillow reads EPS by starting Ghostscript, on whatever is called .jpg in a gallery."""

    def start(*_: object, **__: object) -> None:
        raise AssertionError("another program was started")

    monkeypatch.setattr(subprocess, "Popen", start)
    file = tmp_path / "a.jpg"
    Image.new("RGB", (32, 32), "red").save(file, kind)
    with pytest.raises(PictureError, match=rf"a\.jpg is an? {OTHER_KINDS[kind]}"):
        open_picture(file)
    assert kind_of(file).media_type == "image/jpeg", "by its suffix, without opening it"

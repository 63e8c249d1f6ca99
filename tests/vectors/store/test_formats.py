"""What people's folders hold: phone photos, animations, bombs."""

import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features
from pixel_encoder import PixelEncoder, make_pictures

from timanh.data import open_picture, open_reduced, signatures
from timanh.errors import PictureError
from timanh.models.preparation import ImagePreparation
from timanh.models.reading import pixel_batches
from timanh.models.torch_encoder import TorchEncoder
from timanh.vectors import VectorDictionary, build_dictionary


def photo(width: int, height: int) -> Image.Image:
    """Areas and edges, so that JPEG has something to do."""
    blocks = np.random.default_rng(0).integers(0, 256, (9, 12, 3), np.uint8)
    return Image.fromarray(blocks).resize((width, height), Image.Resampling.BICUBIC)


def png_of(width: int, height: int) -> bytes:
    """The head of a PNG that promises so many pixels and holds next to nothing."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + kind + content + check

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b""))


def test_bombs_are_refused_by_name_and_the_rest_is_built(tmp_path: Path) -> None:
    gallery = make_pictures(tmp_path / "pictures", 3)
    (gallery / "bomb.png").write_bytes(png_of(60_000, 60_000))
    (gallery / "large.png").write_bytes(png_of(12_000, 12_000))
    report = build_dictionary(gallery, PixelEncoder(), tmp_path / "out", progress=False)
    assert report.count == 3
    assert [skipped.path for skipped in report.skipped] == ["bomb.png", "large.png"]
    assert "bomb.png" in report.skipped[0].reason and "too large" in report.skipped[0].reason
    assert "12000 × 12000 pixels; at most 100 million" in report.skipped[1].reason


def test_a_heic_photo_without_the_plug_in_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = make_pictures(tmp_path / "pictures", 2)
    (gallery / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0 not a whole one")
    monkeypatch.setattr(signatures, "find_spec", lambda _: None)
    report = build_dictionary(gallery, PixelEncoder(), tmp_path / "out", progress=False)
    (skipped,) = report.skipped
    assert "IMG_1.HEIC" in skipped.reason and "pip install pillow-heif" in skipped.reason


@pytest.mark.parametrize("suffix", ["heic", "avif"])
def test_photos_of_phones_are_read(suffix: str, tmp_path: Path) -> None:
    if suffix == "heic":
        pytest.importorskip("pillow_heif")
    elif not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    (tmp_path / "pictures").mkdir()
    photo(200, 120).save(tmp_path / "pictures" / f"a.{suffix}", quality=90)
    report = build_dictionary(
        tmp_path / "pictures", PixelEncoder(), tmp_path / "out", progress=False
    )
    assert (report.count, report.skipped) == (1, ())
    item = VectorDictionary.open(tmp_path / "out").item(0)
    assert (item.width, item.height) == (200, 120)


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_of_an_animation_the_first_frame_counts(suffix: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]
    file = tmp_path / f"moving.{suffix}"
    options = {"lossless": True} if suffix == "webp" else {}
    frames[0].save(file, save_all=True, append_images=frames[1:], **options)
    assert open_picture(file).getpixel((5, 5)) == (255, 0, 0)


@pytest.mark.parametrize("orientation", [1, 6])
def test_large_jpegs_are_decoded_small_and_keep_their_size(
    orientation: int, tmp_path: Path, tiny_encoder: TorchEncoder
) -> None:
    file = tmp_path / "phone.jpg"
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo(4000, 3000).save(file, quality=90, exif=exif)
    assert tiny_encoder.min_decode_side == 96
    (read,) = pixel_batches(tmp_path, ["phone.jpg"], tiny_encoder, 1)
    assert (read.pictures[0].width, read.pictures[0].height) == (
        (4000, 3000) if orientation == 1 else (3000, 4000)
    )
    reduced = open_reduced(file, 96, label="phone.jpg").image
    assert max(reduced.size) == 500, "an eighth"
    whole = tiny_encoder.encode_images([open_picture(file)])
    assert float(whole[0] @ tiny_encoder.encode_prepared(read.pixels)[0]) > 0.999


def test_preparing_is_what_the_formula_says() -> None:
    preparation = ImagePreparation(height=5, width=7)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3), np.uint8)
    wanted = (pixels / 255 - np.array(preparation.mean)) / np.array(preparation.std)
    found = preparation.normalise(pixels)
    np.testing.assert_allclose(found, wanted.transpose(0, 3, 1, 2), atol=1e-5)
    assert found.flags.c_contiguous and found.dtype == np.float32


def test_a_cut_png_is_named(tmp_path: Path) -> None:
    photo(300, 200).save(tmp_path / "cut.png")
    content = (tmp_path / "cut.png").read_bytes()
    with pytest.raises(PictureError, match=r"cut\.png is damaged"):
        open_reduced(content[: len(content) // 2], None, label="cut.png")

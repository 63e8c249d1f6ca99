"""Pictures read ahead: one loop for dictionaries, measures, runtimes and trainings."""

from collections.abc import Callable
from copy import copy
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pixel_encoder import PixelEncoder, make_pictures, unit

from timanh.data import open_data, open_picture
from timanh.evaluation import dev_recall, encode_gallery, measure_runtime_accuracy
from timanh.models import Vectors
from timanh.models.torch_encoder import TorchEncoder
from timanh.training.pixels import cache_pixels
from timanh.vectors import build_dictionary


def test_all_that_read_pictures_see_the_same_pixels(
    tmp_path: Path, tiny_encoder: TorchEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = make_pictures(tmp_path / "photos", 12)
    noise = np.random.default_rng(0).integers(0, 256, (9, 12, 3), np.uint8)
    photo = Image.fromarray(noise).resize((1200, 900))  # decoded at a quarter, unlike the others
    photo.save(photos / "large.jpg")
    (photos / "broken.jpg").write_bytes((photos / "large.jpg").read_bytes()[:9000])
    (photos / "captions.txt").write_text("image,caption\nlarge.jpg,noise\n")
    folder, encoder, other = open_data(photos), tiny_encoder, copy(tiny_encoder)
    readable = [name for name in folder.names if name != "broken.jpg"]
    encode, seen = encoder.encode_prepared, list[NDArray[np.float32]]()

    def record(pixels: NDArray[np.float32]) -> Vectors:
        seen.append(pixels.copy())
        return encode(pixels)

    monkeypatch.setattr(encoder, "encode_prepared", record)

    def pixels_of(work: Callable[[], object]) -> NDArray[np.float32]:
        seen.clear()
        work()
        return np.concatenate(seen)

    indexed = pixels_of(
        lambda: build_dictionary(photos, encoder, tmp_path / "d", batch_size=5, progress=False)
    )
    assert len(indexed) == len(readable) == 13
    whole = encoder.prepare_images([open_picture(photos / "large.jpg")])[0]
    large = indexed[readable.index("large.jpg")]
    assert not np.array_equal(large, whole), "decoded smaller, or this would prove nothing"

    def evaluate() -> None:
        _, kept, skipped = encode_gallery(
            encoder, folder, folder.names, batch_size=4, progress=False
        )
        assert kept == readable and "damaged" in skipped["broken.jpg"]

    measure_dev = dev_recall(folder, folder.names)
    for work in (
        evaluate,
        lambda: measure_dev(encoder),
        lambda: measure_dev(encoder),  # from memory
        lambda: measure_runtime_accuracy(encoder, other, folder),
    ):
        np.testing.assert_array_equal(pixels_of(work), indexed)
    cache = cache_pixels(
        folder, folder.names, encoder.preparation, tmp_path / "cache", progress=False
    )
    assert list(cache.names) == readable and "damaged" in cache.skipped["broken.jpg"]
    np.testing.assert_array_equal(encoder.preparation.normalise(cache.pixels[:13]), indexed)


class Coarse(PixelEncoder):
    """A pixel encoder whose numbers are cut to a few steps."""

    runtime = "steps"

    def encode_prepared(self, pixels: NDArray[np.float32]) -> Vectors:
        return np.stack([unit(np.round(row * 6)) for row in super().encode_prepared(pixels)])


def test_how_much_a_coarser_runtime_still_finds(gallery: Path, tmp_path: Path) -> None:
    make_pictures(tmp_path / "pictures", 60)
    plain = open_data(tmp_path / "pictures")
    same = measure_runtime_accuracy(PixelEncoder(), PixelEncoder(), plain)
    assert same is not None
    assert (same.kept, same.by, same.queries, same.recall) == (1.0, "pictures", 60, None)
    worse = measure_runtime_accuracy(PixelEncoder(), Coarse(), plain)
    assert worse is not None and worse.cosine < 1
    # By hand, from the definition.
    names = [plain.images / name for name in plain.names]
    both = [
        encoder.encode_images([open_picture(name) for name in names])
        for encoder in (PixelEncoder(), Coarse())
    ]
    best = []
    for vectors in both:
        scores = vectors @ vectors.T
        np.fill_diagonal(scores, -2)
        best.append(np.argsort(-scores, axis=1, kind="stable")[:, :10])
    kept = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(*best, strict=True)])
    assert worse.kept == pytest.approx(kept) and 0.3 < kept < 1
    captioned = measure_runtime_accuracy(PixelEncoder(), Coarse(), open_data(gallery))
    assert captioned is not None and captioned.by == "captions" and captioned.queries == 12
    assert "12 captions among 12 of your pictures" in str(captioned)
    assert (
        measure_runtime_accuracy(
            PixelEncoder(), Coarse(), open_data(make_pictures(tmp_path / "p", 4))
        )
        is None
    )

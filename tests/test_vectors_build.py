"""Building a dictionary, again after changes, and after being killed."""

from pathlib import Path

import numpy as np

from timanh.models import Encoder
from timanh.vectors import VectorDictionary, build_dictionary


def test_a_picture_finds_itself_first(gallery: Path, tiny_encoder: Encoder, tmp_path: Path) -> None:
    report = build_dictionary(gallery, tiny_encoder, tmp_path / "out", progress=False)
    dictionary = VectorDictionary.open(tmp_path / "out", tiny_encoder)
    assert (report.added, report.count, len(dictionary)) == (12, 12, 12)
    scores, rows = dictionary.search(dictionary.vectors, k=1)
    np.testing.assert_allclose(scores[:, 0], 1, atol=1e-5)
    assert dictionary.check(tiny_encoder).ok
    assert dictionary.item(0).captions == ("a blue circle", "one circle in blue")
    assert dictionary.item(0).path == "blue_circle_0.jpg"
    assert dictionary.gallery == gallery / "images"

"""Does a search by a caption find the picture that it was written about?"""

from pathlib import Path

import numpy as np
import pytest
from small_captioning import recipe, source, train

from timanh.captioning import load_captioner
from timanh.cli import run
from timanh.data import open_data, open_picture
from timanh.evaluation import own_picture_recall
from timanh.models import load_encoder


def test_only_its_own_picture_is_right(gallery: Path) -> None:
    folder, encoder = open_data(gallery), load_encoder("demo", device="cpu")
    names = folder.names[:6]
    captions = dict(zip(names, ["a red circle"] * 6, strict=True))
    found = own_picture_recall(encoder, folder, captions, progress=False)
    assert (found["model"], found["gallery"]) == (encoder.name, 6)
    # One text ranks six pictures 1 to 6, whichever of them it was written about.
    assert found["captioner"]["R@1"] == pytest.approx(100 / 6, abs=1e-3)
    assert found["captioner"]["R@5"] == pytest.approx(500 / 6, abs=1e-3)
    people = [folder.captions_of(name)[0] for name in names]
    vectors = encoder.encode_texts(people)
    images = encoder.encode_images([open_picture(folder.images / name) for name in names])
    scores = vectors @ images.T
    ranks = (scores >= np.diag(scores)[:, None] - 1e-6).sum(1)
    assert found["human"]["R@1"] == pytest.approx(100 * float((ranks <= 1).mean()), abs=1e-3)


def test_the_command_says_it(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(gallery, source(tmp_path / "tower"), tmp_path / "out", recipe(epochs=1))
    assert load_captioner(tmp_path / "out", device="cpu").languages == ("en",)
    command = ["caption", "evaluate", "--captioner", str(tmp_path / "out"), "--split", "all"]
    assert run([*command, "--data", str(gallery), "--find-with", "demo"]) == 0
    table = capsys.readouterr().out
    assert "finds their own picture among 12, percent" in table and "a person: R@1" in table

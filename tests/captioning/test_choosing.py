"""Which of a picture's sentences comes first."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_captioning import recipe, source, train

from timanh.captioning import load_captioner
from timanh.captioning.captioner import Caption
from timanh.captioning.choosing import agreement, consensus_first
from timanh.captioning.trained import TrainedCaptioner
from timanh.data import open_data, open_picture
from timanh.errors import SettingsError


def opened(gallery: Path) -> list[Any]:
    folder = open_data(gallery)
    return [open_picture(folder.images / name) for name in folder.names]


@pytest.fixture
def trained(gallery: Path, tmp_path: Path) -> Path:
    train(gallery, source(tmp_path / "tower"), tmp_path / "out", recipe(epochs=1))
    return tmp_path / "out"


def test_agreement_is_the_share_of_words_and_pairs_that_texts_have_in_common() -> None:
    # Words: 2 of 3 in both; pairs: 1 of 2 in both. The third shares nothing but with itself.
    shares = agreement(["a red cat", "a red dog", "two birds fly"])
    expected = (1 + (2 / 3 + 1 / 2) / 2) / 3
    assert shares == pytest.approx([expected, expected, 1 / 3])
    assert agreement(["cat"]) == pytest.approx([0.5])  # there is no pair of words
    assert len(agreement([])) == 0


def test_the_consensus_is_likely_and_says_what_the_others_say() -> None:
    def ordered(*chances: float) -> list[str]:
        captions = [
            Caption(text, "en", chance)
            for text, chance in zip(("a man", "a red dog runs", "a red dog", "a red dog jumps"),
                                    chances, strict=True)
        ]  # fmt: skip
        found = consensus_first(captions, length_penalty=0.6)
        assert sorted(one.text for one in found) == sorted(one.text for one in captions)
        return [one.text for one in found]

    assert ordered(-1, -1.1, -1.1, -1.1)[0] == "a red dog"
    assert ordered(-1, -1.1, -1.1, -1.1)[-1] == "a man"
    assert ordered(-0.1, -5, -5, -5)[0] == "a man"  # none of the others is likely
    assert consensus_first([], 0.6) == []


def test_an_encoder_has_its_say() -> None:
    captions = [Caption(text, "en", -1.0) for text in ("a red dog", "a red cat")]
    for best in (0, 1):
        logits = np.eye(2, dtype=np.float32)[best]
        assert consensus_first(captions, 0.6, logits)[0] == captions[best]


def test_a_captioner_gives_its_consensus_first(trained: Path, gallery: Path) -> None:
    likeliest = load_captioner(trained, device="cpu", choose="likeliest")
    consensus = load_captioner(trained, device="cpu", choose="consensus")
    assert consensus.fingerprint != likeliest.fingerprint
    pictures = opened(gallery)
    all_five = likeliest.captions(pictures, count=5)
    wanted = [consensus_first(each, 0.6) for each in all_five]
    assert consensus.captions(pictures, count=5) == wanted
    assert consensus.captions(pictures) == [each[:1] for each in wanted]
    assert consensus.captions(pictures, beams=1, count=1) == likeliest.captions(pictures, beams=1)


def test_the_nearest_of_the_likeliest_comes_first(trained: Path, gallery: Path) -> None:
    likeliest = load_captioner(trained, device="cpu", choose="likeliest")
    nearest = load_captioner(trained, device="cpu", choose="nearest")
    assert isinstance(nearest, TrainedCaptioner) and nearest.source.encoder is not None
    assert nearest.fingerprint != likeliest.fingerprint
    pictures = opened(gallery)
    for picture, one, other in zip(
        pictures, likeliest.captions(pictures, count=5), nearest.captions(pictures, count=5),
        strict=True,
    ):  # fmt: skip
        assert {each.text for each in one} == {each.text for each in other}
        vectors = nearest.source.encoder.encode_texts([each.text for each in other])
        scores = vectors @ nearest.source.encoder.encode_images([picture])[0]
        assert np.all(np.diff(scores) < 1e-5)


def test_balanced_weighs_likelihood_consensus_and_nearness(trained: Path, gallery: Path) -> None:
    likeliest = load_captioner(trained, device="cpu", choose="likeliest")
    balanced = load_captioner(trained, device="cpu", choose="balanced")
    assert isinstance(balanced, TrainedCaptioner) and balanced.source.encoder is not None
    encoder, pictures = balanced.source.encoder, opened(gallery)
    scale = float(encoder.logit_scale.detach().exp())
    for picture, one, other in zip(
        pictures, likeliest.captions(pictures, count=5), balanced.captions(pictures, count=5),
        strict=True,
    ):  # fmt: skip
        cosines = (
            encoder.encode_texts([each.text for each in one])
            @ (encoder.encode_images([picture])[0])
        )
        assert other == consensus_first(one, 0.6, scale * cosines)


def test_the_best_is_balanced_or_else_the_likeliest(trained: Path, gallery: Path) -> None:
    best = load_captioner(trained, device="cpu")
    assert isinstance(best, TrainedCaptioner)
    assert (best.recipe.choose, best.choose) == ("best", "balanced")
    best.source.encoder = None
    best.choose = "best"
    assert best.choose == "likeliest"


def test_where_nothing_says_what_is_nearest_it_is_refused(gallery: Path, tmp_path: Path) -> None:
    tower = source(tmp_path / "tower")
    tower.encoder = None
    train(gallery, tower, tmp_path / "out", recipe(epochs=1))
    for how in ("nearest", "balanced"):
        with pytest.raises(SettingsError, match=f"no text tower fits.* is {how}"):
            load_captioner(tmp_path / "out", device="cpu", choose=how)
    with pytest.raises(SettingsError, match="Unknown choice .worst."):
        load_captioner(tmp_path / "out", device="cpu", choose="worst")

"""The demo captioner: how it is made, put into the package, and how it chooses."""

from pathlib import Path

import pytest
from small_captioning import recipe, source, train

from timanh.captioning import load_captioner
from timanh.captioning.drawn import make_demo_captioner
from timanh.captioning.shipping import ship
from timanh.data import open_picture
from timanh.data.scenes import render, scene_of
from timanh.data.scenes.said import compare
from timanh.errors import ModelFormatError
from timanh.models.shipping import size_of


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("demo")
    small = recipe(decoder="transformer", mirror=False, judge="loss", epochs=1, most_words=48)
    done = make_demo_captioner(place, count=30, recipe=small, workers=1)
    assert (done.pictures, done.captions) == (27, 54)
    return place


def test_it_is_put_into_the_package_in_half_and_read_from_there(made: Path, tmp_path: Path) -> None:
    trained = load_captioner(made / "model", device="cpu")
    assert trained.languages == ("en", "vi")
    place = ship(made / "model", tmp_path / "demo")
    shipped = load_captioner(tmp_path / "demo", device="cpu")
    whole = (made / "model" / "decoder.safetensors").stat().st_size
    assert (
        size_of(place) < 1e6
        and (tmp_path / "demo" / "decoder.safetensors").stat().st_size < 0.6 * whole
    )
    picture = open_picture(next((made / "pictures" / "images").glob("*.jpg")))
    for language in ("en", "vi"):
        one, other = (each.captions([picture], language)[0][0] for each in (trained, shipped))
        assert one.text and other.text
        assert one.log_probability == pytest.approx(other.log_probability, abs=0.05)
    assert not (tmp_path / "demo" / "encoder").exists()  # it is found by its name


def test_another_encoders_captioner_is_not_put_into_the_package(
    gallery: Path, tmp_path: Path
) -> None:
    train(gallery, source(tmp_path / "tower"), tmp_path / "out", recipe(epochs=1))
    with pytest.raises(ModelFormatError, match="looks through the demo encoder"):
        ship(tmp_path / "out", tmp_path / "demo")


def test_the_package_has_one_that_names_what_is_drawn() -> None:
    captioner = load_captioner("demo", device="cpu")
    assert captioner.languages == ("en", "vi") and captioner.name == "demo"
    scenes = [scene_of(index, 91) for index in range(6)]
    for language in captioner.languages:
        written = captioner.captions([render(scene) for scene in scenes], language)
        compared = [
            compare(scene, each[0].text, language)
            for scene, each in zip(scenes, written, strict=True)
        ]
        assert sum(one.main for one in compared) >= 5, written
        assert sum(one.right for one in compared) >= 0.8 * sum(one.named for one in compared), (
            written
        )

"""The checkpoint that comes with the package, on pictures drawn from a seed it has not seen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from timanh.data import open_data
from timanh.data.scenes import draw_gallery, load_truth, matches, render, scene_of
from timanh.evaluation import evaluate
from timanh.models import load_encoder, with_new_heads
from timanh.models.loading import DEMO
from timanh.search import Query, SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchEngine]:
    root = tmp_path_factory.mktemp("demo")
    gallery = draw_gallery(root / "gallery", count=1000, progress=False)
    encoder = load_encoder("demo", device="cpu")
    build_dictionary(gallery, encoder, root / "index", source="demo", progress=False)
    yield SearchEngine(encoder, VectorDictionary.open(root / "index", encoder))


def found(engine: SearchEngine, query: Query) -> list[str]:
    return [hit.path.rsplit("/", 1)[-1] for hit in engine.search(query).hits]


def truth(engine: SearchEngine) -> dict[str, dict[str, object]]:
    gallery = engine.dictionary.gallery
    return load_truth(gallery if (gallery / "truth.json").is_file() else gallery.parent)


def test_it_is_small_enough_to_ship() -> None:
    assert sum(file.stat().st_size for file in DEMO.iterdir()) <= 8_000_000


def test_recall_on_500_unseen_pictures_in_both_languages(tmp_path: Path) -> None:
    gallery = draw_gallery(tmp_path, count=500, seed=77, progress=False)
    encoder = load_encoder("demo", device="cpu")
    recall = {}
    for language, file in (("en", "captions.txt"), ("vi", "captions.vi.txt")):
        folder = open_data(gallery, gallery / file)
        recall[language] = evaluate(encoder, folder, folder.names, progress=False)["t2i"]["R@5"]
    assert recall["en"] >= 85
    assert abs(recall["en"] - recall["vi"]) <= 3


@pytest.mark.parametrize("words", ["a red car", "chiếc ô tô màu đỏ"])
def test_a_red_car_is_found_in_both_languages(engine: SearchEngine, words: str) -> None:
    red = set(matches(truth(engine), kind="car", colour="red"))
    assert sum(name in red for name in found(engine, Query(words))) >= 4


def test_a_picture_finds_itself_and_words_move_it_into_the_night(engine: SearchEngine) -> None:
    known = truth(engine)
    name = matches(known, kind="car", colour="red", light="day")[0]
    gallery = engine.dictionary.gallery
    path = next(path for path in (gallery / name, gallery / "images" / name) if path.is_file())
    picture = Image.open(path).convert("RGB")
    hit = engine.search(Query(None, images=(picture,))).hits[0]
    assert hit.path.endswith(name) and hit.score >= 0.99
    at_night = found(engine, Query("at night", images=(picture,)))
    assert sum(known[name]["light"] == "night" for name in at_night) >= 4


def test_its_towers_take_new_heads() -> None:
    """Pooled by mean and maximum, its picture tower gives twice as many numbers as it has maps."""
    encoder = with_new_heads(load_encoder("demo", device="cpu"), dim=24)
    vectors = encoder.encode_images([render(scene_of(row, 3), 128) for row in range(2)])
    assert vectors.shape == (2, 24)
    assert encoder.encode_texts(["a red car"]).shape == (1, 24)

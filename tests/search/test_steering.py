"""Steering nudges: the words keep their weight, and liked pictures stay where they are."""

from pathlib import Path

import numpy as np
import pytest
from pixel_encoder import PixelEncoder, make_pictures, unit

from timanh.search import Query, SearchEngine
from timanh.search.combining import steer
from timanh.search.sample import GallerySample
from timanh.vectors import VectorDictionary, build_dictionary


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> SearchEngine:
    folder, encoder = tmp_path_factory.mktemp("steering"), PixelEncoder()
    build_dictionary(make_pictures(folder / "g", 60), encoder, folder / "i", progress=False)
    return SearchEngine(encoder, VectorDictionary.open(folder / "i", encoder))


def ids(engine: SearchEngine, query: Query) -> list[str]:
    return [hit.id for hit in engine.search(query).hits]


def test_a_liked_picture_keeps_its_place_on_every_page(engine: SearchEngine) -> None:
    before = ids(engine, Query("red blue", k=30))
    liked = (before[2], before[13], before[25])
    after = ids(engine, Query("red blue", k=30, like=liked))
    assert [after.index(id) for id in liked] == [2, 13, 25]
    assert after != before and len(set(after)) == 30
    pages = [
        id
        for offset in (0, 10, 20)
        for id in ids(engine, Query("red blue", k=10, offset=offset, like=liked))
    ]
    assert pages == after


def test_a_liked_picture_keeps_its_doubles(tmp_path: Path) -> None:
    pictures = make_pictures(tmp_path / "g", 30)
    for name in ("0003.png", "0007.png"):
        (pictures / f"double-{name}").write_bytes((pictures / name).read_bytes())
    encoder = PixelEncoder()
    build_dictionary(pictures, encoder, tmp_path / "i", progress=False)
    engine = SearchEngine(encoder, VectorDictionary.open(tmp_path / "i", encoder))
    before = engine.search(Query("red blue", k=32, fold=0.985)).hits
    folded = [hit for hit in before if hit.doubles]
    assert len(folded) >= 2 and len(before) <= 30
    for chosen in folded:
        for liked in (chosen.id, *chosen.doubles):  # the one that is shown, or one folded into it
            after = engine.search(Query("red blue", k=32, fold=0.985, like=(liked,))).hits
            assert {hit.id for hit in after} == {hit.id for hit in before}
            (same,) = (hit for hit in after if hit.id == chosen.id)
            assert same.doubles == chosen.doubles and same.rank == chosen.rank


def test_what_was_liked_weighs_far_less_than_the_query(engine: SearchEngine) -> None:
    usual = engine.sample(engine.dictionary)
    query = engine.encode_texts(["red blue"])[0]
    like = engine.dictionary.vectors_of(np.array([7]))
    nothing = np.zeros((0, len(query)), np.float32)
    moved = steer(query, like, nothing, usual=usual)
    share = usual.spread(moved - (moved @ query) * query) / usual.spread((moved @ query) * query)
    assert 0.02 < share < 0.2
    assert (like[0] @ moved) > (like[0] @ query)
    away = steer(query, nothing, like, usual=usual)
    assert (like[0] @ away) < (like[0] @ query)


def test_pictures_alone_are_searched_by_as_before() -> None:
    one, other = (unit(np.random.default_rng(seed).standard_normal(8)) for seed in (1, 2))
    found = steer(None, one[None], other[None])
    assert found == pytest.approx(unit(0.75 * one - 0.25 * other), abs=1e-6)


def test_a_gallery_of_one_can_be_steered_in(tmp_path: Path) -> None:
    encoder = PixelEncoder()
    build_dictionary(make_pictures(tmp_path / "g", 1), encoder, tmp_path / "i", progress=False)
    engine = SearchEngine(encoder, VectorDictionary.open(tmp_path / "i", encoder))
    id = engine.dictionary.item(0).id
    assert ids(engine, Query("red", like=(id,))) == [id]
    assert len(GallerySample.of(engine.dictionary).rows) == 1

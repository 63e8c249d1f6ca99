"""Mixing text and picture, and the engine around it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pixel_encoder import PixelEncoder, Recorder, make_pictures, unit

from timanh.data import open_picture
from timanh.errors import (
    ContradictionError,
    DictionaryError,
    EmptyQueryError,
    EncoderMismatchError,
    QueryError,
)
from timanh.models import Encoder, Vectors
from timanh.search import Query, SearchEngine, Translator, combine_query
from timanh.vectors import VectorDictionary, build_dictionary

X, Y, Z = np.eye(3, dtype=np.float32)
HALF = float(np.sqrt(0.5))


# combine_query


def test_neither_is_an_error() -> None:
    for images in (None, np.zeros((0, 3), np.float32), []):
        with pytest.raises(EmptyQueryError, match="Write a few words"):
            combine_query(None, images)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan"), float("inf"), "much", None])
def test_alpha_outside_its_range_is_refused(alpha: float) -> None:
    with pytest.raises(QueryError, match="alpha is"):
        combine_query(X, Y[None], alpha)


@pytest.mark.parametrize(
    ("text", "images", "alpha"),
    [
        (X, -X[None], 0.5),
        (None, np.stack([X, -X]), 0.5),
        (np.zeros(3, np.float32), None, 0.5),
        (X, np.zeros((1, 3), np.float32), 0.5),
    ],
)
def test_vectors_that_cancel_out_are_refused(text: Vectors, images: Vectors, alpha: float) -> None:
    with pytest.raises(ContradictionError, match="cancels out"):
        combine_query(text, images, alpha)


def test_numbers_that_are_not_finite_and_other_lengths_are_refused() -> None:
    with pytest.raises(QueryError, match="not finite"):
        combine_query(np.array([np.nan, 0, 1], np.float32), None)
    with pytest.raises(QueryError, match="3 numbers, the picture's 4"):
        combine_query(X, np.ones((1, 4), np.float32))


@pytest.mark.parametrize(
    ("text", "images", "alpha", "wanted"),
    [
        (X, None, 0.1, X),
        (None, Y[None], 0.9, Y),
        (None, Y, 0.9, Y),
        (X, Y[None], 1.0, X),
        (X, Y[None], 0.0, Y),
        (X, Y[None], 0.5, [HALF, HALF, 0]),
        (X, Y[None], 0.6, [0.6 / np.hypot(0.6, 0.4), 0.4 / np.hypot(0.6, 0.4), 0]),
        (None, np.stack([X, Y]), 0.6, [HALF, HALF, 0]),
        # Two pictures weigh as much as one: their mean is brought to unit length first.
        (Z, np.stack([X, Y]), 0.5, [0.5, 0.5, HALF]),
        # A picture's length says nothing about its weight.
        (None, np.stack([9 * X, Y]), 0.6, [HALF, HALF, 0]),
    ],
)
def test_weights_by_hand(
    text: Vectors | None, images: Vectors | None, alpha: float, wanted: Sequence[float]
) -> None:
    mixed = combine_query(text, images, alpha)
    assert mixed.dtype == np.float32 and mixed.shape == (3,)
    np.testing.assert_allclose(mixed, wanted, atol=1e-6)


def test_the_default_weight_of_the_text_is_six_tenths() -> None:
    np.testing.assert_array_equal(combine_query(X, Y[None]), combine_query(X, Y[None], 0.6))


@given(seed=st.integers(0, 2**16), low=st.floats(0, 1), high=st.floats(0, 1))
def test_more_weight_is_never_further_away(seed: int, low: float, high: float) -> None:
    random = np.random.default_rng(seed)
    text, image = (unit(row) for row in random.standard_normal((2, 6)))
    low, high = sorted((low, high))
    less, more = (combine_query(text, image[None], alpha) for alpha in (low, high))
    assert abs(float(np.linalg.norm(less)) - 1) < 1e-6
    assert float(less @ text) <= float(more @ text) + 1e-5
    assert float(less @ image) >= float(more @ image) - 1e-5


# Query


@pytest.mark.parametrize("text", [None, "", "  \t\n", "\u3000"])
def test_blank_text_is_no_text(text: str | None) -> None:
    with pytest.raises(EmptyQueryError):
        Query(text).checked()
    assert Query(text, (Image.new("RGB", (4, 4)),)).checked().text is None


@pytest.mark.parametrize("k", [0, -3, 2.0, True, "5"])
def test_k_must_be_a_number_of_pictures(k: int) -> None:
    with pytest.raises(QueryError, match="k is"):
        Query("dog", k=k).checked()


def test_letters_are_composed_and_blanks_cut() -> None:
    assert Query("  o\u0302 to\u0302\n").checked().text == "ô tô"


# The engine


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    make_pictures(folder / "pictures", 12)
    build_dictionary(folder / "pictures", PixelEncoder(), folder / "out", progress=False)
    return folder


@pytest.fixture
def dictionary(folder: Path) -> VectorDictionary:
    return VectorDictionary.open(folder / "out")


def test_an_engine_with_another_encoder_is_refused(dictionary: VectorDictionary) -> None:
    with pytest.raises(EncoderMismatchError):
        SearchEngine(PixelEncoder(seed=3), dictionary)


def test_a_picture_of_the_gallery_comes_first(dictionary: VectorDictionary) -> None:
    engine = SearchEngine(PixelEncoder(), dictionary)
    picture = open_picture(dictionary.gallery / "0007.png")
    found = engine.search(Query(None, (picture,), k=3))
    assert [hit.rank for hit in found.hits] == [1, 2, 3]
    first = found.hits[0]
    assert (first.path, first.width, first.height) == ("0007.png", 48, 36)
    assert first.score > 0.9999 and first.score <= 1
    assert first.id == dictionary.item(7).id
    assert found.query.text is None and found.query.language is None and found.query.images == 1
    assert set(found.took_ms) == {"translate", "encode", "search", "total"}
    assert sum(found.took_ms.values()) <= 2 * found.took_ms["total"] + 0.01


def test_text_and_picture_are_mixed_by_alpha(dictionary: VectorDictionary) -> None:
    encoder = PixelEncoder()
    engine = SearchEngine(encoder, dictionary)
    picture = open_picture(dictionary.gallery / "0002.png")
    mixed = combine_query(encoder.encode_texts(["a dog"])[0], encoder.encode_images([picture]), 0.3)
    scores, rows = dictionary.search(mixed, 4)
    found = engine.search(Query(" a dog ", (picture,), 0.3, 4))
    assert [hit.path for hit in found.hits] == [dictionary.item(row).path for row in rows[0]]
    np.testing.assert_allclose([hit.score for hit in found.hits], scores[0], atol=1e-6)


def test_more_hits_than_pictures(dictionary: VectorDictionary) -> None:
    assert len(SearchEngine(PixelEncoder(), dictionary).search(Query("dog", k=99)).hits) == 12


VIETNAMESE = "con chó trên bãi biển"


def test_an_encoder_that_knows_the_language_is_given_it(dictionary: VectorDictionary) -> None:
    encoder = Recorder("en", "vi")
    translated: list[str] = []
    translator = Translator(lambda text: translated.append(text) or "a dog on the beach")
    found = SearchEngine(encoder, dictionary, translator).search(Query(VIETNAMESE))
    assert (encoder.texts, translated) == ([VIETNAMESE], [])
    understood = found.query
    assert (understood.language, understood.translated, understood.notice) == ("vi", None, None)


def test_telex_is_read_as_the_marks_that_were_meant(dictionary: VectorDictionary) -> None:
    encoder = Recorder("en", "vi")
    engine = SearchEngine(encoder, dictionary)
    found = engine.search(Query("con mefo"))
    assert encoder.texts == ["con mèo"]
    assert (found.query.language, found.query.translated) == ("vi", "con mèo")
    assert found.query.translator == "telex"
    assert engine.search(Query("con mefo", as_written=True)).query.translated is None
    assert encoder.texts[1:] == ["con mefo"]
    english = Recorder("en")
    asked: list[str] = []
    translator = Translator(lambda text: asked.append(text) or "a cat")
    found = SearchEngine(english, dictionary, translator).search(Query("con mefo"))
    assert (asked, english.texts, found.query.translated) == (["con mèo"], ["a cat"], "a cat")


def test_marks_are_restored_for_an_encoder_that_needs_them(dictionary: VectorDictionary) -> None:
    encoder = Recorder("en", "vi")
    found = SearchEngine(encoder, dictionary).search(Query("con meo den khong co cho"))
    assert encoder.texts[0] == "con mèo đen"
    assert (found.query.translated, found.query.translator) == ("con mèo đen", "marks")
    assert found.query.without == "chó"
    encoder = Recorder("en", "vi")
    engine = SearchEngine(encoder, dictionary)
    assert engine.search(Query("con meo den", as_written=True)).query.translated is None
    assert encoder.texts == ["con meo den"]
    encoder = Recorder("en", "vi")
    encoder.reads_unmarked = True
    assert SearchEngine(encoder, dictionary).search(Query("con meo den")).query.translated is None
    assert encoder.texts == ["con meo den"]
    english, texts = Recorder("en"), list[str]()
    translator = Translator(lambda text: texts.append(text) or "a black cat")
    SearchEngine(english, dictionary, translator).search(Query("con meo den"))
    assert texts == ["con meo den"]


def test_another_language_is_translated(dictionary: VectorDictionary) -> None:
    encoder = Recorder("en")
    engine = SearchEngine(encoder, dictionary, Translator(lambda text: "a dog on the beach"))
    found = engine.search(Query(VIETNAMESE))
    assert encoder.texts == ["a dog on the beach"]
    assert found.query.translated == "a dog on the beach"
    assert found.query.text == VIETNAMESE
    engine.search(Query("a cat"))
    assert encoder.texts[1:] == ["a cat"]


def test_without_a_translation_the_query_goes_on_and_says_so(dictionary: VectorDictionary) -> None:
    def offline(text: str) -> str:
        raise ConnectionError("no network")

    for translator in (None, Translator(offline)):
        encoder = Recorder("en")
        found = SearchEngine(encoder, dictionary, translator).search(Query(VIETNAMESE))
        assert encoder.texts == [VIETNAMESE]
        assert found.query.translated is None and "as written" in (found.query.notice or "")
        assert len(found.hits) == 5


def test_many_threads_at_once(dictionary: VectorDictionary) -> None:
    encoder = Recorder("en")
    engine = SearchEngine(encoder, dictionary)
    queries = [Query(f"word{number}", k=12) for number in range(40)]
    alone = [engine.search(query).hits for query in queries]
    with ThreadPoolExecutor(8) as pool:
        assert [found.hits for found in pool.map(engine.search, queries)] == alone


def test_weights_that_give_nan_are_reported(dictionary: VectorDictionary) -> None:
    encoder = PixelEncoder()
    engine = SearchEngine(encoder, dictionary)
    encoder._matrix[:] = np.nan
    with pytest.raises((QueryError, DictionaryError), match="finite"):
        engine.search(Query(None, (Image.new("RGB", (8, 8)),)))


def test_with_a_clip_of_transformers(gallery: Path, tiny_encoder: Encoder, tmp_path: Path) -> None:
    build_dictionary(gallery, tiny_encoder, tmp_path / "out", progress=False)
    engine = SearchEngine(tiny_encoder, VectorDictionary.open(tmp_path / "out", tiny_encoder))
    picture = open_picture(gallery / "images" / "red_circle_0.jpg")
    assert engine.search(Query(None, (picture,))).hits[0].path == "red_circle_0.jpg"
    assert len(engine.search(Query("a red circle", (picture,))).hits) == 5

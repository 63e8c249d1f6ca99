"""How the engine reads the words of a query: language, translation, what is excluded."""

from pathlib import Path

import pytest
from pixel_encoder import PixelEncoder, Recorder, make_pictures

from timanh.errors import OnlyExcludedError
from timanh.search import Query, SearchEngine, Translator
from timanh.vectors import VectorDictionary, build_dictionary


@pytest.fixture(scope="module")
def dictionary(tmp_path_factory: pytest.TempPathFactory) -> VectorDictionary:
    folder = tmp_path_factory.mktemp("words")
    gallery: Path = make_pictures(folder / "pictures", 12)
    build_dictionary(gallery, PixelEncoder(), folder / "out", progress=False)
    return VectorDictionary.open(folder / "out")


def test_words_without_marks_go_to_the_translator_as_vietnamese(
    dictionary: VectorDictionary,
) -> None:
    translated: list[str] = []
    translator = Translator(lambda text: translated.append(text) or "a black cat")
    found = SearchEngine(Recorder("en"), dictionary, translator).search(Query("con meo den"))
    assert translated == ["con meo den"]
    assert (found.query.language, found.query.translated) == ("vi", "a black cat")
    SearchEngine(Recorder("en"), dictionary, translator).search(Query("crème brûlée"))
    assert len(translated) == 1


def test_what_is_excluded_is_translated_and_kept_away_from(dictionary: VectorDictionary) -> None:
    encoder = Recorder("en")
    words = {"người đàn ông": "a man", "mũ": "a hat"}
    engine = SearchEngine(encoder, dictionary, Translator(words.__getitem__))
    found = engine.search(Query("người đàn ông không đội mũ"))
    assert sorted(encoder.texts) == ["a hat", "a man"]
    query = found.query
    assert (query.text, query.wanted) == ("người đàn ông không đội mũ", "người đàn ông")
    assert (query.excluded, query.without, query.translated) == (("mũ",), "a hat", "a man")
    by_hand = engine.search(Query("người đàn ông", without="mũ"))
    assert found.hits == by_hand.hits
    whole = SearchEngine(Recorder("en", "vi"), dictionary)
    reply = whole.search(Query("người đàn ông không đội mũ", as_written=True)).query
    assert (reply.excluded, reply.wanted, reply.without) == ((), None, None)
    assert whole.encoder.texts == ["người đàn ông không đội mũ"]  # type: ignore[attr-defined]


def test_nothing_but_exclusions_asks_for_more(dictionary: VectorDictionary) -> None:
    engine = SearchEngine(Recorder("en", "vi"), dictionary)
    with pytest.raises(OnlyExcludedError, match=r"\(mũ\)\. Write what should be there too"):
        engine.search(Query("không có mũ"))
    liked = engine.search(Query("-hat", like=(dictionary.item(3).id,)))
    assert liked.query.without == "hat" and len(liked.hits) == 5
    whole = engine.search(Query("-hat", as_written=True))
    assert whole.query.words == "-hat"


def test_the_language_of_a_query_is_looked_at_once(
    dictionary: VectorDictionary, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(
        "timanh.search.reading.detect_language", lambda text: looked.append(text) or "vi"
    )
    engine = SearchEngine(Recorder("en"), dictionary, Translator(lambda text: "a dog"))
    engine.search(Query("con chó -mèo", without="trời mưa"))
    assert looked == ["con chó -mèo trời mưa"]

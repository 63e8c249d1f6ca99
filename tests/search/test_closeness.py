"""Words for how close a hit is hold what they promise, whatever encoder and gallery there are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pixel_encoder import PixelEncoder, unit

from timanh.models import Vectors
from timanh.search import Hit, Query, SearchEngine
from timanh.search.closeness import stored
from timanh.search.closeness.judging import KindCalibration
from timanh.search.closeness.keeping import CalibrationKeeper
from timanh.search.closeness.written_queries import length_of, written_queries
from timanh.search.query import Understood
from timanh.vectors import Item, VectorDictionary, item_id
from timanh.vectors.build.build import new_manifest
from timanh.vectors.store.writer import DictionaryWriter

COLOURS = ("red", "green", "blue", "white", "black", "brown", "pink", "grey")
THINGS = (
    "dog", "cat", "horse", "boat", "chair", "tree", "train", "kite", "tent", "cup", "bird", "fish",
)  # fmt: skip
PLACES = ("beach", "meadow", "forest", "street", "room", "lake")


class WordEncoder(PixelEncoder):
    """Texts by their words, of which some count less, as in a model that was trained."""

    def __init__(self, noise: float = 0.5) -> None:
        super().__init__(dim=48)
        self.noise = noise

    def encode_texts(self, texts: Sequence[str], *, batch_size: int = 64) -> Vectors:
        heavy = [text.lower().replace(" a ", " ").split() for text in texts]
        return np.stack([unit(sum(self._weighed(word) for word in words)) for words in heavy])

    def _weighed(self, word: str) -> Vectors:
        return self._word(word) * np.float32(0.1 if word in ("a", "the", "on", "in", "of") else 1)

    def picture(self, words: Sequence[str], random: np.random.Generator) -> Vectors:
        """A picture that shows these, and other things that nobody speaks of."""
        noise = random.standard_normal(self.dim) * self.noise * np.sqrt(len(words))
        return unit(sum(map(self._word, words)) + noise)


def make_engine(folder: Path, count: int = 300, *, captions: bool = True) -> SearchEngine:
    encoder, random = WordEncoder(), np.random.default_rng(1)
    items, vectors = [], []
    for number in range(count):
        shown = [str(random.choice(words)) for words in (COLOURS, THINGS, PLACES)]
        texts = (f"a {shown[0]} {shown[1]} on the {shown[2]}", f"{shown[1]} in {shown[2]}")
        name = f"{'-'.join(shown)}-{number}.jpg"
        items.append(
            Item(
                item_id(name), name, texts if captions else (), 4, 3, 9, 0.0, f"{number:032x}", 0.0
            )
        )
        vectors.append(encoder.picture(shown, random))
    folder.mkdir()
    writer = DictionaryWriter(folder, new_manifest(folder, encoder, folder, ""))
    writer.append(np.stack(vectors), items)
    return SearchEngine(encoder, VectorDictionary.open(folder, encoder))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> SearchEngine:
    engine = make_engine(tmp_path_factory.mktemp("closeness") / "i")
    engine.calibration.measure(engine.dictionary)
    return engine


def is_right(hit: Hit, words: Sequence[str]) -> bool:
    return set(words) <= set(hit.path.split("-"))


def short_queries() -> list[list[str]]:
    return [*([thing] for thing in THINGS), *([c, t] for c in COLOURS for t in THINGS[:6])]


def test_of_very_close_pictures_nine_in_ten_are_right(engine: SearchEngine) -> None:
    found: dict[str | None, list[bool]] = {}
    for words in short_queries():
        for hit in engine.search(Query(" ".join(words), k=30)).hits:
            found.setdefault(hit.closeness, []).append(is_right(hit, words))
    shares = {closeness: float(np.mean(right)) for closeness, right in found.items()}
    assert len(found["very"]) > 30 and shares["very"] >= 0.9, shares
    assert shares["very"] > shares["close"] > shares["loose"] > shares["far"], shares


def test_nothing_is_close_to_what_is_not_there_and_something_to_what_is(
    engine: SearchEngine,
) -> None:
    there = [engine.search(Query(thing, k=5)).nothing_close for thing in (*THINGS, *COLOURS)]
    absent = [f"{one} {two}" for one in ("zebra", "piano", "wedding") for two in ("cake", "song")]
    away = [engine.search(Query(text, k=5)) for text in absent]
    assert there.count(True) <= 1
    assert [one.nothing_close for one in away].count(True) >= 5
    weak = next(one for one in away if one.nothing_close)
    assert {hit.closeness for hit in weak.hits} == {"far"}


def test_how_close_a_picture_is_hangs_on_no_page_and_no_steering(
    engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether anything is close was taken from the page's own best hit."""
    calibration = engine.calibration.get(engine.dictionary)
    assert calibration is not None
    kind, whole = calibration.texts["en"], engine.search(Query("horse", k=30)).hits
    # Only the very best reaches what is wanted.
    weak = (whole[0].score - 1e-4,) * len(kind.weak)
    monkeypatch.setitem(vars(kind), "weak", weak)
    known = {hit.id: hit.closeness for hit in engine.search(Query("horse", k=30)).hits}
    assert {known[hit.id] for hit in whole[5:10]} - {"far"}, "some of the second page are close"
    for offset in range(0, 30, 5):
        page = engine.search(Query("horse", k=5, offset=offset)).hits
        assert [hit.closeness for hit in page] == [known[hit.id] for hit in page]
    steered = engine.search(Query("horse", k=30, unlike=(whole[0].id,))).hits
    assert whole[0].id not in [hit.id for hit in steered[:1]]
    assert all(known.get(hit.id, hit.closeness) == hit.closeness for hit in steered)


def test_vietnamese_typed_without_marks_is_judged_as_vietnamese(
    engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    calibration = engine.calibration.get(engine.dictionary)
    assert calibration is not None
    read: list[str] = []

    class Languages(dict[str, KindCalibration]):
        def get(self, language: str, default: Any = None) -> Any:
            read.append(language)
            return super().get(language, default)

    monkeypatch.setitem(vars(calibration), "texts", Languages(calibration.texts))
    for translator in ("marks", "telex", "google"):
        understood = Understood("con meo den", "con mèo đen", "vi", 0.5, 0, translator=translator)
        engine.answer([Query("con meo den").checked()], [understood])
    assert read == ["vi", "vi", "en"]


def test_without_captions_everyday_words_are_measured_by(tmp_path: Path) -> None:
    engine = make_engine(tmp_path / "i", captions=False)
    engine.calibration.measure(engine.dictionary)
    known = engine.calibration.get(engine.dictionary)
    assert known is not None and not known.written
    found = [
        is_right(hit, words)
        for words in short_queries()
        for hit in engine.search(Query(" ".join(words), k=10)).hits
        if hit.closeness == "very"
    ]
    assert len(found) > 30 and np.mean(found) >= 0.9


def test_it_is_kept_beside_the_dictionary_and_measured_again_only_when_it_must_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(tmp_path / "i", 60)
    assert engine.search(Query("dog")).hits[0].closeness is None
    engine.calibration.measure(engine.dictionary)
    before = engine.search(Query("dog"))
    again = SearchEngine(engine.encoder, VectorDictionary.open(tmp_path / "i"))
    with monkeypatch.context() as patch:
        patch.setattr(WordEncoder, "encode_texts", None)  # nothing is measured
        again.calibration.measure(again.dictionary)
    after = again.search(Query("dog"))
    assert [hit.closeness for hit in after.hits] == [hit.closeness for hit in before.hits]
    other = WordEncoder()
    other.fingerprint, other.name = engine.encoder.fingerprint, "other words"
    monkeypatch.setattr(WordEncoder, "text_fingerprint", "other")
    keeper = CalibrationKeeper(other, other.encode_texts, engine.sample)
    keeper.measure(engine.dictionary)
    known = keeper.get(engine.dictionary)
    assert known is not None and known.fingerprint.endswith("-other")
    (tmp_path / "i" / stored.FILE).write_text('{"format": "something else"}')
    assert stored.load(tmp_path / "i") is None


def test_pictures_and_both_are_judged_and_a_small_gallery_is_not(
    engine: SearchEngine, tmp_path: Path
) -> None:
    id = engine.dictionary.item(0).id
    alone = engine.search(Query(pictures=(id,), k=5))
    both = engine.search(Query("dog", pictures=(id,), k=5))
    for found in (alone, both):
        assert found.nothing_close in (True, False)
        assert all(hit.closeness is not None for hit in found.hits)
    assert engine.search(Query("dog", like=(id,))).nothing_close is None
    assert engine.search(Query("dog", offset=5)).nothing_close is None
    small = make_engine(tmp_path / "small", 12)
    small.calibration.measure(small.dictionary)
    assert small.search(Query("dog")).hits[0].closeness is None
    assert not small.calibration.is_wanted(small.dictionary)


def test_pieces_of_captions_have_all_pictures_right_that_have_their_words() -> None:
    captions = [[f"a {c} dog on the beach", f"the {c} one"] for c in COLOURS for _ in range(5)]
    captions += [[f"the cat number{n} sits in a room"] for n in range(60)] + [[]] * 3
    for query in written_queries(captions, np.random.default_rng(0)):
        words = set(query.text.split())
        right = [
            row
            for row, each in enumerate(captions)
            if any(words <= set(caption.split()) for caption in each)
        ]
        assert query.right.tolist() == right and len(words) <= query.words
        assert query.text not in ("a", "the", "on the")


@pytest.mark.parametrize("long", [0, 5])
def test_short_captions_make_queries_of_every_length_that_they_have(long: int) -> None:
    random = np.random.default_rng(2)
    captions = [
        [f"{random.choice(COLOURS)} {random.choice(THINGS)} at {random.choice(PLACES)} {n % 90}"]
        for n in range(400)
    ]
    captions += [[f"an old man number{n} walks with a dog along the sea"] for n in range(long)]
    queries = written_queries(captions, np.random.default_rng(0))
    made = [sum(length_of(query.words) == place for query in queries) for place in range(4)]
    assert made[:2] == [60, 60] and made[2] >= 50 and made[3] <= long


def test_a_picture_of_several_is_right_for_a_query_for_one() -> None:
    captions = [[f"a {'car' if n % 2 else 'cars'} near house{n}"] for n in range(20)]
    captions += [
        [f"the bus of the glass stands at the wall of an old house number{n}"] for n in range(200)
    ]
    queries = written_queries(captions, np.random.default_rng(0), each=400)
    found = [query for query in queries if set(query.text.split()) <= {"a", "car", "cars", "near"}]
    assert found and all(query.right.tolist() == list(range(20)) for query in found)
    assert not {"bu", "glas"} & {word for query in queries for word in query.text.split()}

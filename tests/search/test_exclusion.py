"""What should not be in the picture, read out of the words: the noun phrase and no more."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pixel_encoder import PixelEncoder

from timanh.search import Query, SearchEngine, Translator, split_excluded
from timanh.search.reading import read
from timanh.vectors import VectorDictionary

ENGLISH = [
    ("a man without a hat", "a man", ["hat"]),
    ("a man without a hat in the rain", "a man in the rain", ["hat"]),
    ("a street without any cars, at night", "a street, at night", ["cars"]),
    ("cats without dogs but with a ball", "cats but with a ball", ["dogs"]),
    ("a dog without a collar runs through the grass", "a dog runs through the grass", ["collar"]),
    ("a man with no shirt on climbing rocks", "a man climbing rocks", ["shirt"]),
    ("a man who is not wearing a helmet riding a bike", "a man riding a bike", ["helmet"]),
    ("a child who doesn't have a toy", "a child", ["toy"]),
    ("a beach with no one on it", "a beach", ["people"]),
    ("a beach, no people", "a beach", ["people"]),
    ("a girl without shoes or socks on a bench", "a girl on a bench", ["shoes", "socks"]),
    ("a room without windows and doors", "a room", ["windows", "doors"]),
    ("a beach without people, umbrellas or boats", "a beach", ["people", "umbrellas", "boats"]),
    ("a beach without people, dogs, and boats", "a beach", ["people", "dogs", "boats"]),
    ("a man without a hat, shoes, or a shirt on a horse", "a man on a horse",
     ["hat", "shoes", "shirt"]),
    ("a man without a hat, in the rain or snow", "a man, in the rain or snow", ["hat"]),
    ("a dog without a collar, wet or dry", "a dog, wet or dry", ["collar"]),
    ("a dog without a collar, running or sitting", "a dog, running or sitting", ["collar"]),
    ("a beach without people, a boat", "a beach, a boat", ["people"]),
    ("a road with no cars and no people", "a road", ["cars", "people"]),
    ("a road without cars or no people", "a road", ["cars", "people"]),
    ("a man without a hat and a dog in the park", "a man and a dog in the park", ["hat"]),
    ("a man without a yellow swimming cap in a pool", "a man in a pool", ["yellow swimming cap"]),
    ("a kitchen without a lot of light", "a kitchen", ["light"]),
    ("everything except the red car", "everything", ["red car"]),
    ("two dogs, not a cat", "two dogs", ["cat"]),
    ("a man, but no children, on a beach", "a man, on a beach", ["children"]),
    ('a man without "red hat" there', "a man there", ["red hat"]),
    ("A MAN WITHOUT A HAT", "A MAN", ["HAT"]),
    ("no people", None, ["people"]),
    ("No cars in the street", "in the street", ["cars"]),
    ("no people, a beach", "a beach", ["people"]),
    ("no one on the beach", "on the beach", ["people"]),
    ("nobody", None, ["people"]),
    ("a beach with nobody on it", "a beach", ["people"]),
    ("a street, nobody around, at night", "a street, at night", ["people"]),
]  # fmt: skip
VIETNAMESE = [
    ("người đàn ông không có mũ", "người đàn ông", ["mũ"]),
    ("người đàn ông không đội mũ đứng trên bãi biển", "người đàn ông đứng trên bãi biển", ["mũ"]),
    ("người phụ nữ không đeo kính đang cười", "người phụ nữ đang cười", ["kính"]),
    ("cậu bé không mặc áo chạy trên bãi biển", "cậu bé chạy trên bãi biển", ["áo"]),
    ("mọi con vật trừ chó", "mọi con vật", ["chó"]),
    ("bãi biển không có người, ô hay thuyền", "bãi biển", ["người", "ô", "thuyền"]),
    ("con đường không có xe và không có người", "con đường", ["xe", "người"]),
    ("con chó chứ không phải con mèo", "con chó", ["con mèo"]),
    ("tất cả hoa ngoại trừ hoa hồng đỏ trong vườn", "tất cả hoa trong vườn", ["hoa hồng đỏ"]),
    ("bãi biển không có ai cả", "bãi biển", ["người"]),
    ("căn phòng không có cửa ra vào", "căn phòng", ["cửa ra vào"]),
    ("khu vườn không có hoa hoặc cây", "khu vườn", ["hoa", "cây"]),
    ("Không có mũ, người đàn ông", "người đàn ông", ["mũ"]),
    ("nguoi dan ong khong doi mu dung tren bai bien", "nguoi dan ong dung tren bai bien", ["mu"]),
    ("người phụ nữ không che ô dưới mưa", "người phụ nữ dưới mưa", ["ô"]),
    ("con duong khong co xe vao ban dem", "con duong vao ban dem", ["xe"]),
    ("bãi biển không người", "bãi biển", ["người"]),
    ("bai bien khong nguoi", "bai bien", ["nguoi"]),
    ("con phố không người qua lại", "con phố", ["người"]),
    ("người đàn ông không mũ đứng trên bãi biển", "người đàn ông đứng trên bãi biển", ["mũ"]),
    ("bữa ăn thiếu rau", "bữa ăn", ["rau"]),
    ("con phố vắng bóng người vào ban đêm", "con phố vào ban đêm", ["người"]),
    ("quán cà phê vắng khách", "quán cà phê", ["khách"]),
]
MINUS = [
    ("dog -snow", "dog", ["snow"]),
    ('beach -"red boat" at night', "beach at night", ["red boat"]),
    ("tháp -“người đi bộ”", "tháp", ["người đi bộ"]),
    ("dog -T-shirt.", "dog.", ["T-shirt"]),
    ("a dog (-cat)", "a dog", ["cat"]),
    ("a dog (-cat -bird) outside", "a dog outside", ["cat", "bird"]),
    ("a dog –cat", "a dog", ["cat"]),
    ("a dog −cat −“red ball”", "a dog", ["cat", "red ball"]),
    ('grade -"A"', "grade", ["A"]),
    ("a man -hat without shoes", "a man", ["hat", "shoes"]),
]
LEFT_ALONE = [
    "-5°C", "a thermometer at -5°C", "ngoài trời -5°C", "-10", "-3.5 m", "10-20 people",
    "2020-01-31", "2 - 1 dogs", "a T-shirt", "well-known man", "man - hat", "sun – moon", "--hat",
    "a no parking sign", "no smoking", "a street, no parking sign", "outside", "withoutabox",
    "a bird flying without flapping its wings", "thuốc trừ sâu", "không gian rộng",
    "máy bay trên không có mây", "hàng không", "size -L", "blood type -A", "iPhone -X, black",
    "−5°C", "no entry", "no dogs allowed", "no parking sign", "nobody's dog",
    "a pool where nobody swims",
    "máy bay không người lái", "không quân", "bộ đội không quân", "áo không tay", "thiếu nữ áo dài",
    "thiếu nhi", "con phố vắng", "vắng vẻ", "thuc an khong cay",
    "có chó không", "without", "trừ", "a hat -",
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted", "excluded"), [*ENGLISH, *VIETNAMESE, *MINUS])
def test_only_the_noun_phrase_is_excluded(
    text: str, wanted: str | None, excluded: list[str]
) -> None:
    assert split_excluded(text) == (wanted, tuple(excluded))


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_numbers_hyphens_ranges_dates_and_signs_are_left_alone(text: str) -> None:
    assert split_excluded(text) == (text, ())


@given(st.lists(st.sampled_from([*"ab -,.'5ôđ\"", " without ", " không có ", " or ", " -"])))
def test_any_text_is_read_and_no_word_is_made_up(pieces: list[str]) -> None:
    text = "".join(pieces)
    wanted, excluded = split_excluded(text)
    assert excluded or wanted == text
    assert all(phrase.strip() and phrase in text for phrase in excluded)


def test_a_long_text_is_read_in_time() -> None:
    began = time.process_time()
    split_excluded("without a hat or " * 1000)
    assert time.process_time() - began < 2


def test_what_is_read_of_a_query() -> None:
    reading = read(Query("người đàn ông không có mũ", without="ô tô").checked())
    assert (reading.language, reading.wanted) == ("vi", "người đàn ông")
    assert (reading.excluded, reading.without) == (("mũ",), "ô tô, mũ")
    whole = read(Query("a man without a hat", as_written=True).checked())
    assert (whole.wanted, whole.excluded, whole.without) == ("a man without a hat", (), None)
    assert read(Query(like=("a",)).checked()).language is None


def test_what_is_not_wanted_may_be_in_another_language(dictionary_folder: Path) -> None:
    """The translation of a Vietnamese query was corrected; what it excludes is Vietnamese still."""
    reading = read(Query("a man in heavy rain", without="mũ bảo hiểm").checked())
    assert (reading.language, reading.without_language) == ("en", "vi")
    sent: list[str] = []
    translator = Translator(lambda text: (sent.append(text), "helmet")[1])
    encoder = PixelEncoder()
    dictionary = VectorDictionary.open(dictionary_folder, encoder)
    engine = SearchEngine(encoder, dictionary, translator=translator)
    understood = engine.understand(Query("a man in heavy rain", without="mũ bảo hiểm").checked())
    assert (understood.translated, understood.without, sent) == (None, "helmet", ["mũ bảo hiểm"])
    assert not engine.knows(reading)
    assert engine.knows(read(Query("a man", without="a hat").checked()))


def test_a_query_of_nothing_but_exclusions_wants_nothing() -> None:
    for text in ("-hat", "without a hat", "không có mũ"):
        assert read(Query(text).checked()).wanted is None
    assert read(Query("-hat", as_written=True).checked()).wanted == "-hat"

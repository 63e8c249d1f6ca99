"""Vietnamese or not: 300 lines of each kind, drawn for this, and what was once mistaken."""

import unicodedata
from collections.abc import Callable

import languages
import pytest

from timanh.data.vietnamese.language import is_bare_syllable, is_syllable
from timanh.search import detect_language


@pytest.mark.parametrize(
    ("lines", "language", "wanted"),
    [
        (languages.english, "en", 98), (languages.english_with_loans, "en", 98),
        (languages.vietnamese, "vi", 98), (languages.vietnamese_queries, "vi", 98),
        (languages.vietnamese_bare, "vi", 95), (languages.other_european, "en", 98),
    ],
)  # fmt: skip
def test_the_language_of_300_lines(
    lines: Callable[[], list[str]], language: str, wanted: float
) -> None:
    """Percent that are right, in NFC and in NFD."""
    drawn = lines()
    assert len(drawn) == languages.COUNT and len(set(drawn)) > 200
    for form in ("NFC", "NFD"):
        found = [detect_language(unicodedata.normalize(form, line)) for line in drawn]
        assert 100 * found.count(language) / len(found) >= wanted


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Pokémon cards", "en"), ("São Paulo", "en"), ("crème brûlée", "en"), ("café", "en"),
        ("two dogs at the café", "en"), ("a bowl of phở", "en"), ("an old Citroën", "en"),
        ("nguoi dan ong", "vi"), ("mot co gai", "vi"), ("con meo den", "vi"), ("xe", "vi"),
        ("nguoi choi tennis", "vi"), ("NGUOI DAN ONG", "vi"), ("co Viet Nam", "vi"),
        ("chiếc ô tô màu đỏ", "vi"), ("ĐỎ", "vi"), ("thẻ Pokémon", "vi"), ("hoà bình", "vi"),
        ("hòa bình", "vi"), ("Ðà Nẵng", "vi"), ("ngừơi", "vi"), ("a man in a hat", "en"),
        ("a red car", "en"), ("cat", "en"), ("A BOAT", "en"), ("un chien noir", "en"), ("", "en"),
        ("🐶", "en"), ("-5°C", "en"), ("犬", "en"),
        ("quán cafe", "vi"), ("quan cafe", "vi"), ("ăn pizza", "vi"), ("đàn piano", "vi"),
        ("xe Honda", "vi"), ("choi guitar", "vi"), ("đi pub", "vi"), ("mac vest", "vi"),
        ("van", "en"), ("gang", "en"), ("a dam", "en"), ("lung", "en"), ("pizza", "en"),
        ("van truot", "vi"), ("gang tay", "vi"), ("casă", "en"), ("Đoković", "en"),
        ("le chien", "en"), ("un chat noir", "en"), ("Le Chien", "en"), ("le lac", "en"),
        ("du thé", "en"), ("un bon vin", "en"), ("le roi", "en"), ("le hoi", "vi"),
        ("mon chien", "vi"), ("chien tranh", "vi"), ("du thuyen", "vi"), ("le hoi den long", "vi"),
    ],
)  # fmt: skip
def test_what_is_vietnamese(text: str, language: str) -> None:
    assert detect_language(text) == language
    assert detect_language(unicodedata.normalize("NFD", text)) == language


SYLLABLES = "nghiêng quyển giếng gì khuya xoong ngoằn đường kẻ nghe cửa yêu uống oẳn quốc"
# A stop under a falling tone, ng before e, k before a, an onset or a rime that is none.
NOT_SYLLABLES = "càt ngẻ cê kả café crème pâté sãó brûlée qat strong nghà gẻ đườngg"


def test_syllables() -> None:
    assert [word for word in SYLLABLES.split(" ") if not is_syllable(word)] == []
    assert [word for word in NOT_SYLLABLES.split(" ") if is_syllable(word)] == []


def test_syllables_without_marks() -> None:
    bare = "nguoi duong quyen nghieng gi chiec khuya"
    assert [word for word in bare.split(" ") if not is_bare_syllable(word)] == []
    other = "dog street wing kong black the_"
    assert [word for word in other.split(" ") if is_bare_syllable(word)] == []

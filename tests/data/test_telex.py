"""Vietnamese typed in Telex, and English that only looks so."""

import re
import unicodedata

import languages
import pytest

from timanh.data.vietnamese.telex import from_telex

MARKS = {"\u0300": "f", "\u0301": "s", "\u0303": "x", "\u0309": "r", "\u0323": "j"}
LETTERS = {"â": "aa", "ê": "ee", "ô": "oo", "ă": "aw", "ươ": "uow", "ơ": "ow", "ư": "uw", "đ": "dd"}


def typed(text: str) -> str:
    """The keys for a text, tones at the end of each word as they are taught."""
    words = []
    for word in text.split():
        spread = unicodedata.normalize("NFD", word)
        tone = "".join(MARKS.get(letter, "") for letter in spread)
        plain = unicodedata.normalize("NFC", "".join(each for each in spread if each not in MARKS))
        for letter, keys in LETTERS.items():
            plain = plain.replace(letter, keys)
        found = re.fullmatch(r"(.*?)(\W*)", plain)
        assert found
        words.append(found.group(1) + tone + found.group(2))
    return " ".join(words)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("con mefo", "con mèo"),
        ("con mèo", None),
        ("con meo den", None),
        ("Nguoiwf ddafn oong ddas bongs", "Người đàn ông đá bóng"),
        ("moojt chieecs xe ddapj", "một chiếc xe đạp"),
        ("tieengs Vieejt", "tiếng Việt"),
        ("giuowngf", "giường"),
        ("quyeenr sachs", "quyển sách"),
        ("cats on the box", None),
        ("see the moon", None),
        ("a red car", None),
        ("trees", None),
        ("", None),
    ],
)
def test_telex_is_read_and_nothing_else_is(keys: str, text: str | None) -> None:
    assert from_telex(keys) == text


def test_whole_queries_are_read_back() -> None:
    queries = [line for line in languages.vietnamese_queries() if typed(line).isascii()]
    queries = [line for line in queries if not any(word.isascii() for word in line.split())]
    assert len(queries) > 30
    read = [from_telex(typed(query)) for query in queries]
    assert sum(map(str.__eq__, queries, (each or "" for each in read))) / len(queries) > 0.95


def test_no_english_line_is_taken_for_telex() -> None:
    lines = [*languages.english(), *languages.english_with_loans()]
    words = [line.split() for line in lines]
    parts = {" ".join(each[at : at + n]) for each in words for n in (1, 2, 3) for at in range(9)}
    assert [part for part in {*lines, *parts} if from_telex(part)] == []
    assert not any(map(from_telex, languages.vietnamese_bare()))

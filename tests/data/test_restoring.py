"""Vietnamese typed without its marks, and what is no such text."""

import languages
import pytest

from timanh.data.vietnamese.marks import without_marks
from timanh.data.vietnamese.restoring import restore_marks


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("con meo den", "con mèo đen"),
        ("Mot con cho dang chay tren bai bien.", "Một con chó đang chạy trên bãi biển."),
        ("NGUOI DAN ONG", "NGƯỜI ĐÀN ÔNG"),
        ("hai nguoi choi tennis, ngoai troi", "hai người chơi tennis, ngoài trời"),
        ("con mèo den", None),
        ("a black cat", None),
        ("the man in the red hat", None),
        ("123 !", None),
        ("", None),
    ],
)
def test_marks_are_restored_where_they_were_left_out(typed: str, meant: str | None) -> None:
    assert restore_marks(typed) == meant


def test_most_syllables_of_whole_queries_are_restored() -> None:
    right = total = 0
    for query in languages.vietnamese_queries():
        bare = without_marks(query)
        restored = restore_marks(bare) or bare
        assert without_marks(restored) == bare
        pairs = list(zip(query.split(), restored.split(), strict=True))
        right += sum(meant == found for meant, found in pairs)
        total += len(pairs)
    assert total > 100
    assert right / total > 0.8


def test_english_stays() -> None:
    assert [line for line in languages.english() if restore_marks(line)] == []

"""Names of files: every name can be shown, and is found however it is written."""

import json
import unicodedata

import pytest

from timanh.workspace import name_key, readable


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"caf\xe9.jpg", r"caf\xe9.jpg"),
        (b"\x82\xa0/\xff\xfe.png", r"\x82\xa0/\xff\xfe.png"),
        ("Phở bò/ảnh.jpg".encode(), "Phở bò/ảnh.jpg"),
        (b"two\nlines \x1b[31m.jpg", r"two\x0alines \x1b[31m.jpg"),
        ("photo\u202egnp.exe".encode(), r"photo\u202egnp.exe"),
        ("a\u2066b\u2028c \u05d0\u200f.jpg".encode(), "a\\u2066b\\u2028c \u05d0\u200f.jpg"),
    ],
)
def test_a_name_of_any_bytes_can_be_encoded(raw: bytes, shown: str) -> None:
    name = raw.decode("utf8", "surrogateescape")
    assert readable(name) == shown
    assert readable(readable(name)) == shown
    assert json.loads(json.dumps(readable(name), ensure_ascii=False).encode()) == shown


def test_half_a_letter_of_utf16_can_be_encoded() -> None:
    assert readable("half \ud83d of a face.jpg") == r"half \ud83d of a face.jpg"
    assert readable("a family: 👨\u200d👩\u200d👧.jpg") == "a family: 👨\u200d👩\u200d👧.jpg"


def test_names_written_in_two_ways_have_one_key() -> None:
    name = "Đà Nẵng/Bãi biển Mỹ Khê"
    assert name_key(unicodedata.normalize("NFD", name)) == name_key(name) == name
    one, other = (raw.decode("utf8", "surrogateescape") for raw in (b"caf\xe9", b"caf\xe8"))
    assert name_key(one) == name_key(r"caf\xe9") != name_key(other)

"""Vietnamese as it is typed without its marks."""

import unicodedata


def without_marks(text: str) -> str:
    """ "chiếc ô tô đỏ" → "chiec o to do"; NFC or NFD."""
    spread = unicodedata.normalize("NFD", text)
    bare = "".join(letter for letter in spread if not unicodedata.combining(letter))
    return bare.replace("đ", "d").replace("Đ", "D")

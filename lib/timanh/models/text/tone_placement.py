"""Where a tone mark stands in “oa”, “oe” and “uy”: “tòa” as many type, “toà” as PhoBERT learnt.

Both are right in Vietnamese. PhoBERT's texts were written in one way only, so that the other
falls into pieces: “tòa” is three of them.
"""

import re
import unicodedata
from itertools import product

from timanh.data.vietnamese.language import TONES


def _moved() -> dict[str, str]:
    """Two letters with the tone on the first → the same with it on the second."""
    moved = {}
    for pair, tone in product(("oa", "oe", "uy"), TONES):
        for first, last in product((pair[0], pair[0].upper()), (pair[1], pair[1].upper())):
            written = unicodedata.normalize("NFC", first + tone + last)
            moved[written] = unicodedata.normalize("NFC", first + last + tone)
    return moved


MOVED = _moved()
# At the end of a syllable only, and not after q, whose u is no vowel.
OPEN_PAIR = re.compile(rf"(?<![qQ])({'|'.join(MOVED)})(?![^\W\d_])")


def place_tones(text: str) -> str:
    """A text in NFC with its tone marks where PhoBERT learnt them.

    Example:
        >>> place_tones("Tòa nhà, ủy ban, quý khách, khoẻ")
        'Toà nhà, uỷ ban, quý khách, khoẻ'
    """
    return OPEN_PAIR.sub(lambda found: MOVED[found.group(1)], text)

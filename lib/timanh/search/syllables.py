"""How Vietnamese syllables are built: an onset and a rime, and one tone over them.

Đoàn Thiện Thuật: Ngữ âm tiếng Việt, 1977; the spelling of today's school books.
"""

import re
import unicodedata
from functools import cache

from timanh.data.marks import without_marks


def words_of(text: str) -> frozenset[str]:
    """The words of a list in one string."""
    return frozenset(text.split())


# After k, gh and ngh comes e, ê, i or y; after c, g and ng any other vowel; q is always qu.
ONSETS_BEFORE_ALL = frozenset(
    ["", *"bdđhlmnprstvx", "ch", "gi", "kh", "nh", "ph", "th", "tr", "qu"]
)
ONSETS_BEFORE_FRONT = frozenset({"k", "gh", "ngh"})
ONSETS_BEFORE_BACK = frozenset({"c", "g", "ng"})
RIMES = words_of(
    """
    a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây
    e ec em en eng eo ep et ê êch êm ên ênh êp êt êu
    i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu y yêm yên yêt yêu
    o oc oi om on ong ooc oong op ot ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt
    oa oac oach oai oan oang oanh oat oay oăc oăm oăn oăng oăt oe oen oeo oet
    u ua uc ui um un ung up ut uôc uôi uôm uôn uông uôt uân uâng uât uây uê uêch uênh uơ
    uy uya uych uynh uyt uyu uyên uyêt
    ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu
    """
)
# What stands after qu, whose u is no part of the rime: quanh, quyển.
RIMES_AFTER_QU = words_of(
    """
    a ac ach ai an ang anh ao at au ay ăc ăm ăn ăng ăp ăt ân âng ât ây
    e en eo et ê ên ênh êt êu i it ich inh ôc ơ ơi ơn ơt y ych yên yêt ynh yt
    """
)
TONES = {"\u0300": "huyền", "\u0301": "sắc", "\u0303": "ngã", "\u0309": "hỏi", "\u0323": "nặng"}
# A syllable that ends in one of these rises or falls, and does nothing else.
STOPPED = re.compile(r"(?:c|ch|p|t)$")
SPLIT = re.compile(r"(ngh|gh|ng|nh|ch|kh|ph|th|tr|gi|qu|[bcdđghklmnprstvx])?(.+)")
FRONT = "eêiy"


@cache
def _bare_rimes() -> tuple[frozenset[str], frozenset[str]]:
    return (
        frozenset(without_marks(rime) for rime in RIMES),
        frozenset(without_marks(rime) for rime in RIMES_AFTER_QU),
    )


def is_syllable(word: str) -> bool:
    """Whether a lower-case NFC word with its marks is built as a Vietnamese syllable."""
    letters = unicodedata.normalize("NFD", word)
    tones = [TONES[letter] for letter in letters if letter in TONES]
    toneless = "".join(letter for letter in letters if letter not in TONES)
    toneless = unicodedata.normalize("NFC", toneless)
    if len(tones) > 1 or not _fits(toneless, RIMES, RIMES_AFTER_QU):
        return False
    return not STOPPED.search(toneless) or tones in (["sắc"], ["nặng"])


def is_bare_syllable(word: str) -> bool:
    """Whether a lower-case word without marks is a Vietnamese syllable that has lost its own."""
    return _fits(word, *_bare_rimes())


def _fits(word: str, rimes: frozenset[str], after_qu: frozenset[str]) -> bool:
    found = SPLIT.fullmatch(word)
    if found is None:
        return False
    onset, rime = found.group(1) or "", found.group(2)
    if onset == "qu":
        return rime in after_qu
    if onset == "gi" and rime in rimes:
        return True
    if onset == "gi":  # gì, gìn, giếng: its i belongs to the rime
        onset, rime = "g", f"i{rime}"
        return rime in rimes
    if word in ("gi", "gin"):
        return True
    if onset in ONSETS_BEFORE_FRONT:
        return rime in rimes and rime[0] in FRONT
    if onset in ONSETS_BEFORE_BACK:
        return rime in rimes and rime[0] not in FRONT
    return rime in rimes and onset in ONSETS_BEFORE_ALL

"""Vietnamese or not, by what is peculiar to Vietnamese: its letters and its syllables.

Every word counts for Vietnamese or against it. A word that is built as a Vietnamese syllable
counts for it, with its marks more than without; any other word counts against it. "São Paulo" has
marks, but Paulo is no syllable; "nguoi dan ong" has none, but every word is a syllable.

How syllables are built, an onset and a rime and one tone over them: Đoàn Thiện Thuật: Ngữ âm
tiếng Việt, 1977, in the spelling of today's school books.
"""

import re
import unicodedata
from functools import cache

from timanh.data.vietnamese.marks import without_marks


def words_of(text: str) -> frozenset[str]:
    """The words of a list in one string."""
    return frozenset(text.split())


WORD = re.compile(r"[^\W\d_]+")
# Letters that only Vietnamese has: ơ and ư, a hook above, a dot below a vowel, two marks on one.
PECULIAR = re.compile(r"[ơưảẻỉỏủỷạẹịọụỵằẳẵắặầẩẫấậềểễếệồổỗốộờởỡớợừửữứự]")
# Croatian and Romanian have these, but not in words that are built as Vietnamese syllables.
ALMOST_PECULIAR = re.compile(r"[đă]")
# Two letters that Portuguese writes far more often: cão, São.
PORTUGUESE = re.compile(r"ão$")
# Words without marks that English has too, though they are built as syllables: how strongly
# each counts against Vietnamese. Those in the last line are as common in either language.
ENGLISH = {
    1.0: """
        a am at ay bet bit boa boat bop bum bun but buy by chap chip chop chum coach coat cop cot
        cue cum diet din dip doe don due duo gap gay goat gong got gum gun gut guy ham hem hen hey
        him hip hit hoe hop hot hung i in it ken kin kit let lieu lip lit loam loan man men met moan
        moat mop nip nit not on pap pat pep pet pi pin pit poach poet pop pot pun pup quit ram rap
        rat ray re rich rim rip roach roam roe rot rue rum run rut sin sip sit son sop sue sum sun
        sup that thai then thy tip tit toe ton top tot tray trim trip trot true try up vat vet via
        yen yet en un
    """,
    0.5: """
        an bin cap chin cup cut dam dim dot du gang ha hat he hi hut lap le lot lung map nap net nun
        pan pay pen put quay set tan the them thin tin van
    """,
    0.0: """
        bat bay be can cat chat cop day de den do go hang hay ho la lay long ma mat may me mom my no
        pa ran rung sac sap sat say so song ten than to trap u y
        bar bikini cafe camera cocktail facebook game guitar hamburger hanoi honda internet iphone
        karaoke laptop marathon menu piano pizza poster resort robot saigon sandwich selfie sofa spa
        taxi tennis tivi tv vest video vietnam villa violin yamaha yoga youtube
    """,
}
AGAINST = {word: -weight for weight, words in ENGLISH.items() for word in words.split()}
# French nouns that are built as Vietnamese syllables, behind an article: le chien, du thé.
FRENCH_ARTICLES = words_of("ce du le un")
FRENCH_NOUNS = words_of("bec bon chien dieu duc lac mot nom pot quai roi thé vin")
PECULIAR_SYLLABLE, PECULIAR_LETTER, MARKED, BARE, FOREIGN = 2.5, 2.0, 1.5, 1.0, -2.0

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


def detect_language(text: str) -> str:
    """ "vi" for Vietnamese, with or without its marks, in NFC or NFD; else "en".

    Example:
        >>> [detect_language(text) for text in ("crème brûlée", "con mèo đen", "con meo den")]
        ['en', 'vi', 'vi']
    """
    # The sign of Icelandic's eth is often typed in place of đ.
    composed = unicodedata.normalize("NFC", text).replace("Ð", "Đ").replace("ð", "đ")
    shouted = composed.isupper()
    score = 0.0
    words = WORD.findall(composed)
    for before, word in zip(["", *words], words, strict=False):
        # A capital begins a name, which may be of any language.
        weight = 0.5 if word[0].isupper() and not shouted else 1.0
        french = before.lower() in FRENCH_ARTICLES and word.lower() in FRENCH_NOUNS
        score += weight * (-BARE if french else _weight_of(word.lower()))
    return "vi" if score > 0 else "en"


def _weight_of(word: str) -> float:
    if word in AGAINST:
        return AGAINST[word]
    if word.isascii():
        if is_bare_syllable(word):
            return BARE
        return FOREIGN if len(word) > 1 else 0.0
    peculiar = bool(PECULIAR.search(word))
    if is_syllable(word):
        if peculiar or ALMOST_PECULIAR.search(word):
            return PECULIAR_SYLLABLE
        return MARKED / 3 if PORTUGUESE.search(word) else MARKED
    return PECULIAR_LETTER if peculiar else FOREIGN


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
    """Whether a lower-case word without marks is a Vietnamese syllable that has lost its marks."""
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

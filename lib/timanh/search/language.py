"""Vietnamese or not, by what is peculiar to Vietnamese: its letters and its syllables.

Every word speaks for Vietnamese or against it. A word that is built as a Vietnamese syllable
speaks for it, with its marks more than without; one that is not speaks against it. "São Paulo" has
marks, but Paulo is no syllable; "nguoi dan ong" has none, but every word is one.
"""

import re
import unicodedata

from timanh.search.syllables import is_bare_syllable, is_syllable

WORD = re.compile(r"[^\W\d_]+")
# Letters that only Vietnamese has: ơ and ư, a hook above, a dot below a vowel, two marks on one.
PECULIAR = re.compile(r"[ơưảẻỉỏủỷạẹịọụỵằẳẵắặầẩẫấậềểễếệồổỗốộờởỡớợừửữứự]")
# Two letters that Portuguese writes far more often: cão, São.
PORTUGUESE = re.compile(r"ão$")
# Words without marks that English has too, though they are built as syllables: how far each
# speaks against Vietnamese. Those in the last line are as common in either language.
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
        an bin cap chin cup cut dim dot du ha hat he hi hut lap le lot map nap net nun pan pay pen
        put set tan the them thin tin
    """,
    0.0: """
        bat bay be can cat chat cop day de den do go hang hay ho la lay long ma mat may me mom my no
        pa ran rung sac sap sat say so song ten than to trap u y
        bikini facebook hanoi internet iphone laptop robot saigon selfie sofa tennis tivi tv video
        vietnam
    """,
}
AGAINST = {word: -weight for weight, words in ENGLISH.items() for word in words.split()}
PECULIAR_SYLLABLE, PECULIAR_LETTER, MARKED, BARE, FOREIGN = 2.5, 2.0, 1.5, 1.0, -2.0


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
    for word in WORD.findall(composed):
        # A capital begins a name, which may be of any language.
        weight = 0.5 if word[0].isupper() and not shouted else 1.0
        score += weight * _speaks_for_vietnamese(word.lower())
    return "vi" if score > 0 else "en"


def _speaks_for_vietnamese(word: str) -> float:
    if word in AGAINST:
        return AGAINST[word]
    if word.isascii():
        if is_bare_syllable(word):
            return BARE
        return FOREIGN if len(word) > 1 else 0.0
    peculiar = bool(PECULIAR.search(word))
    if is_syllable(word):
        if peculiar:
            return PECULIAR_SYLLABLE
        return MARKED / 3 if PORTUGUESE.search(word) else MARKED
    return PECULIAR_LETTER if peculiar else FOREIGN

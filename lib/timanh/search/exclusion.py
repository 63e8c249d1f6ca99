"""Which phrases of a text say what should not be in the picture: "a man without a hat", "-hat".

Only the noun phrase is taken out: of "a man without a hat in the rain", "hat".
"""

import re
from collections.abc import Iterator

from timanh.search.noun_phrases import ENGLISH, VIETNAMESE, phrases_from

# A minus excludes a word that begins with a letter: "-5°C", "10-20", "T-shirt", "2 - 1" do not.
MINUS = re.compile(
    r"""
    (?<!\S)- (?: ["“]\s*(?P<quoted>[^"“”\s][^"“”]*)["”] | (?P<word>[^\W\d_](?:[\w'’.-]*\w)?) )
    (?=[\s,.;!?]|$)
    """,
    re.VERBOSE,
)
ENGLISH_TRIGGER = re.compile(
    r"""
    (?: [,;]\s* )? (?: \b(?:and|but)\s+ )?
    (?: \bwithout (?:\s+(?:wearing|having|holding|carrying|showing|using))?
      | \bwith\s+no | (?<=,\s)no | (?<=\bbut\s)no
      | \b(?:(?:who|that|which)\s+)? (?:(?:is|are|was|were)(?:\s+not|n['’]t)|not)
            \s+(?:wearing|having|holding|carrying)
      | \b(?:(?:who|that|which)\s+)? (?:do|does|did)(?:\s+not|n['’]t) \s+(?:have|wear|hold|carry)
      | \bexcept(?:\s+for)? | \bexcluding
      | (?:(?<=,\s)|(?<=\bbut\s)|(?<=\band\s)) not (?=\s+(?:an?|the|any)\s)
    ) \s+
    """,
    re.VERBOSE | re.IGNORECASE,
)
VIETNAMESE_TRIGGER = re.compile(
    r"""
    (?: [,;]\s* )? (?: \b(?:và|va|nhưng|nhung|mà)\s+ )?
    (?: (?<!trên\s)(?<!hàng\s)(?<!tren\s)(?<!hang\s) \b(?:không|khong|chẳng|chưa)\s+
          (?: (?:hề\s+)?(?:có|co) | còn | phải(?:\s+là)? | kèm | kem | chứa | thấy
            | đội|doi | mặc|mac | đeo|deo | mang | cầm|cam | che
            | (?:đi|di)(?=\s+(?:giày|giầy|dép|tất|ủng|giay|dep|tat)\b) )
      | (?<!thuốc\s) \b (?: (?:ngoại|loại)\s+trừ | trừ(?!\s+(?:tà|sâu|phi|khử)\b) ) (?:\s+ra)?
      | \bngoai\s+tru
    ) \s+
    """,
    re.VERBOSE | re.IGNORECASE,
)
QUOTED = re.compile(r"""["“]\s*([^"“”\s][^"“”]*)["”]""")


def split_excluded(text: str) -> tuple[str | None, tuple[str, ...]]:
    """What a text (NFC) wants, and the phrases that it excludes, in their order.

    The first is None where nothing but excluded phrases is there. A text that excludes nothing
    comes back as it is.

    Example:
        >>> split_excluded("a man without a hat in the rain")
        ('a man in the rain', ('hat',))
    """
    found = sorted([*_after_minus(text), *_after_words(text)])
    if not found:
        return text, ()
    left, phrases, place = [], [], 0
    for start, end, excluded in found:
        if start < place:
            continue
        left.append(text[place:start])
        phrases += excluded
        place = end
    rest = re.sub(r"\s+(?=[,.;!?])", "", " ".join(" ".join([*left, text[place:]]).split()))
    rest = re.sub(r",[\s,]*(?=,)", "", rest)
    rest = re.sub(r"^(?:(?:and|but|và|nhưng)\s+)+", "", rest.strip(" ,;"), flags=re.IGNORECASE)
    wanted = rest.strip(" ,;") if re.search(r"\w", rest) else None
    return wanted, tuple(dict.fromkeys(phrases))


Excluded = tuple[int, int, list[str]]  # from, to, phrases


def _after_minus(text: str) -> Iterator[Excluded]:
    for found in MINUS.finditer(text):
        yield found.start(), found.end(), [(found["quoted"] or found["word"]).strip()]


def _after_words(text: str) -> Iterator[Excluded]:
    for trigger, grammar in ((ENGLISH_TRIGGER, ENGLISH), (VIETNAMESE_TRIGGER, VIETNAMESE)):
        for found in trigger.finditer(text):
            quoted = QUOTED.match(text, found.end())
            if quoted:
                yield found.start(), quoted.end(), [quoted.group(1).strip()]
                continue
            end, phrases = phrases_from(text, found.end(), grammar)
            if phrases:
                yield found.start(), end, phrases

"""Which phrases of a text say what should not be in the picture: "a man without a hat", "-hat".

Only the noun phrase is taken out: of "a man without a hat in the rain", "hat". There is no
parser: a phrase ends at the next preposition, verb, conjunction or sign. The word lists are short;
where they do not know where a phrase ends, its length is limited.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from timanh.data.vietnamese.language import words_of
from timanh.data.vietnamese.marks import without_marks

# A minus excludes a word that begins with a letter: "-5°C", "10-20", "T-shirt", "2 - 1" do not,
# nor does one before a single capital letter, as in "size -L". Phones and Word type – and −, too.
MINUS = re.compile(
    r"""
    (?<![^\s(])[-–−] (?![A-Z](?![\w'’.-]))
    (?: ["“]\s*(?P<quoted>[^"“”\s][^"“”]*)["”] | (?P<word>[^\W\d_](?:[\w'’.-]*\w)?) )
    (?=[\s,.;!?)]|$)
    """,
    re.VERBOSE,
)
# Where there is nobody, people are excluded, if no verb follows.
NOBODY = re.compile(
    r"""
    (?: [,;]\s* )? (?: \b(?:and|but)\s+ )? (?: \bwith\s+ )? \b(?:nobody|no-one)\b
    (?: \s+ (?: around | nearby | there | else | on\s+it | in\s+(?:it|sight) ) )?
    (?=\s*(?:$|[,.;!?]|\b(?:on|in|at|by|near|and|but)\b))
    """,
    re.VERBOSE | re.IGNORECASE,
)
ENGLISH_TRIGGER = re.compile(
    r"""
    (?: [,;]\s* )? (?: \b(?:and|but)\s+ )?
    (?: \bwithout (?:\s+(?:wearing|having|holding|carrying|showing|using))?
      | \bwith\s+no | (?<=,\s)no | (?<=\bbut\s)no
      | \A\s* no (?!\s+(?:entry|exit|entrance|vacanc|trespass|admittance|way|u-?turn|left|right)
            | [^,.;]*\b(?:signs?|allowed|permitted|symbol)\b)
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
    (?: [,;]\s* )? (?: \b(?:và|va|nhưng|nhung|mà|chứ|chu)\s+ )?
    (?: (?<!trên\s)(?<!hàng\s)(?<!tren\s)(?<!hang\s) \b(?:không|khong|chẳng|chưa)\s+
          (?: (?:hề\s+)?(?:có|co) | còn | phải(?:\s+là)? | kèm | kem | chứa | thấy
            | đội|doi | mặc|mac | đeo|deo | mang | cầm|cam | che
            | (?:đi|di)(?=\s+(?:giày|giầy|dép|tất|ủng|giay|dep|tat)\b)
)
      # Without a verb, only before what is certain to be a noun: not "không gian".
      | (?<!trên\s)(?<!hàng\s)(?<!tren\s)(?<!hang\s) \b(?:không|khong)
          (?=\s+(?:người(?!\s+lái)|mũ|nón|áo|quần|giày|giầy|dép|kính|râu|tóc|cây|xe|mây
            |nguoi(?!\s+lai)|mu|ao|giay|kinh|rau|toc|xe)\b)
      | \b(?:thiếu|thieu)
          (?!\s+(?:nữ|nhi|niên|tá|úy|uý|tướng|gia|thời|nu|nien|ta|uy|tuong|thoi)\b)
      | \bvắng (?:\s+bóng)? (?=\s+(?:người|khách|xe|ai)\b)
      | (?<!thuốc\s) \b (?: (?:ngoại|loại)\s+trừ | trừ(?!\s+(?:tà|sâu|phi|khử)\b) ) (?:\s+ra)?
      | \bngoai\s+tru
    ) \s+
    """,
    re.VERBOSE | re.IGNORECASE,
)
QUOTED = re.compile(r"""["“]\s*([^"“”\s][^"“”]*)["”]""")
# Words after a phrase that describe nothing excluded: "without a hat on", "không có ai cả".
TAIL = re.compile(
    r"""
    \s+ (?: on | around | nearby | visible | at\s+all
          | (?:on|in)\s+(?:it|them|sight|view|the\s+(?:picture|photo|image|frame))
          | (?:nào\s+)?cả | nào | hết | nao | trong\s+(?:ảnh|hình) | qua\s+lại | ở )
    (?=\s*(?:$|[,.;!?]))
    | \s+on (?=\s+(?:is|are|was|were|and|but|\w+ing)\b)  # "a man with no shirt on climbing"
    """,
    re.VERBOSE | re.IGNORECASE,
)
FARTHEST = 24  # tokens after the word that excludes
TOKEN = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")


@dataclass(frozen=True)
class Grammar:
    """Where a noun phrase begins and ends.

    Attributes:
        before: words before it that are no part of it.
        ends: words that end it, though none begins it.
        alternatives: words after which another excluded phrase follows.
        joins: the same, if both are bare nouns and nothing follows.
        persons: pronouns, and what is excluded in their place.
        most: words in one phrase.
    """

    before: frozenset[str]
    ends: frozenset[str]
    alternatives: frozenset[str]
    joins: frozenset[str]
    persons: dict[str, str]
    most: int


ENGLISH = Grammar(
    words_of("no any a an the his her its their my your our some another single one many much"),
    words_of(
        """
        in on at under over near with without by beside behind before after between among along
        against across around through during while when where into onto inside outside above below
        beneath from for to as is are was were has have had who that which and or nor but like
        runs run walks walk stands stand sits sit jumps jump plays rides ride holds hold
        looks look swims swim climbs climb eats eat drinks sleeps sleep smiles smile lies lie
        carries carry catches catch throws throw dances flies fly watches wears wear
        perform performs pose poses use uses next nearby
        tonight today alone together indoors outdoors anymore there here
        """
    ),
    words_of("or nor"),
    words_of("and"),
    {"anyone": "people", "anybody": "people", "one": "people", "body": "people"},
    4,
)
VIETNAMESE = Grammar(
    words_of("bất kỳ cứ một những các nhiều chút bat ky cu mot nhung cac nhieu"),
    words_of(
        """
        trong trên dưới ở tại bên cạnh gần giữa với cùng vào khi lúc đang và nhưng mà thì là đứng
        ngồi chạy đi nằm nhảy chơi bơi cưỡi lái cầm nhìn ăn uống ngủ cười leo bay ném đọc hát múa
        mặc đội đeo mang bế dắt kéo đẩy trượt lướt chụp nói hôn ôm băng lội bước tắm xung phía đằng
        ngoài trước sau qua dọc theo từ đến tới về lên xuống được bị để cho như bởi hoặc hay
        nào cả hết nao không khong chẳng chưa
        tren duoi tai canh gan giua voi cung vao dang nhung ma thi dung ngoi chay nam nhay choi boi
        cuoi lai nhin uong ngu truot luot xung phia dang truoc hoac
        """
    ),
    words_of("hoặc hay hoac"),
    words_of("và va"),
    {"ai": "người"},
    6,
)
# Nouns with a verb or preposition in them, with their marks and without.
COMPOUNDS = frozenset(
    pair
    for words in re.split(
        ", ",
        "máy bay, bóng đá, bóng ném, đồ chơi, đồ ăn, đồ uống, áo tắm, quần bơi, kính bơi, mũ bơi, "
        "ván trượt, ván lướt, phòng ngủ, phòng tắm, phòng ăn, bàn ăn, người đi, người chơi, "
        "cầu trượt, giày trượt, giày chạy, bể bơi, hồ bơi, xe kéo, xe đẩy, ra vào, nước uống",
    )
    for pair in (words, without_marks(words))
)
# Words before "of" that name nothing themselves: a lot of people.
AMOUNTS = words_of("lot lots kind sort sign signs trace traces number")
CLASSIFIERS = words_of("con cái chiếc người hai ba bốn năm hàng đám ngôi bức cai chiec nguoi")
ADJECTIVES = words_of(
    """
    red orange yellow green blue purple pink brown black white grey gray golden silver colourful
    colorful big large small little tiny huge tall short long wide narrow old young new dark bright
    light heavy thick thin wet dry dirty clean empty full open closed wooden plastic metal other
    visible obvious real
    """
)
NOUNS_IN_ING = words_of(
    "clothing clothings lightning lighting writing string spring building buildings ceiling railing"
    " wing wings ring rings swing king earring earrings awning"
)


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
    rest = re.sub(r"\(\s*\)", "", " ".join([*left, text[place:]]))
    rest = re.sub(r"\s+(?=[,.;!?)])", "", " ".join(rest.split()))
    rest = re.sub(r",[\s,]*(?=,)", "", rest)
    rest = re.sub(r"^(?:(?:and|but|và|nhưng)\s+)+", "", rest.strip(" ,;"), flags=re.IGNORECASE)
    wanted = rest.strip(" ,;") if re.search(r"\w", rest) else None
    return wanted, tuple(dict.fromkeys(phrases))


Excluded = tuple[int, int, list[str]]  # from, to, phrases


def _after_minus(text: str) -> Iterator[Excluded]:
    for found in NOBODY.finditer(text):
        yield found.start(), found.end(), ["people"]
    for found in MINUS.finditer(text):
        yield found.start(), found.end(), [(found["quoted"] or found["word"]).strip()]


def _after_words(text: str) -> Iterator[Excluded]:
    for trigger, grammar in ((ENGLISH_TRIGGER, ENGLISH), (VIETNAMESE_TRIGGER, VIETNAMESE)):
        for found in trigger.finditer(text):
            quoted = QUOTED.match(text, found.end())
            if quoted:
                yield found.start(), quoted.end(), [quoted.group(1).strip()]
                continue
            end, phrases = _phrases_from(text, found.end(), grammar)
            if phrases:
                yield found.start(), end, phrases


def _phrases_from(text: str, start: int, grammar: Grammar) -> tuple[int, list[str]]:
    """Where the phrases from `start` end, and which they are; none where there is no noun."""
    tokens = list(islice(TOKEN.finditer(text, start), FARTHEST))
    words = [token.group().lower() for token in tokens]
    phrases: list[str] = []
    end, at = start, 0
    while True:
        first = _skip(words, at, grammar)
        last = _end_of_phrase(words, first, grammar)
        if last == first:
            break
        phrase = text[tokens[first].start() : tokens[last - 1].end()]
        phrases.append(grammar.persons.get(phrase.lower(), phrase))
        end, bare = tokens[last - 1].end(), first == at
        if last == len(words) or not _joins_next(words, last, bare, grammar):
            break
        at = last + 1
        if words[last] == "," and words[at] in grammar.alternatives | grammar.joins:
            at += 1  # "hats, or gloves"
    tail = TAIL.match(text, end) if phrases else None
    return (tail.end() if tail else end), phrases


def _skip(words: list[str], at: int, grammar: Grammar) -> int:
    first = at
    while first < len(words) and (
        words[first] in grammar.before
        or (words[first] in AMOUNTS and words[first + 1 : first + 2] == ["of"])
        or (words[first] == "of" and first > at)
    ):
        first += 1
    # "no one": the determiner is all there is.
    return at if first > at and words[at] in grammar.persons else first


def _end_of_phrase(words: list[str], first: int, grammar: Grammar) -> int:
    """The place after its last word; `first` where no phrase begins there."""
    has_head = False
    for place in range(first, min(len(words), first + grammar.most)):
        word = words[place]
        if not word[0].isalnum():
            return place
        if grammar is ENGLISH:
            participle = word.endswith(("ing", "ed")) and word not in NOUNS_IN_ING
            if place == first and word.endswith("ing") and participle and first == 0:
                return first  # "without looking" names nothing
            of = place > first and words[place - 1] == "of"
            if has_head and not of and (word in grammar.ends | ADJECTIVES or participle):
                return place
            has_head |= word not in ADJECTIVES and not participle
            continue
        is_compound = f"{words[place - 1]} {word}" in COMPOUNDS
        if place > first and word in grammar.ends and not is_compound:
            return place
    return min(len(words), first + grammar.most)


def _joins_next(words: list[str], at: int, bare: bool, grammar: Grammar) -> bool:
    """Whether the word at this place joins another excluded phrase to the one before."""
    if at + 1 == len(words):
        return False
    following = words[at + 1]
    if words[at] == ",":
        return _list_continues(words, at, bare, grammar)
    if words[at] in grammar.alternatives or (words[at] in grammar.joins and following == "no"):
        return True
    if words[at] not in grammar.joins or not bare:
        return False
    if following in grammar.before | grammar.ends | CLASSIFIERS | ADJECTIVES:
        return False
    last = _end_of_phrase(words, at + 1, grammar)
    return last > at + 1 and (last == len(words) or not words[last][0].isalnum())


def _list_continues(words: list[str], comma: int, bare: bool, grammar: Grammar) -> bool:
    """Whether a list goes on behind this comma: one that "or" or "and" closes further on."""
    if words[comma + 1] in grammar.alternatives | grammar.joins:
        return _joins_next(words, comma + 1, bare, grammar)
    first = _skip(words, comma + 1, grammar)
    last = _end_of_phrase(words, first, grammar)
    if last == first or last == len(words) or words[first] in grammar.ends:
        return False
    if words[last - 1] in ADJECTIVES or words[last - 1].endswith("ing"):
        return False  # "a man without a hat, wet or dry"
    return _joins_next(words, last, bare and first == comma + 1, grammar)

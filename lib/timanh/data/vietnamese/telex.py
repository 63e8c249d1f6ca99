"""Vietnamese typed where the keyboard's Telex is not switched on: “con mefo” for “con mèo”.

Telex writes marks by letters: s f r x j after a vowel are the five tones, aa ee oo dd are â ê ô đ,
and w makes ă ơ ư.
"""

import re
import unicodedata

from timanh.data.vietnamese.language import is_bare_syllable, is_syllable, words_of

TONES = {"f": "\u0300", "s": "\u0301", "x": "\u0303", "r": "\u0309", "j": "\u0323"}
DOUBLED = {"a": "â", "e": "ê", "o": "ô"}
HORNED = {"a": "ă", "o": "ơ", "u": "ư"}
VOWELS = "aăâeêioôơuưy"
WORD = re.compile(r"[^\W\d_]+")
# English words that are written as a syllable in Telex would be: “cats” is “cát”.
ENGLISH = words_of(
    """
    air arm as asp aux ax bangs bar barn bats bee been beer best bits boas boats boom boost
    boots bora bore born bow bows box bums burn bus bust busy cans caps car cast cats chair
    chaos chaps char charm chats cheer chef chest chins chips choir chops chore chose chow coast
    coats conf core corn cost cots cow cows cups cur cuts dad dads dawn deer defend did dips
    does dons doo door dorm dose dots down dust ee ex gar gas goats goes goo gore gown gowns
    guns gust guys hair hangs has hats her here hero hips his hits hoes hoof hoops hops horn
    hose host how huts if inf ins ir is its keeps laps las last lawn lays lens lets lex lips
    list looms loops lost lots low lux mans maps mary mast mats max mere mets mist mix moms moo
    moon moor more mori most mown must nest nets nips noon nor norm nose now nur oar of oo or
    ore own ox oxen pair pans past pats pee peer pees perm peso pest pets pins pits poms poof
    poor pops pos pose post pots pow pups pus puts queen queens ques quest rays ref res reset
    rest rex rif rips roof room roots rosa rose row rows runs rust sari sax says see seem seems
    seen sees sens sets sex sips sir sis sits six soar sofa songs soon sore sox suns sus taps
    taj tar tax taxi tee teen teens tens term test tex ther there these this those thows thw tips
    toast toes too toon tops tor tore torn tow town trams trans trays tree trees tres trips
    trots trows trust turn tw ups us uw vans var vast vest visa vow vw war was wax
    """
)


def from_telex(text: str) -> str | None:
    """The text with its marks, where it was typed in Telex by all appearance; else None.

    All its words have to be syllables, bare ones or such in Telex, and one of these no English
    word.

    Example:
        >>> from_telex("con mefo ddeen"), from_telex("cats on the box"), from_telex("con mèo")
        ('con mèo đên', None, None)
    """
    if not text.isascii():
        return None
    read = dict[str, str | None]()
    for word in WORD.findall(text):
        read[word] = syllable_of(word)
        if read[word] is None and not is_bare_syllable(word.lower()):
            return None  # mostly at the first or second word of English
    if not any(marked and word.lower() not in ENGLISH for word, marked in read.items()):
        return None
    return WORD.sub(lambda found: read[found.group()] or found.group(), text)


def syllable_of(word: str) -> str | None:
    """A word in Telex as a syllable with its marks, in NFC; None where it is none or has none."""
    letters, tone = list[str](), ""
    for letter in word.lower():
        has_vowel = any(each in VOWELS for each in letters)
        if letter in TONES and has_vowel and not tone:
            tone = TONES[letter]
        elif letter in DOUBLED and letters and letters[-1] == letter:
            letters[-1] = DOUBLED[letter]
        elif letter == "d" and letters and letters[0] == "d":
            letters[0] = "đ"
        elif letter == "w":
            _add_horn(letters)
        else:
            letters.append(letter)
    plain = "".join(letters)
    if plain + tone == word.lower():
        return None
    syllable = _with_tone(plain, tone)
    if not is_syllable(syllable):
        return None
    return syllable[0].upper() + syllable[1:] if word[0].isupper() else syllable


def _add_horn(letters: list[str]) -> None:
    """What w does to the letters before it."""
    for place in range(len(letters) - 1, -1, -1):
        if letters[place] in HORNED:
            letters[place] = HORNED[letters[place]]
            if letters[place] == "ơ" and place and letters[place - 1] == "u":
                letters[place - 1] = "ư"
            return
    letters.append("ư")


def _with_tone(plain: str, tone: str) -> str:
    """A syllable with its tone where school books put it."""
    if not tone:
        return plain
    begin = 2 if plain.startswith(("qu", "gi")) and plain[2:3] in VOWELS and plain[2:] else 0
    places = [at for at in range(begin, len(plain)) if plain[at] in VOWELS]
    if not places:
        return plain + tone  # no syllable
    marked = [at for at in places if plain[at] in "ăâêôơư"]
    ends = places[-1] == len(plain) - 1
    if marked:
        chosen = marked[-1]
    elif len(places) == 1 or (len(places) == 2 and ends):
        chosen = places[0]
    else:
        chosen = places[1]
    return unicodedata.normalize("NFC", plain[: chosen + 1] + tone + plain[chosen + 1 :])

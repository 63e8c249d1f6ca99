"""How a caption is taken apart into words, for training and for measuring."""

import re
import unicodedata

# A word may hold an apostrophe or a hyphen, as in "t-shirt"; the rest of punctuation is left out.
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
NOT_OF_THE_REPORT = re.compile(r"[^a-z0-9 ]+")


def plain_words(text: str) -> list[str]:
    """Lower case, Unicode NFC, punctuation off; joined Vietnamese words ("bóng_chày") in syllables.

    Example:
        >>> plain_words("A dog's ball is in the air.")
        ['a', "dog's", 'ball', 'is', 'in', 'the', 'air']
    """
    return WORD.findall(unicodedata.normalize("NFC", text).lower())


def report_words(text: str) -> list[str]:
    """As the original report has it: lower case, special characters removed, what is between
    blanks is a word. NLTK's tokenizer finds the same words in such text, but for "cannot"."""
    return NOT_OF_THE_REPORT.sub("", text.lower()).split()


SPLITTERS = {"plain": plain_words, "report": report_words}

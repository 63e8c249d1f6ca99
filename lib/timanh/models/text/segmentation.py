"""Vietnamese words joined by “_”, as PhoBERT learnt them: “vận_động_viên đánh bóng_chày”.

Vietnamese puts a blank between syllables, not between words. A text tower that was trained on
joined words must get them joined in training, captions and queries alike, and by the same program.
"""

import re
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from timanh.data.vietnamese.language import detect_language
from timanh.errors import ModelFormatError, SettingsError

NONE, UNDERTHESEA, PYVI = "none", "underthesea", "pyvi"
SEGMENTATIONS = (NONE, UNDERTHESEA, PYVI)
# Words that underthesea often leaves apart: “bóng chày” in 58 % of UIT-ViIC's captions.
FIXED_WORDS = (
    "bóng chày", "bóng đá", "bóng rổ", "bóng chuyền", "bóng bầu dục", "bóng bàn", "bóng ném",
    "cầu lông", "cầu thủ", "vận động viên", "trọng tài", "thủ môn", "huấn luyện viên",
    "khán giả", "khán đài", "sân cỏ", "sân vận động",
)  # fmt: skip
JOINED = re.compile(r"[^\W\d_]_[^\W\d_]")
# The longest first, since the first that fits is taken; it compares letter by letter.
_EITHER_CASE = sorted(
    [each for word in FIXED_WORDS for each in (word, word.capitalize())], key=len, reverse=True
)


@dataclass(frozen=True)
class Segmenter:
    """A program that joins the syllables of words.

    Attributes:
        name, version: of its package; both "" for none.
    """

    name: str
    version: str
    join: Callable[[str], str]

    def __call__(self, text: str) -> str:
        """A text in NFC with the words of Vietnamese joined.

        English, Vietnamese typed without its marks, and a text that comes joined stay as they are.

        Example:
            >>> open_segmenter("underthesea", "vi-clip")("Cầu thủ bóng chày đang ném bóng")
            'Cầu_thủ bóng_chày đang ném bóng'
        """
        if text.isascii() or JOINED.search(text) or detect_language(text) != "vi":
            return text
        return self.join(text)


NO_SEGMENTER = Segmenter("", "", lambda text: text)


def open_segmenter(name: str, model: str, wanted: str = "") -> Segmenter:
    """The segmenter of a checkpoint.

    Args:
        name: one of `SEGMENTATIONS`.
        model: the checkpoint, for messages.
        wanted: the version that the checkpoint was trained with; a `UserWarning` says so where
            another one is installed.

    Raises:
        ModelFormatError: it is not installed.
        SettingsError: no segmenter is called so.
    """
    if name not in SEGMENTATIONS:
        raise SettingsError(
            f"Unknown word segmentation {name!r}. Choose {', '.join(SEGMENTATIONS)}."
        )
    if name == NONE:
        return NO_SEGMENTER
    try:
        installed = version(name)
    except PackageNotFoundError as error:
        exact = f"=={wanted}" if wanted else ""
        raise ModelFormatError(
            f"{model} reads Vietnamese with its words joined by {name}{f' {wanted}' * bool(wanted)}"
            f", which is not installed: pip install {name}{exact}"
        ) from error
    if wanted and installed != wanted:
        warnings.warn(
            f"{model} was trained with words joined by {name} {wanted}, and {name} {installed} is "
            f"installed, which may join some words otherwise; pip install {name}=={wanted} gives "
            "the same as in training.",
            stacklevel=2,
        )
    join = {UNDERTHESEA: _by_underthesea, PYVI: _by_pyvi}[name]
    return Segmenter(name, installed, lru_cache(1 << 16)(join))


_lock = threading.Lock()  # both keep their model in a global, which is loaded on first use


def _by_underthesea(text: str) -> str:
    from underthesea.pipeline.word_tokenize import word_tokenize

    with _lock:
        # Its own normalisation would move tone marks to where PhoBERT does not know them.
        joined: str = word_tokenize(
            text, format="text", use_token_normalize=False, fixed_words=_EITHER_CASE
        )
    return joined


def _by_pyvi(text: str) -> str:
    from pyvi import ViTokenizer

    with _lock:
        joined: str = ViTokenizer.tokenize(text)
    return joined

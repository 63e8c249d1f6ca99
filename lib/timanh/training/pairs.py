"""Which picture and which caption each step sees; a pure function of seed and epoch."""

import random
import re
import unicodedata
from collections.abc import Iterator, Sequence

from timanh.training.recipe import Recipe

Pair = tuple[int, str]
SHORT = 6  # words; of captions no longer than this none is dropped: each says what is there
SIDES = re.compile(r"\b(left|right|trái|phải)\b", re.IGNORECASE)


def epoch_pairs(captions: Sequence[Sequence[str]], recipe: Recipe, epoch: int) -> list[Pair]:
    """All (row of the picture, caption) of an epoch, shuffled.

    With `recipe.distinct_pictures` each picture comes once, with one of its captions drawn
    anew; else each caption is an item.
    """
    draw = random.Random(f"{recipe.seed}/{epoch}")
    if recipe.distinct_pictures:
        pairs = [(row, draw.choice(own)) for row, own in enumerate(captions) if own]
    else:
        pairs = [(row, caption) for row, own in enumerate(captions) for caption in own]
    draw.shuffle(pairs)
    return [(row, _worn(caption, recipe, draw)) for row, caption in pairs]


def batches(pairs: Sequence[Pair], size: int) -> Iterator[Sequence[Pair]]:
    """Full batches; the rest joins the next epoch's shuffle, unless it is all there is."""
    if len(pairs) < size:
        yield pairs
        return
    for start in range(0, len(pairs) - size + 1, size):
        yield pairs[start : start + size]


def steps_per_epoch(captions: Sequence[Sequence[str]], recipe: Recipe) -> int:
    """Number of batches that `batches(epoch_pairs(…))` gives."""
    counts = [len(own) for own in captions]
    items = sum(map(bool, counts)) if recipe.distinct_pictures else sum(counts)
    return max(1, items // recipe.batch_size)


def names_a_side(caption: str) -> bool:
    """Whether mirroring the picture would make the caption untrue."""
    return SIDES.search(caption) is not None


def without_marks(text: str) -> str:
    """Vietnamese as typed without diacritics: "chiếc ô tô đỏ" → "chiec o to do"."""
    spread = unicodedata.normalize("NFD", text)
    bare = "".join(letter for letter in spread if not unicodedata.combining(letter))
    return bare.replace("đ", "d").replace("Đ", "D")


def _worn(caption: str, recipe: Recipe, draw: random.Random) -> str:
    words = caption.split()
    if recipe.drop_words and len(words) > SHORT:
        kept = [word for word in words if draw.random() >= recipe.drop_words]
        caption = " ".join(kept or words)
    if recipe.drop_marks and draw.random() < recipe.drop_marks:
        caption = without_marks(caption)
    return caption

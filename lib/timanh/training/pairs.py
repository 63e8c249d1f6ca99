"""Which pictures and which captions each step sees; a pure function of seed and epoch."""

import random
import re
from collections.abc import Sequence

from timanh.data.vietnamese.marks import without_marks
from timanh.data.vietnamese.words import in_vietnamese
from timanh.training.recipe import Recipe

Item = tuple[int, tuple[str, ...]]  # row of the picture, the captions beside it
SHORT = 6  # words; of captions no longer than this none is dropped: each says what is there
SIDES = re.compile(r"\b(left|right|trái|phải|trai|phai)\b", re.IGNORECASE)


def epoch_items(captions: Sequence[Sequence[str]], recipe: Recipe, epoch: int) -> list[Item]:
    """All items of an epoch, shuffled.

    With `recipe.distinct_pictures` each picture comes once, with `captions_per_picture` of its
    captions newly drawn (again from the start where it has fewer); else each caption is an item.
    """
    draw = random.Random(f"{recipe.seed}/{epoch}")
    if recipe.distinct_pictures:
        count = recipe.captions_per_picture
        items = [(row, _some(texts, count, draw)) for row, texts in enumerate(captions) if texts]
    else:
        items = [(row, (caption,)) for row, texts in enumerate(captions) for caption in texts]
    draw.shuffle(items)
    return [
        (row, tuple(augment_caption(each, recipe, draw) for each in texts)) for row, texts in items
    ]


def epoch_batches(
    captions: Sequence[Sequence[str]], recipe: Recipe, epoch: int
) -> list[Sequence[Item]]:
    """An epoch's items in full batches; the rest is left to the next epoch's shuffle, unless it
    is all there is."""
    items, size = epoch_items(captions, recipe, epoch), recipe.batch_size
    if len(items) < size:
        return [items]
    return [items[start : start + size] for start in range(0, len(items) - size + 1, size)]


def steps_per_epoch(captions: Sequence[Sequence[str]], recipe: Recipe) -> int:
    """Number of batches that `epoch_batches` gives."""
    counts = [len(texts) for texts in captions]
    items = sum(map(bool, counts)) if recipe.distinct_pictures else sum(counts)
    return max(1, items // recipe.batch_size)


def names_a_side(caption: str) -> bool:
    """Whether mirroring the picture would make the caption untrue."""
    return SIDES.search(caption) is not None


def augment_caption(caption: str, recipe: Recipe, draw: random.Random) -> str:
    """`caption` with words dropped, in Vietnamese, and with marks dropped, as often as the recipe
    says."""
    words = caption.split()
    if recipe.drop_words and len(words) > SHORT:
        kept = [word for word in words if draw.random() >= recipe.drop_words]
        caption = " ".join(kept or words)
    if recipe.vietnamese and draw.random() < recipe.vietnamese:
        caption = in_vietnamese(caption, draw)
    if recipe.drop_marks and draw.random() < recipe.drop_marks:
        caption = without_marks(caption)
    return caption


def _some(captions: Sequence[str], count: int, draw: random.Random) -> tuple[str, ...]:
    if count == 1:
        return (draw.choice(captions),)
    shuffled = draw.sample(captions, len(captions))
    return tuple(shuffled[number % len(shuffled)] for number in range(count))

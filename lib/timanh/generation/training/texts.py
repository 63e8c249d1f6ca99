"""What the writer reads beside a drawn scene: a caption or a few words, in one of two languages."""

import random
from collections.abc import Sequence

from timanh.data.scenes import Scene, english_captions, vietnamese_captions
from timanh.data.scenes.queries import LANGUAGES, caption_query, short_query
from timanh.data.vietnamese.marks import without_marks
from timanh.models.building import train_tokenizer

CAPTIONS = 5
SHORT = 0.35  # share of the texts that are as short as a search
WITHOUT = 0.1  # share of the texts that are empty, so that guidance knows what is likely anyway


def caption_tokenizer(scenes: Sequence[Scene], *, vocabulary: int) -> object:
    """A word-piece tokenizer of `tokenizers` that knows the captions of the scenes."""
    english = [text for scene in scenes for text in english_captions(scene)]
    vietnamese = [text for scene in scenes for text in vietnamese_captions(scene)]
    texts = [*english, *vietnamese, *map(without_marks, vietnamese)]
    tokenizer = train_tokenizer(texts, vocabulary=vocabulary).backend_tokenizer
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def text_of(scene: Scene, rng: random.Random) -> str:
    """A text that is true of the scene; sometimes none."""
    if rng.random() < WITHOUT:
        return ""
    language = rng.choice(list(LANGUAGES))
    if rng.random() < SHORT:
        query = short_query(scene, language, rng)
        if query.missing is None and query.main_colour is None:
            return query.text
    return caption_query(scene, rng.randrange(CAPTIONS - 1), language).text

"""How texts become the tokens of an encoder."""

import hashlib
import html
import json
import re
import unicodedata
import warnings
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import ftfy

from timanh.models.encoder import TextLength
from timanh.models.families import Family
from timanh.models.text.segmentation import open_segmenter
from timanh.models.text.settings import TextSettings
from timanh.models.text.tone_placement import place_tones

# Text towers that number their positions from the one after the padding id on.
SHIFTED = ("roberta", "altclip", "camembert", "mpnet", "data2vec-text", "xmod", "ibert")


class TextPreparation:
    """A tokenizer with the limits of its model and what its family does to texts before.

    Training, captions and queries all go through here.

    Attributes:
        tokenizer: any fast or slow tokenizer of transformers.
        max_length: tokens that the text tower has positions for.
        family: what is done to a text before, and how tokens are padded.
        made_here: the tokenizer was trained here on the captions, so no hub has it.
        tower: what its text tower needs besides, such as words that are joined.

    Raises:
        ModelFormatError: the program that joins words is not installed.
    """

    def __init__(
        self,
        tokenizer: Any,
        max_length: int,
        family: Family,
        *,
        made_here: bool = False,
        tower: TextSettings | None = None,
        name: str = "this model",
    ) -> None:
        tower = tower or TextSettings()
        self.tokenizer = tokenizer
        self.max_length = min(max_length, tower.max_tokens or max_length)
        self.family = family
        self.made_here = made_here
        self.segmenter = open_segmenter(tower.segmentation, name, tower.segmenter_version)
        self.tower = replace(tower, segmenter_version=self.segmenter.version)
        settings = getattr(tokenizer, "init_kwargs", {})
        self._lower = family.lower and settings.get("do_lower_case", True) is not False

    @property
    def full_length(self) -> bool:
        """Whether each text is padded to `max_length` instead of to the longest of its batch."""
        return self.family.full_length

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the text tower's inputs, in order."""
        return ("input_ids",) if self.full_length else ("input_ids", "attention_mask")

    def clean(self, text: str) -> str:
        """The text as it is tokenized: Unicode NFC, no blanks around, the rest by family and
        tower."""
        if self.family.repaired:
            text = repaired(text)
        text = unicodedata.normalize("NFC", text).strip()
        if self._lower:
            text = text.lower()
        if self.tower.moved_tones:
            text = place_tones(text)
        return self.tower.prefix + self.segmenter(text)

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids per text, unpadded, cut at the limit without a warning (for training)."""
        rows = self.tokenizer(
            [self.clean(text) for text in texts], truncation=True, max_length=self.max_length
        )["input_ids"]
        return [list(row) for row in rows]

    def pad(self, rows: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Token ids to int64 tensors (N, longest), those that `inputs` names."""
        batch = self.tokenizer.pad(
            {"input_ids": [list(row) for row in rows]},
            padding="max_length" if self.full_length else "longest",
            max_length=self.max_length,
            padding_side=self.tower.padding_side,
            return_tensors="pt",
            return_attention_mask=True,
        )
        return {name: batch[name] for name in self.inputs}

    def __call__(self, texts: Sequence[str]) -> dict[str, Any]:
        """Texts to padded tensors; warns once per call about texts that had to be cut."""
        whole = self.tokenizer([self.clean(text) for text in texts], verbose=False)["input_ids"]
        longer = sum(len(row) > self.max_length for row in whole)
        if longer:
            warnings.warn(
                f"{longer} of {len(texts)} texts had more than {self.max_length} tokens and were "
                "cut; what stands after the cut does not count in the search.",
                stacklevel=3,
            )
        return self.pad(self.token_ids(texts) if longer else whole)

    def length_of(self, text: str) -> TextLength:
        """What is read of a text: all, or as many whole words as the limit takes, or the
        beginning of the first word where that alone is too long."""
        if self._count(text) <= self.max_length:
            return TextLength(self.max_length)
        ends = [found.end() for found in re.finditer(r"\S+", text)]
        kept = self._longest(text, ends) or self._longest(text, range(1, ends[0] + 1))
        return TextLength(self.max_length, text[:kept])

    def _longest(self, text: str, ends: Sequence[int]) -> int:
        """The last of these rising places up to which the text is within the limit, or 0."""
        fit = bisect_right(ends, self.max_length, key=lambda end: self._count(text[:end]))
        return ends[fit - 1] if fit else 0

    def _count(self, text: str) -> int:
        return len(self.tokenizer([self.clean(text)], verbose=False)["input_ids"][0])

    def describe(self) -> str:
        """One line that two preparations share only if they give the same tokens."""
        family = self.family
        settings = (self.max_length, family.full_length, self._lower, family.repaired)
        tower = {} if self.tower == TextSettings() else self.tower.to_config()
        return json.dumps([*settings, tokenizer_digest(self.tokenizer), *tower.items()])


@lru_cache(1 << 16)
def repaired(text: str) -> str:
    """Broken encodings, typographic quotes and HTML entities repaired as OpenAI's CLIP does.

    Example:
        >>> repaired("the dog’s &quot;ball&quot; in the cafÃ©")
        'the dog\\'s "ball" in the café'
    """
    if text.isascii() and text.isprintable() and "&" not in text:
        return text  # nothing to repair, and a hundred times as fast
    return html.unescape(html.unescape(ftfy.fix_text(text)))


def text_limit(tokenizer: Any, text_config: Any) -> int:
    """The smaller of what the tokenizer and the text tower's positions allow.

    RoBERTa-like towers (PhoBERT, XLM-R, AltCLIP) lose the positions up to the padding id.
    """
    positions = int(getattr(text_config, "max_position_embeddings", 512))
    kind = str(getattr(text_config, "model_type", ""))
    if any(word in kind for word in SHIFTED):
        positions -= int(getattr(text_config, "pad_token_id", 1) or 0) + 1
    limit = int(getattr(tokenizer, "model_max_length", positions))
    return max(1, min(positions, limit))


def tokenizer_json(tokenizer: Any) -> str | None:
    """A fast tokenizer as `tokenizer.json` holds it, without the padding and truncation of its
    last call; None for a slow one."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return None
    content = json.loads(backend.to_str())
    content["padding"] = content["truncation"] = None
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def tokenizer_digest(tokenizer: Any) -> str:
    """16 hex digits over the vocabulary and all that a tokenizer does with it."""
    whole = tokenizer_json(tokenizer)
    if whole is None:
        vocabulary = sorted(tokenizer.get_vocab().items())
        whole = json.dumps([type(tokenizer).__name__, vocabulary], ensure_ascii=False)
    return hashlib.blake2b(whole.encode("utf8", "surrogatepass"), digest_size=8).hexdigest()

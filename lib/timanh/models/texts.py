"""How texts become the tokens of an encoder."""

import unicodedata
import warnings
from collections.abc import Sequence
from typing import Any

# SigLIP's text tower reads its answer at the last position and was trained on full-length rows.
PADDED_TO_FULL_LENGTH = frozenset({"siglip", "siglip2"})


class TextPreparation:
    """A tokenizer with the limits of its model.

    Attributes:
        tokenizer: any fast or slow tokenizer of transformers.
        max_length: tokens that the text tower has positions for.
        full_length: pad every text to `max_length` instead of to the longest of its batch.
    """

    def __init__(self, tokenizer: Any, max_length: int, *, full_length: bool = False) -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.full_length = full_length

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids per text, unpadded, cut at the limit without a word (for training)."""
        rows = self.tokenizer(
            [_clean(text) for text in texts], truncation=True, max_length=self.max_length
        )["input_ids"]
        return [list(row) for row in rows]

    def pad(self, rows: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Token ids to `input_ids` and `attention_mask`, each (N, longest) int64 tensors."""
        batch = self.tokenizer.pad(
            {"input_ids": [list(row) for row in rows]},
            padding="max_length" if self.full_length else "longest",
            max_length=self.max_length,
            return_tensors="pt",
            return_attention_mask=True,
        )
        return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}

    def __call__(self, texts: Sequence[str]) -> dict[str, Any]:
        """Texts to padded tensors; warns once per call about texts that had to be cut."""
        whole = self.tokenizer([_clean(text) for text in texts], verbose=False)["input_ids"]
        longer = sum(len(row) > self.max_length for row in whole)
        if longer:
            warnings.warn(
                f"{longer} of {len(texts)} texts had more than {self.max_length} tokens and were "
                "cut; what stands after the cut does not count in the search.",
                stacklevel=3,
            )
        return self.pad(self.token_ids(texts) if longer else whole)


def text_limit(tokenizer: Any, text_config: Any) -> int:
    """The smaller of what the tokenizer and the text tower's positions allow.

    RoBERTa-like towers (PhoBERT, XLM-R) lose the positions up to the padding id.
    """
    positions = int(getattr(text_config, "max_position_embeddings", 512))
    if "roberta" in str(getattr(text_config, "model_type", "")):
        positions -= int(getattr(text_config, "pad_token_id", 1) or 0) + 1
    limit = int(getattr(tokenizer, "model_max_length", positions))
    return max(1, min(positions, limit))


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()

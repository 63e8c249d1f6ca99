"""What a text tower needs beside its tokenizer: kept in a checkpoint, guessed for known ones."""

import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from timanh.errors import SettingsError
from timanh.models.processor_files import read_config
from timanh.models.text.segmentation import NONE, SEGMENTATIONS, UNDERTHESEA

POOLINGS = ("mean", "cls", "pooler")
SIDES = ("right", "left")
E5 = re.compile(r"(?<![a-z0-9])e5(?![a-z0-9])", re.IGNORECASE)


@dataclass(frozen=True)
class TextSettings:
    """How texts are given to a text tower, and what of its output is taken.

    Attributes:
        pooling: "mean" of all tokens, "cls" the first one, "pooler" the tower's own head over it.
        prefix: put before each text, such as e5's "query: ".
        segmentation: which program joins the words of Vietnamese, see `segmentation`.
        segmenter_version: that of the program in training; "" before a model was saved.
        moved_tones: tone marks stand as PhoBERT learnt them, see `tone_placement`.
        padding_side: of the tokens of shorter texts, "right" or "left".
        max_tokens: at which a text is cut; None for as many as the tower takes.
    """

    pooling: str = "mean"
    prefix: str = ""
    segmentation: str = NONE
    segmenter_version: str = ""
    moved_tones: bool = False
    padding_side: str = "right"
    max_tokens: int | None = None

    def __post_init__(self) -> None:
        for name, known in (
            ("pooling", POOLINGS), ("segmentation", SEGMENTATIONS), ("padding_side", SIDES),
        ):  # fmt: skip
            if getattr(self, name) not in known:
                raise SettingsError(
                    f"{name} of a text tower must be {' or '.join(known)}; "
                    f"got {getattr(self, name)!r}."
                )
        if self.max_tokens is not None and self.max_tokens < 3:
            raise SettingsError(
                f"A text must keep at least 3 tokens, of which two are its ends; max_tokens is "
                f"{self.max_tokens}."
            )

    def to_config(self) -> dict[str, Any]:
        """For `config.json`."""
        return asdict(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TextSettings":
        """Of a two-tower `config.json`, also of one from before there were settings."""
        stored = config.get("text_settings")
        if stored is None:
            return cls(pooling=str(config.get("text_pooling", "mean")))
        known = {name: value for name, value in stored.items() if name in cls.__annotations__}
        return cls(**known)


def guess_settings(folder: Path, tokenizer: Any, **given: Any) -> TextSettings:
    """The settings of a published text model; those `given` that are not None are taken instead.

    PhoBERT is known by its tokenizer, e5 by its name, and models of sentence-transformers by the
    files with which they come. Others, such as multilingual BERT and XLM-R, are read as they are,
    with the mean of their tokens.
    """
    found = TextSettings(padding_side=str(getattr(tokenizer, "padding_side", "right")))
    pooling, prefix = _of_sentence_transformers(folder)
    if _is_phobert(folder, tokenizer):
        found = replace(found, pooling="cls", segmentation=UNDERTHESEA, moved_tones=True)
    elif E5.search(folder.resolve().name) or E5.search(str(folder.parent.parent.name)):
        found = replace(found, prefix="query: ")
    if pooling:
        found = replace(found, pooling=pooling)
    if prefix:
        found = replace(found, prefix=prefix)
    found = replace(found, **{name: value for name, value in given.items() if value is not None})
    if found.pooling != "mean":
        found = replace(found, padding_side="right")  # its first token has to come first
    return found


def _is_phobert(folder: Path, tokenizer: Any) -> bool:
    named = {
        type(tokenizer).__name__,
        str(read_config(folder / "config.json").get("tokenizer_class")),
    }
    return any("phobert" in name.lower() for name in named)


def _of_sentence_transformers(folder: Path) -> tuple[str, str]:
    """(pooling, prefix of queries) that its files say; "" for what they do not."""
    modes = read_config(folder / "1_Pooling" / "config.json")
    pooling = ""
    if modes.get("pooling_mode_cls_token"):
        pooling = "cls"
    elif modes.get("pooling_mode_mean_tokens"):
        pooling = "mean"
    prompts = read_config(folder / "config_sentence_transformers.json").get("prompts")
    prefix = prompts.get("query") if isinstance(prompts, dict) else ""
    return pooling, str(prefix or "")

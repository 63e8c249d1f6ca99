"""What a picture is to look like: words and pictures with weights, as vectors of an encoder."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from timanh.errors import ContradictionError, EmptyQueryError, OnlyExcludedError, QueryError
from timanh.models.encoder import Encoder, Vectors
from timanh.models.text.typed import needs_marks, with_marks
from timanh.workspace import require_whole

MAX_PROMPTS = 16
MAX_WEIGHT = 100.0


@dataclass(frozen=True)
class Prompt:
    """Words or a picture, and how much it counts; a negative weight leads away from it."""

    text: str = ""
    image: Image.Image | None = None
    weight: float = 1.0


@dataclass(frozen=True)
class Targets:
    """N vectors that a picture is to be near to, or far from.

    Attributes:
        vectors: (N, dim) float32 of unit length.
        weights: (N,) float32; their absolute values have the sum 1.
    """

    vectors: Vectors
    weights: Vectors


def read_prompt(written: str) -> Prompt:
    """Words, perhaps with a weight behind a colon.

    Example:
        >>> read_prompt("a red car:2").weight
        2.0
        >>> read_prompt("10:30 in the morning").text
        '10:30 in the morning'
    """
    found = re.fullmatch(r"(.*\S)\s*:\s*([-+]?(?:\d+\.?\d*|\.\d+))\s*", written, re.DOTALL)
    if found is None:
        return Prompt(written.strip())
    return Prompt(found[1].strip(), weight=float(found[2]))


def check_prompts(prompts: Sequence[Prompt]) -> tuple[Prompt, ...]:
    """The prompts with weights of the same words added up.

    Raises:
        EmptyQueryError: no words and no picture.
        OnlyExcludedError: only what the picture is not to look like.
        QueryError: they cancel each other, are too many, or have a weight out of range.
    """
    given = [each for each in prompts if each.text.strip() or each.image is not None]
    if not given:
        raise EmptyQueryError(
            "There is nothing to paint: neither words nor a picture were given. Write what the "
            "picture is to show, such as “a red car in the snow”."
        )
    if len(given) > MAX_PROMPTS:
        raise QueryError(f"You gave {len(given)} prompts; the limit is {MAX_PROMPTS}.")
    for each in given:
        require_whole(each.text)
        if not np.isfinite(each.weight) or abs(each.weight) > MAX_WEIGHT:
            raise QueryError(
                f"A weight must be from -{MAX_WEIGHT:g} to {MAX_WEIGHT:g}; got {each.weight:g}."
            )
    joined: dict[object, Prompt] = {}
    for each in given:
        key = _key(each)
        before = joined[key].weight if key in joined else 0.0
        joined[key] = Prompt(each.text.strip(), each.image, before + each.weight)
    left = tuple(each for each in joined.values() if abs(each.weight) > 1e-6)
    if not left:
        raise ContradictionError(
            "The prompts cancel each other: the same words are wanted and not wanted, so nothing "
            "is left to paint. Take one of them away, or give it another weight."
        )
    if all(each.weight < 0 for each in left):
        raise OnlyExcludedError(
            "There are only words for what the picture is not to show. Add some for what it is to "
            "show."
        )
    return left


def targets(
    prompts: Sequence[Prompt],
    encoder: Encoder,
    words: Callable[[Sequence[str]], Vectors] | None = None,
) -> Targets:
    """Their vectors; `words` in place of the encoder's `encode_texts`, where others use it too.

    Raises:
        QueryError: as `check_prompts`.
    """
    chosen = check_prompts(prompts)
    vectors = np.empty((len(chosen), encoder.dim), np.float32)
    texts = [row for row, each in enumerate(chosen) if each.image is None]
    if texts:
        encode = words or encoder.encode_texts
        vectors[texts] = encode([as_read(chosen[row].text, encoder) for row in texts])
    for row, each in enumerate(chosen):
        if each.image is not None:
            vectors[row] = encoder.encode_images([each.image.convert("RGB")])[0]
    weights = np.array([each.weight for each in chosen], np.float32)
    return Targets(vectors, weights / np.abs(weights).sum())


def as_read(text: str, encoder: Encoder) -> str:
    """Words with the marks that their writer meant, where the encoder needs them."""
    return with_marks(text, restore=needs_marks(encoder))[0]


def _key(prompt: Prompt) -> object:
    if prompt.image is not None:
        return (prompt.image.size, prompt.image.tobytes())
    return " ".join(prompt.text.casefold().split())

"""Which templates suit an encoder and some pictures, by trying them on pictures with labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from timanh.errors import DataError
from timanh.models.encoder import Encoder, Vectors
from timanh.models.zero_shot.examples import cross_entropy
from timanh.models.zero_shot.labels import ZeroShot
from timanh.models.zero_shot.templates import SETS, templates_of

MOST = 7  # templates in a choice
LEAST_PICTURES = 20
# Less than this much cross-entropy is no reason for one more template.
LEAST_GAIN = 0.002
MORE_EN = (
    "a {}.", "the {}.", "a picture of a {}", "a drawing of a {}.", "a {} in the picture",
    "a small {}", "a big {}", "a {} at night", "a {} on a sunny day", "a {} in the park",
    "this is a {}.", "This is a photo of {}.",
)  # fmt: skip
MORE_VI = (
    "một {}", "có một {}", "bức tranh {}", "một {} nhỏ", "một {} to", "{} ban đêm",
    "{} trong công viên", "đây là {}", "Đây là ảnh chụp {}.",
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """Templates that were chosen on one half of the pictures and measured on the other.

    Attributes:
        templates: chosen, the first alone the best.
        pictures: how many they were measured on.
        accuracy, usual: percent right on these, with the chosen templates and with the encoder's
            usual ones.
    """

    templates: tuple[str, ...]
    pictures: int
    accuracy: float
    usual: float

    @property
    def better(self) -> bool:
        """Whether the chosen ones are right more often than the usual ones."""
        return self.accuracy > self.usual


def candidates(language: str) -> tuple[str, ...]:
    """All templates of a language that are shipped, and a few more."""
    more = MORE_VI if language == "vi" else MORE_EN
    sets = (each.by_language.get(language, ()) for each in SETS.values())
    return tuple(dict.fromkeys([*(text for each in sets for text in each), *more]))


def choose_templates(
    encoder: Encoder,
    vectors: Vectors,
    truth: NDArray[np.int64],
    names: Sequence[str],
    *,
    language: str = "en",
    words: Sequence[str] | None = None,
    seed: int = 0,
) -> Choice:
    """Forward selection by cross-entropy: the best template, then the one that adds most to it.

    Args:
        vectors: (N, dim) unit vectors of pictures.
        truth: (N,) the place of each one's label in `names`.
        names, language, words: as `ZeroShot.labels` takes them.
        seed: of the halves.

    Raises:
        DataError: fewer than 20 pictures.
        QueryError: as `ZeroShot.labels`.
    """
    if len(vectors) < LEAST_PICTURES:
        raise DataError(
            f"There are {len(vectors)} pictures with a label, and {LEAST_PICTURES} are needed to "
            "choose templates on half of them and to measure on the other half."
        )
    zero_shot = ZeroShot(encoder)
    usual = templates_of(encoder, language)
    pool = candidates(language)
    single = {
        template: zero_shot.labels(names, templates=[template], language=language, words=words)
        for template in pool
    }
    scale, bias = single[pool[0]].scale, single[pool[0]].bias
    order = np.random.default_rng(seed).permutation(len(vectors))
    half = order[: len(order) // 2]

    def logits(templates: Sequence[str], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        mean = np.mean([single[each].vectors for each in templates], axis=0)
        mean /= np.linalg.norm(mean, axis=1, keepdims=True)
        return np.asarray(scale * (vectors[rows].astype(np.float64) @ mean.T) + bias)

    chosen: list[str] = []
    lowest = np.inf
    while len(chosen) < MOST:
        losses = {
            each: cross_entropy(logits([*chosen, each], half), truth[half])
            for each in pool
            if each not in chosen
        }
        best = min(losses, key=lambda each: losses[each])
        if losses[best] > lowest - LEAST_GAIN:
            break
        lowest = losses[best]
        chosen.append(best)
    rest = order[len(order) // 2 :]
    return Choice(
        tuple(chosen),
        len(rest),
        _accuracy(logits(chosen, rest), truth[rest]),
        _accuracy(logits(usual, rest), truth[rest]),
    )


def _accuracy(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    return float(100 * (logits.argmax(axis=1) == truth).mean())

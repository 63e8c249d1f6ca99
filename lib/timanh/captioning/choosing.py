"""Which of the sentences that a search found for a picture comes first."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from timanh.captioning.captioner import Caption

LIKELIEST, CONSENSUS, NEAREST, BALANCED = "likeliest", "consensus", "nearest", "balanced"
BEST = "best"  # balanced where the captioner has an encoder for it, else the likeliest
WAYS = (BEST, LIKELIEST, CONSENSUS, NEAREST, BALANCED)
BY_ENCODER = (NEAREST, BALANCED)  # these need the encoder whose tower the captioner looks through
# Chosen on Flickr8k's dev split, as docs/captions.md says.
AGREEMENT = 5.0  # what full agreement counts for, in natural logarithms of probability
SHORTER = 0.5  # of the search's length penalty, since long sentences agree more with others
RUN = 2  # words, up to which runs are compared


def consensus_first(
    captions: Sequence[Caption], length_penalty: float, logits: NDArray[np.float32] | None = None
) -> list[Caption]:
    """A picture's sentences by their likelihood and by how much the others say the same.

    The likeliest sentence is often a short one whose words are likely together; what most
    sentences name is likelier to be in the picture. This is the sentence of least Bayes risk
    (Kumar and Byrne 2004) among those of the search, mixed with likelihood.

    Args:
        length_penalty: as of the search, which divides a sentence's log-probability by its length
            to this power; here by half of it.
        logits: (N,) of an encoder for the picture and each sentence, added where they are there.
    """
    lengths = np.array([len(one.text.split()) + 1 for one in captions])
    chances = np.array([one.log_probability for one in captions]) * lengths
    scores = chances / lengths ** (SHORTER * length_penalty) + AGREEMENT * agreement(
        [one.text for one in captions]
    )
    if logits is not None:
        scores = scores + logits
    return [captions[row] for row in np.argsort(-scores, kind="stable")]


def agreement(texts: Sequence[str]) -> NDArray[np.float64]:
    """(N,) from 0 to 1: how much of each text the N texts share with it, itself among them: F1 of
    the words and of the pairs of neighbours, in the mean."""
    runs = [_runs(text) for text in texts]
    return np.array([sum(_f1(one, other) for other in runs) / len(runs) for one in runs])


def _runs(text: str) -> list[Counter[tuple[str, ...]]]:
    words = text.split()
    return [
        Counter(tuple(words[at : at + size]) for at in range(len(words) - size + 1))
        for size in range(1, RUN + 1)
    ]


def _f1(one: list[Counter[tuple[str, ...]]], other: list[Counter[tuple[str, ...]]]) -> float:
    each = [
        2 * (ours & theirs).total() / max(1, ours.total() + theirs.total())
        for ours, theirs in zip(one, other, strict=True)
    ]
    return sum(each) / len(each)

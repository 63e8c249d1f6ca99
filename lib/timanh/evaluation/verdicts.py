"""A few queries looked at: what was expected, what was found, and whether it is right."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from timanh.data import DataFolder, open_picture
from timanh.evaluation.evaluate import encode_gallery
from timanh.evaluation.figures import plot_hit_rows
from timanh.models.text.segmentation import NO_SEGMENTER
from timanh.models.torch_encoder import TorchEncoder
from timanh.search import Hit


@dataclass(frozen=True)
class ExpectedQuery:
    """A query and what is to be seen: `expected` are words that a right picture's caption has."""

    query: str
    expected: tuple[str, ...]


# What a Vietnamese report looked at, of its own pictures of ball sports.
REPORT_QUERIES = (
    ExpectedQuery("Ở trên sân, một vận động viên tennis đang chuẩn bị phát bóng", ("tennis",)),
    ExpectedQuery("Cầu thủ bóng chày đang thực hiện cú ném bóng", ("bóng chày", "ném")),
    ExpectedQuery("Một nhóm người đang đá bóng trên sân cỏ", ("bóng đá|đá bóng",)),
)


@dataclass(frozen=True)
class Verdict:
    """What a query found first.

    Attributes:
        found: the picture's name; captions: its own; score: the cosine, −1..1.
        right: whether one of its captions has all expected words.
        among: how many pictures of the gallery are right.
    """

    wanted: ExpectedQuery
    found: str
    captions: tuple[str, ...]
    score: float
    right: bool
    among: int


def verdicts(
    encoder: TorchEncoder,
    folder: DataFolder,
    names: Sequence[str],
    queries: Sequence[ExpectedQuery] = REPORT_QUERIES,
    *,
    segmented: bool = True,
) -> list[Verdict]:
    """The nearest picture to each query.

    Args:
        names: the gallery.
        segmented: join the words of Vietnamese as the encoder does; False gives it the syllables
            as they are written, to see what that changes.
    """
    images, kept, _ = encode_gallery(encoder, folder, names, progress=False)
    texts = encoder.texts
    if not segmented:
        encoder.texts = copy(texts)
        encoder.texts.segmenter = NO_SEGMENTER
    try:
        vectors = encoder.encode_texts([each.query for each in queries])
    finally:
        encoder.texts = texts
    right = [[_is_right(folder, name, each) for name in kept] for each in queries]
    found = []
    for each, vector, known in zip(queries, vectors, right, strict=True):
        scores = images @ vector
        first = int(np.argmax(scores))
        found.append(
            Verdict(
                each, kept[first], folder.captions_of(kept[first]), float(scores[first]),
                known[first], sum(known),
            )
        )  # fmt: skip
    return found


def format_verdicts(found: Sequence[Verdict]) -> str:
    """A table in Markdown: query, expected, found, verdict."""
    lines = ["| query | expected | found | verdict |", "|---|---|---|---|"]
    for each in found:
        expected = ", ".join(each.wanted.expected).replace("|", " or ")
        caption = each.captions[0] if each.captions else each.found
        verdict = "right" if each.right else "wrong"
        if not each.among:
            verdict = "none in the gallery"
        lines.append(
            f"| {each.wanted.query} | {expected} ({each.among:,} pictures) | {caption} "
            f"({each.score:.2f}) | {verdict} |"
        )
    return "\n".join(lines)


def plot_verdicts(found: Sequence[Verdict], folder: DataFolder, file: Path) -> Path:
    """The found pictures as one figure, right ones with a green frame."""
    rows = []
    for each in found:
        hit = Hit(1, each.found, each.found, each.score, each.captions, 0, 0)
        picture = open_picture(folder.images / each.found, longest=320)
        rows.append((each.wanted.query, [hit], [picture], ()))
    right = [{each.found} if each.right else set[str]() for each in found]
    plot_hit_rows(rows, file, right=right)
    return file


def _is_right(folder: DataFolder, name: str, query: ExpectedQuery) -> bool:
    return any(
        all(any(word in caption.lower() for word in either.split("|")) for either in query.expected)
        for caption in folder.captions_of(name)
    )

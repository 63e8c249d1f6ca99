"""What a score of captions is worth: the same sentences against one reference, and against all."""

from collections.abc import Mapping, Sequence
from typing import Any

from timanh.data import DataFolder
from timanh.evaluation.caption_report import references_of
from timanh.evaluation.caption_scores import caption_scores
from timanh.evaluation.lessons.tables import Table

COLUMNS = (
    "who wrote · ai viết",
    "BLEU-4, one reference · một câu mẫu",
    "BLEU-4, all references · mọi câu mẫu",
    "CIDEr",
    "distinct a thousand · câu khác nhau/nghìn",
)


def references_table(
    documents: Mapping[str, Mapping[str, Any]], folder: DataFolder, languages: Sequence[str]
) -> Table:
    """BLEU-4 of each captioner against the first caption of a picture and against all of them,
    and beside it a constant sentence and a person, whose first caption meets the others.

    Args:
        documents: name → what `evaluate_captions` gave, all of the same pictures.
        languages: that the captions are written in.
    """
    first = next(iter(documents.values()))
    names = list(first["captions"])
    known = [references_of(folder, name, first["language"], languages) for name in names]
    rows = []
    for name, document in documents.items():
        written = [document["captions"][picture] for picture in names]
        rows.append(_row(name, written, known, document["distinct_per_1000"]))
    rows.append(_row("constant · một câu cố định", [first["constant"]] * len(names), known, None))
    several = [texts for texts in known if len(texts) > 1]
    if several:
        person = [texts[0] for texts in several]
        others = [texts[1:] for texts in several]
        rows.append(_row("a person · con người", person, others, None))
    return Table(COLUMNS, rows)


def _row(
    name: str, written: Sequence[str], references: Sequence[Sequence[str]], distinct: float | None
) -> tuple[str, ...]:
    one = caption_scores(written, [texts[:1] for texts in references])
    every = caption_scores(written, references)
    return (
        name,
        f"{one['BLEU-4']:.3f}",
        f"{every['BLEU-4']:.3f}",
        f"{every['CIDEr']:.3f}",
        "—" if distinct is None else f"{distinct:.0f}",
    )

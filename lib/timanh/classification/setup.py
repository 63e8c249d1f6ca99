"""A classifier for pictures: labels made into vectors, and how an answer is chosen."""

import hashlib
import json
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from timanh.classification.answers import Answer, answer_for
from timanh.classification.gallery import Pictures, VectorBatch, open_pictures
from timanh.classification.label_lists import LabelList
from timanh.classification.truth import matched, truth_of_folders
from timanh.errors import DataError
from timanh.models.encoder import Encoder
from timanh.models.text.typed import labels_with_marks
from timanh.models.zero_shot import (
    Choice,
    FitReport,
    Labels,
    ZeroShot,
    choose_templates,
    fit_examples,
)
from timanh.progress import tqdm
from timanh.search import Translator

LONGEST = 80  # letters of a label in a message


@dataclass(frozen=True)
class Classifier:
    """Labels, and how an answer is chosen from their probabilities.

    Attributes:
        labels: as vectors.
        multi: each label by itself; else one of them.
        threshold: of the probability of a label that fits, with `multi`.
        top: how many of the likeliest an answer names; None for all.

    Raises:
        QueryError: several labels at once, without “none of these”.
    """

    labels: Labels
    multi: bool = False
    threshold: float = 0.5
    top: int | None = None

    def __post_init__(self) -> None:
        if self.multi:
            self.labels.require_background()

    def answers(self, batch: VectorBatch) -> list[Answer]:
        """An answer for each picture."""
        return list(self._answers(batch))

    def _answers(self, batch: VectorBatch) -> Iterator[Answer]:
        if not len(batch.vectors):
            return
        labels = self.labels
        find = labels.classify_each if self.multi else labels.classify
        names = labels.names if self.multi else labels.answers
        for name, row in zip(batch.names, find(batch.vectors), strict=True):
            yield answer_for(
                name, row, names, multi=self.multi, threshold=self.threshold, top=self.top
            )

    def digest(self, encoder: Encoder, gallery: Path) -> str:
        """16 hex digits that change with anything that an answer depends on; `gallery` is the
        folder of the pictures, by whose paths answers are known."""
        labels = self.labels
        place = str(gallery.resolve())
        settings = [
            encoder.fingerprint, labels.answers, self.multi, self.threshold, self.top, place,
        ]  # fmt: skip
        found = hashlib.blake2b(json.dumps(settings).encode(), digest_size=8)
        found.update(labels.logits(np.eye(encoder.dim, dtype=np.float32)).round(3).tobytes())
        return found.hexdigest()


def for_encoder(
    given: LabelList, encoder: Encoder, translator: Translator | None = None
) -> LabelList:
    """The labels as the encoder reads them: Vietnamese with its marks where it knows Vietnamese,
    else in English. What they are called stays.

    Args:
        translator: None leaves those in Vietnamese that are not shipped, with a warning.
    """
    if given.language != "vi":
        return given
    words = labels_with_marks(given.words, encoder)
    if "vi" in encoder.languages:
        return replace(given, words=words)
    if given.english is not None:
        return replace(given.english, names=given.names)
    if translator is not None:
        translated = tuple(translator.translate(each).translated or each for each in words)
        if translated != words:
            return replace(given, words=translated, language="en")
    warnings.warn(
        f"{encoder.name} was not trained on Vietnamese, and the labels are not translated. Write "
        "them in English.",
        stacklevel=2,
    )
    return replace(given, words=words)


def make_labels(
    encoder: Encoder,
    given: LabelList,
    *,
    templates: Sequence[str] | None = None,
    none: bool = True,
    progress: bool = True,
) -> Labels:
    """The labels of `for_encoder` as vectors.

    Args:
        templates: in place of the list's or the encoder's.
        none: "none of these" is an answer too.

    Raises:
        QueryError: as `ZeroShot.labels`.
    """
    _warn_of_long(encoder, given.words)
    return ZeroShot(encoder).labels(
        given.names, templates=templates or given.templates, language=given.language, none=none,
        words=given.words, progress=progress,
    )  # fmt: skip


def templates_for(
    pictures: Pictures,
    truth: dict[str, str],
    encoder: Encoder,
    given: LabelList,
    *,
    batch_size: int = 32,
) -> tuple[Choice, list[VectorBatch]]:
    """The templates that suit these pictures best, and the vectors of those with a right label.

    Args:
        truth: picture → label; others count for nothing.

    Raises:
        DataError, QueryError: as `choose_templates`.
    """
    others = {name for name in pictures.names if name not in truth}
    known = []
    with tqdm(total=len(truth), desc="encode", unit="img") as bar:
        for batch in pictures.vectors(encoder, without=others, batch_size=batch_size):
            known.append(batch)
            bar.update(len(batch.names))
    column = {name: number for number, name in enumerate(given.names)}
    spelled = matched(truth, given.names)
    rows = [
        (vector, column[spelled[name]])
        for batch in known
        for name, vector in zip(batch.names, batch.vectors, strict=True)
        if spelled[name] in column
    ]
    choice = choose_templates(
        encoder, np.array([row[0] for row in rows]), np.array([row[1] for row in rows]),
        given.names, language=given.language, words=given.words,
    )  # fmt: skip
    return choice, known


def with_examples(
    labels: Labels, encoder: Encoder, folder: Path, *, batch_size: int = 32
) -> tuple[Labels, FitReport]:
    """The labels with the pictures of `folder`, which has a folder for each label.

    Raises:
        DataError: a folder there is none of the labels, or has no picture.
    """
    pictures = open_pictures(folder)
    spelled = matched(truth_of_folders(pictures.names), labels.names)
    column = {name: number for number, name in enumerate(labels.names)}
    others = sorted({label for label in spelled.values() if label not in column})
    if others or not spelled:
        odd = ", ".join(others[:5]) or "no folders"
        raise DataError(
            f"{folder} has {odd}, and the labels are {', '.join(labels.names[:10])}. Give it a "
            "folder for each label, of the same name, with a few pictures."
        )
    vectors, columns = [], []
    for batch in pictures.vectors(encoder, batch_size=batch_size):
        kept = [row for row, name in enumerate(batch.names) if name in spelled]
        vectors.append(batch.vectors[kept])
        columns += [column[spelled[batch.names[row]]] for row in kept]
    added, report = fit_examples(
        np.concatenate(vectors), np.array(columns, np.int64), len(labels.names),
        lambda each: labels.logits(each)[:, : len(labels.names)], labels.scale,
    )  # fmt: skip
    return labels.with_examples(added), report


def _warn_of_long(encoder: Encoder, words: Sequence[str]) -> None:
    long = [word for word in words if len(word) > LONGEST and not encoder.surely_reads(word)]
    for word in long[:1]:
        length = encoder.text_length(word)
        if length is not None and length.read is not None:
            warnings.warn(
                f"The label “{word[:LONGEST]}…” has {len(word.split())} words; the model reads "
                f"{length.limit} tokens, and what stands behind them does not count.",
                stacklevel=3,
            )

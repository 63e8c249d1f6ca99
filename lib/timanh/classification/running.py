"""All pictures through a classifier, with a bar, and into a file that a next run goes on with."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from timanh.classification.answers import Answer
from timanh.classification.gallery import Pictures, VectorBatch
from timanh.classification.results import ResultFile
from timanh.classification.setup import Classifier
from timanh.models.encoder import Encoder
from timanh.progress import tqdm


@dataclass
class Classified:
    """What was found.

    Attributes:
        answers: in the order of the pictures.
        skipped: pictures that cannot be read: path → why.
    """

    answers: list[Answer] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """How many pictures have each label, the most first."""
        found: dict[str, int] = {}
        for answer in self.answers:
            for label in answer.labels:
                found[label] = found.get(label, 0) + 1
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def classify_pictures(
    pictures: Pictures,
    encoder: Encoder,
    classifier: Classifier,
    *,
    known: Iterable[VectorBatch] = (),
    results: ResultFile | None = None,
    batch_size: int = 32,
    progress: bool = True,
) -> Classified:
    """Classify `pictures`; those that `results` has from before are not read again.

    Args:
        known: pictures whose vectors are there already.

    Raises:
        DiskFullError: `results` cannot be written.
    """
    found = Classified()
    done: dict[str, Answer] = {}
    if results is not None:
        there = set(pictures.names)
        done = {path: answer for path, answer in results.done.items() if path in there}

    def take(batch: VectorBatch) -> None:
        answers = classifier.answers(batch)
        found.skipped.update(batch.skipped)
        if results is not None:
            results.add(answers, batch.skipped)
        done.update((answer.path, answer) for answer in answers)
        bar.update(len(answers) + len(batch.skipped))

    with tqdm(
        total=len(pictures.names), initial=len(done), desc="classify", unit="img",
        disable=not progress,
    ) as bar:  # fmt: skip
        for batch in known:
            take(batch)
        seen = {*done, *found.skipped}
        for batch in pictures.vectors(encoder, without=seen, batch_size=batch_size):
            take(batch)
    found.answers = [done[name] for name in pictures.names if name in done]
    return found

"""How good a captioner's sentences are, beside what a constant sentence and a person get."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics.bleu import BLEU

from timanh.captioning import Captioner
from timanh.captioning.examples import language_of
from timanh.captioning.words import plain_words
from timanh.data import DataFolder
from timanh.errors import DataError, EmptyGalleryError
from timanh.evaluation.caption_scores import caption_statistics
from timanh.evaluation.meteor import Meteor, MeteorError, meteor_command, running_meteor
from timanh.models.reading import in_batches, prepare_pictures
from timanh.progress import tqdm

SCORES = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "CIDEr", "ROUGE-L")
METEOR = "METEOR"
DRAWS = 1000
# The constant is chosen among so many sentences of each length in words; by so many pictures, so
# many of these are kept. A sample as small as the first alone would choose by accident.
CANDIDATES, SHORTEST, LONGEST = 40, 8, 14
ROUNDS = ((1000, 10), (10_000, 1))
# Captions that are compared, and what people wrote about each picture.
Compared = tuple[Sequence[str], Sequence[Sequence[str]]]
HEAD = "words in lower case, punctuation off, full stop stripped; all references at once"


@dataclass(frozen=True)
class WrittenCaptions:
    """A captioner's sentences about pictures.

    Attributes:
        names: the N pictures that could be opened.
        texts: (N,) the best caption of each.
        skipped: picture → why it could not be opened.
    """

    names: tuple[str, ...]
    texts: tuple[str, ...]
    skipped: dict[str, str]


def write_for(
    captioner: Captioner,
    folder: DataFolder,
    names: Sequence[str],
    *,
    language: str | None = None,
    beams: int = 5,
    batch_size: int = 32,
    progress: bool = True,
) -> WrittenCaptions:
    """Caption the pictures `names`; reads ahead while it writes.

    Raises:
        EmptyGalleryError: none of them can be opened.
        LanguageError: the captioner does not write this language.
    """
    kept: list[str] = []
    texts: list[str] = []
    skipped: dict[str, str] = {}
    results = prepare_pictures(
        folder.images,
        names,
        lambda image: captioner.prepare_images([image])[0],
        captioner.min_decode_side,
        ahead=2 * batch_size,
    )
    with tqdm(total=len(names), desc="captions", unit="img", disable=not progress) as bar:
        for batch in in_batches(results, batch_size):
            if batch.pictures:
                written = captioner.captions_prepared(batch.pixels, language, beams=beams)
                texts += [each[0].text for each in written]
            kept += [picture.path for picture in batch.pictures]
            skipped |= {one.path: one.reason for one in batch.skipped}
            bar.update(len(batch.pictures) + len(batch.skipped))
    if not kept:
        raise EmptyGalleryError(
            f"None of the {len(names)} pictures in {folder.images} can be opened "
            f"({next(iter(skipped.values()), 'the list is empty')})."
        )
    return WrittenCaptions(tuple(kept), tuple(texts), skipped)


def evaluate_captions(
    captioner: Captioner,
    folder: DataFolder,
    names: Sequence[str],
    *,
    split: str = "all",
    train: Sequence[str] = (),
    language: str | None = None,
    beams: int = 5,
    batch_size: int = 32,
    progress: bool = True,
) -> dict[str, Any]:
    """Scores of a captioner on the pictures `names`, with all captions of each as references.

    Args:
        train: pictures whose captions the constant sentence is chosen from, and which the
            captioner may have copied.

    Returns:
        {"captioner", "fingerprint", "split", "language", "pictures", "references" (mean number),
        "protocol", "beams", "rows": {"captioner", "constant", "human"}, "distinct_per_1000",
        "constant" (its text), "most_frequent": {"text", "share"}, "copied" (share), "skipped",
        "captions" (by picture)}; a row has
        BLEU-1..4, CIDEr, ROUGE-L, "words" and their "ci95", of a bootstrap over pictures, and
        METEOR where it is there; else "protocol" says why not. "human"
        is one reference against the others, the mean over which one, so it has one reference
        fewer than the captioner.

    Raises:
        DataError: none of the pictures has a caption in this language.
        EmptyGalleryError, LanguageError: as `write_for`.
    """
    spoken = captioner.check(language, beams, 1)
    references = {name: references_of(folder, name, spoken, captioner.languages) for name in names}
    wanted = [name for name in names if references[name]]
    if not wanted:
        raise DataError(
            f"The {len(names)} pictures of split “{split}” in {folder.root} have no captions in "
            f"language {spoken!r} to compare with.",
            cli="Name a caption file with --captions, another --split or another --language.",
            notebook="Put a captions.txt into the folder, or set SPLIT or LANGUAGE to another.",
        )
    written = write_for(
        captioner, folder, wanted,
        language=spoken, beams=beams, batch_size=batch_size, progress=progress,
    )  # fmt: skip
    known = [references_of(folder, name, spoken, captioner.languages) for name in train]
    own = [references[name] for name in written.names]
    document = score_captions(written.texts, own, known, language=spoken)
    return {
        "captioner": captioner.name,
        "fingerprint": captioner.fingerprint,
        "split": split,
        "language": spoken,
        "beams": beams,
        **document,
        "skipped": written.skipped,
        "captions": dict(zip(written.names, written.texts, strict=True)),
    }


def references_of(
    folder: DataFolder, name: str, language: str, languages: Sequence[str]
) -> tuple[str, ...]:
    """What people wrote about a picture in one language."""
    texts = folder.captions_of(name)
    known = tuple(dict.fromkeys((*languages, "en", "vi")))
    return tuple(text for text in texts if language_of(text, known) == language)


def score_captions(
    candidates: Sequence[str],
    references: Sequence[Sequence[str]],
    train: Sequence[Sequence[str]] = (),
    *,
    language: str = "en",
) -> dict[str, Any]:
    """The part of `evaluate_captions` that needs no captioner; `train` are captions by picture."""
    constant = constant_caption(train or references)
    compared: dict[str, list[Compared]] = {
        "captioner": [(candidates, references)],
        "constant": [([constant] * len(references), references)],
        "human": _people(references),
    }
    rows = {name: _row(each) if each else None for name, each in compared.items()}
    protocol = HEAD
    try:
        with running_meteor(meteor_command(language)) as meteor:
            added = {name: _meteor_row(meteor, each) for name, each in compared.items() if each}
    except MeteorError as error:
        protocol += f"; no METEOR: {error}"
    else:
        for name, (score, ci95) in added.items():
            row = rows[name] or {}
            row[METEOR], row["ci95"][METEOR] = score, ci95
    normal = [" ".join(plain_words(text)) for text in candidates]
    text, most = Counter(normal).most_common(1)[0]
    seen = {" ".join(plain_words(each)) for texts in train for each in texts}
    return {
        "pictures": len(candidates),
        "references": sum(map(len, references)) / len(references),
        "protocol": protocol,
        "rows": rows,
        "constant": constant,
        "distinct_per_1000": 1000 * len(set(normal)) / len(normal),
        "most_frequent": {"text": text, "share": most / len(normal)},
        "copied": sum(each in seen for each in normal) / len(normal) if seen else None,
    }


def constant_caption(train: Sequence[Sequence[str]]) -> str:
    """The sentence that fits most pictures best: of those made of frequent runs of four words,
    the one with the highest BLEU-4 against the captions of up to 20,000 of the pictures."""
    split = [tuple(plain_words(text)) for texts in train for text in texts]
    runs = Counter(run for words in split for run in _fours(words))
    likely = {
        words: sum(log(runs[run]) for run in _fours(words)) / len(_fours(words))
        for words in split
        if SHORTEST <= len(words) <= LONGEST
    }
    if not likely:
        return " ".join(split[0]) if split else ""
    ordered = sorted(likely, key=lambda words: (-likely[words], words))
    lengths = range(SHORTEST, LONGEST + 1)
    best = [
        words
        for length in lengths
        for words in [each for each in ordered if len(each) == length][:CANDIDATES]
    ]
    for pictures, kept in ROUNDS:
        sample = [texts for texts in train[:: max(1, len(train) // pictures)] if texts]
        bleu = _constant_bleu(sample)
        best = sorted(best, key=lambda words: -bleu(" ".join(words)))[:kept]
    return " ".join(best[0])


def _constant_bleu(sample: Sequence[Sequence[str]]) -> Callable[[str], float]:
    """BLEU-4 of one sentence for all pictures, as a function of the sentence."""
    most = max(map(len, sample))
    # sacrebleu wants as many references for each; None is none.
    by_place: Any = [
        [" ".join(plain_words(texts[place])) if place < len(texts) else None for texts in sample]
        for place in range(most)
    ]
    metric = BLEU(tokenize="none", smooth_method="none", references=by_place)
    return lambda text: float(metric.corpus_score([text] * len(sample), None).score)


def _fours(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [words[start : start + 4] for start in range(len(words) - 3)]


def _people(references: Sequence[Sequence[str]]) -> list[Compared]:
    """One reference against the others, each in turn; none where pictures have only one."""
    several = [texts for texts in references if len(texts) > 1]
    return [
        (
            [texts[number] for texts in several],
            [[*texts[:number], *texts[number + 1 :]] for texts in several],
        )
        for number in range(min(map(len, several), default=0))
    ]


def _draws(count: int) -> Iterator[NDArray[np.int64]]:
    """Rows of a bootstrap over pictures, the same for every score."""
    draw = np.random.default_rng(0)
    return (draw.integers(0, count, count) for _ in range(DRAWS))


def _interval(drawn: Sequence[float] | NDArray[np.float64]) -> list[float]:
    return [float(each) for each in np.percentile(drawn, (2.5, 97.5))]


def _row(compared: Sequence[Compared]) -> dict[str, Any]:
    """Scores with the interval of a bootstrap over pictures; the mean of several captions."""
    statistics = [caption_statistics(*each) for each in compared]
    drawn = [
        _mean([one.scores(rows) for one in statistics]) for rows in _draws(len(statistics[0].words))
    ]
    ci95 = {key: _interval([one[key] for one in drawn]) for key in SCORES}
    return {**_mean([one.scores() for one in statistics]), "ci95": ci95}


def _meteor_row(meteor: Meteor, compared: Sequence[Compared]) -> tuple[float, list[float]]:
    """METEOR and its interval, as `_row`."""
    scores = []
    for each in compared:
        counts = meteor.counts(*each)
        sums = [counts[rows].sum(0) for rows in _draws(len(counts))]
        scores.append(meteor.scores(np.array([counts.sum(0), *sums])))
    score, *drawn = np.mean(scores, axis=0).tolist()
    return score, _interval(drawn)


def _mean(scores: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([one[key] for one in scores])) for key in scores[0]}


def format_captions(*documents: dict[str, Any]) -> str:
    """A table for people: a captioner a column, then a constant sentence and a person."""
    first = documents[0]
    columns = [(each["captioner"], each["rows"]["captioner"]) for each in documents]
    columns += [("constant", first["rows"]["constant"])]
    if first["rows"]["human"]:
        columns += [("a person", first["rows"]["human"])]
    lines = [
        f"{first['pictures']:,} pictures · {first['references']:.1f} references each · split "
        f"{first['split']} · {first['language']} · beams {first['beams']}",
        f"{first['protocol']}; a person is one reference against the others",
        "",
        " " * 12 + "".join(f"{name[-22:]:>24}" for name, _ in columns),
    ]
    keys = (*SCORES, METEOR) if all(METEOR in row for _, row in columns) else SCORES
    for key in keys:
        cells = "".join(
            f"{row[key]:.3f}  [{row['ci95'][key][0]:.3f}, {row['ci95'][key][1]:.3f}]".rjust(24)
            for _, row in columns
        )
        lines.append(f"{key:<12}{cells}")
    lines.append(f"{'words':<12}" + "".join(f"{row['words']:24.1f}" for _, row in columns))
    lines += ["", f"The constant is “{first['constant']}”."]
    for each in documents:
        frequent = each["most_frequent"]
        copied = "" if each["copied"] is None else f" · {each['copied']:.0%} copied from train"
        lines.append(
            f"{each['captioner']}: {each['distinct_per_1000']:.0f} distinct captions a thousand · "
            f"most frequent {frequent['share']:.1%} “{frequent['text']}”{copied}"
        )
        if each["skipped"]:
            lines.append(f"{len(each['skipped'])} pictures could not be opened.")
    return "\n".join(lines)

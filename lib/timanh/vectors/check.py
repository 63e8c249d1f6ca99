"""A full look at a dictionary: is every number what it should be?"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from timanh.data import open_picture
from timanh.errors import DataError, DictionaryDamagedError, EncoderMismatchError, advice
from timanh.models.encoder import Encoder
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.scan.exact import search_exact
from timanh.vectors.store.manifest import Manifest
from timanh.vectors.store.segments import check_hash

UNIT_TOLERANCE = 1e-3
BLOCK_ROWS = 16_384
NEIGHBOUR_SCORE = 0.99
NEIGHBOURS = 3


@dataclass(frozen=True)
class CheckReport:
    """What `check_dictionary` found.

    Attributes:
        count, dim: of the vectors.
        problems: one sentence for each thing that is wrong; empty when all is well.
        missing_pictures: pictures whose file is not in the gallery now. They can still be
            found, but not shown, so they are counted and are no problem of the dictionary.
        neighbour_score: the lowest cosine between a stored vector and the same picture encoded
            again, of the few pictures tried; None without an encoder or without pictures.
    """

    count: int
    dim: int
    problems: tuple[str, ...]
    missing_pictures: int
    neighbour_score: float | None

    @property
    def ok(self) -> bool:
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, **asdict(self), "problems": list(self.problems)}


def check_dictionary(dictionary: VectorDictionary, encoder: Encoder | None = None) -> CheckReport:
    """Checksums, counts, unit length, ids, and that a known picture finds itself."""
    problems: list[str] = []
    steps: tuple[Callable[[VectorDictionary], list[str]], ...] = (_hashes, _lengths, _items)
    for step in steps:
        try:
            problems += step(dictionary)
        except DictionaryDamagedError as error:
            problems.append(str(error))
    missing = 0
    score = None
    if not problems:
        missing = sum(not (dictionary.gallery / item.path).is_file() for item in dictionary.items)
        if encoder is not None:
            score, found = _neighbours(dictionary, encoder)
            problems += found
    return CheckReport(len(dictionary), dictionary.dim, tuple(problems), missing, score)


def _hashes(dictionary: VectorDictionary) -> list[str]:
    problems = []
    for segment in dictionary.manifest.segments:
        for stored in (segment.vectors, segment.items):
            try:
                check_hash(dictionary.folder, stored)
            except DictionaryDamagedError as error:
                # Another process may have put others in the place of it since this was opened.
                if stored.name in Manifest.load(dictionary.folder).files():
                    problems.append(str(error))
    return problems


def _lengths(dictionary: VectorDictionary) -> list[str]:
    lengths = np.concatenate(
        [
            np.sqrt(np.einsum("ij,ij->i", block, block))
            for _, block in dictionary.parts.blocks(BLOCK_ROWS)
        ]
        or [np.zeros(0, np.float32)]
    )
    # Written so that NaN counts as wrong.
    bad = np.flatnonzero(~(np.abs(lengths - 1) <= UNIT_TOLERANCE))
    if not len(bad):
        return []
    return [
        f"{len(bad)} vectors are not of length 1, the first in row {bad[0]} "
        f"(length {lengths[bad[0]]:.4g}). {_rebuild()}"
    ]


def _items(dictionary: VectorDictionary) -> list[str]:
    ids, paths = set(), set()
    for item in dictionary.items:
        ids.add(item.id)
        paths.add(item.path)
    if len(ids) == len(paths) == len(dictionary):
        return []
    return [f"{len(dictionary)} rows share {len(paths)} paths and {len(ids)} ids. {_rebuild()}"]


def _rebuild() -> str:
    return "Build the dictionary again" + advice(
        cli=" with --rebuild.", notebook=": tick REBUILD in notebook 03."
    )


def _neighbours(dictionary: VectorDictionary, encoder: Encoder) -> tuple[float | None, list[str]]:
    """Encode a few stored pictures again; each must find itself, with a cosine near 1."""
    try:
        dictionary.require(encoder)
    except EncoderMismatchError as error:
        return None, [str(error)]
    lowest: float | None = None
    problems = []
    for row in _spread(dictionary):
        item = dictionary.item(row)
        try:
            picture = open_picture(dictionary.gallery / item.path)
        except DataError as error:
            problems.append(f"{error} The dictionary knows it as row {row}.")
            continue
        again = encoder.encode_images([picture])
        score = float(dictionary.parts.take(np.array([row]))[0] @ again[0])
        best = float(search_exact(dictionary.parts, again, 1)[0][0, 0])
        lowest = score if lowest is None else min(lowest, score)
        # Another picture may be an exact double; it is wrong only when something beats it.
        if score < NEIGHBOUR_SCORE or best > score + 1e-4:
            problems.append(
                f"{item.path} encoded again has a cosine of {score:.3f} with its stored vector and "
                f"{best:.3f} with the nearest. The picture or the encoder has changed: run "
                + advice(cli="`timanh index build` again.", notebook="notebook 03 again.")
            )
    return lowest, problems


def _spread(dictionary: VectorDictionary) -> list[int]:
    """A few rows, first, middle, last, of pictures that are there."""
    candidates = np.linspace(0, len(dictionary) - 1, 4 * NEIGHBOURS, dtype=int)
    rows = sorted({int(row) for row in candidates if len(dictionary)})
    present = [row for row in rows if (dictionary.gallery / dictionary.item(row).path).is_file()]
    return present[:: max(1, len(present) // NEIGHBOURS)][:NEIGHBOURS]

"""The search index of a dictionary: files in its folder `search`, named by `index.json`.

It covers the rows stored in the segments that it names, also those that are removed later, which
are left out of what it finds. Rows that came later are searched without it; when an earlier
segment was rewritten it is stale, and everything is searched without it until it is made again.
Results are right either way, so nothing here stops a search.
"""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from timanh.errors import DictionaryError
from timanh.vectors.index.approximate import (
    KINDS,
    Approximate,
    QueryKind,
    SearchBudget,
    read_candidates,
)
from timanh.vectors.index.coding import Bounds, Coding
from timanh.vectors.index.layer import Layer
from timanh.vectors.index.two_step import TwoStep
from timanh.vectors.store.index_record import FILE, FOLDER, FORMAT, VERSION, fits, read_record
from timanh.vectors.store.manifest import Manifest
from timanh.vectors.store.row_blocks import RowBlocks
from timanh.workspace import atomic_write

OURS = re.compile(r"\d{6,}")  # folders of versions

SearchIndex = TwoStep | Approximate


@dataclass(frozen=True)
class TunedIndex:
    """An index with what was measured when it was chosen."""

    index: SearchIndex
    record: dict[str, Any]


def save_index(
    folder: Path, manifest: Manifest, index: SearchIndex | None, measured: dict[str, Any]
) -> None:
    """Write the index of the dictionary in `folder` in place of the one that was there.

    None writes down that reading every vector was found to be best.

    Raises:
        DictionaryError: it cannot be written; the former one is untouched.
    """
    place = folder / FOLDER
    with _writing(folder):
        place.mkdir(exist_ok=True)
        version = _next(place)
        (place / version).mkdir()
        try:
            kind, parameters = _write(index, place / version)
            record = {
                "format": FORMAT,
                "version": VERSION,
                "kind": kind,
                "fingerprint": manifest.fingerprint,
                "count": manifest.stored,
                "segments": [segment.vectors.blake2b for segment in manifest.segments],
                "files": version,
                "sizes": {file.name: file.stat().st_size for file in (place / version).iterdir()},
                "parameters": parameters,
                "measured": measured,
            }
            with atomic_write(place / FILE) as temporary:
                text = json.dumps(record, indent=2, ensure_ascii=False)
                temporary.write_text(text + "\n", encoding="utf8")
        except BaseException:
            shutil.rmtree(place / version, ignore_errors=True)
            raise
        for old in place.iterdir():
            if old.is_dir() and OURS.fullmatch(old.name) and old.name != version:
                shutil.rmtree(old, ignore_errors=True)


def is_known(record: dict[str, Any]) -> bool:
    """Whether this version can search with an index of this kind."""
    return record["kind"] in ("exact", "two-step", *KINDS)


def load_index(
    folder: Path, manifest: Manifest, parts: RowBlocks, former: TunedIndex | None = None
) -> TunedIndex | None:
    """Map the index over the first rows stored in `parts`; None where there is none, where it is
    stale, or none is needed.

    Args:
        former: what was loaded for an earlier state; it is used again where it is the same.

    Raises:
        DictionaryError: it is damaged, of a kind that this version does not know, or its library
            is missing.
    """
    record = read_record(folder)
    if record is None or record["kind"] == "exact" or not fits(record, manifest):
        return None
    if not is_known(record):
        raise DictionaryError(
            f"The search index of {folder} is of the kind {record['kind']!r}, which this version "
            "does not use. Every vector is read in its place, which finds the same.",
            cli="Run `timanh index tune` again.",
            notebook="Tune the dictionary again to use an index.",
        )
    if former is not None and former.record == record:
        return former
    files = folder / FOLDER / str(record["files"])
    try:
        for name, size in record["sizes"].items():
            if (files / name).stat().st_size != size:
                raise ValueError(f"{name} has another size than was written")
        return TunedIndex(_read(record, files, parts.stored.head(int(record["count"]))), record)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise DictionaryError(
            f"The search index in {files} cannot be read ({error}). Every vector is read in its "
            "place, which finds the same.",
            cli="Make it again with `timanh index tune`.",
            notebook="Tune the dictionary again, which makes a new one.",
        ) from error


def _write(index: SearchIndex | None, place: Path) -> tuple[str, dict[str, Any]]:
    if index is None:
        return "exact", {}
    if isinstance(index, TwoStep):
        bounds = {"fine": _write_layer(index.fine, place, "fine")}
        if index.coarse is not None:
            bounds["coarse"] = _write_layer(index.coarse, place, "coarse")
        return "two-step", {"deviations": index.deviations, "bounds": bounds}
    if index.coding is not None:
        index.coding.write(place / "coding.npz")
    index.candidates.write(place / "proposer")
    np.save(place / "middle.npy", index.query_kind.middle, allow_pickle=False)
    budgets = {"for_texts": asdict(index.for_texts), "for_pictures": asdict(index.for_pictures)}
    return index.kind, {**budgets, "border": index.query_kind.border}


def _read(record: dict[str, Any], place: Path, parts: RowBlocks) -> SearchIndex:
    parameters = record["parameters"]
    if record["kind"] == "two-step":
        bounds = parameters["bounds"]
        layers = {name: _read_layer(place, name, bounds[name]) for name in bounds}
        return TwoStep(layers["fine"], layers.get("coarse"), float(parameters["deviations"]))
    coding = place / "coding.npz"
    return Approximate(
        kind=record["kind"],
        count=int(record["count"]),
        candidates=read_candidates(record["kind"], place / "proposer", parts),
        coding=Coding.read(coding) if coding.exists() else None,
        query_kind=QueryKind(
            np.load(place / "middle.npy", allow_pickle=False), float(parameters["border"])
        ),
        for_texts=SearchBudget(**parameters["for_texts"]),
        for_pictures=SearchBudget(**parameters["for_pictures"]),
    )


def _write_layer(layer: Layer, place: Path, name: str) -> dict[str, float]:
    np.save(place / f"{name}.npy", layer.codes, allow_pickle=False)
    layer.coding.write(place / f"{name}.npz")
    return asdict(layer.bounds)


def _read_layer(place: Path, name: str, bounds: dict[str, float]) -> Layer:
    # "c" is read-only for the file: torch warns of arrays that cannot be written.
    codes = np.load(place / f"{name}.npy", mmap_mode="c", allow_pickle=False)
    coding = Coding.read(place / f"{name}.npz")
    if codes.dtype != np.int8 or codes.shape[1] != coding.width:
        raise ValueError(f"{name}.npy holds {codes.dtype} {codes.shape}")
    return Layer(np.asarray(codes), coding, Bounds(**bounds))


def _next(place: Path) -> str:
    numbers = [int(path.name) for path in place.iterdir() if path.name.isdecimal()]
    return f"{max(numbers, default=0) + 1:06d}"


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DictionaryError(
            f"The search index cannot be written to {folder} ({error.strerror or error}). Free "
            "some space or choose a folder you may write to; searching works without it."
        ) from error

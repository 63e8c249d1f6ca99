"""What commands print about dictionaries, data folders and builds."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from timanh.cli.output import notice, result, result_json

if TYPE_CHECKING:
    from timanh.data import DataFolder
    from timanh.models import Encoder
    from timanh.vectors import BuildReport, VectorDictionary

SHOWN_REASONS = 20
# Of the pictures that a search index covers; from there on `index info` says what would help.
MANY_REMOVED = 0.2


def describe(dictionary: "VectorDictionary") -> dict[str, Any]:
    manifest = dictionary.manifest
    stored = sum(part.vectors.bytes + part.items.bytes for part in manifest.segments)
    return {
        "folder": str(dictionary.folder),
        "pictures": len(dictionary),
        "dim": dictionary.dim,
        "encoder": dictionary.encoder_name,
        "fingerprint": dictionary.fingerprint,
        "source": dictionary.encoder_source,
        "gallery": str(dictionary.gallery),
        "captions": ", ".join(manifest.captions) or "of the data folder",
        "excluded": ", ".join(manifest.exclude) or "nothing",
        "segments": len(manifest.segments),
        "storage": manifest.storage,
        "bytes": stored,
        "search": _describe_search(dictionary),
        "complete": manifest.complete,
    }


def _describe_search(dictionary: "VectorDictionary") -> str:
    from timanh.vectors.index.index_files import is_known
    from timanh.vectors.store.index_record import fits, read_record

    record = read_record(dictionary.folder)
    if record is None:
        return "exact; `timanh index tune` measures whether an index is faster"
    chosen = record["measured"].get("chosen", {})
    description = ", ".join(part for part in (record["kind"], chosen.get("detail")) if part)
    if not is_known(record):
        return f"exact: {description} is not used by this version; run `timanh index tune` again"
    if record["kind"] == "exact":  # every vector is read, whatever was added or removed since
        return description
    if not fits(record, dictionary.manifest):
        return f"exact: {description} was made for an earlier state; run `timanh index tune` again"
    later = dictionary.manifest.stored - int(record["count"])
    if later:
        description += f"; {later} pictures came later and are searched exactly"
    removed = sum(
        len(part.removed) for part in dictionary.manifest.segments[: len(record["segments"])]
    )
    if removed > MANY_REMOVED * int(record["count"]):
        description += (
            f"; {removed} of its {record['count']} pictures were removed, which slows it down: "
            "run `timanh index compact`, then `timanh index tune`"
        )
    return description


def report_build(report: "BuildReport", as_json: bool) -> None:
    if as_json:
        result_json(report.to_dict())
        return
    parts = {
        "added": report.added,
        "changed": report.changed,
        "renamed": report.renamed,
        "mended": report.mended,
        "kept": report.kept,
        "removed": report.removed,
        "skipped": len(report.skipped),
    }
    counts = ", ".join(f"{number} {name}" for name, number in parts.items() if number)
    result(f"{report.count} pictures in {report.folder} ({counts or 'nothing to do'})")
    if report.pictures_per_s:
        pace = f"{report.pictures_per_s:.0f} pictures/s with {report.runtime}"
        notice(f"{report.seconds:.1f} s, {pace}")
    for note in report.notes:
        notice(note)
    report_list("damaged files, written again", report.damaged)
    report_list("skipped", [skipped.reason for skipped in report.skipped])
    report_list(
        "folders are not there now; their pictures are kept (--prune takes them out)",
        [
            f"{'the gallery itself' if folder == '.' else folder}: {count} pictures"
            for folder, count in report.away.items()
        ],
    )


def open_split(
    data: Sequence[Path], captions: Sequence[Path] | None, split: str
) -> tuple["DataFolder", tuple[str, ...], str]:
    """The data to measure with, its pictures in a split, and the split's name; says what it is.

    Args:
        split: its name, or a file of names.
    """
    from timanh.data import open_sources, split_note

    folder = open_sources(data, captions)
    folder.require_captions()
    file = Path(split) if Path(split).is_file() else None
    which = file.stem if file else split
    names = folder.split(which, file=file)
    report_data(folder)
    notice(split_note(folder, [which], file))
    return folder, names, which


def report_data(folder: "DataFolder") -> None:
    """Print the notes on a data folder: its captions, and what is left out."""
    from timanh.data import data_notes

    for note in data_notes(folder):
        notice(note)


def report_accuracy(
    gallery: Path, captions: list[Path] | None, out: Path, coarse: "Encoder", exact: "Encoder"
) -> None:
    from timanh.data import open_data
    from timanh.evaluation import measure_runtime_accuracy
    from timanh.vectors import VectorDictionary

    selection = VectorDictionary.open(out).manifest.selection
    accuracy = measure_runtime_accuracy(exact, coarse, open_data(gallery, captions, selection))
    if accuracy is not None:
        notice(str(accuracy))


def report_list(label: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    notice(f"{len(lines)} {label}:")
    for line in lines[:SHOWN_REASONS]:
        notice(f"  {line}")
    if len(lines) > SHOWN_REASONS:
        notice(f"  … and {len(lines) - SHOWN_REASONS} more; --json lists all.")

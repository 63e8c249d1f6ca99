"""What `timanh classify` does with its answers: measures, sorts into folders, prints."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from timanh.cli.output import notice, result, result_json

if TYPE_CHECKING:
    from timanh.classification import Classified, Pictures


def measure(
    found: "Classified",
    right: dict[str, str],
    answers: tuple[str, ...],
    document: dict[str, Any],
    confusion: Path | None,
) -> str | None:
    """Hold the answers against the truth, where there is any, into `document`; as a table."""
    from timanh.classification import beside_truth
    from timanh.evaluation import classification_report, format_classification, plot_confusion
    from timanh.models.zero_shot import NONE

    rows = beside_truth(found.answers, right, answers)
    if not rows:
        return None
    none = NONE if NONE in answers else None
    report = classification_report(*map(list, zip(*rows, strict=True)), none=none)
    document["measured"] = report
    if confusion is not None:
        plot_confusion(report, confusion)
        notice(f"Drawn: {confusion}")
    return format_classification(report)


def sort_into_folders(
    found: "Classified",
    pictures: "Pictures",
    link: Path | None,
    move: Path | None,
    unsure: float,
    dry_run: bool,
    document: dict[str, Any],
) -> None:
    """Link or move each picture into a folder of its label, or say what would be done."""
    from timanh.classification import carry_out, plan_folders

    folder = link or move
    assert folder is not None
    plan = plan_folders(
        found.answers, pictures.gallery, folder, "link" if link else "move", unsure=unsure
    )
    document["sorted"] = {"way": plan.way, "folders": plan.counts(), "there": plan.there}
    verb = "linked" if link else "moved"
    for name, count in plan.counts().items():
        notice(f"{name}: {count:,} pictures {'would' if dry_run else 'are to'} be {verb}")
    if plan.there:
        notice(f"{plan.there:,} are there already.")
    if dry_run:
        notice("Nothing was done. Run it without --dry-run to do it.")
        return
    try:
        done = carry_out(plan)
    except KeyboardInterrupt:
        notice(
            f"Stopped. The same command goes on; what was {verb} so far is taken back with "
            f"timanh classify --undo and the newest .undo.jsonl in {folder}."
        )
        raise
    document["sorted"]["done"] = done.done
    notice(f"{done.done:,} pictures {verb} into {folder}.")
    if done.gone:
        document["sorted"]["gone"] = done.gone
        notice(f"{done.gone:,} are no longer in {pictures.gallery} and were left out.")
    if done.undo is not None:
        document["sorted"]["undo"] = str(done.undo)
        notice(f"To take it back: timanh classify --undo {done.undo}")


def undo_sorting(undo: Path) -> None:
    """Put the pictures back where they were before a move."""
    from timanh.classification import take_back

    result(f"{take_back(undo):,} pictures are back where they were.")


def print_answers(
    found: "Classified",
    columns: tuple[str, ...],
    out: Path | None,
    multi: bool,
    report: str | None,
    document: dict[str, Any],
    as_json: bool,
) -> None:
    """What the run says at its end."""
    from timanh.classification import to_csv

    if as_json:
        if out is None:
            document["answers"] = [
                {"path": each.path, "labels": each.labels, "probabilities": dict(each.ranked)}
                for each in found.answers
            ]
        result_json(document)
        return
    if out is None:
        result(to_csv(found.answers, columns, multi=multi).rstrip("\n"))
        if report:
            notice(report)
        return
    if report:
        result(report)
    most = ", ".join(f"{label} {count:,}" for label, count in list(found.counts().items())[:10])
    result(f"{len(found.answers):,} pictures in {out}: {most}")

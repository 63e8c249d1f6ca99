"""`report.md` of a captioner's training: scores, curves, and captions to look at."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from timanh.captioning import CaptionRecipe, CaptionTraining
from timanh.data import DataFolder, data_notes, open_picture, split_note
from timanh.evaluation.caption_figures import plot_caption_training
from timanh.evaluation.caption_report import format_captions, references_of
from timanh.evaluation.caption_scores import caption_statistics
from timanh.evaluation.figures import plot_captioned
from timanh.evaluation.training_report import recipe_lines

SHOWN = 8


def write_caption_report(
    done: CaptionTraining,
    recipe: CaptionRecipe,
    folder: DataFolder,
    documents: Mapping[str, dict[str, Any]],
) -> Path:
    """Write `report.md` with its figures into the captioner's folder and return its path.

    Args:
        documents: language → what `evaluate_captions` gave.
    """
    out = done.folder
    plot_caption_training(done.history, out / "training.png")
    lines = [
        f"# Training report: {out.resolve().name}",
        "",
        f"Trained on {done.pictures:,} pictures with {done.captions:,} captions, decoder "
        f"`{recipe.decoder}`, preset `{recipe.name}`, {done.words:,} words; the weights are those "
        f"of epoch {done.best_epoch + 1} of {len(done.history)}.",
        "",
        "## Data",
        "",
        *(f"- {note}" for note in (split_note(folder), *data_notes(folder))),
        "",
        "## Scores",
        "",
    ]
    for document in documents.values():
        lines += ["```", format_captions(document), "```", ""]
    if any(document["split"] == "dev" for document in documents.values()):
        lines += ["The epoch was chosen on this very split, which flatters it.", ""]
    lines += ["## Epochs", "", "| epoch | loss | captions/s | dev loss | dev CIDEr |"]
    lines += ["|---|---|---|---|---|", *map(_epoch, done.history), ""]
    lines += ["![curves](training.png)", ""]
    for language, document in documents.items():
        lines += _shown(folder, document, language, out)
    lines += recipe_lines(recipe, done.skipped)
    page = out / "report.md"
    page.write_text("\n".join(lines) + "\n", encoding="utf8")
    return page


def _shown(folder: DataFolder, document: Mapping[str, Any], language: str, out: Path) -> list[str]:
    """The captions nearest to and farthest from what people wrote in this language, with their
    pictures."""
    written: dict[str, str] = document["captions"]
    names = list(written)
    people = {name: references_of(folder, name, language, (language,)) for name in names}
    statistics = caption_statistics(
        [written[name] for name in names], [people[name] for name in names]
    )
    order = sorted(range(len(names)), key=lambda row: -statistics.cider[row])
    lines = []
    for label, rows in (("best", order[:SHOWN]), ("worst", order[::-1][:SHOWN])):
        lines += [f"## Captions by CIDEr: the {label} ({language})", ""]
        file = f"captions-{label}-{language}.png"
        chosen = [names[row] for row in rows]
        pictures = [open_picture(folder.images / name, longest=320) for name in chosen]
        plot_captioned(pictures, [written[name] for name in chosen], out / file)
        lines += [f"![{label}]({file})", ""]
        lines += [f"- `{name}`: {written[name]}{_person(people[name])}" for name in chosen] + [""]
    return lines


def _person(texts: Sequence[str]) -> str:
    return f" — a person: {texts[0]}" if texts else ""


def _epoch(entry: dict[str, Any]) -> str:
    dev = entry["dev"] or {}
    numbers = [f"{dev[key]:.3f}" if key in dev else "" for key in ("loss", "CIDEr")]
    return (
        f"| {entry['epoch']} | {entry['loss']:.4f} | {entry['captions_per_s']:.0f} "
        f"| {' | '.join(numbers)} |"
    )

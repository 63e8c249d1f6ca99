"""What a training run gave, as a page with figures beside the model."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from timanh.data import DataFolder, data_notes, open_picture, split_note
from timanh.evaluation.evaluate import encode_gallery, shared_lines
from timanh.evaluation.figures import plot_hit_rows, plot_recall, plot_training
from timanh.evaluation.interpolation import format_interpolation
from timanh.evaluation.recall import KS, retrieval_ranks, right_pictures, same_captions
from timanh.models.encoder import Encoder
from timanh.search import Hit
from timanh.training import Recipe, TrainingResult
from timanh.workspace import atomic_write

SHOWN, HITS = 5, 5
Row = tuple[str, list[Hit], list[Any], tuple[()]]


def write_training_report(
    done: TrainingResult,
    recipe: Recipe,
    encoder: Encoder,
    folder: DataFolder,
    names: Sequence[str],
    before: dict[str, Any],
    after: dict[str, Any],
    between: dict[str, Any] | None = None,
    mixed: dict[str, Any] | None = None,
) -> Path:
    """`report.md` with its figures in the model's folder: recipe, curves, recall, examples.

    Args:
        encoder: the trained one.
        names: the pictures that `before` and `after` were measured on.
        before, after: reports of `evaluate` on `names`, without and with this training; of a split
            that took no part in choosing epoch and share, such as test.
        mixed: such a report of the weights between that were chosen.
        between: what `interpolate` found, drawn as `between.png` in the same folder.

    Returns:
        The page's path.
    """
    out = done.folder
    plot_training(done.history, out / "training.png")
    columns = {"before": before, "after": after, **({"between": mixed} if mixed else {})}
    plot_recall(columns, out / "recall.png")
    draw_examples(encoder, folder, names, out / "best.png", out / "worst.png")
    page = out / "report.md"
    with atomic_write(page) as temporary:
        temporary.write_text(_page(done, recipe, folder, columns, between), encoding="utf8")
    return page


def draw_examples(
    encoder: Encoder, folder: DataFolder, names: Sequence[str], best: Path, worst: Path
) -> None:
    """The five queries with the clearest right answer, and the five with the worst rank, each of
    another picture.

    In each row its right pictures have a green frame; where none is among the best, the nearest
    comes last, with its rank.
    """
    images, kept, _ = encode_gallery(encoder, folder, names, progress=False)
    texts, owner = folder.texts_of(kept)
    vectors = encoder.encode_texts(texts)
    same = same_captions(texts)
    ranks, _ = retrieval_ranks(images, vectors, owner, same)
    known = right_pictures(owner, same)
    right_scores = np.einsum("qd,qd->q", vectors, images[owner])
    order = np.lexsort((-right_scores, ranks))  # by rank, the surest first
    for chosen, file in ((_other(order, owner), best), (_other(order[::-1], owner), worst)):
        rows: list[Row] = []
        right: list[set[str]] = []
        for query in chosen:
            pictured = known.of(query, 1)[1]
            scores = images @ vectors[query]
            truth = int(pictured[scores[pictured].argmax()])
            hits = _hits(scores, truth, int(ranks[query]), kept)
            pictures = [open_picture(folder.images / hit.path, longest=320) for hit in hits]
            rows.append((texts[query], hits, pictures, ()))
            right.append({kept[row] for row in pictured})
        plot_hit_rows(rows, file, right=right)


def _other(queries: Any, owner: Any) -> list[int]:
    """The first few, each of another picture."""
    chosen: dict[int, int] = {}
    for query in queries:
        chosen.setdefault(int(owner[query]), int(query))
        if len(chosen) == SHOWN:
            break
    return list(chosen.values())


def _hits(scores: Any, truth: int, rank: int, names: Sequence[str]) -> list[Hit]:
    top = np.argsort(-scores, kind="stable")[:HITS].tolist()
    places = {row: place for place, row in enumerate(top, 1)}
    if truth not in places:
        places = {**dict(list(places.items())[: HITS - 1]), truth: rank}
    return [
        Hit(rank=place, id=names[row], path=names[row], score=float(scores[row]), captions=(),
            width=0, height=0)
        for row, place in places.items()
    ]  # fmt: skip


def _page(
    done: TrainingResult,
    recipe: Recipe,
    folder: DataFolder,
    columns: dict[str, dict[str, Any]],
    between: dict[str, Any] | None,
) -> str:
    after = columns["after"]
    lines = [
        f"# Training report: {after['model']}",
        "",
        f"Trained on {done.pictures:,} pictures, recipe `{recipe.name}`; the weights are those of "
        f"epoch {done.best_epoch + 1} of {len(done.history)}.",
        "",
        "## Data",
        "",
        *(f"- {note}" for note in (split_note(folder), *data_notes(folder))),
        "",
        "## Recall before and after",
        "",
        f"Split {after['split']}, a gallery of {after['gallery']:,} pictures, "
        f"{after['captions']:,} captions, {after['protocol']} protocol; percent, with the 95 % "
        f"interval of a bootstrap over pictures. {_chosen_on(done, after['split'])}",
        *shared_lines(after),
        "",
        f"| | {' | '.join(columns)} |",
        "|---" * (1 + len(columns)) + "|",
    ]
    for way, label in (("t2i", "text → image"), ("i2t", "image → text")):
        lines += [
            f"| {label} R@{k} | {' | '.join(_cell(each[way], k) for each in columns.values())} |"
            for k in KS
        ]
    lines += ["", "![recall](recall.png)", "", "## Epochs", ""]
    lines += ["| epoch | average loss | temperature | pictures/s | waiting | t→i R@1 | i→t R@1 |"]
    lines += ["|---|---|---|---|---|---|---|", *map(_epoch, done.history)]
    lines += ["", "![curves](training.png)", ""]
    if between is not None:
        lines += ["## Between before and after", "", "```", format_interpolation(between), "```"]
        lines += ["", "![between](between.png)", "", "The chosen weights are in `between/`.", ""]
    lines += ["## Queries", ""]
    lines += ["The five surest right answers:", "", "![best](best.png)", ""]
    lines += ["The five worst; the right picture comes last, with its rank:", ""]
    lines += ["![worst](worst.png)", "", *recipe_lines(recipe, done.skipped)]
    return "\n".join(lines) + "\n"


def recipe_lines(recipe: Any, skipped: Mapping[str, str]) -> list[str]:
    """Markdown of a recipe, a frozen dataclass, and of pictures that were left out, by path."""
    lines = ["## Recipe", "", *(f"- {key}: {value}" for key, value in asdict(recipe).items())]
    if skipped:
        lines += ["", "## Skipped pictures", "", *(f"- {reason}" for reason in skipped.values())]
    return lines


def _chosen_on(done: TrainingResult, split: str) -> str:
    measured = next((entry["dev"] for entry in done.history if entry["dev"]), None)
    if measured is None:
        return "No split was measured while it trained: the last epoch was kept."
    chosen = measured.get("split", "dev")
    size = f"{measured['gallery']:,} pictures of " if "gallery" in measured else ""
    if chosen == split:
        return "The epoch was chosen on this very split, which flatters “after” (no test pictures)."
    return f"The epoch was chosen on {size}split {chosen}, of which none is in this gallery."


def _cell(direction: dict[str, Any], k: int) -> str:
    low, high = direction["ci95"][f"R@{k}"]
    return f"{direction[f'R@{k}']:.1f} [{low:.1f}, {high:.1f}]"


def _epoch(entry: dict[str, Any]) -> str:
    dev = entry["dev"]
    recalls = [f"{dev[way]['R@1']:.1f}" if dev else "" for way in ("t2i", "i2t")]
    return (
        f"| {entry['epoch']} | {entry['loss']:.4f} | {entry['temperature']:.4f} "
        f"| {entry['pictures_per_s']:.0f} | {entry['wait_share']:.0%} | {' | '.join(recalls)} |"
    )

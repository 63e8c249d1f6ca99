"""Figures: hits under their query, curves of a training run, recall with intervals, and sweeps."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from PIL import Image, ImageOps

from timanh.data import open_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID = "#1d2433", "#6b7487", "#e4e8ef"
ACCENT, SECOND, RIGHT = "#d6493c", "#2f6fde", "#1f9d61"
CELL = 2.1  # inches
LETTERS = 19  # of a title, over one cell
COLUMNS = 5  # of a picture and what is drawn beside it
WIDEST = 640  # pixels of a figure in a notebook
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans", "font.size": 10, "text.color": INK, "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED, "xtick.color": MUTED, "ytick.color": MUTED, "axes.grid": True,
    "grid.color": GRID, "axes.spines.top": False, "axes.spines.right": False,
    "axes.titleweight": "bold", "axes.titlesize": 11, "axes.titlelocation": "left",
    "lines.linewidth": 2, "figure.facecolor": "white", "savefig.dpi": 110, "legend.frameon": False,
}  # fmt: skip


class HitLike(Protocol):
    """What a figure needs of a hit."""

    @property
    def rank(self) -> int: ...
    @property
    def score(self) -> float: ...
    @property
    def path(self) -> str: ...


def plot_hits(
    query: str,
    hits: Sequence[HitLike],
    pictures: Sequence[Image.Image],
    path: Path | None = None,
    *,
    query_pictures: Sequence[Image.Image] = (),
    right: Collection[str] = (),
) -> "Figure":
    """A row of hits under the query, each with rank and cosine; `right` paths get a green frame."""
    return plot_hit_rows([(query, hits, pictures, query_pictures)], path, right=[right])


def plot_hit_rows(
    rows: Sequence[tuple[str, Sequence[HitLike], Sequence[Image.Image], Sequence[Image.Image]]],
    path: Path | None = None,
    *,
    right: Sequence[Collection[str]] = (),
) -> "Figure":
    """Several queries, a row each: (query, hits, their pictures, pictures of the query).

    Args:
        right: per row, the paths that get a green frame there; none anywhere when left out.
    """
    columns = max(len(hits) + len(query_pictures) for _, hits, _, query_pictures in rows)
    with new_style() as new_figure:
        figure = new_figure(figsize=(CELL * columns, (CELL + 0.62) * len(rows)))
        grid = figure.subfigures(len(rows), 1, squeeze=False)[:, 0]
        frames = right or [()] * len(rows)
        for part, row, framed in zip(grid, rows, frames, strict=True):
            query, hits, pictures, query_pictures = row
            part.suptitle(
                fill(query, LETTERS * columns), x=0.012, ha="left", fontweight="bold", fontsize=12
            )
            cells = part.subplots(1, columns, squeeze=False)[0]
            for cell in cells:
                cell.set_axis_off()
            for cell, picture in zip(cells, query_pictures, strict=False):
                _picture(cell, picture, "query", ACCENT)
            for cell, hit, picture in zip(
                cells[len(query_pictures) :], hits, pictures, strict=False
            ):
                frame = RIGHT if hit.path in framed else None
                _picture(cell, picture, f"{hit.rank} · {hit.score:.3f}", frame)
    return saved(figure, path)


def plot_training(history: Sequence[dict[str, Any]], path: Path | None = None) -> "Figure":
    """Average loss per epoch, and dev recall where it was measured."""
    epochs = [entry["epoch"] for entry in history]
    measured = [entry for entry in history if entry.get("dev")]
    with new_style() as new_figure:
        figure = new_figure(figsize=(9.6 if measured else 5.2, 3.6))
        axes = figure.subplots(1, 2 if measured else 1, squeeze=False)[0]
        axes[0].plot(epochs, [entry["loss"] for entry in history], color=ACCENT, marker="o", ms=4)
        axes[0].set(title="Average loss", xlabel="epoch", ylim=(0, None))
        if measured:
            _recall_curves(axes[1], measured)
        for axis in axes:
            axis.xaxis.get_major_locator().set_params(integer=True)
    return saved(figure, path)


def plot_recall(documents: dict[str, dict[str, Any]], path: Path | None = None) -> "Figure":
    """Bars of R@1, R@5, R@10 in both directions per model, with 95 % intervals."""
    colours = (ACCENT, SECOND, RIGHT, MUTED)
    ks = ("R@1", "R@5", "R@10")
    with new_style() as new_figure:
        figure = new_figure(figsize=(9.6, 3.8))
        axes = figure.subplots(1, 2, sharey=True)
        width = 0.8 / len(documents)
        for axis, way, title in zip(
            axes, ("t2i", "i2t"), ("Text → image", "Image → text"), strict=True
        ):
            for place, (name, document) in enumerate(documents.items()):
                x = [number + (place - (len(documents) - 1) / 2) * width for number in range(3)]
                values = [document[way][k] for k in ks]
                edges = [document[way]["ci95"][k] for k in ks]
                spread = [
                    [max(0.0, value - low) for value, (low, _) in zip(values, edges, strict=True)],
                    [
                        max(0.0, high - value)
                        for value, (_, high) in zip(values, edges, strict=True)
                    ],
                ]
                axis.bar(
                    x, values, width * 0.92, yerr=spread, label=name,
                    color=colours[place % len(colours)], error_kw={"ecolor": INK, "capsize": 3},
                )  # fmt: skip
                for left, value, (_, high) in zip(x, values, edges, strict=True):
                    axis.annotate(
                        f"{value:.1f}", (left, max(high, value)), xytext=(0, 3), ha="center",
                        textcoords="offset points", fontsize=8.5, color=INK,
                    )  # fmt: skip
            gallery = next(iter(documents.values()))["gallery"]
            axis.set(title=f"{title}, {gallery:,} pictures", ylim=(0, 108))
            axis.set_xticks(range(3), ks)
            axis.grid(visible=False, axis="x")
        axes[0].set_ylabel("recall, %")
        if len(documents) > 1:
            figure.legend(loc="outside lower center", ncols=len(documents))
    return saved(figure, path)


def plot_combined(
    document: dict[str, Any], path: Path | None = None, *, chosen: float | None = 0.6
) -> "Figure":
    """R@5 of `evaluate_combined` over alpha, plain and centred, with 95 % bands.

    Args:
        chosen: the default alpha, marked by a line; None marks none.
    """
    with new_style() as new_figure:
        figure = new_figure(figsize=(6.4, 4))
        axis = figure.subplots()
        for which, colour in (("plain", ACCENT), ("centred", SECOND)):
            sweep = document[which]
            alphas = [entry["alpha"] for entry in sweep]
            axis.plot(alphas, [entry["R@5"] for entry in sweep], color=colour, label=which)
            low, high = zip(*(entry["ci95"]["R@5"] for entry in sweep), strict=True)
            axis.fill_between(alphas, low, high, color=colour, alpha=0.15, linewidth=0)
        if chosen is not None:
            axis.axvline(chosen, color=MUTED, linewidth=1, linestyle=":")
        axis.set(
            title=f"Picture and words: {document['cases']} cases, {document['gallery']} pictures",
            xlabel="alpha, the weight of the words", ylabel="R@5, percent", ylim=(0, 100),
        )  # fmt: skip
        axis.legend()
    return saved(figure, path)


def plot_interpolation(document: dict[str, Any], path: Path | None = None) -> "Figure":
    """Dev recall over the probe, a point for each share of the new weights."""
    points = document["points"]
    with new_style() as new_figure:
        figure = new_figure(figsize=(6.4, 4.2))
        axis = figure.subplots()
        kept, gained = ([point[key] for point in points] for key in ("probe", "dev"))
        axis.plot(kept, gained, color=ACCENT, marker="o", markersize=5, zorder=2)
        for point in points:
            chosen = point["share"] == document["chosen"]
            axis.annotate(
                f"{point['share']:g}" + (" chosen" if chosen else ""),
                (point["probe"], point["dev"]), xytext=(7, 6), textcoords="offset points",
                color=RIGHT if chosen else MUTED, fontweight="bold" if chosen else "normal",
            )  # fmt: skip
            if chosen:
                axis.plot(point["probe"], point["dev"], "o", color=RIGHT, markersize=10, zorder=3)
        axis.margins(x=0.16, y=0.14)
        axis.set(
            title="Between the weights before (0) and after (1)",
            xlabel=f"what is kept: {document['probe']}, percent",
            ylabel="dev recall, mean of R@1/5/10 both ways",
        )
    return saved(figure, path)


def plot_captioned(
    pictures: Sequence[Image.Image], captions: Sequence[str], path: Path | None = None
) -> "Figure":
    """A row of pictures, each with a caption under it."""
    with new_style() as new_figure:
        figure = new_figure(figsize=(CELL * len(pictures), CELL + 0.9))
        cells = figure.subplots(1, len(pictures), squeeze=False)[0]
        for cell, picture, caption in zip(cells, pictures, captions, strict=True):
            cell.set_axis_off()
            _picture(cell, picture, "", None)
            cell.text(
                0.5, -0.04, fill(caption, 28), transform=cell.transAxes, ha="center", va="top",
                fontsize=8.5, color=INK,
            )  # fmt: skip
    return saved(figure, path)


@contextmanager
def picture_and_parts(
    picture: Image.Image, titles: Sequence[str]
) -> "Iterator[tuple[Figure, list[Axes]]]":
    """A figure with the picture first, and an empty cell for each title, to be drawn on."""
    cells = 1 + len(titles)
    columns = min(COLUMNS, cells)
    rows = ceil(cells / columns)
    with new_style() as new_figure:
        figure = new_figure(figsize=(CELL * columns, (CELL + 0.3) * rows))
        axes = figure.subplots(rows, columns, squeeze=False).flatten().tolist()
        for axis in axes:
            axis.set_axis_off()
        axes[0].imshow(np.asarray(picture.convert("RGB")))
        for axis, title in zip(axes[1:], titles, strict=False):
            axis.set_title(title, fontsize=10, loc="center", pad=3, wrap=True)
        yield figure, axes[1:cells]


def show_hits(
    query: str,
    hits: Sequence[HitLike],
    gallery: Path,
    *,
    query_pictures: Sequence[Image.Image] = (),
) -> "Shown":
    """`plot_hits` for a notebook, with the pictures read from the gallery."""
    pictures = [open_picture(gallery / hit.path, longest=320) for hit in hits]
    return Shown(plot_hits(query, hits, pictures, query_pictures=query_pictures))


class Shown:
    """A figure, or a drawn file, as a notebook shows it: a JPEG, a tenth of the size of a PNG."""

    def __init__(self, figure: "Figure | Path") -> None:
        self.figure = figure

    def _repr_jpeg_(self) -> bytes:
        from io import BytesIO

        drawn, out = BytesIO(), BytesIO()
        if isinstance(self.figure, Path):
            drawn.write(self.figure.read_bytes())
        else:
            self.figure.savefig(drawn, dpi=80)
        picture = Image.open(drawn).convert("RGB")
        picture.thumbnail((WIDEST, 4 * WIDEST))
        picture.save(out, "JPEG", quality=68)
        return out.getvalue()


def _recall_curves(axis: "Axes", measured: Sequence[dict[str, Any]]) -> None:
    for way, colour, label in (("t2i", ACCENT, "text → image"), ("i2t", SECOND, "image → text")):
        for k, line in (("R@1", ":"), ("R@5", "--"), ("R@10", "-")):
            axis.plot(
                [entry["epoch"] for entry in measured],
                [entry["dev"][way][k] for entry in measured],
                color=colour, linestyle=line, marker="o", ms=3.5, label=f"{k} {label}",
            )  # fmt: skip
    gallery = measured[0]["dev"].get("gallery")
    size = f", {gallery:,} pictures" if gallery else ""
    axis.set(title=f"Dev recall, %{size}", xlabel="epoch", ylim=(0, 102))
    axis.legend(fontsize=8, ncols=2, loc="lower right")


def _picture(cell: "Axes", picture: Image.Image, label: str, frame: str | None) -> None:
    cell.imshow(_square(picture))
    cell.set_title(
        label, fontsize=9.5, fontweight="normal", loc="center", color=frame or MUTED, pad=4
    )
    if frame:
        cell.set_axis_on()
        cell.set(xticks=[], yticks=[])
        cell.grid(visible=False)
        for spine in cell.spines.values():
            spine.set(visible=True, color=frame, linewidth=3)


def _square(picture: Image.Image, side: int = 320) -> Image.Image:
    """The whole picture on white, so that every cell has the same size."""
    fitted = ImageOps.contain(picture.convert("RGB"), (side, side))  # small ones grow
    return ImageOps.pad(fitted, (side, side), color="white")


class new_style:
    """Our look for the figures made inside, whatever settings the notebook has."""

    def __enter__(self) -> Any:
        import matplotlib as mpl
        from matplotlib.figure import Figure

        self.context = mpl.rc_context(STYLE)
        self.context.__enter__()

        def new_figure(**options: Any) -> Figure:
            return Figure(layout="constrained", **options)

        return new_figure

    def __exit__(self, *details: Any) -> None:
        self.context.__exit__(*details)


def saved(figure: "Figure", path: Path | None) -> "Figure":
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=STYLE["savefig.dpi"])
    return figure

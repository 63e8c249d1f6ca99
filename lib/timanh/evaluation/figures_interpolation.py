"""Figure of `interpolate`: what is gained against what is kept."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from timanh.evaluation.figures import ACCENT, MUTED, RIGHT, _saved, _style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_interpolation(document: dict[str, Any], path: Path | None = None) -> "Figure":
    """Dev recall over the probe, a point for each share of the new weights."""
    points = document["points"]
    with _style() as new_figure:
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
    return _saved(figure, path)

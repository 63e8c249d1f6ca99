"""Figure of combined queries: recall over the weight of the words."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from timanh.evaluation.figures import ACCENT, MUTED, SECOND, _saved, _style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_combined(
    document: dict[str, Any], path: Path | None = None, *, chosen: float | None = 0.6
) -> "Figure":
    """R@5 of `evaluate_combined` over alpha, plain and centred, with 95 % bands.

    Args:
        chosen: the default alpha, marked by a line; None marks none.
    """
    with _style() as new_figure:
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
    return _saved(figure, path)

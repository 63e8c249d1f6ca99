"""Figures about captioners: curves of a training, and where a captioner looked for each word."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from timanh.evaluation.figures import (
    ACCENT,
    RIGHT,
    SECOND,
    new_style,
    picture_and_parts,
    saved,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from timanh.captioning import Attention


def plot_caption_training(history: Sequence[dict[str, Any]], path: Path | None = None) -> "Figure":
    """Losses per epoch, and dev CIDEr where it was measured."""
    epochs = [entry["epoch"] for entry in history]
    measured = [entry for entry in history if entry["dev"]]
    scored = [entry for entry in measured if "CIDEr" in entry["dev"]]
    with new_style() as new_figure:
        figure = new_figure(figsize=(9.6 if scored else 5.2, 3.6))
        axes = figure.subplots(1, 2 if scored else 1, squeeze=False)[0]
        axes[0].plot(
            epochs, [entry["loss"] for entry in history], color=ACCENT, marker="o", ms=4,
            label="train, smoothed labels",
        )  # fmt: skip
        if measured:
            axes[0].plot(
                [entry["epoch"] for entry in measured],
                [entry["dev"]["loss"] for entry in measured],
                color=SECOND, marker="o", ms=4, label="dev",
            )  # fmt: skip
        axes[0].set(title="Loss a word", xlabel="epoch")
        axes[0].legend(fontsize=8)
        if scored:
            axes[1].plot(
                [entry["epoch"] for entry in scored],
                [entry["dev"]["CIDEr"] for entry in scored],
                color=RIGHT, marker="o", ms=4,
            )  # fmt: skip
            axes[1].set(title="Dev CIDEr", xlabel="epoch", ylim=(0, None))
        for axis in axes:
            axis.xaxis.get_major_locator().set_params(integer=True)
    return saved(figure, path)


def plot_attention(
    picture: Image.Image, attention: "Attention", path: Path | None = None
) -> "Figure":
    """The picture, and beside it for each word where the captioner looked, brighter for more.

    Args:
        attention: as `Captioner.attention` has it. What it does not cover of the picture is dark.
    """
    dark = np.asarray(picture.convert("RGB"), np.float32) / 255
    words = [seen.word for seen in attention.words]
    with picture_and_parts(picture, words) as (figure, axes):
        for axis, seen in zip(axes, attention.words, strict=True):
            mask = _over(picture, seen.weights, attention.area)
            axis.imshow(dark * (0.2 + 0.8 * mask[..., None]))
    return saved(figure, path)


def _over(
    picture: Image.Image, weights: NDArray[np.float32], area: tuple[float, float, float, float]
) -> NDArray[np.float32]:
    """(height, width) float32, 0..1: the weights where they lie on the picture."""
    left, right = (round(picture.width * side) for side in area[::2])
    top, bottom = (round(picture.height * side) for side in area[1::2])
    light = Image.fromarray(weights / max(float(weights.max()), 1e-9))
    mask = Image.new("F", picture.size)
    size = (max(1, right - left), max(1, bottom - top))
    mask.paste(light.resize(size, Image.Resampling.BICUBIC), (left, top))
    return np.asarray(mask, np.float32).clip(0, 1)

"""One batch looked at: which picture is near which text, and what the loss makes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from timanh.data import open_picture
from timanh.data.folder import DataFolder
from timanh.errors import DataError
from timanh.evaluation.figures import ACCENT, MUTED, new_style, saved
from timanh.models.encoder import Encoder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

USUAL_SCALE = 100.0  # 1 / temperature of CLIP after its training
THUMBNAIL = 64  # pixels
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Batch:
    """Pairs as a training takes them at one step: text i belongs to picture i."""

    pictures: tuple[Image.Image, ...]
    texts: tuple[str, ...]


def draw_batch(folder: DataFolder, names: Sequence[str], size: int = 10, seed: int = 0) -> Batch:
    """`size` captioned pictures of `names`, each once, with one caption each.

    Raises:
        DataError: fewer than two of them have captions.
    """
    captioned = [name for name in names if folder.captions_of(name)]
    if len(captioned) < 2:
        raise DataError(
            f"A batch needs two pictures with captions at least; {len(captioned)} of "
            f"{len(names)} have some.",
            notebook="Choose DATA with captions, in notebook 01.",
        )
    random = np.random.default_rng(seed)
    chosen = random.choice(len(captioned), min(size, len(captioned)), replace=False)
    taken = [captioned[place] for place in sorted(chosen)]
    texts = [str(random.choice(folder.captions_of(name))) for name in taken]
    pictures = [open_picture(folder.images / name, longest=512) for name in taken]
    return Batch(tuple(pictures), tuple(texts))


def cosine_matrix(encoder: Encoder, batch: Batch) -> Matrix:
    """(N, N) float32 in −1..1: row i is picture i, column j is text j."""
    images = encoder.encode_images(list(batch.pictures))  # (N, dim)
    texts = encoder.encode_texts(list(batch.texts))  # (N, dim)
    return np.asarray(images @ texts.T, np.float32)


def shares(cosines: Matrix, scale: float = USUAL_SCALE, *, axis: int = 1) -> Matrix:
    """The softmax that the loss sees, along `axis`: 1 for each picture among the texts, 0 for each
    text among the pictures. Rows (or columns) sum to 1."""
    logits = scale * cosines.astype(np.float64)
    powers = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis=axis, keepdims=True), np.float32)


def contrastive_loss(cosines: Matrix, scale: float = USUAL_SCALE) -> float:
    """InfoNCE of one batch with a right answer each: ln N where all cosines are the same.

    The mean of both directions of −log of the diagonal's share. It is
    `timanh.training.losses.info_nce` in numpy, with `scale` as it comes.
    """
    tiny = np.finfo(np.float32).tiny
    both = [np.diagonal(shares(cosines, scale, axis=axis)) for axis in (1, 0)]
    return float(np.mean([-np.log(np.maximum(right, tiny)).mean() for right in both]))


def learned_scale(encoder: Encoder) -> float:
    """1 / temperature as the encoder learned it; CLIP's 100 where it has none."""
    scale = getattr(getattr(encoder, "model", None), "logit_scale", None)
    return USUAL_SCALE if scale is None else float(np.exp(scale.item()))


def plot_batch(
    batch: Batch,
    matrices: Mapping[str, Matrix],
    path: Path | None = None,
    *,
    losses: Mapping[str, float] | None = None,
    shown: str = "cosine",
) -> "Figure":
    """Heat maps side by side: pictures down, texts across, the right pairs on the diagonal.

    Args:
        matrices: label → (N, N); each has colours from its lowest cosine to its highest.
        losses: label → loss, for its title; `ln N` is a guess.
        shown: what a cell has, "cosine" or "share".
    """
    size = len(batch.texts)
    with new_style() as new_figure:
        figure = new_figure(figsize=(4.1 * len(matrices) + 0.6, 5.2))
        grid = figure.subplots(1, len(matrices), squeeze=False)[0]
        for place, (axis, (label, matrix)) in enumerate(zip(grid, matrices.items(), strict=True)):
            low, high = _range(matrix, shown)
            image = axis.imshow(matrix, cmap="magma", vmin=low, vmax=high)
            figure.colorbar(image, ax=axis, shrink=0.6, label=shown)
            loss = (losses or {}).get(label)
            note = "" if loss is None else f"\nloss {loss:.2f}, a guess {np.log(size):.2f}"
            axis.set_title(label + note)
            axis.grid(visible=False)
            texts = [shorten(text, 34, placeholder="…") for text in batch.texts]
            axis.set_xticks(range(size), texts, rotation=60, ha="right", fontsize=7.5)
            axis.set_yticks(range(size), [""] * size)
            axis.tick_params(length=0)
            for number in range(size):
                best = int(matrix[number].argmax()) == number
                axis.add_patch(_frame(number, ACCENT if best else MUTED))
            if place == 0:
                _thumbnails(axis, batch.pictures)
    return saved(figure, path)


def _range(matrix: Matrix, shown: str) -> tuple[float, float]:
    return (0.0, 1.0) if shown != "cosine" else (float(matrix.min()), float(matrix.max()))


def _frame(number: int, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((number - 0.5, number - 0.5), 1, 1, fill=False, edgecolor=colour, linewidth=2)


def _thumbnails(axis: Any, pictures: Sequence[Image.Image]) -> None:
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    for number, picture in enumerate(pictures):
        small = ImageOps.fit(picture.convert("RGB"), (THUMBNAIL, THUMBNAIL))
        box = OffsetImage(np.asarray(small), zoom=26 / THUMBNAIL)
        axis.add_artist(
            AnnotationBbox(
                box, (-0.5, number), xybox=(-18, 0), xycoords="data", boxcoords="offset points",
                frameon=False, annotation_clip=False,
            )
        )  # fmt: skip

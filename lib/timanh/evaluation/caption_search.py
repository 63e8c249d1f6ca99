"""Does a search by a captioner's sentence find the picture that it was written about?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from timanh.data import DataFolder
from timanh.evaluation.caption_report import references_of
from timanh.evaluation.evaluate import encode_gallery
from timanh.evaluation.recall import KS, report_of_ranks, retrieval_ranks
from timanh.models.encoder import Encoder, Vectors


def own_picture_recall(
    encoder: Encoder,
    folder: DataFolder,
    captions: Mapping[str, str],
    *,
    language: str = "en",
    batch_size: int = 64,
    progress: bool = True,
) -> dict[str, Any]:
    """How often an encoder finds a picture by its caption among all pictures of `captions`.

    Only a caption's own picture counts as right, so that a sentence which fits many does badly.

    Args:
        captions: picture → what the captioner wrote, as `evaluate_captions` gives it.
        language: of these; the first caption of people in it is searched by too.

    Returns:
        {"model", "gallery", "captioner", "human"}, the last two as the "t2i" of
        `retrieval_report`: percent, with intervals.

    Raises:
        EmptyGalleryError: none of the pictures can be opened.
    """
    images, names, _ = encode_gallery(
        encoder, folder, list(captions), batch_size=batch_size, progress=progress
    )

    def recall(texts: Sequence[str]) -> Any:
        return _recall(images, encoder.encode_texts(list(texts)))

    return {
        "model": encoder.name,
        "gallery": len(names),
        "captioner": recall([captions[name] for name in names]),
        "human": recall([references_of(folder, name, language, ())[0] for name in names]),
    }


def _recall(images: Vectors, texts: Vectors) -> Any:
    owner = np.arange(len(images))
    return report_of_ranks(*retrieval_ranks(images, texts, owner), owner)["t2i"]


def format_own_picture(name: str, found: Mapping[str, Any]) -> str:
    """A line a row, for people."""
    rows = ((name, found["captioner"]), ("a person", found["human"]))
    lines = [
        f"Searching by these captions with {found['model']} finds their own picture among "
        f"{found['gallery']:,}, percent:"
    ]
    for who, row in rows:
        cells = " · ".join(
            f"R@{k} {row[f'R@{k}']:.1f} "
            f"[{row['ci95'][f'R@{k}'][0]:.1f}, {row['ci95'][f'R@{k}'][1]:.1f}]"
            for k in KS
        )
        lines.append(f"  {who}: {cells}")
    return "\n".join(lines)

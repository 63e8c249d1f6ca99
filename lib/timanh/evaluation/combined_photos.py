"""Queries of a picture and words on captioned photos, whose right answer nobody had to draw.

A case is a photo, the one that people describe most like it, and the photo's first caption: asked
with the other picture and with these words, the photo itself is wanted. Which photo is most like
it is told by the other captions alone, so that the words give nothing away twice.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from timanh.data import DataFolder
from timanh.evaluation.combined import ALPHAS, both_ways
from timanh.evaluation.evaluate import encode_gallery
from timanh.evaluation.similar import caption_vectors
from timanh.models.encoder import Encoder


def evaluate_combined_photos(
    encoder: Encoder,
    folder: DataFolder,
    names: Sequence[str],
    *,
    alphas: Sequence[float] = ALPHAS,
    progress: bool = True,
) -> dict[str, Any]:
    """`evaluate_combined`'s document, on the photos of `names` that have several captions."""
    several = [name for name in names if len(folder.captions_of(name)) > 1]
    gallery, kept, _ = encode_gallery(encoder, folder, several, progress=progress)
    words = encoder.encode_texts([folder.captions_of(name)[0] for name in kept])
    bags = caption_vectors([folder.captions_of(name)[1:] for name in kept])
    agree = bags @ bags.T
    np.fill_diagonal(agree, -1)
    rows = np.arange(len(kept))
    kinds = np.full(len(kept), "described alike")
    return {
        "model": encoder.name,
        "cases": len(kept),
        "gallery": len(kept),
        "language": "captions",
        **both_ways(words, gallery, agree.argmax(1), rows, kinds, alphas),
    }

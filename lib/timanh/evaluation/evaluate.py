"""From a model and a data folder to the report of its recall."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from timanh.data import DataFolder
from timanh.errors import DataError, EmptyGalleryError
from timanh.evaluation.recall import KS, Ranks, report_of_ranks, retrieval_ranks, same_captions
from timanh.models.encoder import Encoder, Vectors
from timanh.models.preparation import ImagePreparation
from timanh.models.reading import (
    PixelBatch,
    Prepared,
    Skipped,
    in_batches,
    pixel_batches,
    prepare_pictures,
)
from timanh.models.torch_encoder import TorchEncoder
from timanh.progress import tqdm


@dataclass(frozen=True)
class Measured:
    """A model's report with what it was computed from.

    Attributes:
        document: as `evaluate` returns it.
        names: the N pictures of the gallery.
        owner: (M,) row of the picture that each caption belongs to.
        same: (M,) equal numbers for captions that say the same: their pictures are all right.
        t2i: (M,) rank of each caption's best right picture.
        i2t: (N,) rank of each picture's best caption; 0 for a picture without captions.
        images: (N, dim) vectors of the pictures; None where they were not kept.
    """

    document: dict[str, Any]
    names: tuple[str, ...]
    owner: Ranks
    same: Ranks
    t2i: Ranks
    i2t: Ranks
    images: Vectors | None = None


def evaluate(
    encoder: Encoder,
    folder: DataFolder,
    names: Sequence[str],
    *,
    split: str = "all",
    batch_size: int = 64,
    progress: bool = True,
) -> dict[str, Any]:
    """Recall on `names` as gallery, all their captions as queries.

    Returns:
        `retrieval_report`'s document with "model", "split" and "skipped" (pictures that could
        not be opened, with the reason; they are in neither gallery nor queries).

    Raises:
        DataError: the pictures have no captions.
        EmptyGalleryError: none of them can be opened.
    """
    return measure(
        encoder, folder, names, split=split, batch_size=batch_size, progress=progress
    ).document


def measure(
    encoder: Encoder,
    folder: DataFolder,
    names: Sequence[str],
    *,
    split: str = "all",
    batch_size: int = 64,
    progress: bool = True,
    batches: Iterable[PixelBatch] | None = None,
) -> Measured:
    """`evaluate`, with the ranks that `compare` needs; raises the same."""
    if not any(folder.captions_of(name) for name in names):
        raise DataError(
            f"The {len(names)} pictures of split “{split}” in {folder.root} have no captions to "
            "search with.",
            cli="Name a caption file with --captions, or another --split.",
            notebook="Put a captions.txt into the folder, or set DATA or SPLIT to another.",
        )
    images, kept, skipped = encode_gallery(
        encoder, folder, names, batch_size=batch_size, progress=progress, batches=batches
    )
    texts, owner = folder.texts_of(kept)
    same = same_captions(texts)
    t2i, i2t = retrieval_ranks(images, encoder.encode_texts(texts), owner, same)
    report = report_of_ranks(t2i, i2t, owner, same)
    document = {"model": encoder.name, "split": split, **report, "skipped": skipped}
    return Measured(document, tuple(kept), owner, same, t2i, i2t, images)


def encode_gallery(
    encoder: Encoder,
    folder: DataFolder,
    names: Sequence[str],
    *,
    batch_size: int = 64,
    progress: bool = True,
    batches: Iterable[PixelBatch] | None = None,
) -> tuple[Vectors, list[str], dict[str, str]]:
    """((N, dim) vectors, the N names, skipped name → reason); reads ahead while it encodes.

    Args:
        batches: the pixels of the pictures `names`, where they are in memory already.

    Raises:
        EmptyGalleryError: no picture can be opened.
    """
    skipped: dict[str, str] = {}
    kept: list[str] = []
    vectors: list[Vectors] = []

    batches = batches or pixel_batches(folder.images, names, encoder, batch_size)
    with tqdm(total=len(names), desc="encode", unit="img", disable=not progress) as bar:
        for batch in batches:
            if batch.pictures:
                vectors.append(encoder.encode_prepared(batch.pixels))
            kept += [picture.path for picture in batch.pictures]
            skipped |= {one.path: one.reason for one in batch.skipped}
            bar.update(len(batch.pictures) + len(batch.skipped))
    if not vectors:
        raise EmptyGalleryError(
            f"None of the {len(names)} pictures in {folder.images} can be opened "
            f"({next(iter(skipped.values()), 'the list is empty')})."
        )
    return np.concatenate(vectors), kept, skipped


def split_with_captions(folder: DataFolder, *wanted: str) -> tuple[str, tuple[str, ...]]:
    """(name, pictures) of the first of these splits that has captioned pictures.

    Example:
        >>> which, names = split_with_captions(folder, "test", "dev")

    Raises:
        DataError: none of them has.
    """
    for which in wanted:
        names = folder.split(which)
        if any(folder.captions_of(name) for name in names):
            return which, names
    raise DataError(
        f"No picture of {folder.root} in split {' or '.join(wanted)} has a caption to measure "
        "with. Add captions, or a list of the pictures of a split."
    )


def dev_recall(
    folder: DataFolder, names: Sequence[str] | None = None
) -> Callable[[Encoder], dict[str, Any]]:
    """What `train(measure=…)` takes: recall on the dev split after each epoch, quietly."""
    chosen = tuple(names) if names is not None else folder.split("dev")
    if not chosen:
        raise DataError(
            f"{folder.root} has no pictures left for a dev split. Add Flickr_8k.devImages.txt, or "
            "more pictures."
        )

    @cache
    def decoded(preparation: ImagePreparation) -> list[Prepared | Skipped]:
        """All pictures as bytes in memory, for the epochs after the first."""
        side = preparation.min_decode_side
        return list(prepare_pictures(folder.images, chosen, preparation.to_uint8, side))

    def measure_again(encoder: Encoder) -> dict[str, Any]:
        batches = None
        if isinstance(encoder, TorchEncoder):
            normalise = encoder.preparation.normalise
            batches = (
                replace(batch, pixels=normalise(batch.pixels))
                for batch in in_batches(decoded(encoder.preparation), 64)
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return measure(
                encoder, folder, chosen, split="dev", progress=False, batches=batches
            ).document

    return measure_again


def format_report(*documents: dict[str, Any]) -> str:
    """A table for people; several documents stand side by side."""
    first = documents[0]
    lines = [
        f"{first['gallery']:,} pictures · {first['captions']:,} captions · "
        f"{first['protocol']} protocol · split {first.get('split', 'all')}",
        *shared_lines(first),
        "",
        " " * 18 + "".join(f"{_short(document.get('model', '')):>26}" for document in documents),
    ]
    for way, label in (("t2i", "text → image"), ("i2t", "image → text")):
        lines.append(label)
        for k in KS:
            cells = "".join(f"{_cell(document[way], k):>26}" for document in documents)
            lines.append(f"  {f'R@{k} %':<16}{cells}")
        for key, name in (("median_rank", "median rank"), ("MRR", "MRR")):
            cells = "".join(f"{document[way][key]:>26.4g}" for document in documents)
            lines.append(f"  {name:<16}{cells}")
    for document in documents:
        if document.get("skipped"):
            lines.append(f"\n{len(document['skipped'])} pictures could not be opened:")
            lines += [f"  {reason}" for reason in list(document["skipped"].values())[:5]]
    return "\n".join(lines)


def shared_lines(document: dict[str, Any]) -> list[str]:
    """A sentence on captions of several pictures and the ceiling they set; none without such."""
    shared = document.get("shared")
    if not shared or not shared["captions"]:
        return []
    ceilings = ", ".join(f"{shared['ceiling'][f'R@{k}']:.1f}" for k in KS)
    return [
        f"{shared['captions']:,} captions ({shared['captions'] / document['captions']:.0%}) stand "
        "under several pictures, which are all right answers.",
        f"Were only one of them right, no model could reach more than R@{KS[0]}/{KS[1]}/{KS[2]} "
        f"{ceilings} % (text → image); here the ceiling is 100 %.",
    ]


def _cell(direction: dict[str, Any], k: int) -> str:
    low, high = direction["ci95"][f"R@{k}"]
    return f"{direction[f'R@{k}']:.1f}  [{low:.1f}, {high:.1f}]"


def _short(name: str) -> str:
    return name if len(name) <= 24 else "…" + name[-23:]

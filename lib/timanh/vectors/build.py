"""From a folder of pictures to a vector dictionary, and again after the folder has changed."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from timanh.data import DataFolder, open_data
from timanh.errors import DictionaryError, EmptyGalleryError
from timanh.models.encoder import Encoder
from timanh.vectors.changes import survey
from timanh.vectors.dictionary import require_encoder
from timanh.vectors.encoding import Encoding
from timanh.vectors.manifest import FILE, Manifest, place_of, place_of_source
from timanh.vectors.reading import Skipped
from timanh.vectors.writer import DictionaryWriter, cannot_write
from timanh.workspace import free_disk_or_raise

ITEM_BYTES = 1200


@dataclass(frozen=True)
class BuildReport:
    """What a build did.

    Attributes:
        folder: the dictionary.
        count: pictures in it now.
        added, changed, kept, removed: pictures that are new, encoded again, as before, gone.
        mended: pictures encoded again because their part of the dictionary was damaged.
        skipped: pictures that cannot be read, each with its reason.
        seconds: the whole build; pictures_per_s: of those encoded.
    """

    folder: Path
    count: int
    added: int
    changed: int
    kept: int
    removed: int
    mended: int
    skipped: tuple[Skipped, ...]
    seconds: float
    pictures_per_s: float

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "folder": str(self.folder), "skipped": _as_dicts(self.skipped)}


def build_dictionary(
    gallery: Path,
    encoder: Encoder,
    out: Path,
    *,
    captions: Path | Sequence[Path] | None = None,
    batch_size: int = 32,
    progress: bool = True,
    source: str = "",
    rebuild: bool = False,
) -> BuildReport:
    """Encode every picture of `gallery` that is not in the dictionary `out` yet.

    Run again, it adds new pictures, encodes changed ones again (told by size and time, then
    by checksum), takes away those that have vanished, takes over changed captions, and keeps
    the rest. A process that is killed loses at most its last `SEGMENT_ROWS` pictures.

    Args:
        gallery: a data folder, or any folder of pictures.
        captions: caption files; None takes those of the data folder, in every language.
        batch_size: pictures the encoder takes at once.
        progress: a bar on stderr with pictures per second and time left.
        source: what `load_encoder` was given, so that a search can load it unasked.
        rebuild: begin anew, whatever is there.

    Raises:
        EmptyGalleryError: no picture in `gallery`, or none that can be opened.
        CaptionFormatError: a caption file in no known form.
        EncoderMismatchError: `out` was built with another encoder.
        DictionaryError: `out` cannot be written, or is the dictionary of another gallery.
    """
    started = time.perf_counter()
    found = open_data(Path(gallery), captions)
    writer = _open_writer(Path(out), encoder, found, source, rebuild)
    mended = writer.drop_damaged()
    plan = survey(writer, found, progress)
    writer.edit(plan.edit)
    _room_or_raise(writer, encoder, len(plan.wanted))
    encoding = Encoding(writer, encoder, found.captions_of, batch_size, progress)
    encoding.run(found.images, plan.wanted)
    if not writer.manifest.count:
        raise EmptyGalleryError(
            f"None of the {len(encoding.skipped)} pictures in {found.images} can be opened; the "
            f"first: {encoding.skipped[0].reason}"
        )
    writer.finish()
    changed = len(plan.changed.intersection(encoding.done))
    again = min(mended, len(encoding.done) - changed)
    return BuildReport(
        folder=writer.folder,
        count=writer.manifest.count,
        added=len(encoding.done) - changed - again,
        changed=changed,
        kept=writer.manifest.count - len(encoding.done),
        removed=len(plan.gone) + len(plan.changed) - changed,
        mended=again,
        skipped=tuple(encoding.skipped),
        seconds=time.perf_counter() - started,
        pictures_per_s=encoding.rate,
    )


def _open_writer(
    out: Path, encoder: Encoder, found: DataFolder, source: str, rebuild: bool
) -> DictionaryWriter:
    """A writer for what is there, or for a new dictionary."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(out, error, 0) from error
    fresh = new_manifest(out, encoder, found.images, source)
    if not (out / FILE).exists():
        writer = DictionaryWriter(out, fresh)
    elif rebuild:
        writer = DictionaryWriter(out, replace(fresh, generation=_generation(out)))
    else:
        manifest = Manifest.load(out)
        require_encoder(manifest, encoder, out)
        writer = DictionaryWriter(out, manifest)
        writer.update(gallery=fresh.gallery, source=fresh.source or manifest.source)
        writer.sweep()
    return writer


def new_manifest(out: Path, encoder: Encoder, images: Path, source: str) -> Manifest:
    """The manifest of a dictionary without pictures."""
    return Manifest(
        encoder_name=encoder.name,
        fingerprint=encoder.fingerprint,
        dim=encoder.dim,
        source=place_of_source(source, out),
        gallery=place_of(images, out),
    )


def _generation(out: Path) -> int:
    """The generation to go on from; a manifest that cannot be read makes way for a new one."""
    try:
        return Manifest.load(out).generation
    except DictionaryError:
        (out / FILE).unlink()
        return 0


def _room_or_raise(writer: DictionaryWriter, encoder: Encoder, wanted: int) -> None:
    # Twice: the segments, and the larger one they are joined into.
    needed = 2 * (writer.manifest.count + wanted) * (4 * encoder.dim + ITEM_BYTES)
    if wanted:
        free_disk_or_raise(writer.folder, needed)


def _as_dicts(skipped: Sequence[Skipped]) -> list[dict[str, str]]:
    return [asdict(one) for one in skipped]

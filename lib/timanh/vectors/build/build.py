"""From a folder of pictures to a vector dictionary, and again after the folder has changed."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from timanh.data import Selection, caption_notes, describe_left_out, open_data, patterns
from timanh.errors import DictionaryError, EmptyGalleryError, SettingsError
from timanh.models.encoder import Encoder
from timanh.models.reading import Skipped
from timanh.vectors.build.absent import left_behind
from timanh.vectors.build.changes import Plan, survey
from timanh.vectors.build.dating import date_pictures
from timanh.vectors.build.encoding import EncodePictures, Encoding, encode_pictures
from timanh.vectors.dictionary import require_encoder
from timanh.vectors.store.generations import is_dictionary, next_generation
from timanh.vectors.store.manifest import Manifest, cannot_read, dtype_of
from timanh.vectors.store.places import find_place, place_of, place_of_source
from timanh.vectors.store.state import cannot_write
from timanh.vectors.store.writer import DictionaryWriter
from timanh.workspace import free_disk_or_raise

ITEM_BYTES = 1200


@dataclass(frozen=True)
class BuildReport:
    """What a build did.

    Attributes:
        folder: the dictionary.
        count: pictures in it now.
        added, changed, kept, removed: pictures that are new, encoded again, as before, gone.
        renamed: pictures under another name now, whose vectors were kept.
        mended: pictures encoded again because their part of the dictionary was damaged.
        damaged: names of the files that were.
        skipped: pictures and folders that cannot be read, each with its reason; those with a row
            keep it.
        away: folders that are not there now, with all their pictures → how many rows were kept; "."
            is the gallery itself, of which more than half may have gone.
        seconds: the whole build; pictures_per_s: of those encoded; runtime: what encoded them.
        notes: sentences on what was left out, and on captions that fit nothing.
    """

    folder: Path
    count: int
    added: int
    changed: int
    kept: int
    removed: int
    renamed: int
    mended: int
    damaged: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    away: dict[str, int]
    seconds: float
    pictures_per_s: float
    runtime: str
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        skipped = [asdict(one) for one in self.skipped]
        return {**asdict(self), "folder": str(self.folder), "skipped": skipped}


def build_dictionary(
    gallery: Path,
    encoder: Encoder,
    out: Path,
    *,
    captions: Path | Sequence[Path] | None = None,
    exclude: Sequence[str] | None = None,
    include_hidden: bool | None = None,
    batch_size: int = 32,
    progress: bool = True,
    source: str = "",
    rebuild: bool = False,
    encode: EncodePictures = encode_pictures,
    storage: str | None = None,
    prune: bool = False,
) -> BuildReport:
    """Encode every picture of `gallery` that is not in the dictionary `out` yet.

    Run again, it adds new pictures, encodes changed ones again (seen by size and time, then
    by checksum), keeps the vectors of renamed ones, takes away those that have vanished, takes
    over changed captions, and keeps the rest. What cannot be read now has not vanished: it keeps
    its row, and so does a folder that is missing as a whole, as one on a network drive may be.
    Other processes may change the dictionary at the same time. A process that is killed loses at
    most its last `SEGMENT_ROWS` pictures or `SEGMENT_SECONDS`.

    Args:
        gallery: a data folder, or any folder of pictures.
        captions: caption files, remembered by the dictionary; None takes those it remembers,
            else those of the data folder, in every language.
        exclude, include_hidden: which pictures are taken, as `Selection` has it, remembered by
            the dictionary, beyond `rebuild` too; None takes what it remembers.
        batch_size: pictures the encoder takes at once.
        progress: a bar on stderr with pictures per second and time left.
        source: what `load_encoder` was given, so that a search can load it by itself.
        rebuild: make a new dictionary, whatever is there.
        encode: where pictures are read and encoded: here, or on the machines of `on_ray`.
        storage: "float32", or "float16" for half the disk; None for what is there, else float32.
        prune: take away the pictures of folders that are missing as a whole, too, or more than
            half of the gallery.

    Raises:
        SettingsError: no such storage, what is there is stored otherwise, `batch_size` is below
            1, or the disk is too small.
        EmptyGalleryError: no picture in `gallery`, or none that can be opened.
        CaptionFormatError: a caption file in no known form.
        EncoderMismatchError: `out` was built with another encoder.
        DictionaryError: `out` cannot be written, or is the dictionary of another gallery.
    """
    started = time.perf_counter()
    out = Path(out)
    named = caption_files(captions)
    selection = select(out, exclude, include_hidden)
    known_captions = named or _remembered(out, rebuild)
    folder = open_data(Path(gallery), known_captions, selection)
    fresh = replace(
        new_manifest(out, encoder, folder.images, source, named, storage),
        # So that a rebuild changes nothing before it has rows of its own.
        exclude=selection.exclude,
        include_hidden=selection.include_hidden,
    )
    writer = _open_writer(out, encoder, fresh, rebuild)
    if storage not in (None, writer.manifest.storage):
        raise SettingsError(
            f"{out} stores its vectors in {writer.manifest.storage}, not in {storage}.",
            cli=f"Turn them first: `timanh index compact --index DIR --storage {storage}`.",
            notebook="Tick REBUILD to encode them again, or leave the storage as it is.",
        )
    left = left_behind(out, folder) if rebuild else ()
    damaged = writer.drop_damaged()
    plan = survey(
        writer,
        folder,
        progress=progress,
        prune=prune,
        relist=lambda: open_data(Path(gallery), known_captions, selection).names,
    )
    writer.update(
        gallery=fresh.gallery,
        source=fresh.source or writer.manifest.source,
        captions=fresh.captions or writer.manifest.captions,
        exclude=selection.exclude,
        include_hidden=selection.include_hidden,
    )
    writer.update(complete=writer.manifest.complete and not plan.wanted)
    report = carry_out(
        plan, writer, encoder, batch_size=batch_size, progress=progress, encode=encode
    )
    date_pictures(writer, folder.images)
    writer.finish()
    again = min(sum(damaged.values()), report.added)
    return replace(
        report,
        added=report.added - again,
        mended=again,
        damaged=tuple(damaged),
        skipped=(*(Skipped(one.path, one.reason) for one in folder.unreadable), *report.skipped),
        notes=(*caption_notes(folder), *left_out_notes(plan, selection), *left),
        seconds=time.perf_counter() - started,
    )


def caption_files(captions: Path | Sequence[Path] | None) -> list[Path] | None:
    """Caption files as a list; None where none was named."""
    if captions is None:
        return None
    return [Path(captions)] if isinstance(captions, Path | str) else [Path(one) for one in captions]


def remembered_captions(manifest: Manifest, out: Path) -> list[Path] | None:
    """The caption files that were named when the dictionary was built; None if none was."""
    return [find_place(place, out) for place in manifest.captions] or None


def select(out: Path, exclude: Sequence[str] | None, include_hidden: bool | None) -> Selection:
    """What is taken of a gallery: as it is given, else as the dictionary in `out` remembers it."""
    try:
        kept = Manifest.load(out).selection
    except DictionaryError:
        kept = Selection()
    return Selection(
        kept.exclude if exclude is None else patterns(exclude),
        kept.include_hidden if include_hidden is None else include_hidden,
    )


def left_out_notes(plan: Plan, selection: Selection) -> tuple[str, ...]:
    """What is not taken of the gallery, and how many rows leave the dictionary for it."""
    notes = []
    left_out = describe_left_out(plan.folder.left_out)
    leaving = sum(selection.rule_for(path) is not None for path in plan.dropped)
    if left_out is not None and leaving:
        left_out += f" {leaving:,} of these were in the dictionary and have left it."
    if left_out is not None:
        notes.append(left_out)
    rules = {one.rule for one in plan.folder.left_out}
    idle = [pattern for pattern in selection.exclude if pattern not in rules]
    if idle:
        notes.append(f"Nothing here is excluded by {', '.join(idle)}.")
    return tuple(notes)


def _remembered(out: Path, rebuild: bool) -> list[Path] | None:
    there = not rebuild and is_dictionary(out)
    return remembered_captions(Manifest.load(out), out) if there else None


def carry_out(
    plan: Plan,
    writer: DictionaryWriter,
    encoder: Encoder,
    *,
    batch_size: int,
    progress: bool,
    encode: EncodePictures = encode_pictures,
) -> BuildReport:
    """Do what `plan` says; `DictionaryWriter.finish` is left to do."""
    if batch_size < 1:
        raise SettingsError(f"The batch size is {batch_size}; it must be at least 1.")
    started = time.perf_counter()
    _room_or_raise(writer, encoder, len(plan.wanted))
    writer.apply(plan.edits)
    encoding = Encoding(writer, plan.folder.captions_of, plan.written, progress, plan.changed)
    encoder.choose_runtime_for(images=len(plan.wanted))
    batches = encode(plan.folder.images, plan.wanted, encoder, batch_size)
    encoding.run(batches, len(plan.wanted))
    skipped = (*plan.unreadable, *(_with_former(one, plan) for one in encoding.skipped))
    if skipped and not writer.manifest.count:
        raise EmptyGalleryError(
            f"None of the pictures in {plan.folder.images} can be opened ({len(skipped)} tried); "
            f"the first: {skipped[0].reason}"
        )
    changed = len(plan.changed.keys() & set(encoding.done))
    return BuildReport(
        folder=writer.folder,
        count=writer.manifest.count,
        added=len(encoding.done) - changed,
        changed=changed,
        kept=plan.known - changed - plan.moved - len(plan.dropped),
        removed=len(plan.dropped),
        renamed=plan.moved,
        mended=0,
        damaged=(),
        skipped=skipped,
        away=plan.away,
        seconds=time.perf_counter() - started,
        pictures_per_s=encoding.rate,
        runtime=encoder.runtime,
    )


def _with_former(skipped: Skipped, plan: Plan) -> Skipped:
    if skipped.path not in plan.changed:
        return skipped
    return Skipped(skipped.path, f"{skipped.reason} What was known of it before is kept.")


def _open_writer(out: Path, encoder: Encoder, fresh: Manifest, rebuild: bool) -> DictionaryWriter:
    """A writer for what is there, or for a new dictionary."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(out, error, 0) from error
    if rebuild:
        try:
            there = next_generation(out) - 1
        except OSError as error:
            raise cannot_read(out, error) from error
        return DictionaryWriter(out, replace(fresh, generation=there), rebuild=True)
    if is_dictionary(out):
        manifest = Manifest.load(out)
        require_encoder(manifest, encoder, out)
        writer = DictionaryWriter(out, manifest)
    else:
        writer = DictionaryWriter(out, fresh)
    writer.sweep()
    return writer


def new_manifest(
    out: Path,
    encoder: Encoder,
    images: Path,
    source: str,
    captions: Sequence[Path] | None = None,
    storage: str | None = None,
) -> Manifest:
    """The manifest of a dictionary without pictures."""
    return Manifest(
        encoder_name=encoder.name,
        fingerprint=encoder.fingerprint,
        dim=encoder.dim,
        source=place_of_source(source, out),
        gallery=place_of(images, out),
        square_padding=getattr(getattr(encoder, "preparation", None), "square_padding", None),
        captions=tuple(place_of(file.expanduser(), out) for file in captions or ()),
        dtype=dtype_of(storage or "float32"),
    )


def _room_or_raise(writer: DictionaryWriter, encoder: Encoder, wanted: int) -> None:
    width = np.dtype(writer.manifest.dtype).itemsize * encoder.dim
    if wanted:
        free_disk_or_raise(writer.folder, wanted * (width + ITEM_BYTES))

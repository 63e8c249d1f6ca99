"""A few pictures in, a few pictures out."""

import shutil
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from timanh.data import (
    DataFolder,
    Listing,
    Selection,
    caption_notes,
    describe_left_out,
    find_pictures,
    open_data,
)
from timanh.errors import DataError, DictionaryError, EmptyGalleryError, UnknownPictureError
from timanh.models.encoder import Encoder
from timanh.vectors.build import (
    BuildReport,
    caption_files,
    carry_out,
    remembered_captions,
    select,
)
from timanh.vectors.changes import survey
from timanh.vectors.dictionary import require_encoder
from timanh.vectors.encoding import EncodePictures, encode_pictures
from timanh.vectors.manifest import Manifest, dtype_of, find_place, place_of
from timanh.vectors.reading import Skipped
from timanh.vectors.writer import DictionaryWriter, cannot_write
from timanh.workspace import name_key, on_disk, readable


def add_pictures(
    folder: Path,
    pictures: Sequence[Path],
    encoder: Encoder,
    *,
    copy: bool = False,
    captions: Path | Sequence[Path] | None = None,
    exclude: Sequence[str] | None = None,
    include_hidden: bool | None = None,
    batch_size: int = 32,
    progress: bool = True,
    encode: EncodePictures = encode_pictures,
) -> BuildReport:
    """Encode `pictures`, files or folders below the gallery, unless they are in already.

    Captions come from the caption files that the dictionary was built with.

    Args:
        folder: the dictionary.
        captions: other caption files, remembered in place of the former.
        exclude, include_hidden: as of `build_dictionary`, remembered in place of the former.
        copy: pictures from elsewhere are copied into the gallery first, by their names.
        encode: as of `build_dictionary`.

    Raises:
        DictionaryError: a picture outside the gallery without `copy`, whose name is taken
            there by another file, or that the dictionary leaves out.
        EmptyGalleryError: there is no picture at one of the paths.
        EncoderMismatchError: the dictionary was built with another encoder.
    """
    folder = Path(folder)
    manifest = Manifest.load(folder)
    require_encoder(manifest, encoder, folder)
    gallery = find_place(manifest.gallery, folder)
    selection = select(folder, exclude, include_hidden)
    names: list[str] = []
    notes: list[str] = []
    unreadable: list[Skipped] = []
    for picture in pictures:
        places, listing = _expand(Path(picture), gallery, selection)
        names += [_name_in(gallery, place, copy) for place in places]
        notes += [note] if (note := describe_left_out(listing.left_out)) else []
        unreadable += [Skipped(one.path, one.reason) for one in listing.unreadable]
    writer = DictionaryWriter(folder, manifest)
    named = caption_files(captions)
    data = _data_folder(gallery, named or remembered_captions(manifest, folder), selection)
    plan = survey(writer, data, list(dict.fromkeys(names)), progress=progress)
    if named:
        writer.update(captions=tuple(place_of(file, folder) for file in named))
    writer.update(exclude=selection.exclude, include_hidden=selection.include_hidden)
    report = carry_out(
        plan, writer, encoder, batch_size=batch_size, progress=progress, encode=encode
    )
    return replace(
        report, skipped=(*unreadable, *report.skipped), notes=(*caption_notes(data), *notes)
    )


def remove_pictures(folder: Path, pictures: Sequence[str]) -> tuple[str, ...]:
    """Take rows out and return their paths; the pictures' files stay.

    Args:
        folder: the dictionary.
        pictures: ids, paths below the gallery, or paths of files in it.

    Raises:
        UnknownPictureError: one of them is not in the dictionary; nothing is removed then.
    """
    folder = Path(folder)
    writer = DictionaryWriter(folder, Manifest.load(folder))
    gallery = find_place(writer.manifest.gallery, folder)
    path_of_id = {item.id: item.path for item in writer.items()}
    known = set(path_of_id.values())
    found: dict[str, None] = {}
    for picture in pictures:
        candidates = (path_of_id.get(picture, ""), picture, _below(gallery, picture))
        path = next((candidate for candidate in candidates if candidate in known), None)
        path = path or _written_otherwise(candidates, known)
        if path is None:
            raise UnknownPictureError(
                f"{picture} is neither an id nor a path in {folder}. Nothing was removed.",
                cli="Ids and paths are what `timanh search --json` prints.",
                notebook="Ids and paths are those of a search's hits.",
            )
        found[path] = None
    writer.edit(lambda item: None if item.path in found else item)
    writer.merge()
    writer.sweep()
    return tuple(found)


@dataclass(frozen=True)
class CompactReport:
    """What `compact_dictionary` did.

    Attributes:
        folder: the dictionary; count: its pictures now.
        segments_before, bytes_before, bytes_after: of its files.
        damaged: files that were not what had been written → pictures lost with each.
    """

    folder: Path
    count: int
    segments_before: int
    bytes_before: int
    bytes_after: int
    damaged: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "folder": str(self.folder)}


def compact_dictionary(folder: Path, storage: str | None = None) -> CompactReport:
    """Read everything, leave out what is damaged, and join the rest into one segment.

    Needs neither the pictures nor the encoder; the next build encodes again what was left out.

    Args:
        storage: "float16" halves the files, "float32" keeps every bit; None leaves it as it is.

    Raises:
        SettingsError: no such storage.
        DictionaryError: it cannot be written.
    """
    folder = Path(folder)
    dtype = dtype_of(storage) if storage else None
    writer = DictionaryWriter(folder, Manifest.load(folder))
    segments, stored = len(writer.manifest.segments), _stored_bytes(folder)
    damaged = writer.drop_damaged()
    writer.compact(dtype)
    return CompactReport(
        folder, writer.manifest.count, segments, stored, _stored_bytes(folder), damaged
    )


def _stored_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def _expand(place: Path, gallery: Path, selection: Selection) -> tuple[list[Path], Listing]:
    """The pictures at `place` that the dictionary takes, itself or those in it, and the rest."""
    place = on_disk(place)
    name = _below(gallery, str(place))
    rule = selection.rule_for(name) if name and name != "." else None
    if rule is not None:
        raise DictionaryError(
            f"{readable(str(place))} is left out by this dictionary ({rule}).",
            cli="Build it with another --exclude, or with --include-hidden, to take it in.",
        )
    top = gallery if name else place
    if place.is_dir():
        listing = find_pictures(top, selection, below=name)
    else:
        listing = Listing((name or place.name,) if place.is_file() else ())
        top = gallery if name else place.parent
    if not listing.names:
        raise EmptyGalleryError(
            f"There is no picture at {readable(str(place))}. Check the path. "
            f"{describe_left_out(listing.left_out) or ''}".rstrip()
        )
    return [top / each for each in listing.names], listing


def _name_in(gallery: Path, picture: Path, copy: bool) -> str:
    name = _below(gallery, str(picture))
    if name:
        return name
    if not copy:
        raise DictionaryError(
            f"{picture} is not in the gallery {gallery}. Move it there.",
            cli="Or let it be copied with --copy.",
            notebook="Or let it be copied with copy=True.",
        )
    target = gallery / picture.name
    if target.exists() and target.read_bytes() != picture.read_bytes():
        raise DictionaryError(
            f"{target} is another picture of that name. Give {picture} another name first."
        )
    try:
        if not target.exists():
            shutil.copy2(picture, target)
    except OSError as error:
        raise cannot_write(gallery, error, 0) from error
    return picture.name


def _written_otherwise(candidates: Sequence[str], known: Collection[str]) -> str | None:
    """The one known path that a candidate names with its letters in another form.

    Raises:
        UnknownPictureError: there are several.
    """
    wanted = {name_key(candidate) for candidate in candidates if candidate}
    alike = [path for path in known if name_key(path) in wanted]
    if len(alike) > 1:
        raise UnknownPictureError(
            f"{len(alike)} pictures are called {name_key(alike[0])}, their letters stored in "
            "different forms. Name the one by its id. Nothing was removed."
        )
    return alike[0] if alike else None


def _below(gallery: Path, picture: str) -> str:
    """`picture` relative to the gallery, with slashes; empty where it lies elsewhere."""
    try:
        # The folder is resolved and not the picture: a link in the gallery is one of its pictures.
        place = on_disk(Path(picture).absolute())
        return PurePosixPath(
            (place.parent.resolve() / place.name).relative_to(gallery.resolve())
        ).as_posix()
    except (ValueError, OSError):
        return ""


def _data_folder(
    gallery: Path, captions: Sequence[Path] | None, selection: Selection
) -> DataFolder:
    """The data folder whose pictures are `gallery`, so that captions are found."""
    if captions:
        return open_data(gallery, captions, selection)
    try:
        outer = open_data(gallery.parent, selection=selection)
        if outer.images == gallery:
            return outer
    except DataError:
        pass
    return open_data(gallery, selection=selection)

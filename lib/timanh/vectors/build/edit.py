"""A few pictures in, a few pictures out."""

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from timanh.data import (
    Listing,
    Selection,
    caption_notes,
    describe_left_out,
    find_pictures,
    open_few,
)
from timanh.errors import DictionaryError, EmptyGalleryError, UnknownPictureError
from timanh.models.encoder import Encoder
from timanh.models.reading import Skipped
from timanh.vectors.build.build import (
    BuildReport,
    caption_files,
    carry_out,
    remembered_captions,
    select,
)
from timanh.vectors.build.changes import survey
from timanh.vectors.build.encoding import EncodePictures, encode_pictures
from timanh.vectors.dictionary import VectorDictionary, require_encoder
from timanh.vectors.store.items import Item, ids_of
from timanh.vectors.store.manifest import Manifest
from timanh.vectors.store.places import find_place, place_of
from timanh.vectors.store.state import cannot_write
from timanh.vectors.store.writer import QUICK_ROWS, DictionaryWriter
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
    opened: VectorDictionary | None = None,
) -> BuildReport:
    """Encode `pictures`, files or folders below the gallery, unless they are in already.

    Captions come from the caption files that the dictionary was built with.

    Args:
        folder: the dictionary.
        captions: other caption files, remembered in place of the former.
        exclude, include_hidden: as of `build_dictionary`, remembered in place of the former.
        copy: pictures from elsewhere are copied into the gallery first, by their names.
        encode: as of `build_dictionary`.
        opened: what is open of the dictionary already, and need not be read again.

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
    found: dict[str, None] = {}
    notes: list[str] = []
    unreadable: list[Skipped] = []
    for picture in pictures:
        places, listing = _expand(Path(picture), gallery, selection)
        found.update((_name_in(gallery, place, copy), None) for place in places)
        notes += [note] if (note := describe_left_out(listing.left_out)) else []
        unreadable += [Skipped(one.path, one.reason) for one in listing.unreadable]
    names = tuple(found)
    writer = _writer(folder, manifest, opened)
    named = caption_files(captions)
    data = open_few(gallery, names, named or remembered_captions(manifest, folder), selection)
    plan = survey(writer, data, names, progress=progress)
    if named:
        writer.update(captions=tuple(place_of(file, folder) for file in named))
    writer.update(exclude=selection.exclude, include_hidden=selection.include_hidden)
    report = carry_out(
        plan, writer, encoder, batch_size=batch_size, progress=progress, encode=encode
    )
    writer.finish(most=QUICK_ROWS, complete=False)
    return replace(
        report,
        count=writer.manifest.count,
        skipped=(*unreadable, *report.skipped),
        notes=(*caption_notes(data), *notes),
    )


def remove_pictures(
    folder: Path, pictures: Sequence[str], *, opened: VectorDictionary | None = None
) -> tuple[str, ...]:
    """Take rows out and return their paths; the pictures' files stay.

    Args:
        folder: the dictionary.
        pictures: ids, paths below the gallery, or paths of files in it.
        opened: what is open of the dictionary already, and need not be read again.

    Raises:
        UnknownPictureError: one of them is not in the dictionary; nothing is removed then.
    """
    folder = Path(folder)
    writer = _writer(folder, Manifest.load(folder), opened)
    found = _find(writer, pictures)
    for picture in pictures:
        if picture not in found:
            raise UnknownPictureError(
                f"{picture} is neither an id nor a path in {folder}. Nothing was removed.",
                cli="Ids and paths are what `timanh search --json` prints.",
                notebook="Ids and paths are those of a search's hits.",
            )
    gone = {item.id: item.path for item in found.values()}
    writer.remove(gone)
    writer.sweep()
    return tuple(gone.values())


def known_pictures(
    folder: Path, paths: Sequence[str], *, opened: VectorDictionary | None = None
) -> dict[str, Item]:
    """What the dictionary in `folder` knows of the pictures at these paths below the gallery;
    those that it does not know are left out.

    A path is known only letter by letter as it is stored: names of other letters that look alike
    would have to be looked for among all.

    Args:
        opened: what is open of the dictionary already, and need not be read again.

    Raises:
        DictionaryError: as `VectorDictionary.open`.
    """
    folder = Path(folder)
    writer = _writer(folder, Manifest.load(folder), opened)
    likely = writer.find(next(ids_of(path)) for path in paths)
    found = {path: _at(writer, likely, [path]) for path in paths}
    return {path: item for path, item in found.items() if item is not None}


def gallery_of(folder: Path) -> Path:
    """The folder of the pictures, as the dictionary in `folder` says now.

    Raises:
        DictionaryError: as `VectorDictionary.open`.
    """
    return find_place(Manifest.load(Path(folder)).gallery, Path(folder))


def selection_of(folder: Path) -> Selection:
    """Which files of its gallery the dictionary in `folder` takes.

    Raises:
        DictionaryError: as `VectorDictionary.open`.
    """
    return Manifest.load(Path(folder)).selection


def is_newest(opened: VectorDictionary) -> bool:
    """Whether nobody has changed the dictionary since it was opened.

    Raises:
        DictionaryError: as `VectorDictionary.open`.
    """
    return Manifest.load(opened.folder) == opened.manifest


def _writer(folder: Path, manifest: Manifest, opened: VectorDictionary | None) -> DictionaryWriter:
    return DictionaryWriter(folder, manifest, opened=opened.opened_lines() if opened else {})


def _find(writer: DictionaryWriter, pictures: Sequence[str]) -> dict[str, Item]:
    gallery = find_place(writer.manifest.gallery, writer.folder)
    places = {picture: (picture, _below(gallery, picture)) for picture in pictures}
    likely = writer.find(
        id
        for names in places.values()
        for id in (names[0], *(next(ids_of(path)) for path in names if path))
    )
    found = {}
    for picture, paths in places.items():
        item = likely.get(picture) or _at(writer, likely, paths)
        if item is not None:
            found[picture] = item
    missing = {picture: paths for picture, paths in places.items() if picture not in found}
    known = {item.path: item for item in writer.items()} if missing else {}
    for picture, paths in missing.items():
        path = _written_otherwise(paths, known)
        if path is not None:
            found[picture] = known[path]
    return found


def _at(writer: DictionaryWriter, likely: Mapping[str, Item], paths: Sequence[str]) -> Item | None:
    """The item at one of the paths, if there is one."""
    for path in filter(None, paths):
        for id in ids_of(path):
            item = likely.get(id) or writer.find([id]).get(id)
            if item is None:
                break
            if item.path == path:
                return item
    return None


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
    """`picture` relative to the gallery, with slashes; empty where it is elsewhere."""
    try:
        # The folder is resolved and not the picture: a link in the gallery is one of its pictures.
        place = on_disk(Path(picture).absolute())
        return PurePosixPath(
            (place.parent.resolve() / place.name).relative_to(gallery.resolve())
        ).as_posix()
    except (ValueError, OSError):
        return ""

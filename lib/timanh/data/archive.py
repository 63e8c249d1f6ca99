"""Pictures as one archive on Google Drive, unpacked onto the machine's own disk.

Drive takes minutes over thousands of small files and seconds over a large one. So in Colab a data
folder on Drive holds `images.tar` beside its captions and splits: a plain tar, as WebDataset has
it, that any program unpacks. Its pictures are used from the machine's disk.
"""

import hashlib
import json
import os
import shutil
import tarfile
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from timanh.errors import DataError
from timanh.progress import tqdm
from timanh.workspace import atomic_write, free_disk_or_raise, local_place, put_file, settle_file

ARCHIVE, IMAGES = "images.tar", "images"
CONTENT = "images.json"  # beside the archive: what is in it
UNPACKED = ".unpacked.json"  # beside the unpacked pictures: of which archive they are
BLOCK = tarfile.BLOCKSIZE


def is_packed(folder: Path) -> bool:
    """Whether the pictures of a data folder are in an archive."""
    return (folder / ARCHIVE).is_file() or (folder / f".{ARCHIVE}.new").is_file()


def pack_data(folder: Path, out: Path, *, progress: bool = True) -> None:
    """Keep a data folder in `out`: its pictures as one archive, its other files as they are.

    What is in `out` already is not written again, and an archive that was begun is continued.
    """
    out.mkdir(parents=True, exist_ok=True)
    settle_file(out / ARCHIVE)
    content = describe_content(folder / IMAGES)
    if not (out / ARCHIVE).is_file() or _read(out / CONTENT) != content:
        pack_pictures(folder / IMAGES, out / ARCHIVE, progress=progress)
        _write(out / CONTENT, content)
    for file in _other_files(folder):
        kept = out / file.name
        if not kept.is_file() or kept.read_bytes() != file.read_bytes():
            put_file(file, kept)
    if folder != out:
        _write(folder / UNPACKED, {**_state_of(out / ARCHIVE), "whole": True})


def unpack_data(folder: Path, *, progress: bool = True) -> Path:
    """The data folder with its pictures unpacked: on the machine's disk where `folder` is on Drive.

    Run again it returns at once, and after a kill it continues.

    Raises:
        DataError: the archive is damaged, or names files outside its folder.
        SettingsError: too little disk.
    """
    settle_file(folder / ARCHIVE)
    place = local_place(folder)
    place.mkdir(parents=True, exist_ok=True)
    unpack_pictures(folder / ARCHIVE, place / IMAGES, progress=progress)
    if place != folder:
        for file in _other_files(folder):
            shutil.copyfile(file, place / file.name)
        _copy_added(folder / IMAGES, place / IMAGES)
    return place


def pack_pictures(images: Path, archive: Path, *, progress: bool = True) -> None:
    """Write the files below `images` into a tar; a part that a killed process left is continued.

    Args:
        archive: whole when it is there; until then the part is beside it.
    """
    part = archive.with_name(f".{archive.name}.packing")
    listed = list(_pictures(images))
    packed = _whole_members(part)
    if any(packed.get(name) != file.stat().st_size for name, file in listed[: len(packed)]):
        packed = {}
        part.unlink(missing_ok=True)
    with (
        tarfile.open(part, "a", format=tarfile.PAX_FORMAT) as tar,
        tqdm(total=len(listed), desc="pack", unit="img", disable=not progress) as bar,
    ):
        for name, file in listed:
            if name not in packed:
                tar.add(file, name, recursive=False, filter=_anonymous)
            bar.update()
    with part.open("rb+") as written:
        os.fsync(written.fileno())
    part.replace(archive.with_name(f".{archive.name}.new"))
    if archive.exists():
        archive.replace(archive.with_name(f".{archive.name}.old"))
    settle_file(archive)


def unpack_pictures(archive: Path, images: Path, *, progress: bool = True) -> None:
    """Unpack beside what is there already of the same archive; raises as `unpack_data`."""
    of = _state_of(archive)
    marker = images.parent / UNPACKED
    found = _read(marker)
    if found == {**of, "whole": True} and images.is_dir():
        return
    images.parent.mkdir(parents=True, exist_ok=True)
    if found != {**of, "whole": False} and images.parent != archive.parent:
        # A copy of another archive; a kill from here on is seen, too.
        _write(marker, {"whole": False})
        shutil.rmtree(images, ignore_errors=True)
    _write(marker, {**of, "whole": False})
    images.mkdir(parents=True, exist_ok=True)
    free_disk_or_raise(images.parent, archive.stat().st_size)
    try:
        _require_end(archive)
        with tarfile.open(archive, "r:") as tar:
            bar = tqdm(tar, desc="unpack", unit="img", disable=not progress)
            for member in bar:
                _unpack(tar, member, images, archive)
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DataError(
            f"{archive} is damaged ({error}). Delete it.",
            cli="Then prepare the data again.",
            notebook="Then run notebook 01 again.",
        ) from error
    _write(marker, {**of, "whole": True})


def find_gallery(gallery: Path, index: Path) -> Path:
    """`gallery`; where it is packed in the workspace of `index`, unpacked first.

    An unpacking that was killed is finished, and pictures that another machine has added to the
    archive's folder since are copied here.
    """
    packed = index.resolve().parent.parent / "data" / gallery.parent.name
    if not is_packed(packed):
        return gallery
    if not gallery.is_dir() or _read(gallery.parent / UNPACKED).get("whole") is False:
        return unpack_data(packed) / IMAGES
    if packed != local_place(packed) == gallery.parent:
        _copy_added(packed / IMAGES, gallery)
    return gallery


def keep_added(
    gallery: Path, folder: str, deleted: Collection[str] = (), added: Collection[str] = ()
) -> None:
    """Copy pictures that were added below `gallery` beside the archive they belong to.

    Does nothing for a gallery that was not unpacked from an archive elsewhere. Other pictures
    there may be another machine's, so nothing goes but what is named.

    Args:
        folder: below `gallery`; all pictures in it are of those.
        added: names below `gallery` of others.
        deleted: names below `gallery` of pictures that were deleted here, to delete there too.
    """
    archive = Path(str(_read(gallery.parent / UNPACKED).get("archive", gallery)))
    if archive.parent == gallery.parent:
        return
    kept = archive.parent / IMAGES
    there = {f"{folder}/{name}": file for name, file in _pictures(gallery / folder)}
    there |= {name: gallery / name for name in added if (gallery / name).is_file()}
    for name, file in there.items():
        target = kept / name
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            put_file(file, target)
    for name in deleted:
        if not (gallery / name).exists():
            (kept / name).unlink(missing_ok=True)


def describe_content(images: Path) -> dict[str, object]:
    """{"files": how many, "digest": over their names and contents' checksums}."""
    digest, count = hashlib.blake2b(digest_size=12), 0
    for name, file in _pictures(images):
        content = hashlib.blake2b(file.read_bytes(), digest_size=12).hexdigest()
        digest.update(f"{name}\t{content}\n".encode(errors="surrogateescape"))
        count += 1
    return {"files": count, "digest": digest.hexdigest()}


def _copy_added(images: Path, to: Path) -> None:
    """Pictures that were added through the API are beside the archive."""
    for name, source in _pictures(images):
        target = to / name
        if not target.is_file() or target.stat().st_size != source.stat().st_size:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _state_of(archive: Path) -> dict[str, object]:
    state = archive.stat()
    return {"archive": str(archive.resolve()), "bytes": state.st_size, "mtime": state.st_mtime_ns}


def _unpack(tar: tarfile.TarFile, member: tarfile.TarInfo, images: Path, archive: Path) -> None:
    if not member.isfile():
        return
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or "\\" in member.name:
        raise DataError(f"{archive} names {member.name}, which is outside its folder.")
    target = images / name
    if target.is_file() and target.stat().st_size == member.size:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.part")
    source = tar.extractfile(member)
    with aside.open("wb") as written:
        shutil.copyfileobj(source, written)  # type: ignore[arg-type]  # a file has content
    if aside.stat().st_size != member.size:
        raise EOFError(f"it ends within {member.name}")
    aside.replace(target)


def _require_end(archive: Path) -> None:
    """A tar ends in two empty blocks; without them tarfile itself takes what is there for all."""
    with archive.open("rb") as file:
        file.seek(max(0, archive.stat().st_size - 2 * BLOCK))
        if file.read() != bytes(2 * BLOCK):
            raise tarfile.ReadError("its end is missing")


def _whole_members(part: Path) -> dict[str, int]:
    """Name → size of what is whole in an archive that was begun; what is incomplete is cut off."""
    found: dict[str, int] = {}
    if not part.is_file():
        return found
    size, end = part.stat().st_size, 0
    try:
        with tarfile.open(part, "r:") as tar:
            for member in tar:
                after = member.offset_data + -(-member.size // BLOCK) * BLOCK
                if after > size:
                    break
                found[member.name], end = member.size, after
    except (tarfile.TarError, EOFError):
        pass  # cut within a member's header
    with part.open("rb+") as file:
        file.truncate(end)
        file.seek(end)
        file.write(bytes(2 * BLOCK))  # the end of an archive, where tarfile continues
    return found


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the owner, who is unknown on another machine, and in whole seconds."""
    member.uid = member.gid = 0
    member.mtime = int(member.mtime)
    member.uname = member.gname = ""
    return member


def _pictures(folder: Path) -> Iterator[tuple[str, Path]]:
    """(name below `folder`, file), sorted; nothing hidden."""
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        if file.is_file() and not any(part.startswith(".") for part in name.parts):
            yield name.as_posix(), file


def _other_files(folder: Path) -> list[Path]:
    """Captions, splits, truth: the files beside the pictures."""
    ours = (ARCHIVE, CONTENT)
    return sorted(
        file for file in folder.iterdir()
        if file.is_file() and not file.name.startswith(".") and file.name not in ours
    )  # fmt: skip


def _read(file: Path) -> dict[str, object]:
    try:
        return dict(json.loads(file.read_text(encoding="utf8")))
    except (OSError, ValueError, TypeError):
        return {}


def _write(file: Path, content: dict[str, object]) -> None:
    with atomic_write(file) as temporary:
        temporary.write_text(json.dumps(content), encoding="utf8")

"""Archives and captions of published collections, as a data folder has them."""

import csv
import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from timanh.errors import DataError
from timanh.progress import tqdm
from timanh.workspace import atomic_write


def unpack(archive: Path, out: Path, wanted: Mapping[str, str], *, progress: bool = True) -> None:
    """The files of a ZIP archive whose names begin as `wanted` says, and delete the archive.

    Files that are there in full are left as they are.

    Raises:
        DataError: the archive is damaged or holds none of them; it is deleted.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            chosen = [
                (member, out / place)
                for member in opened.infolist()
                if (place := _place(member.filename, wanted))
            ]
            if not chosen:
                some = ", ".join(opened.namelist()[:3]) or "nothing"
                raise DataError(
                    f"{archive.name} holds none of {', '.join(wanted)}, but {some}. The collection "
                    "lies in another order now; fetch it in a browser and unpack it.",
                    cli="Then name its folder with --data.",
                    notebook="Then set DATA to its folder.",
                )
            for member, file in tqdm(
                chosen, desc=f"unpack {archive.name}", unit="file", disable=not progress
            ):
                if file.is_file() and file.stat().st_size == member.file_size:
                    continue
                file.parent.mkdir(parents=True, exist_ok=True)
                with (
                    opened.open(member) as source,
                    atomic_write(file) as temporary,
                    temporary.open("wb") as target,
                ):
                    shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, EOFError) as error:
        archive.unlink(missing_ok=True)
        raise DataError(
            f"{archive.name} arrived damaged ({error}) and was deleted. Run the same command again."
        ) from error
    archive.unlink()


def karpathy_of_flickr30k(table: Path, out: Path) -> None:
    """The hub's table of Flickr30k's captions as `dataset_flickr30k.json`, Karpathy's form.

    Its columns: raw, a JSON list of five captions; split, train, val or test; filename.
    """
    with table.open(encoding="utf8", newline="") as rows:
        images = [
            {
                "filename": row["filename"],
                "split": row["split"],
                "sentences": [{"raw": caption} for caption in json.loads(row["raw"])],
            }
            for row in csv.DictReader(rows)
        ]
    with atomic_write(out / "dataset_flickr30k.json") as temporary:
        temporary.write_text(json.dumps({"images": images}, ensure_ascii=False), encoding="utf8")


def _place(member: str, wanted: Mapping[str, str]) -> str:
    """What a member is called here; empty for a folder and for what is not kept."""
    if member.endswith("/") or ".." in PurePosixPath(member).parts:
        return ""
    for begins, here in wanted.items():
        if member.startswith(begins):
            return here + member.removeprefix(begins)
    return ""

"""Which label is right for which picture, where that is known."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from timanh.errors import DataError
from timanh.workspace import name_key


def truth_of_folders(names: Iterable[str]) -> dict[str, str]:
    """Picture → the folder that it lies in, as a label; pictures outside all folders have none.

    Args:
        names: paths in the gallery, with slashes.
    """
    return {name: label_of_folder(PurePosixPath(name).parent.name) for name in names if "/" in name}


def label_of_folder(folder: str) -> str:
    """A folder's name as words: `red_car` is "red car"."""
    return " ".join(name_key(folder).replace("_", " ").split())


def read_truth(file: Path) -> dict[str, str]:
    """Picture → label, from a CSV file with the columns `path` and `label`.

    Raises:
        DataError: it cannot be read, or has other columns.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream)
            columns = rows.fieldnames or []
            if not {"path", "label"} <= set(columns):
                raise DataError(
                    f"{file} has the columns {', '.join(columns) or 'none'}; “path” and “label” "
                    "are wanted."
                )
            return {
                str(row["path"]).strip().replace("\\", "/"): str(row["label"] or "").strip()
                for row in rows
                if row["path"]
            }
    except OSError as error:
        raise DataError(f"{file} cannot be read ({error.strerror or error}).") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file} is no CSV in UTF-8 ({error}). Save it as that.") from error


def matched(truth: dict[str, str], names: Sequence[str]) -> dict[str, str]:
    """The truth with its labels spelled as in `names`, whatever their capitals and blanks.

    Labels that are none of `names` stay as they are.
    """
    spelled = {_plain(name): name for name in names}
    return {path: spelled.get(_plain(label), label) for path, label in truth.items()}


def _plain(label: str) -> str:
    return name_key(label_of_folder(label)).casefold()

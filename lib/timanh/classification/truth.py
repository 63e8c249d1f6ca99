"""Which label is right for which picture, where that is known."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from timanh.classification.answers import Answer
from timanh.errors import DataError, SettingsError
from timanh.models.zero_shot import NONE
from timanh.workspace import name_key

FOLDERS = "folders"


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
        raise DataError(f"{file} is not a CSV file in UTF-8 ({error}). Save it as one.") from error


def truth_of(names: Sequence[str], given: str) -> dict[str, str]:
    """Picture → label, of those pictures that have one.

    Args:
        names: paths in the gallery, with slashes.
        given: "folders" for the folders that they lie in, else a CSV file as in `read_truth`.

    Raises:
        DataError: as `read_truth`. SettingsError: no picture has a label.
    """
    found = truth_of_folders(names) if given == FOLDERS else read_truth(Path(given))
    known = {name: found[name] for name in names if found.get(name)}
    if not known:
        raise SettingsError(
            "No picture has a right label. Paths in the file are those below the gallery, with "
            "slashes; by folders, pictures lie in a folder for each label."
        )
    return known


def beside_truth(
    answers: Sequence[Answer], truth: dict[str, str], labels: Sequence[str]
) -> list[tuple[str, str, float]]:
    """(right label, likeliest one, its probability) of each answer whose right label is known.

    Right is "none of these" where the truth is none of the labels; without that answer such a
    picture is left out.

    Args:
        labels: all possible answers.
    """
    spelled, rows = matched(truth, labels), []
    for answer in answers:
        label = spelled.get(answer.path)
        if label is not None and label not in labels:
            label = NONE if NONE in labels else None
        if label is not None:
            rows.append((label, *answer.ranked[0]))
    return rows


def matched(truth: dict[str, str], names: Sequence[str]) -> dict[str, str]:
    """The truth with its labels spelled as in `names`, whatever their capitals and blanks.

    Labels that are none of `names` stay as they are.
    """
    spelled = {_plain(name): name for name in names}
    return {path: spelled.get(_plain(label), label) for path, label in truth.items()}


def _plain(label: str) -> str:
    return name_key(label_of_folder(label)).casefold()

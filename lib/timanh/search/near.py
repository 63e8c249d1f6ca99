"""Names that a person may have meant."""

from collections.abc import Mapping
from difflib import get_close_matches

from timanh.data.vietnamese.marks import without_marks
from timanh.errors import UnknownFolderError
from timanh.workspace import readable

MOST = 3
COMPARED = 20_000  # comparing letters takes seconds with more


def near_names(wanted: str, known: Mapping[str, int]) -> tuple[str, ...]:
    """Up to three of the `known` paths like `wanted`, the likeliest first.

    Marks, capitals and the folders before the last one may differ, and a few letters.

    Args:
        known: paths with slashes → how many pictures they hold; larger ones come first.
    """
    plain = _plain(wanted.strip("/"))
    largest = sorted(known, key=lambda path: -known[path])
    by_plain: dict[str, list[str]] = {}
    for path in largest:
        whole = _plain(path)
        by_plain.setdefault(whole, []).append(path)
        by_plain.setdefault(whole.rpartition("/")[2], []).append(path)
    last = plain.rpartition("/")[2]
    alike = [*by_plain.get(plain, ()), *by_plain.get(last, ())]
    if len(alike) < MOST:
        names = list(by_plain)[:COMPARED]
        close = [*get_close_matches(plain, names, MOST), *get_close_matches(last, names, MOST)]
        within = [name for name in names if last and last in name]
        alike += [path for name in (*close, *within) for path in by_plain[name]]
    return tuple(dict.fromkeys(alike))[:MOST]


def unknown_folder(wanted: str, known: Mapping[str, int]) -> UnknownFolderError:
    """The error for a folder that is not among the `known` ones; names up to three like it."""
    near = near_names(wanted, known)
    largest = sorted(known, key=lambda path: -known[path])[:MOST]
    if near:
        rest = f"Names near it: {_listed(near)}."
    elif largest:
        rest = f"Its largest: {_listed(largest)}."
    else:
        rest = "It has no folders: leave the folder out."
    return UnknownFolderError(f"The gallery has no folder “{readable(wanted)}”. {rest}", near)


def _plain(text: str) -> str:
    """Without marks and capitals."""
    return without_marks(text.casefold())


def _listed(names: tuple[str, ...] | list[str]) -> str:
    quoted = [f"“{name}”" for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)

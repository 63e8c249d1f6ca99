"""Which files of a folder are a person's photos, and which are left out."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate

from timanh.errors import advice
from timanh.workspace import name_key

# What systems and network drives keep beside photos: thumbnails, bins, snapshots, half files.
SYSTEM = (
    "@eaDir", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot", ".@__thumb",
    "$RECYCLE.BIN", "System Volume Information", "lost+found", ".Trash-*", ".Trash", ".Trashes",
    ".thumbnails", ".Spotlight-V100", ".fseventsd", ".TemporaryItems", ".DocumentRevisions-V100",
    ".AppleDouble", "__MACOSX", "._*",
)  # fmt: skip
# All of them at once, because every file of a large gallery is asked about.
ANY_SYSTEM = re.compile("|".join(translate(pattern.lower()) for pattern in SYSTEM))
HIDDEN = "hidden"


@dataclass(frozen=True)
class LeftOut:
    """A file or folder that is not taken; `rule` is what it fell under.

    Attributes:
        path: relative to the gallery, with slashes.
        rule: one of `SYSTEM`, `HIDDEN`, or a pattern of `Selection.exclude`.
    """

    path: str
    rule: str


@dataclass(frozen=True)
class Selection:
    """What is taken of a gallery.

    Attributes:
        exclude: patterns as of the shell. One without a slash is compared with the name of each
            file and folder, one with a slash with the whole path below the gallery; a folder that
            is left out takes along what is in it.
        include_hidden: take files and folders whose names begin with a dot. What is in `SYSTEM`
            is left out nevertheless.
    """

    exclude: tuple[str, ...] = ()
    include_hidden: bool = False

    def rule_for(self, path: str) -> str | None:
        """The rule that leaves out `path` or a folder above it; None for what is taken."""
        parts = path.split("/")
        paths = ("/".join(parts[: end + 1]) for end in range(len(parts)))
        return next((rule for each in paths if (rule := self.rule_for_entry(each))), None)

    def rule_for_entry(self, path: str) -> str | None:
        """As `rule_for`, of a path whose folders are taken."""
        path = name_key(path)
        name = path.rpartition("/")[2]
        for pattern in self.exclude:
            plain = name_key(pattern).replace("\\", "/").removeprefix("./").rstrip("/")
            if fnmatchcase(path if "/" in plain else name, plain.removeprefix("/")):
                return pattern
        if ANY_SYSTEM.match(name.lower()):
            return next(each for each in SYSTEM if fnmatchcase(name.lower(), each.lower()))
        return HIDDEN if name.startswith(".") and not self.include_hidden else None


def patterns(given: Iterable[str]) -> tuple[str, ...]:
    """Patterns without empty ones and doubles, in their order."""
    return tuple(dict.fromkeys(pattern for pattern in given if pattern.strip("/. ")))


def describe_left_out(left_out: Sequence[LeftOut]) -> str | None:
    """One line for people about what is not taken and why; None where all is."""
    counts: dict[str, int] = {}
    for one in left_out:
        counts[one.rule] = counts.get(one.rule, 0) + 1
    hidden = [name_key(one.path) for one in left_out if one.rule == HIDDEN]
    system = [_times(rule, count) for rule, count in counts.items() if rule in SYSTEM]
    excluded = [
        _times(rule, count)
        for rule, count in counts.items()
        if rule not in SYSTEM and rule != HIDDEN
    ]
    groups = (
        ("nobody's photos", system),
        (advice(cli="hidden (--include-hidden takes them)", notebook="hidden"), _first(hidden)),
        ("excluded", excluded),
    )
    told = "; ".join(f"{label}: {', '.join(names)}" for label, names in groups if names)
    return f"Left out: {told}." if told else None


def _times(rule: str, count: int) -> str:
    return rule if count == 1 else f"{count} × {rule}"


def _first(names: list[str], shown: int = 3) -> list[str]:
    more = len(names) - shown
    return names if more <= 0 else [*names[:shown], f"{more} more"]

"""What earlier versions of the manifest lack, added one version at a time.

Version 2 marks removed rows in place of rewriting segments, and gives each state an id. Version 3
has captions that machines wrote, marked as such, in the items. A later field, such as dates or
places, takes the next number and a step below.
"""

from collections.abc import Callable
from typing import Any

from timanh.errors import DictionaryError

VERSION = 3


def _from_version_1(fields: dict[str, Any]) -> dict[str, Any]:
    """Nothing was ever removed without being rewritten, and states had numbers only."""
    segments = [{**segment, "gone": ""} for segment in fields["segments"]]
    return {**fields, "version": 2, "id": "", "follows": "", "segments": segments}


def _from_version_2(fields: dict[str, Any]) -> dict[str, Any]:
    """No machine had written a caption."""
    return {**fields, "version": 3}


# One step each, from the version before the number to the number.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    2: _from_version_1,
    3: _from_version_2,
}


def migrate(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields as this version has them; the file keeps its form until the next change.

    Raises:
        DictionaryError: they are of a version that is not known yet.
    """
    version = fields["version"]
    if not isinstance(version, int) or not 1 <= version <= VERSION:
        raise DictionaryError(
            f"has format version {version}; this program reads versions 1 to {VERSION}. "
            "Update the program: pip install -U timanh."
        )
    for step in range(version + 1, VERSION + 1):
        fields = MIGRATIONS[step](fields)
    return fields

"""What a training does that is started as a program: python -m MODULE FOLDER."""

import sys
from collections.abc import Callable
from pathlib import Path

from timanh.errors import TimAnhError


def run_in_folder(train: Callable[[Path], object]) -> None:
    """Train in the folder that the command line names; a mistake is one line and exit code 1."""
    if len(sys.argv) != 2:
        sys.exit("Name one folder: python -m MODULE FOLDER")
    try:
        train(Path(sys.argv[1]))
    except TimAnhError as error:
        sys.exit(f"Error: {error}")

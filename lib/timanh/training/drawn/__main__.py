"""Makes the demo checkpoint: python -m timanh.training.drawn FOLDER.

A run that was stopped goes on where it was. The model is then in FOLDER/model, from where
`python -m timanh.models.shipping FOLDER/model` puts it into the package.
"""

import sys
from pathlib import Path

from timanh.errors import TimAnhError
from timanh.training.drawn.loop import Plan, Run


def main() -> None:
    """Train in the folder that is named."""
    if len(sys.argv) != 2:
        sys.exit("Usage: python -m timanh.training.drawn FOLDER")
    try:
        Run(Plan(), Path(sys.argv[1])).go()
    except TimAnhError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()

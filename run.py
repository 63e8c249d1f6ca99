#!/usr/bin/env python3
"""Start the program: `python run.py`. Everything it can do: `python run.py --help`.

Needs nothing but Python. This file is written so that an old Python can still read it
and say in one line that it is too old.
"""

import sys

OLDEST = (3, 11)


def main():  # type: () -> int
    """Hand over to the folder `runner/`, or say why that cannot be."""
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        sys.stderr.write(
            "run.py: this is Python %s and 3.11 or newer is needed. " % found  # noqa: UP031
            + "Install one from https://www.python.org/downloads/ and start it with that.\n"
        )
        return 2
    from runner.main import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())

"""Choose what was asked for, and end in order whatever happens."""

import errno
import sys
from collections.abc import Sequence

from runner.console import Console
from runner.failures import CAN_BE_MENDED, INTERRUPTED, SetupError, last_lines
from runner.options import COMMANDS, DEMO_MODELS, HELP
from runner.processes import Family
from runner.signals import end_on_signals

MENDABLE = {
    errno.ENOSPC: "The disk is full: free some space",
    errno.EDQUOT: "Your share of the disk is full: free some space",
    errno.EACCES: "Put the project into a folder of your own",
    errno.EROFS: "Put the project into a folder that can be written to",
}


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 well, 1 something broke, 2 the person can mend it, 130 interrupted."""
    console = Console()
    command, *rest = arguments or [""]
    if command not in COMMANDS:
        command, rest = "", list(arguments)
    if rest[:1] in (["-h"], ["--help"]):
        console.say(HELP.rstrip())
        return 0
    end_on_signals()
    try:
        with Family() as family:
            return _run(command, rest, family, console)
    except KeyboardInterrupt:
        print("\nInterrupted; start again to go on.", file=sys.stderr)
        return INTERRUPTED
    except SetupError as failure:
        _show(failure)
        return failure.code
    except OSError as error:
        if error.errno not in MENDABLE:
            raise
        print(f"run.py: {error}. {MENDABLE[error.errno]} and start again.", file=sys.stderr)
        return CAN_BE_MENDED


def _run(command: str, rest: list[str], family: Family, console: Console) -> int:
    if command == "test":
        from runner.checks import check

        return check(rest, family, console)
    if command == "notebooks":
        from runner.notebooks import run_notebooks

        return run_notebooks(rest, family, console)
    if command in DEMO_MODELS:
        from runner.demo_models import make_demo_models

        return make_demo_models(command, rest, family, console)
    from runner.serving import start

    return start(rest, family, console)


def _show(failure: SetupError) -> None:
    if failure.log:
        for line in last_lines(failure.log):
            print(f"  | {line}", file=sys.stderr)
    print(f"run.py: {failure}", file=sys.stderr)

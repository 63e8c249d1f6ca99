"""The Typer application: its commands, and how every error ends in one line."""

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Annotated, Any, TextIO

import typer
import typer.core

from timanh import __version__
from timanh.cli import (
    caption,
    classify,
    data,
    demo,
    doctor,
    evaluate,
    generate,
    index,
    models,
    output,
    search,
    serve,
    train,
)
from timanh.cli.charset import replace_unencodable, restart_in_utf8
from timanh.cli.output import notice
from timanh.cli.pictures import explain
from timanh.errors import TimAnhError

USER_MISTAKE, UNEXPECTED, INTERRUPTED = 2, 1, 130
DEBUG = "TIMANH_DEBUG"

BEHIND = ' Put words that begin with - after --: timanh search --index DIR -- "-hat man".'

# Typer contains a copy of Click in some versions and uses the installed one in others.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]

EXAMPLES = {
    "demo": "timanh demo --workspace workspace",
    "search": 'timanh search --index workspace/vectors/demo "hai con mèo dưới mưa"',
    "train": "timanh train --data flickr8k --model openai/clip-vit-base-patch32 --out model",
    "evaluate": "timanh evaluate --model model --data flickr8k --split dev",
    "generate": 'timanh generate "chiếc ô tô màu đỏ trong tuyết"',
    "classify": "timanh classify photos --labels cat,dog,person --out labels.csv",
    "explain": 'timanh explain photo.jpg "a red car" --out map.png',
    "serve": "timanh serve --index workspace/vectors/demo --tunnel cloudflared",
    "doctor": "timanh doctor --network",
}


class InOrder(typer.core.TyperGroup):
    """Lists commands in the order in which a newcomer meets them."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [
            "demo", "search", "index", "classify", "data", "train", "evaluate", "caption",
            "explain", "generate", "serve", "models", "doctor",
        ]  # fmt: skip


app = typer.Typer(
    name="timanh",
    cls=InOrder,
    help="Tìm Ảnh: search a collection of pictures by text, by picture, or by both, "
    "in Vietnamese or English.",
    epilog="Begin with: timanh demo",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = (
    demo.demo, search.search, classify.classify, train.train, evaluate.evaluate,
    explain.explain, generate.generate, serve.serve, doctor.doctor,
)  # fmt: skip
for command in COMMANDS:
    app.command(command.__name__, epilog=f"Example: {EXAMPLES[command.__name__]}")(command)
app.add_typer(index.app, name="index")
app.add_typer(data.app, name="data")
app.add_typer(models.app, name="models")
app.add_typer(caption.app, name="caption")


def print_version(wanted: bool) -> None:
    """Print the version for --version, which needs no command."""
    if wanted:
        output.result(__version__)
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[
        bool,
        typer.Option("--debug", envvar=DEBUG, help="Show where an error arises."),
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    if debug:
        os.environ[DEBUG] = "1"


def main() -> None:
    """Entry point of the command `timanh`."""
    restart_in_utf8()
    sys.exit(run(sys.argv[1:]))


def run(args: Sequence[str]) -> int:
    """Run one command and return its exit code.

    0 is success; 2 a user's mistake, with one line on stderr that says how to mend it; 1 an
    unexpected error; 130 an interruption.
    """
    replace_unencodable()
    warnings.showwarning = _show_warning
    program = typer.main.get_command(app)
    try:
        given = list(args) or ["--help"]
        result = program.main(args=given, prog_name="timanh", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except UsageError as error:
        notice(f"timanh: {_one_line(error)}")
        return USER_MISTAKE
    except TimAnhError as error:
        if _debugging():
            traceback.print_exc()
        notice(f"timanh: {' '.join(str(error).split())}")
        return USER_MISTAKE
    except Exception as error:  # noqa: BLE001 - the last line of defence says what to do
        if _debugging():
            traceback.print_exc()
        message = " ".join(f"{type(error).__name__}: {error}".split())
        notice(f"timanh: unexpected {message}. Run it again with `timanh --debug …` to see where.")
        return UNEXPECTED
    return result if isinstance(result, int) else 0


def _debugging() -> bool:
    return os.environ.get(DEBUG, "") not in ("", "0")


def _one_line(error: Exception) -> str:
    """A usage error, with the command whose --help has the answer."""
    message = " ".join(str(getattr(error, "format_message", error.__str__)()).split())
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "timanh"
    end = "" if message.endswith((".", "?")) else "."
    hint = BEHIND if path == "timanh search" and type(error).__name__ == "NoSuchOption" else ""
    return f"{message}{end}{hint} See `{path} --help`."


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if issubclass(category, UserWarning):
        notice(f"Note: {message}")

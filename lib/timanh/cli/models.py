"""`timanh models get`: models fetched ahead, for a machine that will be offline or that must not
be slow at its first request."""

from pathlib import Path
from typing import Annotated

import typer

from timanh.cli.output import notice, result

app = typer.Typer(help="Fetch models before they are needed.", no_args_is_help=True)


@app.callback()
def models() -> None:
    """Fetch models before they are needed."""


@app.command(epilog="Example: timanh models get google/siglip2-base-patch16-224")
def get(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL…",
            help="Hugging Face ids of encoders and captioners.",
            show_default=False,
        ),
    ],
) -> None:
    """Fetch models from the Hugging Face hub, and print where they lie."""
    from timanh.models.loading import download

    for name in names:
        if name == "demo":
            notice("demo comes with the package.")
        elif Path(name).expanduser().is_dir():
            notice(f"{name} is a folder of this machine.")
        else:
            notice(f"Fetching {name} …")
            result(str(download(name)))

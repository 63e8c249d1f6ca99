"""`timanh data get`: published collections of captioned pictures."""

from pathlib import Path
from typing import Annotated

import typer

from timanh.cli.output import notice, result
from timanh.cli.reports import report_data

app = typer.Typer(
    help="Fetch published collections of captioned pictures.", invoke_without_command=True
)


@app.callback()
def data(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        result(context.get_help())


@app.command(epilog="Example: timanh data get uit-viic --out data/uit-viic")
def get(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="uit-viic, ktvic, flickr8k, flickr30k or coco.", show_default=False
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="The folder to fill; NAME when not given.",
            show_default=False,
        ),
    ] = None,
) -> None:  # fmt: skip
    """Fetch a collection. The same command continues a download that was stopped."""
    from timanh.data.published import CATALOGUE, get_published

    known = CATALOGUE.get(name)
    if known is not None:
        notice(known.title)
        notice(f"Licence: {known.licence}.")
        notice(f"To be fetched: {known.size}. Ctrl-C stops; the same command goes on.")
    folder = get_published(name, out or Path(name))
    report_data(folder)
    result(f"{len(folder.names)} pictures in {folder.root}")

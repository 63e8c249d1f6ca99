"""`timanh demo`: something to search within a minute."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from timanh.cli.output import notice, result


def demo(
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            metavar="DIR",
            help="Where to put it; else TIMANH_WORKSPACE, else ./workspace.",
            show_default=False,
        ),
    ] = None,
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, help="Pictures to draw.")
    ] = 2000,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Another seed draws other pictures.")
    ] = 0,
) -> None:
    """Draw a demo gallery and build its dictionary."""
    from timanh.data.scenes import draw_gallery
    from timanh.errors import EncoderMismatchError
    from timanh.models import load_encoder
    from timanh.vectors import VectorDictionary, build_dictionary
    from timanh.workspace import Workspace

    space = Workspace.open(workspace)
    encoder = load_encoder("demo")
    gallery = draw_gallery(space.data / "demo", count=count, seed=seed)
    index = space.vectors / "demo"
    try:
        report = build_dictionary(gallery, encoder, index, source="demo")
    except EncoderMismatchError:
        if VectorDictionary.open(index).encoder_source != "demo":
            raise
        notice("The demo model is another one than before; its vectors are made again.")
        report = build_dictionary(gallery, encoder, index, source="demo", rebuild=True)
    notice(f"{report.count} pictures in {gallery}, their vectors in {index}. Now try:")
    place = shlex.quote(str(index))
    result(f'timanh search --index {place} "a red car"')
    result(f'timanh search --index {place} "chiếc ô tô màu đỏ"')
    result(f"timanh serve --index {place}")

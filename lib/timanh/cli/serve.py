"""`timanh serve`: the API over one dictionary, or the AI service alone."""

from pathlib import Path
from typing import Annotated

import typer

from timanh.cli.options import Device, Engine


def serve(
    index: Annotated[
        Path | None,
        typer.Option("--index", metavar="DIR", help="The vector dictionary.", show_default=False),
    ] = None,
    ai_only: Annotated[
        bool,
        typer.Option(
            "--ai-only",
            help="No gallery: only embeddings, captions and labels, by --model and --captioner.",
        ),
    ] = False,
    port: Annotated[
        int,
        typer.Option(
            "--port", metavar="N", min=0, max=65535, help="Port to listen on; 0 for any free one."
        ),
    ] = 8001,
    tunnel: Annotated[
        str,
        typer.Option(
            "--tunnel",
            metavar="KIND",
            help="Make it reachable from the internet: none, ngrok or cloudflared.",
        ),
    ] = "none",
    api_key: Annotated[
        str | None,
        typer.Option(
            "--api-key",
            metavar="KEY",
            envvar="TIMANH_API_KEY",
            help="Require this key from every caller.",
            show_default=False,
        ),
    ] = None,
    gallery: Annotated[
        Path | None,
        typer.Option(
            "--gallery",
            metavar="DIR",
            help="The pictures, where they have moved since the dictionary was built.",
            show_default=False,
        ),
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Refuse to add or delete pictures.")
    ] = False,
    host: Annotated[
        str,
        typer.Option(
            "--host",
            metavar="ADDRESS",
            help="Address to listen on; any but this machine's requires a key.",
        ),
    ] = "127.0.0.1",
    log_requests: Annotated[
        bool, typer.Option("--log-requests", help="A line of JSON for each request, on stderr.")
    ] = False,
    engine: Engine = "folder",
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="The encoder, where the dictionary's is not found automatically; with --ai-only "
            "any: demo, a Hugging Face id, or a folder.",
            show_default=False,
        ),
    ] = None,
    captioner: Annotated[
        str | None,
        typer.Option(
            "--captioner",
            metavar="NAME",
            help="Write captions: a folder of `timanh caption train`, or a Hugging Face id.",
            show_default=False,
        ),
    ] = None,
    generate: Annotated[
        bool | None,
        typer.Option(
            "--generate/--no-generate",
            help="Make pictures from words; the default where only this machine reaches the port.",
            show_default=False,
        ),
    ] = None,
    vqgan: Annotated[
        str,
        typer.Option(
            "--vqgan", metavar="NAME", help="What paints them: demo, or as in `timanh generate`."
        ),
    ] = "demo",
    preload: Annotated[
        bool, typer.Option("--preload", help="Load all models at start, not when first needed.")
    ] = False,
    device: Device = "auto",
) -> None:
    """Answer searches over HTTP until Ctrl-C."""
    import logging

    from timanh.errors import SettingsError
    from timanh.serving import serve

    if ai_only == (index is not None):
        raise SettingsError(
            "It is either a dictionary to search (--index DIR) or the AI service alone (--ai-only)."
        )
    # The server logs the address at which it can be reached.
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("timanh").setLevel(logging.INFO)
    logging.getLogger("timanh.api").setLevel(logging.INFO if log_requests else logging.WARNING)
    serve(
        index,
        model=model,
        gallery=gallery,
        host=host,
        port=port,
        tunnel=tunnel,
        api_key=api_key,
        read_only=read_only,
        device=device,
        engine=engine,
        captioner=captioner,
        generate=generate,
        vqgan=vqgan,
        preload=preload,
    )

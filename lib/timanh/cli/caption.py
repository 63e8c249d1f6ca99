"""`timanh caption …`: captions written by a machine."""

from pathlib import Path
from typing import Annotated

import typer

from timanh.cli.caption_train import train
from timanh.cli.options import AsJson, BatchSize, CaptionFiles, Data, Device
from timanh.cli.output import notice, result, result_json
from timanh.cli.reports import report_data

app = typer.Typer(help="Captions written by a machine.", invoke_without_command=True)
app.command()(train)

Language = Annotated[
    str | None,
    typer.Option(
        "--language",
        metavar="CODE",
        help="en or vi, of those that the captioner writes; its first when not given.",
        show_default=False,
    ),
]
Beams = Annotated[
    int, typer.Option("--beams", metavar="N", min=1, help="Sentences kept while searching.")
]


@app.callback()
def caption(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        result(context.get_help())


@app.command()
def evaluate(
    captioner: Annotated[
        list[str],
        typer.Option(
            "--captioner",
            metavar="NAME",
            help="A folder of `timanh caption train`, or a hub id; repeat it to compare.",
            show_default=False,
        ),
    ],
    data: Data,
    split: Annotated[
        str,
        typer.Option("--split", metavar="SPLIT", help="dev, test, train, all, or a file of names."),
    ] = "test",
    captions: CaptionFiles = None,
    language: Language = None,
    beams: Beams = 5,
    batch_size: BatchSize = 32,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure captions against those that people wrote: BLEU, CIDEr, ROUGE-L, with intervals.

    A constant sentence and a person stand beside it, so that a number can be judged.
    """
    from timanh.captioning import load_captioner
    from timanh.data import open_data, split_note
    from timanh.evaluation import evaluate_captions, format_captions

    folder = open_data(data, captions)
    folder.require_captions()
    file = Path(split) if Path(split).is_file() else None
    which = file.stem if file else split
    names = folder.split(which, file=file)
    report_data(folder)
    notice(split_note(folder, [which], file))
    held_out = set(names)
    train_names = [name for name in folder.split("train") if name not in held_out]
    documents = [
        evaluate_captions(
            load_captioner(name, device=device),
            folder,
            names,
            split=which,
            train=train_names,
            language=language,
            beams=beams,
            batch_size=batch_size,
        )
        for name in captioner
    ]
    if as_json:
        result_json(documents[0] if len(documents) == 1 else {"captioners": documents})
        return
    result(format_captions(*documents))

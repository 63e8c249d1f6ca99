"""`timanh caption …`: captions written by a machine."""

from pathlib import Path
from typing import Annotated

import typer

from timanh.cli.caption_train import train
from timanh.cli.options import AsJson, BatchSize, CaptionFiles, Device, IndexFolder, Sources
from timanh.cli.output import notice, result, result_json
from timanh.cli.reports import SHOWN_REASONS, open_split
from timanh.errors import SettingsError

app = typer.Typer(help="Captions written by a machine.", invoke_without_command=True)
app.command()(train)

CaptionerName = Annotated[
    str,
    typer.Option(
        "--captioner",
        metavar="NAME",
        help="A folder of `timanh caption train`, or a BLIP-like model's id or folder.",
        show_default=False,
    ),
]
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
Choose = Annotated[
    str | None,
    typer.Option(
        "--choose",
        metavar="HOW",
        help="Of the sentences kept, the likeliest; the consensus, which says most of what the "
        "others say; the nearest to the picture by the encoder; balanced, by all of these; or the "
        "best of them for this captioner. As it was trained when not given.",
        show_default=False,
    ),
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
    data: Sources,
    split: Annotated[
        str,
        typer.Option("--split", metavar="SPLIT", help="dev, test, train, all, or a file of names."),
    ] = "test",
    captions: CaptionFiles = None,
    language: Language = None,
    beams: Beams = 5,
    choose: Choose = None,
    find_with: Annotated[
        str | None,
        typer.Option(
            "--find-with",
            metavar="MODEL",
            help="Also search with this encoder by each caption: does it find its own picture?",
            show_default=False,
        ),
    ] = None,
    batch_size: BatchSize = 32,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure captions against those that people wrote: BLEU, CIDEr, ROUGE-L, with intervals.

    METEOR too where Java and pycocoevalcap are installed. A constant sentence and a person stand
    beside it, so that a number can be judged.
    """
    from timanh.captioning import load_captioner
    from timanh.evaluation import (
        evaluate_captions,
        format_captions,
        format_own_picture,
        own_picture_recall,
    )
    from timanh.models import load_encoder

    captioners = [load_captioner(name, device=device, choose=choose) for name in captioner]
    spoken = {each.check(language, beams, 1) for each in captioners}
    if len(spoken) > 1:
        raise SettingsError(
            f"These captioners write {' and '.join(sorted(spoken))} where no language is named, "
            "and captions in two languages cannot be compared. Give --language."
        )
    folder, names, which = open_split(data, captions, split)
    held_out = set(names)
    train_names = [name for name in folder.split("train") if name not in held_out]
    encoder = load_encoder(find_with, device=device) if find_with else None
    documents = [
        evaluate_captions(
            each,
            folder,
            names,
            split=which,
            train=train_names,
            language=language,
            beams=beams,
            batch_size=batch_size,
        )
        for each in captioners
    ]
    if encoder is not None:
        for document in documents:
            document["own_picture"] = own_picture_recall(
                encoder, folder, document["captions"], language=document["language"]
            )
    if as_json:
        result_json(documents[0] if len(documents) == 1 else {"captioners": documents})
        return
    result(format_captions(*documents))
    for document in documents if encoder else ():
        result(format_own_picture(document["captioner"], document["own_picture"]))


@app.command()
def write(
    index: IndexFolder,
    captioner: CaptionerName,
    language: Annotated[
        list[str] | None,
        typer.Option(
            "--language",
            metavar="CODE",
            help="en or vi; may be repeated. All that the captioner writes when not given.",
            show_default=False,
        ),
    ] = None,
    missing: Annotated[
        bool,
        typer.Option(
            "--missing/--all", help="Only pictures without a person's caption, or all of them."
        ),
    ] = True,
    again: Annotated[
        bool,
        typer.Option("--again", help="Also where another captioner has written, in its place."),
    ] = False,
    beams: Beams = 5,
    batch_size: BatchSize = 32,
    device: Device = "auto",
) -> None:
    """Caption the pictures of a dictionary, into its own folder; the next build takes them over.

    Run again, it continues where it stopped. What people wrote stays, and stays first.
    """
    from timanh.captioning import load_captioner, write_gallery

    done = write_gallery(
        index,
        load_captioner(captioner, device=device),
        languages=language,
        missing=missing,
        again=again,
        beams=beams,
        batch_size=batch_size,
    )
    for reason in list(done.skipped.values())[:SHOWN_REASONS]:
        notice(f"Skipped: {reason}")
    result(
        f"{done.written:,} captions of {done.pictures:,} pictures written, {done.kept:,} pictures "
        f"had theirs, {len(done.skipped):,} skipped."
    )
    notice(f"They are in {done.file}. Build the dictionary again to search by their words.")


@app.command()
def show(
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="The picture's file.")],
    captioner: CaptionerName,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Draw where it looked for each word, as PNG.",
            show_default=False,
        ),
    ] = None,
    language: Language = None,
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, help="Captions, the best first.")
    ] = 3,
    device: Device = "auto",
) -> None:
    """Caption one picture, and draw where the captioner looked for each word."""
    from timanh.captioning import load_captioner
    from timanh.data import open_picture
    from timanh.evaluation import plot_attention

    loaded = load_captioner(captioner, device=device)
    opened = open_picture(picture)
    found = loaded.captions([opened], language, beams=max(5, count), count=count)[0]
    for each in found:
        result(f"{each.log_probability:7.2f}  {each.text}")
    if out is None:
        return
    seen = loaded.attention(opened, found[0].text, language)
    if seen is None:
        raise SettingsError(
            f"The captioner {loaded.name} does not say where it looks. Take one with a grid that "
            "`timanh caption train` made, or leave --out away."
        )
    plot_attention(opened, seen, out)
    notice(f"Drawn: {out}")

"""`timanh index …`: build and manage vector dictionaries."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from timanh.cli.encoding import encoding_on, place_of
from timanh.cli.options import (
    AsJson,
    BatchSize,
    CaptionFiles,
    Device,
    Exclude,
    IncludeHidden,
    IndexFolder,
    Model,
    ModelOfIndex,
    Ray,
    Runtime,
)
from timanh.cli.output import notice, result, result_json, table
from timanh.cli.reports import describe, report_accuracy, report_build, report_list
from timanh.cli.tune import tune

app = typer.Typer(help="Build and manage vector dictionaries.", invoke_without_command=True)

Out = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", help="The dictionary to write.", show_default=False),
]
Storage = Annotated[
    str | None,
    typer.Option(
        "--storage",
        metavar="NAME",
        help="float32, or float16 for half the disk; unchanged when not given.",
        show_default=False,
    ),
]


app.command()(tune)


@app.callback()
def index(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        result(context.get_help())


@app.command()
def build(
    gallery: Annotated[
        Path, typer.Argument(metavar="GALLERY", help="A data folder, or any folder of pictures.")
    ],
    model: Model,
    out: Out,
    captions: CaptionFiles = None,
    exclude: Exclude = None,
    include_hidden: IncludeHidden = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Encode everything again, whatever is in --out.")
    ] = False,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune",
            help="Take out folders, too, that are missing with all their pictures, or more than "
            "half of the gallery.",
        ),
    ] = False,
    square_padding: Annotated[
        bool | None,
        typer.Option(
            help="Pad pictures to squares, so that nothing is cropped; else as the model does.",
            show_default=False,
        ),
    ] = None,
    batch_size: BatchSize = 32,
    storage: Storage = None,
    device: Device = "auto",
    runtime: Runtime = "auto",
    ray: Ray = None,
    as_json: AsJson = False,
) -> None:
    """Encode a gallery; run again, encode only what has changed.

    Caption files and exclusions are remembered for the next build and `index add`. Hidden files
    and those that systems keep beside photos (thumbnails, bins) are left out.
    """
    from timanh.models import load_encoder
    from timanh.vectors import build_dictionary

    load = partial(load_encoder, device=device, runtime=runtime, square_padding=square_padding)
    with encoding_on(ray, partial(load, place_of(model)), device) as encode:
        encoder = load(model)
        report = build_dictionary(
            gallery,
            encoder,
            out,
            captions=captions,
            exclude=exclude,
            include_hidden=include_hidden,
            batch_size=batch_size,
            source=model,
            rebuild=rebuild,
            encode=encode,
            storage=storage,
            prune=prune,
        )
    report_build(report, as_json)
    if runtime == "int8":
        exact = load(model, runtime="torch")
        report_accuracy(gallery, captions, out, encoder, exact)


@app.command()
def add(
    index: IndexFolder,
    pictures: Annotated[
        list[Path], typer.Argument(metavar="PICTURE...", help="Pictures or folders in the gallery.")
    ],
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy pictures from elsewhere into the gallery first.")
    ] = False,
    captions: CaptionFiles = None,
    exclude: Exclude = None,
    include_hidden: IncludeHidden = None,
    batch_size: BatchSize = 32,
    model: ModelOfIndex = None,
    device: Device = "auto",
    runtime: Runtime = "auto",
    ray: Ray = None,
    as_json: AsJson = False,
) -> None:
    """Encode a few more pictures of the gallery."""
    from timanh.models import load_encoder
    from timanh.vectors import VectorDictionary, add_pictures

    dictionary = VectorDictionary.open(index)
    load = partial(
        load_encoder,
        place_of(model or dictionary.encoder_source),
        device=device,
        runtime=runtime,
        square_padding=dictionary.manifest.square_padding,
    )
    with encoding_on(ray, load, device) as encode:
        report = add_pictures(
            index,
            pictures,
            load(),
            copy=copy,
            captions=captions,
            exclude=exclude,
            include_hidden=include_hidden,
            batch_size=batch_size,
            encode=encode,
        )
    report_build(report, as_json)


@app.command()
def remove(
    index: IndexFolder,
    pictures: Annotated[
        list[str], typer.Argument(metavar="PICTURE...", help="Ids, or paths of pictures.")
    ],
    as_json: AsJson = False,
) -> None:
    """Remove pictures from a dictionary; their files stay.

    The next build adds them again, unless their files are gone by then.
    """
    from timanh.vectors import remove_pictures

    removed = remove_pictures(index, pictures)
    if as_json:
        result_json({"removed": list(removed)})
    else:
        result(f"Removed {len(removed)}: {', '.join(removed)}")


@app.command()
def compact(index: IndexFolder, storage: Storage = None, as_json: AsJson = False) -> None:
    """Join all segments into one, without what is damaged.

    Needs neither pictures nor model. The next build encodes what was left out again.
    """
    from timanh.vectors import compact_dictionary

    report = compact_dictionary(index, storage)
    if as_json:
        result_json(report.to_dict())
        return
    result(
        f"{report.count} pictures in {report.folder} ({report.segments_before} segments before, "
        f"{report.bytes_before / 1e6:.1f} → {report.bytes_after / 1e6:.1f} MB)"
    )
    report_list(
        "damaged files",
        [f"{name}: {lost} pictures are left out" for name, lost in report.damaged.items()],
    )


@app.command()
def info(index: IndexFolder, as_json: AsJson = False) -> None:
    """Show what is in a dictionary."""
    from timanh.vectors import VectorDictionary

    document = describe(VectorDictionary.open(index))
    if as_json:
        result_json(document)
        return
    for line in table([(label, str(value)) for label, value in document.items()]):
        result(line)


@app.command()
def check(
    index: IndexFolder,
    encode: Annotated[
        bool,
        typer.Option(help="Also encode a few pictures again: each must find itself."),
    ] = True,
    model: ModelOfIndex = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Read everything and report what is wrong.

    The exit code is 2 if anything is wrong.
    """
    from timanh.vectors import VectorDictionary, check_dictionary

    dictionary = VectorDictionary.open(index)
    encoder = dictionary.load_encoder(model, device=device) if encode else None
    report = check_dictionary(dictionary, encoder)
    if as_json:
        result_json(report.to_dict())
    else:
        state = "is whole" if report.ok else "is damaged"
        result(f"{index} {state}: {report.count} vectors of length {report.dim}")
        if report.neighbour_score is not None:
            result(f"  pictures encoded again find themselves at {report.neighbour_score:.4f}")
        if report.missing_pictures:
            result(f"  {report.missing_pictures} pictures are not in {dictionary.gallery} now")
        for problem in report.problems:
            result(f"  ✗ {problem}")
    if not report.ok:
        raise typer.Exit(2)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The report's image_vectors.npy.")],
    gallery: Annotated[
        Path, typer.Option("--gallery", metavar="DIR", help="Its pictures.", show_default=False)
    ],
    model: Model,
    out: Out,
    captions: CaptionFiles = None,
    square_padding: Annotated[
        bool | None,
        typer.Option(help="As when the vectors were made.", show_default=False),
    ] = None,
    verify: Annotated[
        bool, typer.Option(help="Encode a few pictures to see that --model is the right one.")
    ] = True,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Make a dictionary of the report's image_vectors.npy.

    Nothing in the file is executed; one that asks for more than arrays is refused.
    """
    from timanh.models import load_encoder
    from timanh.vectors import import_report_vectors

    encoder = load_encoder(model, device=device, square_padding=square_padding)
    report = import_report_vectors(
        file, gallery, encoder, out, captions=captions, verify=verify, source=model
    )
    if as_json:
        result_json(report.to_dict())
        return
    result(f"{report.count} vectors of length {encoder.dim} in {out}")
    if report.agreement is not None:
        notice(f"Pictures encoded again agree with theirs at {report.agreement:.4f}.")
    for note in report.notes:
        notice(note)
    report_list("without a picture in the gallery", report.unmatched)


@app.command()
def export(
    index: IndexFolder,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FILE", help="The .npy to write.", show_default=False),
    ],
) -> None:
    """Write the report's image_vectors.npy.

    That is a pickled dict path → vector; np.load(FILE, allow_pickle=True).item() reads it.
    """
    from timanh.vectors import export_report_vectors

    result(f"{export_report_vectors(index, out)} vectors in {out}")

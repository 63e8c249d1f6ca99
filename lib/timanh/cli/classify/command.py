"""`timanh classify`: pictures by labels, without training."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from timanh.cli.classify.answers import measure, print_answers, sort_into_folders, undo_sorting
from timanh.cli.options import AsJson, BatchSize, Device, Runtime
from timanh.cli.output import notice
from timanh.cli.reports import SHOWN_REASONS

if TYPE_CHECKING:
    from timanh.classification import LabelList
    from timanh.classification.gallery import VectorBatch
    from timanh.models import Encoder
    from timanh.models.zero_shot import Choice
    from timanh.vectors import VectorDictionary

USUAL_MODEL = "openai/clip-vit-base-patch32"
MANY = 200  # labels from which on an answer has the likeliest only
TOP_OF_MANY = 5


def classify(
    gallery: Annotated[
        Path | None,
        typer.Argument(
            metavar="GALLERY",
            help="A folder of pictures, or one picture; with --index a folder of its gallery.",
            show_default=False,
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            metavar="LABELS",
            help="cat,dog,person; a file with one a line (“beach = a photo of a sandy beach” "
            "says what is compared); or styles, a set that is shipped.",
            show_default=False,
        ),
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(
            "--index",
            metavar="DIR",
            help="A dictionary with the vectors of the pictures; nothing is encoded again.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="demo, a Hugging Face id, or a folder; that of --index, else CLIP ViT-B/32.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="A .csv or .jsonl file; a stopped run continues. Else CSV is printed.",
            show_default=False,
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Write over --out, and over an unfinished run.")
    ] = False,
    multi: Annotated[
        bool, typer.Option("--multi", help="Several labels may fit: each is judged by itself.")
    ] = False,
    threshold: Annotated[
        float,
        typer.Option("--threshold", metavar="X", help="With --multi: the least probability."),
    ] = 0.5,
    none: Annotated[
        bool, typer.Option(help="“None of these” is an answer too.", show_default="--none")
    ] = True,
    top: Annotated[
        int | None,
        typer.Option(
            "--top",
            metavar="N",
            min=1,
            help="Keep the N likeliest labels of each picture.",
            show_default=False,
        ),
    ] = None,
    templates: Annotated[
        str | None,
        typer.Option(
            "--templates",
            metavar="FILE",
            help="One a line, {} for the label; or clip, clip-80, siglip, usual, plain. Those of "
            "the model when not given.",
            show_default=False,
        ),
    ] = None,
    choose_templates: Annotated[
        bool,
        typer.Option("--choose-templates", help="With --truth: try many, take the best."),
    ] = False,
    language: Annotated[
        str | None,
        typer.Option(
            "--language",
            metavar="CODE",
            help="en or vi; that of the labels when not given.",
            show_default=False,
        ),
    ] = None,
    examples: Annotated[
        Path | None,
        typer.Option(
            "--examples",
            metavar="DIR",
            help="A few pictures of each label, in a folder of its name.",
            show_default=False,
        ),
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option(
            "--truth",
            metavar="FILE",
            help="The right labels: a CSV with path and label; or folders: those of the pictures. "
            "Prints how good the answers are.",
            show_default=False,
        ),
    ] = None,
    confusion: Annotated[
        Path | None,
        typer.Option(
            "--confusion",
            metavar="FILE",
            help="With --truth: draw the confusion matrix, as PNG.",
            show_default=False,
        ),
    ] = None,
    link: Annotated[
        Path | None,
        typer.Option(
            "--link",
            metavar="DIR",
            help="Link each picture into a folder of its label there.",
            show_default=False,
        ),
    ] = None,
    move: Annotated[
        Path | None,
        typer.Option(
            "--move",
            metavar="DIR",
            help="Move them there; try it with --dry-run first.",
            show_default=False,
        ),
    ] = None,
    unsure: Annotated[
        float,
        typer.Option(
            "--unsure",
            metavar="X",
            help="With --link or --move: less likely ones go into a folder “unsure”.",
        ),
    ] = 0.0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what --link or --move would do, and do nothing.")
    ] = False,
    undo: Annotated[
        Path | None,
        typer.Option(
            "--undo",
            metavar="FILE",
            help="Take back what an .undo.jsonl file has.",
            show_default=False,
        ),
    ] = None,
    translate: Annotated[
        bool,
        typer.Option(help="Translate Vietnamese for encoders without it (needs a network)."),
    ] = True,
    batch_size: BatchSize = 32,
    device: Device = "auto",
    runtime: Runtime = "auto",
    as_json: AsJson = False,
) -> None:
    """Sort pictures by labels that you name, without training."""
    _check(truth, choose_templates, templates, confusion, link, move, unsure, dry_run)
    if undo is not None:
        undo_sorting(undo)
        return
    from timanh.classification import (
        Classifier,
        ResultFile,
        classify_pictures,
        for_encoder,
        make_labels,
        open_pictures,
        read_templates,
        templates_for,
        truth_of,
        with_examples,
    )
    from timanh.search import Translator
    from timanh.vectors import VectorDictionary

    dictionary = None if index is None else VectorDictionary.open(index)
    target = link or move
    pictures = open_pictures(gallery, dictionary, leave_out=[target] if target else [])
    right = truth_of(pictures.names, truth) if truth else {}
    given = _labels(labels, language, right, examples)
    encoder = _load(model, dictionary, device, runtime)
    written, given = given, for_encoder(given, encoder, Translator() if translate else None)
    if written.words != given.words:
        notice(f"Understood as: {', '.join(given.words)}")
    chosen = read_templates(templates, given.language) if templates else None
    document: dict[str, Any] = {"model": encoder.name, "labels": list(given.names)}
    known: list[VectorBatch] = []
    if choose_templates:
        choice, known = templates_for(pictures, right, encoder, given, batch_size=batch_size)
        document["templates"] = vars(choice)
        _say_templates(choice)
        chosen = choice.templates if choice.better else None
    vectors = make_labels(encoder, given, templates=chosen, none=none)
    if examples is not None:
        vectors, fitted = with_examples(vectors, encoder, examples, batch_size=batch_size)
        document["examples"] = vars(fitted)
        notice(
            f"{fitted.examples:,} examples of {fitted.labels:,} labels: held out, "
            f"{fitted.errors_without:,} errors by words alone, {fitted.errors:,} with "
            f"{fitted.way}."
        )
    kept = top or (TOP_OF_MANY if len(given.names) > MANY else None)
    classifier = Classifier(vectors, multi, threshold, kept)
    results = (
        ResultFile(out, classifier.digest(encoder, pictures.gallery), fresh=fresh) if out else None
    )
    if results is not None and results.done:
        notice(f"{len(results.done):,} pictures were classified before; going on.")
    found = classify_pictures(
        pictures, encoder, classifier, known=known, results=results, batch_size=batch_size
    )
    columns = vectors.names if multi else vectors.answers
    for reason in list(found.skipped.values())[:SHOWN_REASONS]:
        notice(f"Skipped: {reason}")
    document |= {
        "pictures": len(found.answers), "skipped": len(found.skipped), "counts": found.counts(),
    }  # fmt: skip
    report = measure(found, right, vectors.answers, document, confusion)
    if link is not None or move is not None:
        sort_into_folders(found, pictures, link, move, unsure, dry_run, document)
    if results is not None:  # only now: where sorting is stopped, the same command goes on
        results.finish(columns, multi=multi)
    print_answers(found, columns, out, multi, report, document, as_json)


def _check(
    truth: str | None,
    choose_templates: bool,
    templates: str | None,
    confusion: Path | None,
    link: Path | None,
    move: Path | None,
    unsure: float,
    dry_run: bool,
) -> None:
    if truth is None and (choose_templates or confusion):
        option = "--choose-templates" if choose_templates else "--confusion"
        raise typer.BadParameter(f"{option} needs --truth, the right labels")
    if choose_templates and templates is not None:
        raise typer.BadParameter("--choose-templates and --templates cannot be combined")
    if link is not None and move is not None:
        raise typer.BadParameter("--link and --move cannot be combined")
    if not 0 <= unsure <= 1:
        raise typer.BadParameter(f"--unsure is a probability from 0 to 1; got {unsure:g}")
    if dry_run and link is None and move is None:
        raise typer.BadParameter("--dry-run is for --link or --move")


def _labels(
    labels: str | None, language: str | None, right: dict[str, str], examples: Path | None
) -> "LabelList":
    from timanh.classification import label_of_folder, read_labels

    if labels is not None:
        return read_labels(labels, language)
    names = sorted(set(right.values()))
    if examples is not None and examples.is_dir():
        names = sorted(label_of_folder(each.name) for each in examples.iterdir() if each.is_dir())
    if not names:
        raise typer.BadParameter(
            "no labels were given: --labels cat,dog,person, or a file with one a line"
        )
    return read_labels(names, language)


def _load(
    model: str | None, dictionary: "VectorDictionary | None", device: str, runtime: str
) -> "Encoder":
    from timanh.models import load_encoder

    if dictionary is not None:
        return dictionary.load_encoder(model, device=device)
    return load_encoder(model or USUAL_MODEL, device=device, runtime=runtime)


def _say_templates(choice: "Choice") -> None:
    notice(
        f"Chosen on half of the pictures. On the other half ({choice.pictures:,}) "
        f"{choice.accuracy:.1f} % right with the chosen templates, {choice.usual:.1f} % with the "
        f"usual ones, which {'are replaced' if choice.better else 'stay'}."
    )
    for template in choice.templates:
        notice(f"  {template}")

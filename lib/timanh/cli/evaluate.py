"""`timanh evaluate`: how well a model retrieves."""

from pathlib import Path
from typing import Annotated, Any

import typer

from timanh.cli.options import AsJson, BatchSize, CaptionFiles, Data, Device
from timanh.cli.output import notice, result, result_json
from timanh.cli.reports import open_split


def evaluate(
    model: Annotated[
        list[str],
        typer.Option(
            "--model",
            metavar="MODEL",
            help="demo, a Hugging Face id, or a folder; repeat it to compare models.",
            show_default=False,
        ),
    ],
    data: Data,
    split: Annotated[
        str,
        typer.Option("--split", metavar="SPLIT", help="dev, test, train, all, or a file of names."),
    ] = "test",
    captions: CaptionFiles = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            "--figure", metavar="FILE", help="Draw the recall, as PNG.", show_default=False
        ),
    ] = None,
    by_kind: Annotated[
        bool,
        typer.Option("--by-kind", help="Recall by kind of caption too: counts, colours, …"),
    ] = False,
    similar: Annotated[
        bool,
        typer.Option("--similar", help="Also picture → picture: nDCG@10 by similar captions."),
    ] = False,
    combined: Annotated[
        int | None,
        typer.Option(
            "--combined",
            metavar="N",
            min=10,
            help="Also search with N drawn pictures and words for a change, over all alphas.",
            show_default=False,
        ),
    ] = None,
    batch_size: BatchSize = 64,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure recall in both directions, with its 95 % interval; compare models."""
    from timanh.evaluation import (
        compare,
        evaluate_combined,
        evaluate_similar,
        format_combined,
        format_comparison,
        format_kinds,
        format_languages,
        format_report,
        measure,
        plot_recall,
        recall_by_kind,
        recall_by_language,
    )
    from timanh.models import load_encoder

    folder, names, which = open_split([data], captions, split)
    encoders = [load_encoder(name, device=device) for name in model]
    measured = [
        measure(encoder, folder, names, split=which, batch_size=batch_size) for encoder in encoders
    ]
    documents = [each.document for each in measured]
    for encoder, each in zip(encoders, measured, strict=True):
        captions_of_all = [caption for name in each.names for caption in folder.captions_of(name)]
        if by_kind:
            each.document["by_kind"] = recall_by_kind(each, captions_of_all)
        if languages := recall_by_language(encoder, each, captions_of_all):
            each.document["by_language"] = languages
    for encoder, each in zip(encoders, measured, strict=True) if similar else ():
        each.document["i2i"] = evaluate_similar(encoder, folder, names, batch_size=batch_size)
    changed = [evaluate_combined(encoder, combined) for encoder in encoders] if combined else []
    differences = [compare(measured[0], other) for other in measured[1:]]
    if figure is not None:
        plot_recall(dict(zip(model, documents, strict=True)), figure)
        notice(f"Drawn: {figure}")
    if as_json:
        for document, sweep in zip(documents, changed, strict=False):
            document["combined"] = sweep
        compared = {"models": documents, "differences": differences}
        result_json(compared if differences else documents[0])
        return
    tables = [format_report(*documents), *map(format_comparison, differences)]
    tables += [
        format_languages(each["by_language"], each["model"])
        for each in documents
        if "by_language" in each
    ]
    tables += [format_kinds(each["by_kind"], each["model"]) for each in documents if by_kind]
    tables += [_similar(each) for each in documents if similar]
    result("\n\n".join([*tables, *map(format_combined, changed)]))


def _similar(document: dict[str, Any]) -> str:
    found = document["i2i"]
    low, high = found["ci95"]
    return (
        f"picture → picture, {document['model']}: nDCG@10 {found['nDCG@10']:.1f} "
        f"[{low:.1f}, {high:.1f}] of {found['gallery']:,} pictures; a random order gets "
        f"{found['random']:.1f}"
    )

"""`timanh caption train`: a captioner on captioned pictures."""

from pathlib import Path
from typing import Annotated

import typer

from timanh.cli.options import CaptionFiles, Device, Fresh, Seed, Sources
from timanh.cli.output import notice, result
from timanh.cli.reports import report_data
from timanh.cli.training import changed_settings, report_run


def train(
    data: Sources,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="The captioner's folder to write.", show_default=False
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="The encoder whose picture tower it uses: demo, an id, or a folder.",
            show_default=False,
        ),
    ] = None,
    vision: Annotated[
        str | None,
        typer.Option(
            "--vision", metavar="MODEL", help="Or a vision tower alone.", show_default=False
        ),
    ] = None,
    decoder: Annotated[
        str | None,
        typer.Option(
            "--decoder",
            metavar="KIND",
            help="lstm, transformer or prefix.  [default: lstm]",
            show_default=False,
        ),
    ] = None,
    language_model: Annotated[
        str | None,
        typer.Option(
            "--language-model",
            metavar="MODEL",
            help="With --decoder prefix: the language model that continues it, an id or a folder.",
            show_default=False,
        ),
    ] = None,
    preset: Annotated[
        str,
        typer.Option(
            "--preset", metavar="NAME", help="strong, or report, as in the original report."
        ),
    ] = "strong",
    tune_encoder: Annotated[
        bool, typer.Option("--tune-encoder", help="Train the tower's last stage too.")
    ] = False,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", metavar="N", help="Instead of the preset's.", show_default=False),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            "--batch-size", metavar="N", help="Pictures a step.", show_default=False, min=1
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Any other setting, such as dropout=0.5; may be repeated.",
            show_default=False,
        ),
    ] = None,
    captions: CaptionFiles = None,
    language: Annotated[
        list[str] | None,
        typer.Option(
            "--language",
            metavar="CODE",
            help="Language of the captions, en or vi; may be repeated. Detected when not given.",
            show_default=False,
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache",
            metavar="DIR",
            help="Where features are kept, for several trainings on one tower.",
            show_default=False,
        ),
    ] = None,
    fresh: Fresh = False,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Train a captioner on captioned pictures.

    Started again with the same command, it continues where it was stopped.
    """
    from timanh.captioning import (
        CaptionRecipe,
        TowerSource,
        caption_epoch_table,
        load_captioner,
        train_captioner,
    )
    from timanh.data import open_sources, split_note
    from timanh.evaluation import (
        caption_scores,
        evaluate_captions,
        references_of,
        write_caption_report,
    )

    options = {
        "decoder": decoder, "epochs": epochs, "batch_size": batch_size, "seed": seed,
        "tune_encoder": tune_encoder or None, "language_model": language_model,
    }  # fmt: skip
    changes = changed_settings(CaptionRecipe.parse(settings or []), options, "--preset")
    recipe = CaptionRecipe.named(preset, **options, **changes)
    folder = open_sources(data, captions)
    folder.require_captions()
    report_data(folder)
    notice(split_note(folder))
    source = TowerSource.open(model, vision, device=device)
    dev = folder.split("dev")
    done = train_captioner(
        folder,
        source,
        recipe,
        out,
        dev=dev,
        score=caption_scores,
        languages=language,
        resume=not fresh,
        cache=cache,
    )
    report_run(done)
    result(caption_epoch_table(done.history))
    which = "test" if any(map(folder.captions_of, folder.split("test"))) else "dev"
    names = folder.split(which)
    if any(map(folder.captions_of, names)):
        trained = load_captioner(out, device=device)
        documents = {}
        for spoken in trained.languages:
            if not any(references_of(folder, name, spoken, trained.languages) for name in names):
                notice(f"No picture of {which} has a caption in {spoken!r}, so it is not measured.")
                continue
            documents[spoken] = evaluate_captions(
                trained,
                folder,
                names,
                split=which,
                train=folder.split("train"),
                language=spoken,
            )
        page = write_caption_report(done, recipe, folder, documents)
        scores = page.read_text(encoding="utf8").split("## Scores\n")[-1].split("\n## ")[0]
        result(scores.replace("```\n", "").strip("`\n"))
        notice(f"What it gave is in {page}.")
    notice(f"The captioner of epoch {done.best_epoch + 1} is in {out}.")

"""`timanh train`: fine-tune an encoder on captioned pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from timanh.cli.options import CaptionFiles, Device, Fresh, Seed, Sources
from timanh.cli.output import notice, result, table
from timanh.cli.reports import report_data
from timanh.cli.training import changed_settings, encoder_to_train, report_run
from timanh.errors import SettingsError

if TYPE_CHECKING:
    from timanh.data import DataFolder
    from timanh.models.torch_encoder import TorchEncoder


def train(
    data: Sources,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", help="The model folder to write.", show_default=False),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="What to fine-tune: demo, an id, or a folder.",
            show_default=False,
        ),
    ] = None,
    vision: Annotated[
        str | None,
        typer.Option("--vision", metavar="MODEL", help="Or a vision tower…", show_default=False),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            "--text", metavar="MODEL", help="…and a text tower, to be joined.", show_default=False
        ),
    ] = None,
    recipe: Annotated[
        str,
        typer.Option("--recipe", metavar="NAME", help="report, strong, vietnamese-report or demo."),
    ] = "strong",
    fresh: Fresh = False,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", metavar="N", help="Instead of the recipe's.", show_default=False),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            "--batch-size", metavar="N", help="Instead of the recipe's.", show_default=False
        ),
    ] = None,
    micro_batch: Annotated[
        int | None,
        typer.Option(
            "--micro-batch",
            metavar="N",
            help="Pairs computed at a time, for batches larger than memory.",
            show_default=False,
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            "--learning-rate", metavar="X", help="Instead of the recipe's.", show_default=False
        ),
    ] = None,
    head_epochs: Annotated[
        int | None,
        typer.Option(
            "--head-epochs",
            metavar="N",
            help="Epochs at the start that train new heads alone.",
            show_default=False,
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            "--patience",
            metavar="N",
            help="Stop after N epochs without a better dev recall.",
            show_default=False,
        ),
    ] = None,
    lora: Annotated[
        int | None,
        typer.Option("--lora", metavar="RANK", help="Train low-rank adapters.", show_default=False),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Any other setting of the recipe, such as loss=sigmoid; may be repeated.",
            show_default=False,
        ),
    ] = None,
    image_size: Annotated[
        int | None,
        typer.Option(
            "--image-size",
            metavar="PIXELS",
            help="Side in pixels, for a --vision that takes any.",
            show_default=False,
        ),
    ] = None,
    pooling: Annotated[
        str | None,
        typer.Option(
            "--pooling",
            metavar="NAME",
            help="With --text: mean, cls or pooler, where the tower's usual one is not wanted.",
            show_default=False,
        ),
    ] = None,
    segmentation: Annotated[
        str | None,
        typer.Option(
            "--segmentation",
            metavar="NAME",
            help="With --text: what joins the words of Vietnamese: none, underthesea or pyvi.",
            show_default=False,
        ),
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option(
            "--prefix",
            metavar="WORDS",
            help='With --text: put before each text, as e5 wants "query: ".',
            show_default=False,
        ),
    ] = None,
    captions: CaptionFiles = None,
    probe: Annotated[
        Path | None,
        typer.Option(
            "--probe",
            metavar="DIR",
            help="Pictures that measure forgetting; drawn scenes when not given.",
            show_default=False,
        ),
    ] = None,
    between: Annotated[
        bool,
        typer.Option(
            "--between/--no-between",
            help="With --model: try weights between before and after training, and keep the best.",
        ),
    ] = True,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Fine-tune an encoder on captioned pictures.

    Started again with the same command, it continues where it was stopped.
    """
    from timanh.data import open_sources, split_note
    from timanh.evaluation import (
        dev_recall,
        evaluate,
        format_report,
        plot_training,
        split_with_captions,
        write_training_report,
    )
    from timanh.models import load_encoder
    from timanh.training import Recipe, train

    options: dict[str, Any] = {
        "epochs": epochs, "batch_size": batch_size, "micro_batch": micro_batch,
        "learning_rate": learning_rate, "head_epochs": head_epochs, "patience": patience,
        "lora": lora,
    }  # fmt: skip
    given = {name: value for name, value in options.items() if value is not None}
    changes = changed_settings(Recipe.parse(settings or []), {*given, "seed"}, "--recipe")
    chosen = Recipe.named(recipe, joined=vision is not None, **changes, **given, seed=seed)
    folder = open_sources(data, captions)
    folder.require_captions()
    joined = {
        "image_size": image_size, "pooling": pooling, "segmentation": segmentation,
        "prefix": prefix,
    }  # fmt: skip
    if model and Path(model).is_dir() and out.is_dir() and out.samefile(model):
        raise SettingsError(
            f"{out} is the model that the training is to begin from, and would be written over. "
            "Give another --out."
        )
    encoder = encoder_to_train(folder, model, vision, text, recipe, joined, device, seed)
    splits = split_note(folder)
    report_data(folder)
    notice(splits)
    captioned = {which: _captioned(folder, which) for which in ("test", "dev")}
    measure = dev_recall(folder) if captioned["dev"] else None
    if any(captioned.values()):
        # Dev chooses the epoch and the share, so what was gained is seen on test.
        which, names = split_with_captions(folder, "test", "dev")
        before = evaluate(encoder, folder, names, split=which, progress=False)
    else:
        before = None
    done = train(folder, encoder, chosen, out, measure=measure, resume=not fresh)
    report_run(done)
    for line in table([HEADER, *(_row(epoch) for epoch in done.history)], right=range(8)):
        result(line)
    if before is None:
        plot_training(done.history, out / "training.png")
        notice(
            f"The model is in {out}. Without captioned test or dev pictures nothing was measured."
        )
        return
    trained = load_encoder(str(out), device=device)
    after = evaluate(trained, folder, names, split=which, progress=False)
    found = mixed = None
    if model and between and captioned["dev"]:
        found = _between(model, trained, folder, out, probe, device)
        mixed = evaluate(trained, folder, names, split=which, progress=False)
    result("\n" + format_report(before, after, *([mixed] if mixed else [])))
    trained = load_encoder(str(out), device=device)
    page = write_training_report(done, chosen, trained, folder, names, before, after, found, mixed)
    notice(f"The model of epoch {done.best_epoch + 1} is in {out}, what it gave in {page}.")


def _captioned(folder: "DataFolder", which: str) -> bool:
    return any(folder.captions_of(name) for name in folder.split(which))


def _between(
    model: str,
    trained: "TorchEncoder",
    folder: "DataFolder",
    out: Path,
    probe: Path | None,
    device: str,
) -> dict[str, Any]:
    """Weights between before and after: a table, a figure, and the best ones in a folder."""
    from timanh.evaluation import (
        dev_recall,
        format_interpolation,
        interpolate,
        open_probe,
        plot_interpolation,
    )
    from timanh.models import load_encoder

    first = load_encoder(model, device=device)
    found = interpolate(first, trained, dev_recall(folder), open_probe(probe))
    result("\n" + format_interpolation(found))
    plot_interpolation(found, out / "between.png")
    trained.save_pretrained(out / "between")
    notice(f"The weights of share {found['chosen']:g} are in {out / 'between'}.")
    return found


WAYS, KS = ("t2i", "i2t"), ("R@1", "R@10")
HEADER = ("epoch", "loss", "t→i R@1", "R@10", "i→t R@1", "R@10", "pictures/s", "waiting", "")


def _row(epoch: dict[str, Any]) -> tuple[str, ...]:
    dev = epoch["dev"]
    recalls = [f"{dev[way][k]:.1f}" if dev else "" for way in WAYS for k in KS]
    speed = f"{epoch['pictures_per_s']:.0f}"
    waiting = f"{epoch['wait_share']:.0%}"
    return (str(epoch["epoch"]), f"{epoch['loss']:.4f}", *recalls, speed, waiting, "")

"""`timanh generate`: a picture from words."""

from pathlib import Path
from typing import Annotated, Any

import typer

from timanh.cli.options import Device, Seed
from timanh.cli.output import notice, result
from timanh.errors import SettingsError

WAYS = ("guided", "written")
MOST_FRAMES = 60


def generate(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORDS]…",
            help="What the picture is to show; with a weight behind a colon: “a red car:2” "
            "“fog:-0.5”.",
            show_default=False,
        ),
    ] = None,
    picture: Annotated[
        list[Path] | None,
        typer.Option(
            "--picture", metavar="FILE", help="A picture as a prompt; may be repeated.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="The PNG to write; named after the words when not given.",
            show_default=False,
        ),
    ] = None,
    way: Annotated[
        str | None,
        typer.Option(
            "--way",
            metavar="WAY",
            help="guided: a VQGAN led by an encoder; written: code by code after the words. "
            "Written where that is possible.",
            show_default=False,
        ),
    ] = None,
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, max=16, help="Pictures to keep.")
    ] = 1,
    model: Annotated[
        str,
        typer.Option("--model", metavar="MODEL", help="The encoder: demo, a hub id, or a folder."),
    ] = "demo",
    vqgan: Annotated[
        str,
        typer.Option(
            "--vqgan",
            metavar="NAME",
            help="Guided: demo, the id or folder of a VQModel, or a taming checkpoint.",
        ),
    ] = "demo",
    start: Annotated[
        Path | None,
        typer.Option(
            "--start", metavar="FILE", help="Guided: the picture to begin with.", show_default=False
        ),
    ] = None,
    width: Annotated[
        int | None,
        typer.Option(
            "--width", metavar="PIXELS", help="Guided: 224, or 96 with the demo VQGAN.",
            show_default=False,
        ),
    ] = None,
    height: Annotated[
        int | None,
        typer.Option(
            "--height", metavar="PIXELS", help="Guided: as the width.", show_default=False
        ),
    ] = None,
    steps: Annotated[int, typer.Option("--steps", metavar="N", help="Guided: steps.")] = 150,
    cutouts: Annotated[
        int, typer.Option("--cutouts", metavar="N", help="Guided: parts that are seen in a step.")
    ] = 32,
    film: Annotated[
        Path | None,
        typer.Option(
            "--film", metavar="FILE", help="Guided: the steps as .gif or .webp.",
            show_default=False,
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Guided: compute in full precision.")
    ] = False,
    candidates: Annotated[
        int, typer.Option("--candidates", metavar="N", help="Written: of which the best are kept.")
    ] = 16,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:  # fmt: skip
    """Make a picture from words. Ctrl-C stops and keeps what is there.

    The demo models know drawn scenes only, in English and Vietnamese.
    """
    from timanh.data import open_picture
    from timanh.generation import Prompt, check_prompts, free_name, read_prompt, refuse_existing

    prompts = [read_prompt(each) for each in words or ()]
    prompts += [Prompt(image=open_picture(file)) for file in picture or ()]
    chosen = _way(way, check_prompts(prompts), vqgan, start, film)
    first = out or free_name(Path.cwd(), " ".join(words or ()) or "picture")
    for file in (first, film):
        if file is not None:
            refuse_existing(file)
    made: dict[str, Any] = {
        "prompt": " | ".join(words or ()), "way": chosen, "encoder": model, "seed": seed,
    }  # fmt: skip
    if chosen == "written":
        pictures = _write(prompts[0].text, model, candidates, count, seed, device)
    else:
        opened = None if start is None else open_picture(start)
        settings = {"width": width, "height": height, "steps": steps, "cutouts": cutouts}
        made |= {"vqgan": vqgan, **settings}
        pictures = _guide(prompts, model, vqgan, settings, full, opened, film, count, seed, device)
    for number, each in enumerate(pictures):
        _keep(each, first if number == 0 else free_name(first.parent, first.stem), made)


def _way(way: str | None, prompts: Any, vqgan: str, start: Path | None, film: Path | None) -> str:
    """“written” where one text without weight is all that counts and the demo's writer is there."""
    from timanh.generation import has_demo_writer

    simple = len(prompts) == 1 and prompts[0].image is None and prompts[0].weight == 1
    plain = simple and vqgan == "demo" and start is None and film is None
    if way is None:
        return "written" if plain and has_demo_writer() else "guided"
    if way not in WAYS:
        raise SettingsError(f"Unknown way {way!r}; known are {', '.join(WAYS)}.")
    if way == "written" and not plain:
        raise SettingsError(
            "A picture is written from one text without a weight, by the demo's models, and has no "
            "start and no film. Take --way guided for all that."
        )
    return way


def _write(text: str, model: str, candidates: int, count: int, seed: int, device: str) -> list[Any]:
    from timanh.generation import Sampling, load_writer
    from timanh.models import load_encoder
    from timanh.progress import tqdm

    writer = load_writer(device=device)
    encoder = load_encoder(model, device=device, runtime="torch")
    _say_meant([text], encoder)
    with tqdm(total=writer.network.size.grid**2, desc="write", unit="code") as bar:
        found = writer.best(
            text, encoder, max(candidates, count), Sampling(seed=seed),
            seen=lambda done, all_: bar.update(),
        )  # fmt: skip
    return [each.picture for each in found[:count]]


def _guide(
    prompts: list[Any],
    model: str,
    vqgan: str,
    settings: dict[str, int | None],
    full: bool,
    start: Any,
    film: Path | None,
    count: int,
    seed: int,
    device: str,
) -> list[Any]:
    from timanh.generation import Cutouts, Guidance, Guided, load_vqgan, save_film
    from timanh.models import load_encoder
    from timanh.progress import tqdm

    painter = load_vqgan(vqgan, device=device)
    encoder = load_encoder(model, device=device, runtime="torch")
    _say_meant([each.text for each in prompts if each.text], encoder)
    usual = painter.usual_side
    steps = settings["steps"] or 0
    pictures, frames, every = [], [], max(1, steps // MOST_FRAMES)
    for number in range(count):
        guidance = Guidance(
            width=settings["width"] or usual, height=settings["height"] or usual, steps=steps,
            cutouts=Cutouts(count=settings["cutouts"] or 0), seed=seed + number, half=not full,
        )  # fmt: skip
        run = Guided(painter, encoder, prompts, guidance, start=start)
        try:
            with tqdm(total=steps, desc="guide", unit="step") as bar:
                for step in run.steps():
                    bar.set_postfix(distance=f"{step.distance:.3f}", refresh=False)
                    bar.update()
                    if film is not None and number == 0 and step.number % every == 0:
                        frames.append(run.picture())
        except KeyboardInterrupt:
            notice(f"Stopped after {run.done} of {steps} steps.")
            pictures.append(run.picture())
            break
        pictures.append(run.picture())
    if film is not None and frames:
        save_film([*frames, pictures[0]], film)
        result(str(film))
    return pictures


def _say_meant(texts: list[str], encoder: Any) -> None:
    from timanh.generation.prompts import as_read

    meant = [as_read(text, encoder) for text in texts]
    if meant != texts:
        notice(f"Understood as: {', '.join(meant)}")


def _keep(picture: Any, file: Path, made: dict[str, Any]) -> None:
    from timanh.generation import save_png

    save_png(picture, file, made)
    result(str(file))

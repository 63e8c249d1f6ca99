"""`timanh generate`: a picture from words."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from timanh.cli.options import Device, Seed
from timanh.cli.output import notice, result
from timanh.errors import SettingsError

if TYPE_CHECKING:
    from PIL import Image

    from timanh.generation import Prompt

DEMO = "demo"
WAYS = ("guided", "written")
MOST_FRAMES = 60
MOST_SEED = 2**31 - 1
Made = list[tuple["Image.Image", dict[str, Any]]]  # pictures, and what each was made from


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
            "Written where that is possible and nothing is given that is for guided alone.",
            show_default=False,
        ),
    ] = None,
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, max=16, help="Pictures to keep.")
    ] = 1,
    model: Annotated[
        str,
        typer.Option("--model", metavar="MODEL", help="The encoder: demo, a hub id, or a folder."),
    ] = DEMO,
    vqgan: Annotated[
        str,
        typer.Option(
            "--vqgan",
            metavar="NAME",
            help="Guided: demo, the id or folder of a VQModel, or a taming checkpoint.",
        ),
    ] = DEMO,
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
    steps: Annotated[
        int | None,
        typer.Option("--steps", metavar="N", help="Guided: steps.", show_default="150"),
    ] = None,
    cutouts: Annotated[
        int | None,
        typer.Option(
            "--cutouts", metavar="N", help="Guided: parts that are seen in a step.",
            show_default="32",
        ),
    ] = None,
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
        int | None,
        typer.Option(
            "--candidates", metavar="N", help="Written: of which the best are kept.",
            show_default="16",
        ),
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:  # fmt: skip
    """Make a picture from words. Ctrl-C stops and keeps what is there.

    The demo models know drawn scenes only, in English and Vietnamese.
    """
    from timanh.data import open_picture
    from timanh.generation import (
        Prompt,
        check_film,
        check_png,
        check_prompts,
        free_name,
        read_prompt,
        save_film,
        save_png,
    )

    given = [read_prompt(each) for each in words or ()]
    given += [Prompt(image=open_picture(file)) for file in picture or ()]
    prompts = check_prompts(given)
    settings = {"width": width, "height": height, "steps": steps, "cutouts": cutouts}
    guided_only = [*settings.values(), start, film, full or None, None if vqgan == DEMO else vqgan]
    chosen = _way(way, prompts, any(each is not None for each in guided_only), candidates)
    first = out or free_name(Path.cwd(), " ".join(words or ()) or "picture")
    check_png(first)
    if film is not None:
        check_film(film)
        if film.absolute() == first.absolute():
            raise SettingsError(f"{film} was named for the picture and for the film. Name two.")
    if not 0 <= seed <= MOST_SEED - count:
        raise SettingsError(f"The seed is {seed}; 0 to {MOST_SEED:,} was wanted.")
    frames: list[Image.Image] = []
    if chosen == "written":
        tried = 16 if candidates is None else candidates
        made = _write(prompts[0].text, model, tried, count, seed, device)
    else:
        opened = None if start is None else open_picture(start)
        every = None if film is None else frames
        made = _guide(prompts, model, vqgan, settings, full, opened, every, count, seed, device)
    common = {"prompt": " | ".join(words or ()), "way": chosen, "encoder": model}
    for number, (each, details) in enumerate(made):
        file = first if number == 0 else free_name(first.parent, first.stem)
        save_png(each, file, common | details)
        result(str(file))
    if film is not None and frames:
        save_film([*frames, made[0][0]], film)
        result(str(film))


def _way(
    way: str | None, prompts: Sequence["Prompt"], guided_only: bool, candidates: int | None
) -> str:
    """“written” where one text without weight is all that counts.

    Args:
        guided_only: whether anything was given that only the guided way has.
    """
    from timanh.generation.writer import MOST_CANDIDATES

    one = len(prompts) == 1 and prompts[0].image is None and prompts[0].weight == 1
    plain = one and not guided_only
    chosen = way or ("written" if plain else "guided")
    if chosen not in WAYS:
        raise SettingsError(f"Unknown way {way!r}; known are {', '.join(WAYS)}.")
    if chosen == "written" and not plain:
        raise SettingsError(
            "A picture is written from one text without a weight, by the demo's models, 64 pixels "
            "wide, and has no start, no steps and no film. Take --way guided for all that."
        )
    if candidates is not None and not 1 <= candidates <= MOST_CANDIDATES:
        raise SettingsError(f"candidates must be from 1 to {MOST_CANDIDATES}; got {candidates}.")
    if chosen == "guided" and candidates is not None:
        raise SettingsError("--candidates is for --way written; leave it away.")
    return chosen


def _write(text: str, model: str, candidates: int, count: int, seed: int, device: str) -> Made:
    from timanh.generation import Sampling, load_writer
    from timanh.models import load_encoder
    from timanh.progress import tqdm

    writer = load_writer(device=device)
    encoder = load_encoder(model, device=device, runtime="torch")
    _say_meant([text], encoder)
    candidates = max(candidates, count)
    with tqdm(total=writer.network.size.grid**2, desc="write", unit="code", delay=0.2) as bar:
        found = writer.best(
            text, encoder, candidates, Sampling(seed=seed), seen=lambda done, all_: bar.update()
        )
    details = {"seed": seed, "candidates": candidates}
    return [
        (each.picture, details | {"rank": rank}) for rank, each in enumerate(found[:count], start=1)
    ]


def _guide(
    prompts: Sequence["Prompt"],
    model: str,
    vqgan: str,
    settings: dict[str, int | None],
    full: bool,
    start: "Image.Image | None",
    frames: "list[Image.Image] | None",
    count: int,
    seed: int,
    device: str,
) -> Made:
    """Pictures with what they were made from; `frames` takes steps of the first one."""
    from timanh.generation import Cutouts, Guidance, Guided, load_vqgan
    from timanh.models import load_encoder
    from timanh.progress import tqdm

    painter = load_vqgan(vqgan, device=device)
    encoder = load_encoder(model, device=device, runtime="torch")
    _say_meant([each.text for each in prompts if each.text], encoder)
    usual = {"width": painter.usual_side, "height": painter.usual_side, "steps": 150, "cutouts": 32}
    chosen = {name: usual[name] if each is None else each for name, each in settings.items()}
    steps, every = chosen["steps"], max(1, chosen["steps"] // MOST_FRAMES)
    made = []
    for number in range(count):
        guidance = Guidance(
            width=chosen["width"], height=chosen["height"], steps=steps,
            cutouts=Cutouts(count=chosen["cutouts"]), seed=seed + number, half=not full,
        )  # fmt: skip
        run = Guided(painter, encoder, prompts, guidance, start=start)
        try:
            with tqdm(total=steps, desc="guide", unit="step") as bar:
                for step in run.steps():
                    bar.set_postfix(distance=f"{step.distance:.3f}", refresh=False)
                    bar.update()
                    if frames is not None and number == 0 and step.number % every == 0:
                        frames.append(run.picture())
        except KeyboardInterrupt:
            notice(f"Stopped after {run.done} of {steps} steps.")
            if frames is not None and number == 0:
                frames.append(run.picture())
        details = {"vqgan": vqgan, **chosen, "steps": run.done, "seed": seed + number}
        made.append((run.picture(), details))
        if run.done < steps:
            break
    return made


def _say_meant(texts: list[str], encoder: Any) -> None:
    from timanh.generation.prompts import as_read

    meant = [as_read(text, encoder) for text in texts]
    if meant != texts:
        notice(f"Understood as: {', '.join(meant)}")

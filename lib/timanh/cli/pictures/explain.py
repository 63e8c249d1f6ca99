"""`timanh explain`: where in a picture the words are."""

from pathlib import Path
from typing import Annotated

import typer

from timanh.cli.options import Device
from timanh.cli.output import notice, result
from timanh.errors import SettingsError


def explain(
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="The picture's file.")],
    words: Annotated[
        str, typer.Argument(metavar="WORDS", help="What to look for, in Vietnamese or English.")
    ],
    model: Annotated[
        str,
        typer.Option("--model", metavar="MODEL", help="demo, a Hugging Face id, or a folder."),
    ] = "demo",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Draw the picture with its heat map, as PNG.",
            show_default=False,
        ),
    ] = None,
    per_word: Annotated[
        bool, typer.Option("--per-word", help="Each word of the text by itself too.")
    ] = False,
    device: Device = "auto",
) -> None:
    """Why a picture matches words: where in it they are, as numbers and as a heat map."""
    from timanh.data import open_picture
    from timanh.data.vietnamese.language import detect_language
    from timanh.evaluation import plot_heat_maps
    from timanh.models import load_encoder
    from timanh.models.heat_maps import HeatMaps, on_picture
    from timanh.models.text.typed import needs_marks, with_marks

    if out is not None and out.exists() and out.samefile(picture):
        raise SettingsError("The map would take the place of the picture. Name another file.")
    opened = open_picture(picture)
    encoder = load_encoder(model, device=device)
    words, typed = with_marks(words, restore=needs_marks(encoder))
    if typed:
        notice(f"Understood as: {words}")
    if (language := detect_language(words)) not in encoder.languages:
        notice(f"{encoder.name} was not trained on texts in {language!r}; the map may mislead.")
    heat_maps = HeatMaps(encoder)
    maps = {words: heat_maps.of(opened, words)}
    if per_word:
        maps.update(heat_maps.of_words(opened, words))
    for text, heat in maps.items():
        row, column = divmod(int(heat.argmax()), heat.shape[1])
        result(
            f"{100 * column / heat.shape[1]:3.0f} % from the left, "
            f"{100 * row / heat.shape[0]:3.0f} % from the top  {text}"
        )
    if out is None:
        return
    if per_word:
        plot_heat_maps(opened, maps, out)
    else:
        on_picture(opened, maps[words]).save(out, "PNG")
    notice(f"Drawn: {out}")

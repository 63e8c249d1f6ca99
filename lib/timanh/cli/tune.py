"""`timanh index tune`: choose how a dictionary is searched."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from timanh.cli.options import AsJson, Device, Engine, IndexFolder, ModelOfIndex
from timanh.cli.output import notice, result, result_json, table

if TYPE_CHECKING:
    from timanh.vectors import Tuned


def tune(
    index: IndexFolder,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            metavar="NAME",
            help="auto, exact, two-step, gpu, ivf or hnsw; of a server: auto, exact or hnsw.",
        ),
    ] = "auto",
    recall: Annotated[
        float,
        typer.Option(
            "--recall",
            metavar="X",
            help="Share of the 10 nearest to find, 0 to 1.",
        ),
    ] = 0.99,
    queries: Annotated[
        Path | None,
        typer.Option(
            "--queries", metavar="FILE", help="Texts to measure with instead of captions."
        ),
    ] = None,
    engine: Engine = "folder",
    model: ModelOfIndex = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Choose how a dictionary is searched, by measuring.

    auto tries exact search; scanning eight-bit codes and scoring the candidates again, which
    finds the same; a GPU, where there is one; and approximate indexes, until one takes less than
    10 ms. Then it takes the fastest.

    With --engine, the server that holds a copy is measured, and given an index where that helps.
    """
    from timanh.search import read_queries
    from timanh.vectors import VectorDictionary, sample_texts, tune_dictionary, tune_engine

    dictionary = VectorDictionary.open(index)
    encoder = dictionary.load_encoder(model, device=device)
    if queries is None:
        texts = sample_texts(dictionary)
    else:
        texts = [query.text for query in read_queries(queries) if query.text]
    vectors = encoder.encode_texts(texts)
    if engine == "folder":
        tuned = tune_dictionary(index, vectors, method=method, recall=recall, say=notice)
    else:
        tuned = tune_engine(index, engine, vectors, method=method, recall=recall, say=notice)
    if as_json:
        result_json(
            {"chosen": vars(tuned.chosen), "tried": [vars(choice) for choice in tuned.tried]}
        )
    else:
        _show(tuned)


def _show(tuned: "Tuned") -> None:
    rows = [
        (
            "→" if choice == tuned.chosen else "",
            choice.kind,
            f"{choice.ms:.2f} ms",
            f"{100 * choice.recall:.2f} %",
            "" if choice.of_pictures is None else f"{100 * choice.of_pictures:.2f} %",
            f"{choice.megabytes:.0f} MB",
            choice.detail,
        )
        for choice in tuned.tried
    ]
    head = ("", "method", "a text", "found of 10", "of pictures", "beside", "")
    for line in table([head, *rows], right=(2, 3, 4, 5)):
        result(line)

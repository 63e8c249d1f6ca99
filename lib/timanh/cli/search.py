"""`timanh search`: one question, a few pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from timanh.cli.options import AsJson, Device, IndexFolder, ModelOfIndex
from timanh.cli.output import bar, notice, result, result_json, table

if TYPE_CHECKING:
    from timanh.search import Query, SearchResult
    from timanh.vectors import VectorDictionary


def search(
    index: IndexFolder,
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help="What to look for, in Vietnamese or English."),
    ] = None,
    image: Annotated[
        list[Path] | None,
        typer.Option("--image", metavar="FILE", help="A picture to look for; may be repeated."),
    ] = None,
    alpha: Annotated[
        float,
        typer.Option("--alpha", metavar="X", help="Weight of the text beside pictures, 0 to 1."),
    ] = 0.6,
    k: Annotated[int, typer.Option("-k", metavar="N", help="How many pictures to find.")] = 5,
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="FILE", help="Draw the pictures found, as PNG."),
    ] = None,
    model: ModelOfIndex = None,
    device: Device = "auto",
    translate: Annotated[
        bool,
        typer.Option(help="Translate Vietnamese for encoders that know none (needs a network)."),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Find pictures by text, by picture, or by both."""
    from timanh.data import open_picture
    from timanh.search import Query, SearchEngine, Translator
    from timanh.vectors import VectorDictionary

    pictures = tuple(open_picture(path) for path in image or ())
    dictionary = VectorDictionary.open(index)
    query = Query(text, pictures, alpha, k).checked()
    encoder = dictionary.load_encoder(model, device=device)
    engine = SearchEngine(encoder, dictionary, Translator() if translate else None)
    found = engine.search(query)
    if found.query.notice:
        notice(f"Note: {found.query.notice}")
    if figure is not None:
        _draw(found, query, dictionary, [path.name for path in image or ()], figure)
    if as_json:
        result_json(as_document(found))
    else:
        _show(found)


def as_document(found: "SearchResult") -> dict[str, Any]:
    """The answer as the API gives it, with paths in place of addresses."""
    query = found.query
    return {
        "query": {
            "text": query.text,
            "translated": query.translated,
            "language": query.language,
            "alpha": query.alpha,
            "images": query.images,
            "notice": query.notice,
        },
        "results": [
            {
                "rank": hit.rank,
                "id": hit.id,
                "path": hit.path,
                "score": round(hit.score, 6),
                "captions": list(hit.captions),
                "width": hit.width,
                "height": hit.height,
            }
            for hit in found.hits
        ],
        "took_ms": found.took_ms,
    }


def _show(found: "SearchResult") -> None:
    if found.query.translated:
        notice(f"Searched as: {found.query.translated}")
    best = max((hit.score for hit in found.hits), default=0.0)
    rows = [
        (
            str(hit.rank),
            f"{hit.score:.3f}",
            bar(hit.score / best if best > 0 else 0.0),
            hit.path,
            _caption(hit.captions, found.query.language),
        )
        for hit in found.hits
    ]
    for line in table(rows, right=(0, 1)) if rows else ():
        result(line)


def _caption(captions: tuple[str, ...], language: str | None) -> str:
    """One caption, in the language of the query where there is one."""
    from timanh.search import detect_language

    own = (caption for caption in captions if detect_language(caption) == language)
    return next(own, captions[0] if captions else "")


def _draw(
    found: "SearchResult",
    query: "Query",
    dictionary: "VectorDictionary",
    names: list[str],
    figure: Path,
) -> None:
    from timanh.data import open_picture
    from timanh.evaluation import plot_hits

    label = " + ".join(filter(None, (found.query.text, *names)))
    shown = [open_picture(dictionary.gallery / hit.path) for hit in found.hits]
    plot_hits(label, found.hits, shown, figure, query_pictures=query.images)
    notice(f"Drawn: {figure}")

"""`timanh search`: one question, a few pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from timanh.cli.options import AsJson, Device, Engine, IndexFolder, ModelOfIndex
from timanh.cli.output import bar, notice, result, result_json, table

if TYPE_CHECKING:
    from timanh.search import BatchQuery, Query, SearchEngine, SearchResult
    from timanh.vectors import Searchable


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
    like: Annotated[
        list[str] | None,
        typer.Option("--like", metavar="ID", help="More like this picture; may be repeated."),
    ] = None,
    offset: Annotated[
        int, typer.Option("--offset", metavar="N", help="Skip the first N, for the next page.")
    ] = 0,
    fold: Annotated[
        float | None,
        typer.Option(
            "--fold", metavar="X", help="Fold pictures whose cosine is at least X, such as 0.95."
        ),
    ] = None,
    folder: Annotated[
        str | None, typer.Option("--folder", metavar="PATH", help="Only in this folder.")
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="DAY", help="Changed on 2026-01-31 or later.")
    ] = None,
    before: Annotated[
        str | None, typer.Option("--before", metavar="DAY", help="Changed on that day or before.")
    ] = None,
    min_side: Annotated[
        int | None,
        typer.Option(
            "--min-side", metavar="PX", help="Minimum length of the shorter side, in pixels."
        ),
    ] = None,
    words: Annotated[
        str | None,
        typer.Option("--words", metavar="WORDS", help="Words that captions must have."),
    ] = None,
    queries: Annotated[
        Path | None,
        typer.Option("--queries", metavar="FILE", help="Many queries: .txt, .csv or .jsonl."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Their answers: .csv or .jsonl."),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="FILE", help="Draw the pictures found, as PNG."),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Compare with every vector; use no index.")
    ] = False,
    engine: Engine = "folder",
    model: ModelOfIndex = None,
    device: Device = "auto",
    translate: Annotated[
        bool,
        typer.Option(help="Translate Vietnamese for encoders without it (needs a network)."),
    ] = True,
    as_written: Annotated[
        bool,
        typer.Option(
            "--as-written", help="Search by the whole text; “without a hat” leaves nothing out."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Find pictures by text, by picture, or by both."""
    from timanh.data import open_picture
    from timanh.search import Filter, Query, SearchEngine, Translator, as_document, parse_day
    from timanh.vectors import open_engine

    pictures = tuple(open_picture(path) for path in image or ())
    since, until = (None if day is None else parse_day(day) for day in (after, before))
    where = Filter(folder, since, until, min_side, words=words)
    liked = tuple(like or ())
    query = Query(
        text, pictures, alpha, k, liked, offset=offset, where=where, fold=fold, left_out=liked,
        as_written=as_written,
    )  # fmt: skip
    batch = _read(queries, out, query)
    dictionary = open_engine(index, engine)
    encoder = dictionary.load_encoder(model, device=device)
    translator = Translator() if translate else None
    searching = SearchEngine(encoder, dictionary, translator, exact=exact)
    if batch is not None and out is not None:
        _answer_all(searching, batch, query, out)
        return
    found = searching.search(query)
    if found.query.notice:
        notice(f"Note: {found.query.notice}")
    if figure is not None:
        _draw(found, query, dictionary, [path.name for path in image or ()], figure)
    if as_json:
        result_json(as_document(found))
    else:
        _show(found)


def _read(queries: Path | None, out: Path | None, query: "Query") -> "list[BatchQuery] | None":
    """The queries of the file; None where there is one query, which is checked at once."""
    from timanh.search import read_queries

    if queries is None:
        query.checked()
        return None
    if out is None:
        raise typer.BadParameter("--queries needs --out, a .csv or .jsonl file for the answers")
    if query.text or query.images or query.like:
        raise typer.BadParameter("--queries cannot be combined with TEXT, --image or --like")
    return read_queries(queries)


def _answer_all(
    engine: "SearchEngine", batch: "list[BatchQuery]", query: "Query", out: Path
) -> None:
    from timanh.progress import tqdm
    from timanh.search import write_answers

    results = engine.search_many(one.query(query) for one in batch)
    bar = tqdm(results, total=len(batch), desc="Searching", unit=" queries")
    result(f"{write_answers(out, bar)} queries answered in {out}")


def _show(found: "SearchResult") -> None:
    if found.query.excluded:
        notice(f"Without: {', '.join(found.query.excluded)} (--as-written takes the whole text)")
    if found.query.translated:
        notice(f"Searched as: {found.query.translated}")
    best = max((hit.score for hit in found.hits), default=0.0)
    rows = [
        (
            str(hit.rank),
            f"{hit.score:.3f}",
            bar(hit.score / best if best > 0 else 0.0),
            hit.path + (f" (+{len(hit.doubles)})" if hit.doubles else ""),
            _caption(hit.captions, found.query.language),
        )
        for hit in found.hits
    ]
    for line in table(rows, right=(0, 1)) if rows else ():
        result(line)


def _caption(captions: tuple[str, ...], language: str | None) -> str:
    """One caption, in the language of the query where there is one."""
    from timanh.search import detect_language

    fitting = (caption for caption in captions if detect_language(caption) == language)
    return next(fitting, captions[0] if captions else "")


def _draw(
    found: "SearchResult",
    query: "Query",
    dictionary: "Searchable",
    names: list[str],
    figure: Path,
) -> None:
    from timanh.data import open_picture
    from timanh.evaluation import plot_hits

    label = " + ".join(filter(None, (found.query.text, *names)))
    shown = [open_picture(dictionary.gallery / hit.path) for hit in found.hits]
    plot_hits(label, found.hits, shown, figure, query_pictures=query.images)
    notice(f"Drawn: {figure}")

"""Many queries from a file, and their answers into one."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

from timanh.data import open_picture
from timanh.errors import QueryError
from timanh.search.query import Query, SearchResult
from timanh.workspace import atomic_write, on_disk, readable

COLUMNS = ("text", "image", "like", "alpha", "k")
FORMS = ".txt with a query a line, .csv with a header, or .jsonl with an object a line"


@dataclass(frozen=True)
class BatchQuery:
    """One query of a file; its pictures are opened when `query` is called."""

    text: str | None = None
    images: tuple[Path, ...] = ()
    like: tuple[str, ...] = ()
    alpha: float | None = None
    k: int | None = None

    def query(self, pattern: Query) -> Query:
        """The whole query; what the file leaves out is taken from `pattern`."""
        return replace(
            pattern,
            text=self.text,
            images=tuple(open_picture(on_disk(path)) for path in self.images),
            like=self.like,
            left_out=self.like,
            alpha=pattern.alpha if self.alpha is None else self.alpha,
            k=pattern.k if self.k is None else self.k,
        )


def read_queries(file: Path) -> list[BatchQuery]:
    """The queries of a .txt, .csv or .jsonl file, in its order.

    CSV and JSON lines may have `text`, `image` (a path beside the file, or several in JSON),
    `like` (an id), `alpha` and `k`. Empty lines are left out.

    Raises:
        QueryError: an unknown form, field or value; says in which line.
    """
    readers = {".txt": _read_text, ".csv": _read_csv, ".jsonl": _read_json}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise QueryError(f"{file} is not a file of queries that can be read. Use {FORMS}.")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(f"{file} cannot be read ({error}). Save it as UTF-8 text.") from error
    queries = []
    for number, fields in reader(text):
        try:
            queries.append(_parse(fields, file.parent))
        except (ValueError, TypeError) as error:
            raise QueryError(f"{file}, line {number}: {error}") from error
    if not queries:
        raise QueryError(f"{file} holds no query. Write {FORMS}.")
    return queries


def _read_text(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, {"text": line}


def _read_csv(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    header = text.partition("\n")[0]
    # Whole text and not lines, so that a cell over two lines keeps what parts them.
    reader = csv.reader(StringIO(text), delimiter=max(";\t,", key=header.count))
    names = [name.strip().lower() for name in next(reader, [])]
    for row in reader:
        if len(row) > len(names) and any(row[len(names) :]):
            raise QueryError(
                f"Line {reader.line_num} has {len(row)} fields and the header {len(names)}. Put "
                'quotes around a text with such a sign in it: "a car, at night".'
            )
        given = {name: value for name, value in zip(names, row, strict=False) if value.strip()}
        if given:
            yield reader.line_num, given


def _read_json(text: str) -> Iterator[tuple[int, Any]]:
    # Only "\n" parts lines here: JSON may hold rarer signs for it, such as U+2028, as they are.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                raise QueryError(f"Line {number} is not a JSON object ({error}).") from error


def _parse(fields: Any, folder: Path) -> BatchQuery:
    if not isinstance(fields, dict):
        raise TypeError(f"{fields!r} is not an object. Write one with {', '.join(COLUMNS)}.")
    unknown = [name for name in fields if name not in COLUMNS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not one of {', '.join(COLUMNS)}.")
    return BatchQuery(
        text=_one_line(fields.get("text")),
        images=tuple(folder / path for path in _several(fields.get("image"))),
        like=tuple(_several(fields.get("like"))),
        alpha=float(fields["alpha"]) if "alpha" in fields else None,
        k=int(fields["k"]) if "k" in fields else None,
    )


def _one_line(text: Any) -> str | None:
    if text is not None and not isinstance(text, str):
        raise TypeError(f"The text is {text!r}. Write words in quotes.")
    return None if text is None else " ".join(text.split())


def _several(value: Any) -> Sequence[str]:
    if value is None:
        return ()
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def write_answers(file: Path, results: Iterable[SearchResult]) -> int:
    """Write .csv (a row for each hit) or .jsonl (an object for each query); returns how many.

    The file appears when all is written.

    Raises:
        QueryError: another form.
    """
    writers = {".csv": _write_csv, ".jsonl": _write_json}
    writer = writers.get(file.suffix.lower())
    if writer is None:
        raise QueryError(f"{file} cannot hold answers. Name a .csv or .jsonl file.")
    with atomic_write(file) as temporary:
        return writer(temporary, results)


def _write_csv(file: Path, results: Iterable[SearchResult]) -> int:
    count = 0
    with file.open("w", encoding="utf8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("query", "text", "rank", "id", "path", "score"))
        for count, result in enumerate(results, 1):
            text = result.query.text or ""
            for hit in result.hits:
                path, score = readable(hit.path), f"{hit.score:.6f}"
                writer.writerow((count, text, hit.rank, hit.id, path, score))
    return count


def _write_json(file: Path, results: Iterable[SearchResult]) -> int:
    count = 0
    with file.open("w", encoding="utf8") as stream:
        for result in results:
            stream.write(json.dumps(as_document(result), ensure_ascii=False) + "\n")
            count += 1
    return count


def as_document(found: SearchResult) -> dict[str, Any]:
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
            "excluded": list(query.excluded),
            "wanted": query.wanted,
        },
        "considered": found.considered,
        "results": [
            {
                "rank": hit.rank,
                "id": hit.id,
                "path": readable(hit.path),
                "score": round(hit.score, 6),
                "captions": [readable(caption) for caption in hit.captions],
                "width": hit.width,
                "height": hit.height,
                "doubles": list(hit.doubles),
            }
            for hit in found.hits
        ],
        "took_ms": found.took_ms,
    }

"""Answers in a file, kept as they come, so that a run that was killed goes on."""

import csv
import io
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from timanh.classification.answers import Answer
from timanh.errors import DiskFullError, SettingsError
from timanh.workspace import atomic_write, readable

PARTIAL = ".partial"
KINDS = (".csv", ".jsonl")
WIDE = 200  # answers that each have a column of their own in CSV


class ResultFile:
    """Answers on their way into `out`, a .csv or .jsonl file.

    They are kept in `out` + ".partial", and `out` is written at the end. An unfinished file of
    the same settings is taken up again.

    Attributes:
        done: answers of a run that was stopped, by their paths.
    """

    def __init__(self, out: Path, digest: str, *, fresh: bool = False) -> None:
        """
        Args:
            digest: of all settings that answers depend on.
            fresh: write over what is there.

        Raises:
            SettingsError: `out` is there, has another ending, or was begun with other settings.
        """
        if out.suffix.lower() not in KINDS:
            raise SettingsError(
                f"{out} does not end in .csv or .jsonl. Give it one of these endings."
            )
        if not out.parent.is_dir():
            raise SettingsError(f"There is no folder {out.parent}. Make it, or name another file.")
        if out.exists() and not fresh:
            raise SettingsError(
                f"{out} is there already and stays as it is.",
                cli="Name another --out, or take --fresh to write over it.",
                notebook="Name another file.",
            )
        self.out = out
        self.partial = out.with_name(out.name + PARTIAL)
        self.done: dict[str, Answer] = {}
        if self.partial.exists() and not fresh:
            self._take_up(digest)
        else:
            self._write([{"settings": digest}], mode="wb")

    def add(self, answers: Sequence[Answer], skipped: dict[str, str]) -> None:
        """Keep answers, on disk when this returns.

        Raises:
            DiskFullError: the disk is full; what was kept before stays.
        """
        rows = [_to_row(answer) for answer in answers]
        self._write([*rows, *({"path": path, "why": why} for path, why in skipped.items())])
        self.done |= {answer.path: answer for answer in answers}

    def finish(self, answers: Sequence[str], *, multi: bool = False) -> None:
        """Write `out` and delete the unfinished file.

        Args:
            answers: what has a column in CSV.
        """
        text = (to_csv if self.out.suffix.lower() == ".csv" else to_jsonl)(
            list(self.done.values()), answers, multi=multi
        )
        try:
            with atomic_write(self.out) as temporary:
                temporary.write_text(text, encoding="utf8", newline="")
        except OSError as error:
            raise self._full(error) from error
        self.partial.unlink(missing_ok=True)

    def _take_up(self, digest: str) -> None:
        lines = self.partial.read_bytes().split(b"\n")
        rows = list(_rows(lines))
        if not rows or rows[0].get("settings") != digest:
            raise SettingsError(
                f"{self.partial} was begun with other pictures, another model, other labels or "
                "other settings.",
                cli="Use the settings of before, name another --out, or start over with --fresh.",
                notebook="Use the settings of before, or name another file.",
            )
        for row in rows[1:]:
            if "ranked" in row:
                answer = Answer(
                    row["path"], tuple(row["labels"]), tuple((a, p) for a, p in row["ranked"])
                )
                self.done[answer.path] = answer
        if lines[-1]:  # the last line is torn
            self._write([], before=b"\n")

    def _write(
        self, rows: Sequence[dict[str, Any]], *, mode: str = "ab", before: bytes = b""
    ) -> None:
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        try:
            with self.partial.open(mode) as stream:
                stream.write(before + text.encode("utf8", "surrogatepass"))
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise self._full(error) from error

    def _full(self, error: OSError) -> DiskFullError:
        return DiskFullError(
            f"{self.out} cannot be written ({error.strerror or error}). {len(self.done):,} answers "
            f"are kept in {self.partial}; free some space and run the same again."
        )


def to_csv(answers: Sequence[Answer], columns: Sequence[str], *, multi: bool = False) -> str:
    """A line a picture: path, label, probability, and a column for each answer; with more than
    200 of these, for the likeliest: label_2, probability_2 and so on. Several labels are joined
    by " | "."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    wide = len(columns) <= WIDE
    most = max((len(answer.ranked) for answer in answers), default=1)
    more = (
        list(columns)
        if wide
        else [f"{word}_{n}" for n in range(2, most + 1) for word in ("label", "probability")]
    )
    writer.writerow(["path", "labels" if multi else "label", "probability", *more])
    for answer in answers:
        shares = dict(answer.ranked)
        rest: list[object] = [shares.get(column, "") for column in columns]
        if not wide:
            rest = [value for pair in answer.ranked[1:] for value in pair]
        label = " | ".join(answer.labels)
        writer.writerow([readable(answer.path), label, round(answer.probability, 6), *rest])
    return out.getvalue()


def to_jsonl(answers: Sequence[Answer], columns: Sequence[str], *, multi: bool = False) -> str:
    """A JSON object a picture: path, label (or labels), probability, probabilities."""
    lines = []
    for answer in answers:
        label = {"labels": answer.labels} if multi else {"label": answer.label}
        row = {
            "path": readable(answer.path), **label,
            "probability": round(answer.probability, 6), "probabilities": dict(answer.ranked),
        }  # fmt: skip
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return "".join(lines)


def _to_row(answer: Answer) -> dict[str, Any]:
    return {"path": answer.path, "labels": answer.labels, "ranked": answer.ranked}


def _rows(lines: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            found = json.loads(line.decode("utf8", "surrogatepass")) if line else None
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found

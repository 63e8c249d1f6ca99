"""Rows and files of posts in one archive, and back again."""

import io
import json
import os
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from posts.files import IMAGE_PATH, PICTURES
from posts.migrations import SCHEMA

ROWS = "posts.jsonl"
VERSION = 1
# In the order in which rows may be put back.
TABLES = (
    "posts", "post_images", "models", "image_embeddings", "image_captions", "image_failures",
)  # fmt: skip

Connection = psycopg.Connection[dict[str, Any]]


class KeepingError(Exception):
    """An archive that cannot be read, or a place that is not empty."""


def backup(url: str, folder: Path, archive: Path) -> tuple[int, int]:
    """Write all rows, as they are at one moment, and the files that they name.

    Returns:
        How many posts, how many pictures.

    Raises:
        KeepingError: files of pictures are missing; nothing is written then.
    """
    aside = archive.with_name(f"{archive.name}.part")
    try:
        with _connect(url) as connection, tarfile.open(aside, "w") as out:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            counts = _write_rows(connection, out)
            paths = connection.execute("SELECT image_path FROM post_images").fetchall()
            missing = []
            for row in paths:
                path = row["image_path"]
                try:
                    out.add(folder / PICTURES / path, f"{PICTURES}/{path}", recursive=False)
                except FileNotFoundError:
                    missing.append(path)
            _require_gone(url, folder, missing)
        aside.replace(archive)
    finally:
        aside.unlink(missing_ok=True)
    return counts["posts"], counts["post_images"]


def restore(url: str, folder: Path, archive: Path) -> tuple[int, int]:
    """Put rows and files of an archive into an empty database and folder.

    Raises:
        KeepingError: there are posts already, or the archive is not one of ours, or not whole:
            cut, or without the file of a picture.
    """
    counts = dict.fromkeys(TABLES, 0)
    try:
        with _connect(url) as connection, tarfile.open(archive) as source:
            if connection.execute("SELECT 1 FROM posts LIMIT 1").fetchone():
                raise KeepingError("There are posts in this database already. Use an empty one.")
            first = source.next()
            lines = source.extractfile(first) if first and first.name == ROWS else None
            if lines is None:
                raise KeepingError(
                    f"{archive} is not an archive of posts: it does not begin with rows."
                )
            with connection.transaction():
                states: dict[str, str] = {}
                for line in lines:
                    _read_row(connection, json.loads(line), counts, states)
                connection.execute("UPDATE models SET state = 'former'")
                for fingerprint, state in states.items():
                    connection.execute(
                        "UPDATE models SET state = %s WHERE fingerprint = %s", (state, fingerprint)
                    )
                files = [
                    _read_file(source, member, folder) for member in source if member is not first
                ]
                _require_end(source, archive)
                _require_files(connection, archive, files)
    except (tarfile.TarError, ValueError, KeyError, TypeError) as error:
        raise KeepingError(f"{archive} is damaged or not an archive of posts ({error}).") from error
    return counts["posts"], counts["post_images"]


def require_archive(archive: Path) -> None:
    """Raises KeepingError: there is none, or it is something else."""
    if not archive.is_file() or not tarfile.is_tarfile(archive):
        raise KeepingError(f"{archive} is not an archive of posts.")


def _write_rows(connection: Connection, out: tarfile.TarFile) -> dict[str, int]:
    counts = {}
    with tempfile.TemporaryFile() as lines:
        lines.write(json.dumps({"timanh_posts": VERSION}).encode() + b"\n")
        for table in TABLES:
            query = sql.SQL("SELECT to_jsonb(t) - 'embedding' AS row{} FROM {} AS t").format(
                sql.SQL(", t.embedding::text AS vector" if table == "image_embeddings" else ""),
                sql.Identifier(table),
            )
            counts[table] = 0
            with connection.cursor(name=f"all_{table}") as cursor:
                for found in cursor.execute(query):
                    row = found["row"]
                    if "vector" in found:
                        row["embedding"] = found["vector"]
                    line = json.dumps({"table": table, "row": row}, ensure_ascii=False)
                    lines.write(line.encode() + b"\n")
                    counts[table] += 1
        info = tarfile.TarInfo(ROWS)
        info.size = lines.tell()
        lines.seek(0)
        out.addfile(info, lines)
    return counts


def _read_row(
    connection: Connection, line: dict[str, Any], counts: dict[str, int], states: dict[str, str]
) -> None:
    if "timanh_posts" in line:
        if line["timanh_posts"] > VERSION:
            raise KeepingError("The archive was made by a later version. Update the program.")
        return
    table, row = line["table"], line["row"]
    if table not in TABLES:
        raise KeepingError(f"The archive has rows of {table!r}, which is not known here.")
    if table == "models":
        # Made again with its index; which one is used is said at the end.
        connection.execute(
            "SELECT use_model(%s, %s, %s)", (row["fingerprint"], row["name"], row["dim"])
        )
        states[row["fingerprint"]] = row["state"]
    else:
        # An archive may come from anybody, and what a row names is shown, and deleted one day.
        if table == "post_images" and not IMAGE_PATH.fullmatch(row["image_path"]):
            raise KeepingError(
                f"The archive has a picture in a strange place: {row['image_path']!r}."
            )
        query = sql.SQL("INSERT INTO {0} SELECT * FROM jsonb_populate_record(NULL::{0}, %s)")
        connection.execute(query.format(sql.Identifier(table)), (json.dumps(row),))
    counts[table] += 1


def _read_file(source: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> str:
    """Its `image_path`."""
    top, _, image_path = member.name.partition("/")
    if not member.isfile() or top != PICTURES or not IMAGE_PATH.fullmatch(image_path):
        raise KeepingError(f"The archive has a file in a strange place: {member.name!r}.")
    content = source.extractfile(member) or io.BytesIO()
    target = folder / PICTURES / image_path
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f"{target.name}.{os.getpid()}")
    with aside.open("wb") as out:
        while block := content.read(1 << 20):
            out.write(block)
    aside.replace(target)
    return image_path


def _require_gone(url: str, folder: Path, missing: Sequence[str]) -> None:
    """Only pictures that were deleted for good while the backup was written may lack a file."""
    if not missing:
        return
    with _connect(url) as connection:  # the backup's own sees what there was at its beginning
        rows = connection.execute(
            "SELECT i.name, p.title FROM post_images AS i JOIN posts AS p ON p.id = i.post_id "
            "WHERE i.image_path = ANY (%s) ORDER BY p.created, i.display_order",
            (list(missing),),
        ).fetchall()
    if rows:
        raise KeepingError(
            f"The files of {len(rows)} pictures are not in {folder / PICTURES}, the first of them "
            f"{rows[0]['name']!r} of the post {rows[0]['title']!r}. Nothing was written. If the "
            "posts are in another folder, name it as run.py was given it: --workspace FOLDER. "
            "Pictures that are lost can be taken out of their posts; ten minutes later they are "
            "not looked for any more."
        )


def _require_files(connection: Connection, archive: Path, files: Sequence[str]) -> None:
    """Each picture that is shown has its file; deleted ones without theirs do not come back."""
    lacking = connection.execute(
        "SELECT name, title FROM images WHERE image_path <> ALL (%s) ORDER BY created", (files,)
    ).fetchall()
    if lacking:
        raise KeepingError(
            f"{archive} lacks the files of {len(lacking)} pictures, the first of them "
            f"{lacking[0]['name']!r} of the post {lacking[0]['title']!r}. Nothing was put back. "
            "Make the archive again where the pictures are."
        )
    connection.execute("DELETE FROM post_images WHERE image_path <> ALL (%s)", (files,))


def _require_end(source: tarfile.TarFile, archive: Path) -> None:
    """A tar ends with an empty block; one that was cut between two files is read without a word."""
    with archive.open("rb") as file:
        file.seek(source.offset)
        if len(file.read(tarfile.BLOCKSIZE)) < tarfile.BLOCKSIZE:
            raise KeepingError(
                f"{archive} ends too early: pictures are missing. Copy it again, to its end."
            )


def _connect(url: str) -> Connection:
    connection = psycopg.connect(url, autocommit=True, connect_timeout=10, row_factory=dict_row)
    found = connection.execute(
        "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace "
        "WHERE extname = 'vector'"
    ).fetchone()
    where = found["nspname"] if found else "public"
    path = sql.SQL("SET search_path = {}, {}")
    connection.execute(path.format(sql.Identifier(SCHEMA), sql.Identifier(where)))
    return connection

"""Posts in one archive: `archive.py backup FILE`, `archive.py restore FILE`; `archive.py url`
prints the address of the database."""

import argparse
import asyncio
import sys
from pathlib import Path

import psycopg

from posts import embedded
from posts.keeping import KeepingError, backup, require_archive, restore
from posts.migrations import RefusedError, migrate, one_line
from utils.config import Settings, load_settings


def main() -> None:
    """Exit code 2, and a sentence, where it cannot be done."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("backup", "write the archive"), ("restore", "read it into an empty place")):
        commands.add_parser(name, help=text).add_argument("file", type=Path)
    commands.add_parser("url", help="print the address of the database")
    for command in commands.choices.values():
        command.add_argument(
            "--workspace", type=Path, metavar="FOLDER", help="as run.py was given it"
        )
    given = parser.parse_args()
    try:
        if given.command == "restore":
            require_archive(given.file)  # before a server is started for it
        settings = load_settings()
        folder = posts_folder(settings, given.workspace)
        if given.command != "restore":
            require_posts(settings, folder)
        url = settings.database_url or embedded.start(folder / "postgres")
        if given.command == "url":
            say(url)
            return
        asyncio.run(migrate(url))
        if given.command == "backup":
            posts, pictures = backup(url, folder, given.file)
            say(f"{posts} posts with {pictures} pictures of {folder} are in {given.file}.")
        else:
            posts, pictures = restore(url, folder, given.file)
            say(f"{posts} posts with {pictures} pictures are back in {folder}.")
    except (KeepingError, RefusedError, RuntimeError, ValueError, OSError) as error:
        sys.stderr.write(f"Error: {error}\n")
        sys.exit(2)
    except psycopg.Error as error:
        sys.stderr.write(f"Error: {one_line(error)}\n")
        sys.exit(2)


def say(line: str) -> None:
    """On stdout."""
    sys.stdout.write(f"{line}\n")


def posts_folder(settings: Settings, workspace: Path | None) -> Path:
    """Of this workspace, else the one that is set, else run.py's usual one."""
    if workspace is not None:
        return workspace.expanduser() / "posts"
    return settings.posts_folder or settings.workspace / "posts"


def require_posts(settings: Settings, folder: Path) -> None:
    """Raises KeepingError: there is no database; a new and empty one would be made."""
    if settings.database_url is None and not (folder / "postgres").is_dir():
        raise KeepingError(
            f"There are no posts in {folder}. Name the folder that run.py was given: --workspace "
            "FOLDER, or the one of the posts in TIMANH_POSTS."
        )


if __name__ == "__main__":
    main()

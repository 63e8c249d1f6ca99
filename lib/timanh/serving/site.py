"""The local backend with posts, started as a program of its own; for notebook 09."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from timanh.errors import ServingError
from timanh.evaluation.lessons import Table
from timanh.serving.listening import listen
from timanh.workspace import local_place, user_cache

STARTS_WITHIN_S = 90.0
ENDS_WITHIN_S = 60.0
PAUSE_S = 0.2


def find_backend(repository: str) -> Path:
    """The folder `backend/` of this project: beside the library, else fetched with git.

    Args:
        repository: address to clone, where only the library was installed, as in Colab.

    Raises:
        ServingError: it is not here and cannot be fetched.
    """
    beside = Path(__file__).resolve().parents[3] / "backend"
    if (beside / "main.py").is_file():
        return beside
    fetched = user_cache() / "source"
    if not (fetched / "backend" / "main.py").is_file():
        shutil.rmtree(fetched, ignore_errors=True)
        fetched.parent.mkdir(parents=True, exist_ok=True)
        command = ["git", "clone", "--quiet", "--depth", "1", repository, str(fetched)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            said = str(getattr(error, "stderr", "") or error).strip()
            raise ServingError(
                f"The backend is not installed, and cannot be fetched from {repository} ({said}).",
                cli="Clone the project and start python run.py there.",
                notebook="Check the connection and run the cell again.",
            ) from error
    return fetched / "backend"


class Site:
    """A backend with posts that runs until `stop`, and its PostgreSQL.

    Example:
        >>> site = Site.start(find_backend(REPOSITORY), folder, "http://127.0.0.1:8001")
        >>> site.curl("-F", "title=Beach", "-F", "image=@beach.jpg", f"{site.url}/api/posts")
        >>> site.sql("SELECT title, name FROM timanh_posts.overview")
    """

    def __init__(self, process: "subprocess.Popen[bytes]", url: str, database: str) -> None:
        self._process = process
        self.url = url
        self.database = database

    @classmethod
    def start(cls, backend: Path, folder: Path, ai_service: str, *, port: int = 0) -> "Site":
        """
        Args:
            backend: of `find_backend`.
            folder: of the posts' pictures and of the embedded PostgreSQL; on Google Drive the
                machine's disk is taken in its place.
            ai_service: connection line of the AI service.
            port: of the backend; 0 takes any that is free.

        Raises:
            ServingError: it does not start, or there are no posts; says why.
            PortTakenError: another program listens on `port`.
        """
        place = local_place(folder)
        place.mkdir(parents=True, exist_ok=True)
        with listen("127.0.0.1", port) as taken:
            free = int(taken.getsockname()[1])
        environment = {
            **os.environ,
            "TIMANH_POSTS": str(place),
            "AI_SERVICE_URL": ai_service,
            # Not the connection that a person has pasted at the page of this machine.
            "TIMANH_KEPT_CONNECTION": str(place / "connection.json"),
        }
        log = place / "backend.log"
        with log.open("wb") as written:
            process = subprocess.Popen(
                [sys.executable, str(backend / "main.py"), "--port", str(free)],
                env=environment, stdout=written, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{free}"
            _wait_for_posts(process, url, log)
            command = [sys.executable, str(backend / "archive.py"), "url"]
            ended = subprocess.run(command, env=environment, capture_output=True, text=True)
            if ended.returncode:
                raise ServingError(f"The database cannot be reached: {ended.stderr.strip()}")
        except BaseException:
            _end(process)
            raise
        return cls(process, url, ended.stdout.strip())

    def get(self, path: str) -> Any:
        """What `path`, such as "/api/posts/features", answers."""
        return curl(f"{self.url}{path}")

    def sql(self, query: str, *values: Any) -> Table:
        """Rows of a query, with `values` in the places of its %s.

        Raises:
            ServingError: what PostgreSQL says against it.
        """
        import psycopg

        try:
            with psycopg.connect(self.database, autocommit=True) as connection:
                connection.execute("SET search_path = timanh_posts, public")
                cursor = connection.execute(query.encode(), values or None)
                columns = [column.name for column in cursor.description or ()]
                return Table(columns, cursor.fetchall() if columns else [])
        except psycopg.Error as error:
            raise ServingError(f"PostgreSQL refuses “{query}”: {error}") from error

    def progress(self) -> Table:
        """How far each task of the AI service is, and the service's state."""
        found = self.get("/api/posts/features")
        rows = [
            (task, *(numbers.get(state, 0) for state in STATES))
            for task, numbers in found["tasks"].items()
        ]
        title = f"AI service · dịch vụ AI: {found['ai']['state']}"
        return Table(("task · việc", *STATES), rows, title)

    def wait(self, *, within_s: float = 120.0) -> float:
        """Seconds until every picture has its embedding.

        Raises:
            ServingError: it takes longer.
        """
        began = time.monotonic()
        missing = "SELECT count(*) FROM overview WHERE NOT embedded AND failed IS NULL"
        while (count := self.sql(missing).rows[0][0]) != 0:
            if time.monotonic() - began > within_s:
                raise ServingError(f"After {within_s:.0f} seconds {count} pictures still wait.")
            time.sleep(PAUSE_S)
        return time.monotonic() - began

    def stop(self) -> None:
        """End the backend; its PostgreSQL ends with it."""
        _end(self._process)


STATES = ("waiting", "running", "done", "failed")


def curl(*arguments: str, body: Any = None) -> Any:
    """Run the program curl and read the JSON that is answered.

    Args:
        arguments: its options, and the address at the end.
        body: sent as JSON; None for none.

    Raises:
        ServingError: no such program, nobody answers, or the answer is no JSON.
    """
    if body is not None:
        sent = json.dumps(body, ensure_ascii=False)
        arguments = ("-H", "Content-Type: application/json", "--data-raw", sent, *arguments)
    # A proxy cannot reach this machine.
    command = ["curl", "--silent", "--show-error", "--noproxy", "127.0.0.1", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf8")
    except OSError as error:
        raise ServingError(f"The program curl cannot be started ({error}). Install it.") from error
    if done.returncode:
        raise ServingError(f"curl {arguments[-1]} failed: {done.stderr.strip()}")
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise ServingError(f"{arguments[-1]} answered no JSON: {done.stdout[:200]!r}") from error


def _wait_for_posts(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    reason = "it does not answer"
    while time.monotonic() < until and process.poll() is None:
        try:
            health = curl(f"{url}/health")
            if health.get("posts"):
                return
            reason = health.get("posts_reason") or reason
        except ServingError:
            pass
        time.sleep(PAUSE_S)
    if process.poll() is not None:
        reason = log.read_text("utf8", "replace").strip()[-600:] or "it ended at once"
    raise ServingError(
        f"The backend has no posts: {reason}",
        notebook="If you are root, the workspace must lie in a folder that others may enter "
        "(chmod 755), since PostgreSQL does not run as root.",
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    # As by Ctrl-C: after SIGTERM its PostgreSQL would stay.
    process.terminate() if os.name == "nt" else process.send_signal(signal.SIGINT)
    try:
        process.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

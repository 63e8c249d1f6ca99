"""The whole of `python run.py`, with stand-ins for the API and the backend.

The stand-in project has an environment that is stamped as complete, so that nothing is
installed, and a `timanh.cli` and a `backend/main.py` of a few lines each.
"""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runner.environment import APP, BACKEND, Environment
from runner.page import STAMP, page_digest
from runner.serving import free_port
from runner.stamps import Stamps

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="uses symbolic links and process groups")

SERVER = """
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

class Health(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"status": STATUS, "upstream": {"detail": "No answer."}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if self.path == "/die":
            print("I fell over", flush=True)
            os._exit(3)

    def log_message(self, *_):
        pass

def answer(port):
    HTTPServer(("127.0.0.1", port), Health).serve_forever()
"""

CLI = """
import sys
from pathlib import Path

STATUS = "ok"
command = sys.argv[1]
with open("calls.txt", "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
if command == "demo":
    import os
    index = Path(os.environ["TIMANH_WORKSPACE"]) / "vectors" / "demo"
    index.mkdir(parents=True)
    (index / "manifest.json").write_text("{}")
elif command == "index":
    print("timanh: No picture in that folder. Name another.")
    sys.exit(2)
elif command == "serve":
    Path("api-port").write_text(sys.argv[sys.argv.index("--port") + 1])
    answer(int(sys.argv[sys.argv.index("--port") + 1]))
"""

BACKEND_MAIN = """
import os
STATUS = "ok" if "127.0.0.1" in os.environ["TIMANH_API_URL"] else "degraded"
answer(int(sys.argv[2]))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of run.py beside stand-ins for everything it starts."""
    shutil.copy(ROOT / "run.py", tmp_path)
    shutil.copytree(ROOT / "runner", tmp_path / "runner")
    write(tmp_path / "timanh" / "cli.py", SERVER + CLI)
    write(tmp_path / "backend" / "main.py", SERVER + BACKEND_MAIN)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    environment = Environment(None, None, tmp_path, tmp_path / ".venv")  # type: ignore[arg-type]
    for layer in (APP, BACKEND):
        environment.stamps.put(layer.name, environment.digest(layer))
    frontend = tmp_path / "frontend"
    Stamps(frontend / "node_modules" / STAMP).put("page", page_digest(frontend))
    return tmp_path


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@contextmanager
def running(project: Path, *arguments: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    program = subprocess.Popen(
        [sys.executable, "run.py", "--no-browser", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield program
    finally:
        if program.poll() is None:
            program.kill()
        program.communicate()


def read_until(program: subprocess.Popen[str], word: str) -> str:
    assert program.stdout is not None
    text = ""
    for line in program.stdout:
        text += line
        if word in line:
            return text
    assert program.stderr is not None
    raise AssertionError(f"{word!r} never came: {text}\n{program.stderr.read()}")


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
            return "status" in json.load(answer)
    except (OSError, http.client.HTTPException):
        return False


def wait_for_state(file: Path, wanted: str, timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if file.is_file() and json.loads(file.read_text())["state"] == wanted:
            return
        time.sleep(0.05)
    raise AssertionError(f"{file} never said {wanted}.")


def wait_until_silent(*ports: int, timeout_s: float = 8) -> bool:
    deadline = time.monotonic() + timeout_s
    while any(map(answers, ports)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(answers, ports))


def test_it_draws_once_starts_both_and_ctrl_c_ends_both(project: Path) -> None:
    port = free_port()
    for _ in range(2):
        with running(project, "--port", str(port)) as program:
            text = read_until(program, "Ctrl-C")
            api_port = int((project / "api-port").read_text())
            assert f"http://127.0.0.1:{port}" in text
            assert answers(port) and answers(api_port)
            program.send_signal(signal.SIGINT)
            assert program.wait(timeout=15) == 0
        assert wait_until_silent(port, api_port, timeout_s=0)
    calls = (project / "calls.txt").read_text().splitlines()
    assert [call.split()[0] for call in calls] == ["demo", "serve", "serve"]
    assert f"--index {project}/workspace/vectors/demo" in calls[1]


def test_killed_outright_it_takes_its_servers_along(project: Path) -> None:
    port = free_port()
    with running(project, "--port", str(port)) as program:
        read_until(program, "Ctrl-C")
        api_port = int((project / "api-port").read_text())
        program.kill()
        assert wait_until_silent(port, api_port)


def die(port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/die", timeout=2):
        pass


def test_a_backend_that_dies_is_noticed_with_its_last_words(project: Path) -> None:
    port = free_port()
    with running(project, "--port", str(port)) as program:
        read_until(program, "Ctrl-C")
        api_port = int((project / "api-port").read_text())
        die(port)
        assert program.wait(timeout=15) == 1
        assert program.stderr is not None
        printed = program.stderr.read()
    assert "| I fell over" in printed
    assert "The backend ended by itself with code 3" in printed
    assert wait_until_silent(api_port)


def test_an_api_that_dies_is_started_again_three_times_while_the_page_stays(project: Path) -> None:
    restarting = project / "runner" / "restarting.py"
    text = restarting.read_text("utf-8")
    restarting.write_text(text.replace("(1.0, 5.0, 20.0)", "(0.1, 0.2, 0.3)"), "utf-8")
    port, state = free_port(), project / "workspace" / "logs" / "api.state.json"
    with running(project, "--port", str(port)) as program:
        read_until(program, "Ctrl-C")
        api_port = int((project / "api-port").read_text())
        for attempt in (1, 2, 3):
            wait_for_state(state, "up")
            die(api_port)
            printed = read_until(program, "The API is back")
            assert "| I fell over" in printed and f"try {attempt} of 3" in printed
            assert "(code 3; see" in printed and answers(port) and answers(api_port)
        die(api_port)
        read_until(program, "is left alone now")
        wait_for_state(state, "gave-up")
        assert json.loads(state.read_text()) == {"state": "gave-up", "attempt": 3, "attempts": 3}
        assert answers(port) and not answers(api_port) and program.poll() is None
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=15) == 0
    assert wait_until_silent(port)


def test_a_changed_drawing_is_drawn_again(project: Path) -> None:
    for change in ("", "colour = 2"):
        write(project / "lib" / "timanh" / "data" / "scenes" / "pen.py", change)
        with running(project, "--port", str(free_port())) as program:
            read_until(program, "Ctrl-C")
            program.send_signal(signal.SIGTERM)
            assert program.wait(timeout=15) == 0
    calls = (project / "calls.txt").read_text().split("\n")
    assert [call.split()[0] for call in calls if call] == ["demo", "serve", "demo", "serve"]


def test_what_people_added_to_the_demo_survives_a_changed_drawing(project: Path) -> None:
    images = project / "workspace" / "data" / "demo" / "images"
    for change in ("", "colour = 2", "colour = 3"):
        write(project / "lib" / "timanh" / "data" / "scenes" / "pen.py", change)
        with running(project, "--port", str(free_port())) as program:
            said = read_until(program, "Ctrl-C")
            program.send_signal(signal.SIGTERM)
            assert program.wait(timeout=15) == 0
        assert ("What you added to the old one" in said) is (change == "colour = 2")
        if not change:
            write(images / "scene_000000.jpg", "drawn")
            write(images / "added" / "mine.jpg", "mine")
            write(project / "workspace" / "vectors" / "demo" / "captions.person.jsonl", "words")
    (kept,) = (project / "workspace" / "data").glob("demo-*")
    assert (kept / "images" / "added" / "mine.jpg").read_text() == "mine"
    (written,) = (project / "workspace" / "vectors").glob("demo-*")
    assert (written / "captions.person.jsonl").read_text() == "words"


def test_own_pictures_are_indexed_and_a_mistake_there_is_one_line(project: Path) -> None:
    photos = project / "my photos"
    arguments = ("--port", str(free_port()), "--photos", str(photos))
    with running(project, *arguments) as program:
        _, printed = program.communicate(timeout=15)
    assert (program.returncode, printed.count("\n")) == (2, 1) and "not a folder" in printed
    photos.mkdir()
    with running(project, *arguments) as program:
        _, printed = program.communicate(timeout=15)
    assert program.returncode == 2
    assert printed == "run.py: No picture in that folder. Name another.\n"
    call = (project / "calls.txt").read_text()
    assert f"index build {photos} --model openai/clip-vit-base-patch32 --out " in call


def test_a_remote_api_starts_only_the_backend(project: Path) -> None:
    write(project / "backend" / ".env", "TIMANH_API_URL=https://name.example\n")
    port = free_port()
    with running(project, "--port", str(port)) as program:
        text = read_until(program, "https://name.example")
        assert answers(port)
        assert program.stdout is not None
        text += program.stdout.readline()
        assert "No answer." in text
    assert not (project / "calls.txt").exists()


def test_a_python_without_venv_says_which_package_brings_it(project: Path) -> None:
    shutil.rmtree(project / ".venv")
    hide = (
        "import importlib.util as u, sys, runpy; real = u.find_spec;"
        "u.find_spec = lambda name, *a: None if name == 'ensurepip' else real(name, *a);"
        f"sys.argv = ['run.py', '--port', '{free_port()}'];"
        "runpy.run_path('run.py', run_name='__main__')"
    )
    command = [sys.executable, "-c", hide]
    ended = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert f"apt install python3.{sys.version_info[1]}-venv" in ended.stderr

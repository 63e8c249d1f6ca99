"""`run.py` as a person types it, and as an operating system ends it. Nothing is installed here."""

import ast
import os
import re
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runner.options import COMMANDS
from runner.serving import free_port

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONUTF8": "1", **environment}
    command = [sys.executable, str(ROOT / "run.py"), *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=60)


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_an_old_python_gets_one_line() -> None:
    text = (ROOT / "run.py").read_text(encoding="ascii")  # Python 2 would stumble on more
    ast.parse(text, feature_version=(3, 6))
    stub = f"""
        import sys
        sys.version_info = (3, 9, 18)
        sys.argv = ["run.py"]
        import runpy
        runpy.run_path({str(ROOT / "run.py")!r}, run_name="__main__")
    """
    command = [sys.executable, "-c", textwrap.dedent(stub)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "3.9.18" in ended.stderr and "3.11" in ended.stderr


def test_the_runner_needs_only_the_standard_library() -> None:
    inside_venv = {"execute_notebook.py"}
    files = [ROOT / "run.py", *(ROOT / "runner").glob("*.py")]
    for file in files:
        if file.name in inside_venv:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for name in names:
                top = name.split(".")[0]
                assert top == "runner" or top in sys.stdlib_module_names, f"{file.name}: {name}"


def test_help_names_every_option_and_command() -> None:
    ended = run("--help")
    assert ended.returncode == 0
    options = (ROOT / "runner" / "options.py").read_text(encoding="utf-8")
    flags = set(re.findall(r'add_argument\("(--[a-z-]+)"', options))
    assert {"--port", "--photos", "--no-browser", "--workspace", "--model"} <= flags
    for word in (*flags, *(f"run.py {command}" for command in COMMANDS)):
        assert word in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 92


@pytest.mark.parametrize("wrong", [["--prot", "1"], ["tset"], ["--port", "0"], ["--port", "x"]])
def test_a_wrong_option_is_one_line_and_exit_2(wrong: list[str]) -> None:
    ended = run(*wrong)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1 and "--help" in ended.stderr


def test_a_taken_port_is_found_before_anything_is_installed(tmp_path: Path) -> None:
    with taken_port() as port:
        ended = run("--port", str(port), "--workspace", str(tmp_path / "w"), "--no-browser")
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert f"Port {port} is taken" in ended.stderr and "--port" in ended.stderr
    assert not (tmp_path / "w").exists()


def test_a_workspace_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = run("--port", str(free_port()), "--workspace", str(tmp_path / "file" / "w"))
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1 and "--workspace" in ended.stderr


def test_a_port_in_the_environment_counts_less_than_the_flag() -> None:
    from runner.options import read_options

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMANH_PORT", "8123")
        assert read_options([]).port == 8123
        assert read_options(["--port", "8200"]).port == 8200
        patch.setenv("TIMANH_PORT", "many")
        with pytest.raises(SystemExit) as ended:
            read_options([])
    assert ended.value.code == 2


def test_an_env_file_is_read_as_people_write_them(tmp_path: Path) -> None:
    from runner.options import read_env_file

    file = tmp_path / ".env"
    file.write_text("# key\nTIMANH_API_URL='https://a.b/'\nexport TIMANH_PORT = 81\n\nrubbish\n")
    assert read_env_file(file) == {"TIMANH_API_URL": "https://a.b/", "TIMANH_PORT": "81"}
    assert read_env_file(tmp_path / "absent") == {}

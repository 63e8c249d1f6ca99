"""The command `timanh` as a process: how it starts, and how others end it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def timanh(*args: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "timanh.cli", *args]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **{**pipes, **options})


def test_a_mistake_in_a_process_of_its_own(tmp_path: Path) -> None:
    with timanh("search", "--index", str(tmp_path), "dog") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("timanh: ")


def test_ctrl_c_ends_quietly(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from timanh.cli import doctor, main\n"
        "import timanh.cli.machine as machine\n"
        "def slow(*_, **__):\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
        "machine.examine = slow\n"
        "sys.argv = ['timanh', 'doctor']\n"
        "main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == ""


def test_a_reader_that_leaves_is_no_traceback() -> None:
    read, write = os.pipe()
    os.close(read)
    with timanh("--help", stdout=write) as process:
        os.close(write)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "")


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    script = (
        "import sys, time; start = time.process_time()\n"
        "from timanh.cli import run\n"
        "code = run(['--help'])\n"
        "heavy = {'torch', 'numpy', 'transformers', 'PIL', 'matplotlib'} & set(sys.modules)\n"
        "print(code, sorted(heavy), time.process_time() - start, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    code, heavy, seconds = done.stderr.rsplit(maxsplit=2)[-3:]
    assert (code.splitlines()[-1], heavy) == ("0", "[]")
    assert float(seconds) < 0.5
    for name in ("demo", "search", "index", "train", "evaluate", "serve", "doctor"):
        assert f"  {name} " in done.stdout

"""However run.py ends, nothing that it started stays behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="process groups are a POSIX matter")

MAIN = """
import sys, time
from pathlib import Path
from runner.processes import Family
from runner.signals import end_on_signals

end_on_signals()
folder = Path(sys.argv[1])
try:
    with Family(grace_s=0.5) as family:
        command = family.python(sys.executable, folder / "service.py")
        family.start("service", command, log=folder / "service.log")
        stubborn = [sys.executable, str(folder / "stubborn.py")]
        family.start("stubborn", stubborn, log=folder / "stubborn.log")
        while len(list(folder.glob("*.pid"))) < 3:
            time.sleep(0.02)
        print("ready", flush=True)
        time.sleep(60)
except KeyboardInterrupt:
    print("ended", flush=True)
"""

SERVICE = """
import os, subprocess, sys, time
from pathlib import Path

here = Path(__file__).parent
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
(here / "grandchild.pid").write_text(str(child.pid))
(here / "service.pid").write_text(str(os.getpid()))
time.sleep(120)
"""

STUBBORN = """
import os, signal, time
from pathlib import Path

signal.signal(signal.SIGTERM, signal.SIG_IGN)
(Path(__file__).parent / "stubborn.pid").write_text(str(os.getpid()))
time.sleep(120)
"""


def start_family(folder: Path) -> subprocess.Popen[str]:
    (folder / "main.py").write_text(MAIN)
    (folder / "service.py").write_text(SERVICE)
    (folder / "stubborn.py").write_text(STUBBORN)
    program = subprocess.Popen(
        [sys.executable, str(folder / "main.py"), str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    return program


def pids(folder: Path) -> dict[str, int]:
    return {file.stem: int(file.read_text()) for file in folder.glob("*.pid")}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A process that nobody has collected yet is not alive.
    stat = Path(f"/proc/{pid}/stat")
    return not stat.is_file() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(wanted: set[int], timeout_s: float) -> set[int]:
    deadline = time.monotonic() + timeout_s
    while wanted and time.monotonic() < deadline:
        wanted = {pid for pid in wanted if alive(pid)}
        time.sleep(0.05)
    return wanted


@pytest.mark.usefixtures("hangup")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_ending_signal_ends_children_and_grandchildren(
    how: signal.Signals, tmp_path: Path
) -> None:
    program = start_family(tmp_path)
    program.send_signal(how)
    output, _ = program.communicate(timeout=20)
    assert output == "ended\n"
    assert wait_until_gone(set(pids(tmp_path).values()), 2) == set()


def test_a_killed_runner_leaves_no_python_behind(tmp_path: Path) -> None:
    program = start_family(tmp_path)
    found = pids(tmp_path)
    program.kill()
    program.wait()
    try:
        assert wait_until_gone({found["service"], found["grandchild"]}, 8) == set()
    finally:
        os.kill(found["stubborn"], signal.SIGKILL)  # not a guarded program: only for this test

"""A process that is killed while a bar is drawn does not stop the bars of others."""

import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, time
from timanh.progress import tqdm

list(tqdm(range(4), disable=True))
child = os.fork()
if child == 0:
    tqdm.get_lock().acquire()
    os.kill(os.getpid(), signal.SIGKILL)
os.waitpid(child, 0)
print(sum(tqdm(range(4), disable=True)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")
def test_a_child_that_is_killed_with_the_lock_in_hand() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], timeout=60, capture_output=True, text=True, check=True
    )
    assert ended.stdout == "6\n"

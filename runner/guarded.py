"""Run a Python program that ends when run.py ends, even when that is killed outright.

    python guarded.py PORT MODULE-OR-FILE.py [ARGUMENTS…]

run.py listens on PORT of the loopback as long as it lives. The program keeps one
connection to it: when the other side is gone, so is the program. A socket and not a pipe
on stdin, because a thread that reads stdin blocks other users of it on Windows.
"""

import contextlib
import os
import runpy
import signal
import socket
import sys
import threading
import time
from pathlib import Path

GRACE_S = 5.0


def main() -> None:
    port, target, *arguments = sys.argv[1:]
    line = socket.create_connection(("127.0.0.1", int(port)), timeout=10)
    line.settimeout(None)
    threading.Thread(target=_watch, args=(line,), daemon=True).start()
    sys.argv = [target, *arguments]
    if target.endswith(".py"):
        sys.path[0] = str(Path(target).resolve().parent)
        runpy.run_path(target, run_name="__main__")
    else:
        sys.path[0] = str(Path.cwd())
        runpy.run_module(target, run_name="__main__", alter_sys=True)


def _watch(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.recv(1)
    _end_group(signal.SIGTERM)
    time.sleep(GRACE_S)
    _end_group(getattr(signal, "SIGKILL", signal.SIGTERM))


def _end_group(how: int) -> None:
    """Signal this program and what it started; it leads its group where groups exist."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), how)
    else:
        os.kill(os.getpid(), how)


if __name__ == "__main__":
    main()

"""The nine notebooks with Colab's versions, twice in one workspace, killed once in 02.

    python tests/colab/run.py [FOLDER]

makes an environment of Python 3.13 in FOLDER (about 7 GB, build/colab when not given; found again
the next time) and runs the series in it, small, with the stand-in for Colab's package. It is not
part of the ordinary test. What a notebook installs for itself, it installs here, too.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WANTED = HERE / "environment.txt"
PROBE = "import sys, venv, ensurepip; print(*sys.version_info[:2])"


def main() -> int:
    """0 when every notebook ran to its end both times."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "colab").resolve()
    inside = folder / "bin" / "python"
    if not inside.exists():
        python = find_python()
        if python is None:
            print("Python 3.13 is not on this machine; install it, or name it in PYTHON313.")
            return 2
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
    pip = [str(inside), "-m", "pip", "install", "-q", "-c", str(WANTED)]
    subprocess.run([*pip, "-r", str(WANTED), "-r", str(ROOT / "requirements.txt")], check=True)
    return subprocess.run([str(inside), str(HERE / "series.py")], check=False).returncode


def find_python() -> str | None:
    """A python3.13 that starts; a shim of pyenv may be there without one."""
    for name in (os.environ.get("PYTHON313", ""), "python3.13"):
        found = shutil.which(name) if name else None
        if found is None:
            continue
        said = subprocess.run([found, "-c", PROBE], capture_output=True, text=True, check=False)
        if said.stdout.strip() == "3 13":
            return found
    return None


if __name__ == "__main__":
    sys.exit(main())

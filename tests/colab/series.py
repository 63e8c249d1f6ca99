"""Run by run.py, in the environment that it made: one line for each notebook."""

import re
import shutil
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from notebook_series import NOTEBOOKS, STANDINS, execute, kill_in_training, printed

WITHIN_S = 3600.0  # a machine may be slow, and some notebooks install what they need
SHOWN = ("torch", "torchvision", "transformers", "numpy", "pillow", "fastapi", "uvicorn")


def main() -> int:
    print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in SHOWN))
    with tempfile.TemporaryDirectory(prefix="timanh-colab-") as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # PostgreSQL does not run as root, and has to enter
        return run_series(folder)


def run_series(folder: Path) -> int:
    """The number of notebooks that failed; the first one ends the series."""
    content = folder / "content"
    colab = {
        "STANDIN_NGROK_AUTHTOKEN": "test-token", "PYNGROK_NGROK_PATH": str(STANDINS / "ngrok"),
    }  # fmt: skip
    for number in (1, 2):
        for file in NOTEBOOKS:
            out = folder / file.name
            if number == 1 and file.stem.startswith("02"):
                kill_in_training(file, out, content, within_s=WITHIN_S, **colab)
                print("02 killed in its training")
            # Each in a session of its own: only what lies on Drive is there.
            shutil.rmtree(content / "timanh-local", ignore_errors=True)
            began = time.monotonic()
            done = execute(file, out, content, within_s=WITHIN_S, **colab)
            took = f"{time.monotonic() - began:.0f} s"
            if done.returncode:
                print(f"{number} {file.stem} FAILED after {took}\n{done.stderr[-3000:]}")
                return 1
            said = re.findall(r"^(?:Check: .*|Time .*)", printed(out), re.M)
            print(f"{number} {file.stem} {took} · {' · '.join(said)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Where things lie."""

import os
from pathlib import Path

from runner.failures import SetupError

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
INSTALL_LOGS = VENV / "logs"
FRONTEND = ROOT / "frontend"
BACKEND = ROOT / "backend"
WINDOWS = os.name == "nt"


def venv_python(venv: Path = VENV) -> Path:
    """The interpreter inside a virtual environment."""
    return venv / "Scripts" / "python.exe" if WINDOWS else venv / "bin" / "python"


def script(name: str, venv: Path = VENV) -> Path:
    """A command that was installed into a virtual environment."""
    return venv / "Scripts" / f"{name}.exe" if WINDOWS else venv / "bin" / name


def site_packages(venv: Path = VENV) -> Path:
    """The folder of installed packages; one that may not exist yet."""
    if WINDOWS:
        return venv / "Lib" / "site-packages"
    return next(venv.glob("lib/python3*/site-packages"), venv / "lib" / "site-packages")


def make_folder(folder: Path, option: str) -> Path:
    """Make a folder that can be written to, or say which option names another."""
    probe = folder / ".run-probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise SetupError(
            f"{folder} cannot be written to ({error.strerror or error}). "
            f"Name a folder of your own with {option}."
        ) from error
    return folder.resolve()

"""The only module of the library that looks at where it runs and at secrets."""

import importlib
import importlib.util
import os


def in_colab() -> bool:
    """Whether this process is a Google Colab kernel."""
    try:
        return importlib.util.find_spec("google.colab") is not None
    except (ImportError, ValueError):
        return False


def is_smoke() -> bool:
    """Whether `SMOKE=1` asks the notebooks to be small enough for a laptop."""
    return os.environ.get("SMOKE", "") not in ("", "0")


def secret(name: str) -> str | None:
    """A secret by its name: the environment first, then Colab's secrets, else None.

    Never asks at a prompt, and never raises because a secret is missing, because the
    notebook has no access to it, or because nobody answered Colab's dialog.
    """
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if not in_colab():
        return None
    try:
        userdata = importlib.import_module("google.colab.userdata")
    except ImportError:
        return None
    refusals = tuple(
        getattr(userdata, refusal)
        for refusal in ("SecretNotFoundError", "NotebookAccessError", "TimeoutException")
        if isinstance(getattr(userdata, refusal, None), type)
    )
    try:
        return str(userdata.get(name) or "").strip() or None
    except refusals:
        return None


def mount_drive(where: str = "/content/drive") -> bool:
    """Mount Google Drive in Colab, so that the workspace outlives the session; else do nothing."""
    if not in_colab():
        return False
    importlib.import_module("google.colab.drive").mount(where)
    return True

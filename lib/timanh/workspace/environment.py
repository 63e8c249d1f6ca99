"""Where the library runs, and secrets: no other module looks at either."""

import importlib
import importlib.util
import logging
import os
from pathlib import Path

log = logging.getLogger("timanh.workspace")

# What Colab's secrets raise → why there is no secret.
REFUSALS = {
    "SecretNotFoundError": "missing",
    "NotebookAccessError": "no access",
    "TimeoutException": "no answer",
}


def in_colab() -> bool:
    """Whether this process is a Google Colab kernel."""
    try:
        return importlib.util.find_spec("google.colab") is not None
    except (ImportError, ValueError):
        return False


def is_smoke() -> bool:
    """Whether `SMOKE=1` asks the notebooks to be small enough for a laptop."""
    return os.environ.get("SMOKE", "") not in ("", "0")


def colab_content() -> Path:
    """Colab's own disk, below which Drive is mounted; TIMANH_COLAB_CONTENT names another place."""
    return Path(os.environ.get("TIMANH_COLAB_CONTENT") or "/content")


def secret(name: str) -> str | None:
    """A secret by its name: the environment first, then Colab's secrets, else None.

    Never asks at a prompt, and never raises. Colab shows its dialog for the cell that runs, so
    a secret is read on the main thread, once, and handed to whatever needs it later.
    """
    return find_secret(name)[0]


def find_secret(name: str) -> tuple[str | None, str]:
    """`secret`, and the reason where there is none: "missing", "no access" (the notebook may not
    read it), "no answer" (Colab's dialog was not answered), or Colab's error."""
    value = os.environ.get(name, "").strip()
    if value or not in_colab():
        return value or None, "missing"
    try:
        value = str(importlib.import_module("google.colab.userdata").get(name) or "").strip()
    except Exception as error:  # noqa: BLE001 - Colab raises errors of its own beside the three
        return None, REFUSALS.get(type(error).__name__, f"{type(error).__name__}: {error}")
    return value or None, "missing"


def mount_drive() -> bool:
    """Mount Google Drive in Colab, so that the workspace outlives the session; else do nothing.

    Where Drive is refused or cannot be mounted, a warning says that Colab's own disk is used,
    which is lost with the session.
    """
    if not in_colab():
        return False
    try:
        importlib.import_module("google.colab.drive").mount(str(colab_content() / "drive"))
    except Exception as error:  # noqa: BLE001 - ValueError, MessageError, and others of Colab's
        log.warning(
            "Google Drive is not mounted (%s). Files are kept in %s, which is lost when the "
            "session ends; run this cell again to mount it.\n"
            "Chưa kết nối được Google Drive. Mọi thứ được lưu tạm trong %s và sẽ mất khi phiên "
            "kết thúc; hãy chạy lại ô này nếu muốn dùng Drive.",
            (str(error).strip().splitlines() or [type(error).__name__])[0],
            colab_content() / "timanh",
            colab_content() / "timanh",
        )
        return False
    return True

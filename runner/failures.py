"""What can go wrong, in one line that says what to do."""

import re
import shutil
from pathlib import Path

CAN_BE_MENDED, BROKEN, INTERRUPTED = 2, 1, 130


class SetupError(Exception):
    """Ends run.py; `str(error)` is one line for a person.

    Attributes:
        code: the exit code: 2 where the person can mend it, 1 where the program broke.
        log: the file whose last lines are shown below the message.
        cause: one of the names in `CAUSES`, where the cause is known.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int = CAN_BE_MENDED,
        log: Path | None = None,
        cause: str = "",
    ) -> None:
        super().__init__(message)
        self.code, self.log, self.cause = code, log, cause


FULL_BYTES = 8_000_000
CAUSES = (
    (
        "disk",
        r"No space left on device|ENOSPC|not enough space on the disk|Disk quota exceeded",
        "The disk is full while {doing}. Free about 3 GB and start again: "
        "what is already there is kept",
    ),
    (
        "network",
        r"name resolution|Name or service not known|nodename nor servname|getaddrinfo"
        r"|NewConnectionError|Network is unreachable|Connection refused|ConnectTimeout"
        r"|Read timed out|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH"
        r"|ProxyError|CERTIFICATE_VERIFY_FAILED",
        "The network failed while {doing}. Check the connection (or the proxy settings) and "
        "start again: what is already there is kept",
    ),
    (
        "permission",
        r"Permission denied|EACCES|Read-only file system|EROFS|PermissionError",
        "A file may not be written while {doing}. Put the project into a folder of your own "
        "and start again",
    ),
    (
        "no build",
        r"No matching distribution found for torch",
        "PyTorch has no build for this Python on this machine. Start with another Python, "
        "3.11 to 3.13 on 64-bit Linux, Windows or a Mac with Apple silicon",
    ),
)


def explain(log: Path, doing: str) -> SetupError:
    """The likely cause of a failure, read from the log it left."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    for cause, pattern, message in CAUSES:
        # On a full disk the log itself may have stayed empty.
        full = cause == "disk" and free_bytes(log.parent) < FULL_BYTES
        if full or re.search(pattern, text):
            return SetupError(f"{message.format(doing=doing)} (details: {log}).", cause=cause)
    return SetupError(f"Failed while {doing}; see {log}.", code=BROKEN, log=log)


def free_bytes(folder: Path) -> int:
    """What is free on the disk that a folder lies on; a large number where that is unknown."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 2**62


def last_lines(log: Path, count: int = 15) -> list[str]:
    """The end of a log, without empty lines."""
    if not log.is_file():
        return []
    text = log.read_text(encoding="utf-8", errors="replace").replace("\r", "\n")
    return [line.rstrip() for line in text.splitlines() if line.strip()][-count:]

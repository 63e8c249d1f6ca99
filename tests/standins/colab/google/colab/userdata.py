"""Colab's secrets; the token is there when the test says so.

STANDIN_<NAME> is the secret, or "timeout", "denied" or "broken", as Colab refuses it. Each time
a secret is read, the thread that did is noted in the file STANDIN_SECRETS_READ.
"""

import os
import threading
from pathlib import Path


class SecretNotFoundError(Exception):
    pass


class NotebookAccessError(Exception):
    pass


class TimeoutException(Exception):
    pass


def get(name: str) -> str:
    record = os.environ.get("STANDIN_SECRETS_READ")
    if record:
        with Path(record).open("a", encoding="utf8") as file:
            file.write(f"{name} on {threading.current_thread().name}\n")
    value = os.environ.get(f"STANDIN_{name}")
    if value == "timeout":
        raise TimeoutException(name)
    if value == "denied":
        raise NotebookAccessError(name)
    if value == "broken":
        raise RuntimeError("the kernel has no parent message")
    if not value:
        raise SecretNotFoundError(name)
    return value

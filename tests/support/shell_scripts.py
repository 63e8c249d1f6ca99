"""Programs that a test makes up: shell scripts in place of pip, npm, nvidia-smi."""

import os
from pathlib import Path

import pytest

POSIX = pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")


def make_script(file: Path, body: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return file

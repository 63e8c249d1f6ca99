"""Settings with which the backend does not start, each in one line."""

import socket
import subprocess
import sys

import pytest
from upstream_standin import BACKEND


@pytest.mark.parametrize(
    ("setting", "value", "shown"),
    [
        ("TIMANH_API_URL", "ftp://x", "TIMANH_API_URL"),
        ("TIMANH_API_URL", "my.ngrok.app#key=SECRET", "https://"),
        ("AI_SERVICE_URL", "my.ngrok.app#key=SECRET", "AI_SERVICE_URL"),
        ("TIMANH_DATABASE_URL", "mysql://user:SECRET@host/db", "postgresql://"),
        ("TIMANH_DATABASE_URL", "postgresql://user:5%SECRET@host/db", "%25"),
        ("TIMANH_DATABASE_URL", "postgresql://user:5/SECRET@host/db", "%2F"),
        ("TIMANH_DATABASE_URL", "postgresql://user:5@SECRET@host/db", "%40"),
        ("TIMANH_DATABASE_URL", "postgresql://host/db?password=5&SECRET", "%25"),
        ("TIMANH_API_KEY", "two words", "TIMANH_API_KEY"),
        ("TIMANH_API_KEY", "chìa-khóa", "TIMANH_API_KEY"),
        ("TIMANH_PORT", "99999", "99999"),
        ("--port", "99999", "99999"),
        ("--port", "taken", "is taken by another program"),
    ],
)
def test_wrong_settings_are_one_line(setting: str, value: str, shown: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        value = value.replace("taken", str(other.getsockname()[1]))
        flags = [setting, value] if setting.startswith("--") else []
        process = subprocess.run(
            [sys.executable, str(BACKEND / "main.py"), *flags], capture_output=True, text=True,
            env={"PATH": "", "PYTHONUTF8": "1", **({} if flags else {setting: value})}, timeout=60,
        )  # fmt: skip
    assert process.returncode == 1
    assert process.stderr.strip().count("\n") == 0 and shown in process.stderr
    assert setting != "TIMANH_API_KEY" or value not in process.stderr
    assert "SECRET" not in process.stderr

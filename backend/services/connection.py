"""Which API is used: the line that connects to one, and the file that keeps it."""

import json
import os
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from utils.config import KEY, Settings
from utils.problems import BackendError

Source = Literal["kept", "environment", "local", "default"]


@dataclass(frozen=True)
class Target:
    """An API: address without a slash at its end, and its key or nothing."""

    url: str
    key: str = field(default="", repr=False)
    source: Source = "default"

    @property
    def host(self) -> str:
        """For a person to recognise it by."""
        return urlsplit(self.url).netloc

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, so that requests to it cost nothing."""
        return _is_private(urlsplit(self.url).hostname or "", only_loopback=True)


def parse_connection(line: str) -> Target:
    """`https://host#key=KEY` as the notebook prints it.

    Raises:
        BackendError: 422 bad-connection, anything else, and a key that would travel unencrypted
            through the world.
    """
    try:
        parts = urlsplit(line.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _bad("it is not an address") from None  # which repeats parts of it
    if parts.scheme not in ("http", "https") or not host:
        raise _bad("it does not begin with https:// and a name")
    if parts.username or parts.password or parts.query:
        raise _bad("it has more than an address and a key")
    if parts.scheme == "http" and not _is_private(host):
        raise _bad("an address outside your network has to begin with https://")
    key = "".join(parse_qs(parts.fragment).get("key", []))
    if (key or parts.fragment) and not KEY.fullmatch(key):
        raise _bad("behind the # there is no key=…")
    return Target(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", key, "kept")


def choose_target(settings: Settings) -> Target:
    """The one of the environment, else the kept one, else the API of this machine."""
    if settings.api_url is not None:
        return Target(settings.api_url, settings.api_key, "environment")
    return load_kept(settings.kept) or fallback(settings)


def fallback(settings: Settings) -> Target:
    """What is used when nothing is kept."""
    if settings.api_url is not None:
        return Target(settings.api_url, settings.api_key, "environment")
    return Target(settings.local_api_url, settings.api_key, "local")


def load_kept(file: Path) -> Target | None:
    """The kept connection; None where its file is missing or damaged."""
    try:
        found = json.loads(file.read_text(encoding="utf8"))
        target = Target(str(found["url"]), str(found["key"]), "kept")
        return target if not target.key or KEY.fullmatch(target.key) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(file: Path, target: Target) -> None:
    """Write it so that nobody else on this machine can read the key.

    Raises:
        BackendError: 500 cannot-keep.
    """
    temporary = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf8") as out:
            json.dump({"url": target.url, "key": target.key}, out)
        temporary.replace(file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise BackendError(
            500, "cannot-keep", f"{file} cannot be written ({error.strerror}). Free some space, or "
            "name another file with TIMANH_KEPT_CONNECTION."
        ) from error  # fmt: skip


def _is_private(host: str, only_loopback: bool = False) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or (address.is_private and not only_loopback)


def _bad(reason: str) -> BackendError:
    return BackendError(
        422,
        "bad-connection",
        f"This is not a connection line: {reason}. Paste the whole line that the notebook printed.",
    )

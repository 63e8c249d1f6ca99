"""Fetches the program `cloudflared` for Colab, from Cloudflare's releases and nowhere else."""

import os
import platform
import subprocess
from http.client import HTTPMessage
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from timanh.errors import TunnelError, advice
from timanh.workspace import atomic_write

RELEASES = "https://github.com/cloudflare/cloudflared/releases/latest/download"
FILES = {"x86_64": "cloudflared-linux-amd64", "aarch64": "cloudflared-linux-arm64"}
TIMEOUT_S = 60.0
MAX_BYTES = 200_000_000
ELF = b"\x7fELF"


class OnlyTrusted(HTTPRedirectHandler):
    """Follows redirects within HTTPS and GitHub only."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if not is_trusted(newurl):
            raise OSError(f"it was sent on to {urlsplit(newurl).hostname}, which is not GitHub")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def is_trusted(address: str) -> bool:
    """Whether it is HTTPS at GitHub, or at the hosts to which GitHub sends downloads on."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    known = host == "github.com" or host.endswith(".githubusercontent.com")
    return parts.scheme == "https" and parts.username is None and known


def fetch_cloudflared(folder: Path) -> Path:
    """The program, in `folder`; found again if it is there.

    Raises:
        TunnelError: it cannot be fetched, or does not run here.
    """
    program = folder / "cloudflared"
    if program.is_file() and os.access(program, os.X_OK):
        return program
    name = FILES.get(platform.machine())
    address = f"{RELEASES}/{name}"
    try:
        if platform.system() != "Linux" or name is None:
            raise OSError(f"there is no release for {platform.system()} {platform.machine()}")
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(program) as temporary:
            temporary.write_bytes(_download(address))
            temporary.chmod(0o755)
            subprocess.run([temporary, "--version"], check=True, capture_output=True, timeout=30)
        program.chmod(0o755)
    except (OSError, subprocess.SubprocessError) as error:
        ngrok = advice(cli="--tunnel ngrok", notebook='TUNNEL = "ngrok"')
        raise TunnelError(
            f"cloudflared could not be fetched from {address} ({error}). Use {ngrok}, or put the "
            "program onto this machine and its path into the environment as CLOUDFLARED_PATH.\n"
            f"Không tải được cloudflared từ địa chỉ trên. Hãy dùng {ngrok}, hoặc tự chép chương "
            "trình vào máy này và ghi đường dẫn vào biến môi trường CLOUDFLARED_PATH."
        ) from error
    return program


def _download(address: str) -> bytes:
    with build_opener(OnlyTrusted).open(address, timeout=TIMEOUT_S) as answer:
        content: bytes = answer.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES or not content.startswith(ELF):
        raise OSError(f"the file is not a Linux program ({len(content):,} bytes)")
    return content

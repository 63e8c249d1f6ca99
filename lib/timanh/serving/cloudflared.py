"""Cloudflare's quick tunnels, through the program `cloudflared`, which Colab downloads first."""

import os
import platform
import re
import shutil
import subprocess
import threading
from http.client import HTTPMessage
from pathlib import Path
from queue import Empty, Queue
from typing import IO
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from timanh.errors import TunnelError, advice
from timanh.serving.tunnel import Tunnel
from timanh.workspace import atomic_write, in_colab, user_cache

ADDRESS = re.compile(r"https?://[^\s|]+\.trycloudflare\.com")
TIMEOUT_S = 30.0
# The program comes from Cloudflare's releases and nowhere else.
RELEASES = "https://github.com/cloudflare/cloudflared/releases/latest/download"
FILES = {"x86_64": "cloudflared-linux-amd64", "aarch64": "cloudflared-linux-arm64"}
DOWNLOAD_TIMEOUT_S = 60.0
MAX_BYTES = 200_000_000
ELF = b"\x7fELF"


def open_cloudflared(port: int) -> Tunnel:
    """A quick tunnel; see `open_tunnel`."""
    program = _program()
    try:
        process = subprocess.Popen(
            [program, "tunnel", "--no-autoupdate", "--url", f"http://127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
    except OSError as error:
        raise TunnelError(
            f"{program} cannot be started ({error.strerror or error}). Install cloudflared, or "
            f"use {_ngrok()}.\n"
            f"Không chạy được {program}. Hãy cài lại cloudflared, hoặc dùng {_ngrok()}."
        ) from error

    def close() -> None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    try:
        address = _await_address(process)
    except TunnelError:
        close()
        raise
    return Tunnel("cloudflared", address, _alive=lambda: process.poll() is None, _close=close)


def _program() -> str:
    """Its path; in Colab, which comes without it, it is downloaded first.

    Raises:
        TunnelError: it is not here, or cannot be fetched.
    """
    found = os.environ.get("CLOUDFLARED_PATH") or shutil.which("cloudflared")
    if found:
        return found
    if in_colab():
        return str(fetch_cloudflared(user_cache()))
    raise TunnelError(
        "cloudflared is not on this machine. Install it from "
        "developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel, "
        f"or use {_ngrok()}.\n"
        f"Máy này chưa có cloudflared. Hãy cài đặt từ địa chỉ trên, hoặc dùng {_ngrok()}."
    )


def _ngrok() -> str:
    return advice(cli="--tunnel ngrok", notebook='TUNNEL = "ngrok"')


def _await_address(process: "subprocess.Popen[str]") -> str:
    """The address that cloudflared prints; its stderr is read to the end so it never blocks."""
    lines: Queue[str | None] = Queue()

    def read() -> None:
        for line in process.stderr or ():
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, name="timanh-cloudflared", daemon=True).start()
    last = "no output"
    while True:
        try:
            line = lines.get(timeout=TIMEOUT_S)
        except Empty:
            line = None
        if line is None:
            raise TunnelError(
                f"cloudflared gave no address ({last[:200]}). Try {_ngrok()}.\n"
                f"cloudflared không cho địa chỉ nào. Hãy thử {_ngrok()}."
            )
        match = ADDRESS.search(line)
        if match:
            return match.group()
        last = line.strip() or last


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
        raise TunnelError(
            f"cloudflared could not be fetched from {address} ({error}). Use {_ngrok()}, or put "
            "the program onto this machine and its path into the environment as CLOUDFLARED_PATH.\n"
            f"Không tải được cloudflared từ địa chỉ trên. Hãy dùng {_ngrok()}, hoặc tự chép chương "
            "trình vào máy này và ghi đường dẫn vào biến môi trường CLOUDFLARED_PATH."
        ) from error
    return program


def _download(address: str) -> bytes:
    with build_opener(OnlyTrusted).open(address, timeout=DOWNLOAD_TIMEOUT_S) as answer:
        content: bytes = answer.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES or not content.startswith(ELF):
        raise OSError(f"the file is not a Linux program ({len(content):,} bytes)")
    return content

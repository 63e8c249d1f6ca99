"""Cloudflare's quick tunnels, through the program `cloudflared`."""

import os
import re
import shutil
import subprocess
import threading
from queue import Empty, Queue

from timanh.errors import TunnelError, advice
from timanh.serving.fetching import fetch_cloudflared
from timanh.serving.tunnel import Tunnel
from timanh.workspace import in_colab, user_cache

ADDRESS = re.compile(r"https?://[^\s|]+\.trycloudflare\.com")
TIMEOUT_S = 30.0


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

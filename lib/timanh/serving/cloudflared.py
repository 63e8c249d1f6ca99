"""Cloudflare's quick tunnels, through the program `cloudflared`."""

import os
import re
import shutil
import subprocess
import threading
from queue import Empty, Queue

from timanh.errors import TunnelError
from timanh.serving.tunnels import Tunnel

ADDRESS = re.compile(r"https?://[^\s|]+\.trycloudflare\.com")
TIMEOUT_S = 30.0


def open_cloudflared(port: int) -> Tunnel:
    """A quick tunnel; see `open_tunnel`."""
    binary = os.environ.get("CLOUDFLARED_PATH") or shutil.which("cloudflared")
    if not binary:
        raise TunnelError(
            "cloudflared is not on this machine. Install it from "
            "developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel, "
            "or use --tunnel ngrok.\n"
            "Máy này chưa có cloudflared. Hãy cài đặt từ địa chỉ trên, hoặc dùng --tunnel ngrok."
        )
    process = subprocess.Popen(
        [binary, "tunnel", "--no-autoupdate", "--url", f"http://127.0.0.1:{port}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )

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


def _await_address(process: "subprocess.Popen[str]") -> str:
    """The address that cloudflared prints; its stderr is read to the end so it never blocks."""
    lines: Queue[str | None] = Queue()

    def read() -> None:
        for line in process.stderr or ():
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, name="timanh-cloudflared", daemon=True).start()
    last = "it said nothing"
    while True:
        try:
            line = lines.get(timeout=TIMEOUT_S)
        except Empty:
            line = None
        if line is None:
            raise TunnelError(
                f"cloudflared gave no address ({last[:200]}). Try --tunnel ngrok.\n"
                "cloudflared không cho địa chỉ nào. Hãy thử --tunnel ngrok."
            )
        match = ADDRESS.search(line)
        if match:
            return match.group()
        last = line.strip() or last

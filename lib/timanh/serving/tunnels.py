"""Tunnels that give a local port a public address."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, Queue
from typing import Any

from timanh.errors import SettingsError, TunnelError
from timanh.workspace import secret

KINDS = ("none", "ngrok", "cloudflared")
CLOUDFLARED_ADDRESS = re.compile(r"https?://[^\s|]+\.trycloudflare\.com")
CLOUDFLARED_TIMEOUT_S = 30.0

# What ngrok's error numbers mean for the person at the notebook.
NGROK_ADVICE = {
    "105": "The authtoken is malformed. Copy it again from dashboard.ngrok.com.",
    "107": "The authtoken was revoked. Copy the present one from dashboard.ngrok.com.",
    "108": "Your account already runs as many agents as it may. Stop the other notebook, or close "
    "its agent on dashboard.ngrok.com/agents.",
    "334": "The address is already online. Stop the other notebook that uses it, or wait a minute.",
    "4018": "ngrok wants an account. Put its authtoken into the secret NGROK_AUTHTOKEN.",
    "6024": "ngrok shows browsers a page in between; the local backend skips it.",
    "3200": "The tunnel is closed. Run this cell again.",
    "8012": "The tunnel is open but the API is not running. Run this cell again.",
    **{
        str(code): "The free quota of ngrok for this month is used up. Try --tunnel cloudflared."
        for code in range(725, 735)
    },
}


@dataclass
class Tunnel:
    """An open tunnel.

    Attributes:
        kind: "none", "ngrok" or "cloudflared".
        public_url: where the world reaches the port; None for "none".
        notice: for a person, why there is no tunnel although one was asked for.
    """

    kind: str
    public_url: str | None = None
    notice: str | None = None
    _close: Callable[[], None] = field(default=lambda: None, repr=False)

    def close(self) -> None:
        """Take the address offline; more than once does no harm."""
        self._close()
        self._close = lambda: None


def open_tunnel(
    kind: str, port: int, *, token: str | None = None, domain: str | None = None
) -> Tunnel:
    """Open `kind` of tunnel to a port of this machine.

    Args:
        token: ngrok's authtoken; else the secret NGROK_AUTHTOKEN. Without one, no tunnel is
            opened and the returned one says so in `notice`.
        domain: a fixed ngrok domain; else the secret NGROK_DOMAIN, else what ngrok gives.

    Raises:
        TunnelError: it could not be opened; says what to do.
        SettingsError: an unknown kind.
    """
    if kind not in KINDS:
        raise SettingsError(f"Unknown tunnel {kind!r}; known are {', '.join(KINDS)}.")
    if kind == "ngrok":
        return _open_ngrok(port, token or secret("NGROK_AUTHTOKEN"), domain)
    return _open_cloudflared(port) if kind == "cloudflared" else Tunnel("none")


def ngrok_advice(message: str) -> str:
    """What to do about an error of ngrok, from the number in its message."""
    match = re.search(r"ERR_NGROK_(\d+)", message)
    code = match.group(1) if match else ""
    advice = NGROK_ADVICE.get(code)
    if advice:
        return f"{advice} (ngrok error {code})"
    first = next((line.strip() for line in message.splitlines() if line.strip()), "no reason given")
    return f"ngrok could not open the tunnel: {first[:200]}"


def _open_ngrok(port: int, token: str | None, domain: str | None) -> Tunnel:
    if not token:
        return Tunnel(
            "none",
            notice="No tunnel: there is no NGROK_AUTHTOKEN in the environment or in Colab's "
            "secrets (the key icon on the left). The API runs on this machine only.",
        )
    from pyngrok import conf, ngrok
    from pyngrok.exception import PyngrokError

    config = conf.PyngrokConfig(
        auth_token=token,
        ngrok_path=os.environ.get("PYNGROK_NGROK_PATH") or conf.get_default().ngrok_path,
    )
    options: dict[str, Any] = {}
    fixed = domain or secret("NGROK_DOMAIN")
    if fixed:
        options["domain"] = fixed
    try:
        ngrok.kill(config)  # an agent of an earlier run would keep its tunnel beside ours
        opened = ngrok.connect(str(port), "http", pyngrok_config=config, **options)
    except (PyngrokError, OSError) as error:
        ngrok.kill(config)
        # An HTTP error carries its number in the body, other errors in their text.
        text = f"{error} {getattr(error, 'body', '')} {getattr(error, 'ngrok_error', '')}"
        raise TunnelError(ngrok_advice(text)) from error
    return Tunnel("ngrok", opened.public_url, _close=lambda: ngrok.kill(config))


def _open_cloudflared(port: int) -> Tunnel:
    binary = os.environ.get("CLOUDFLARED_PATH") or shutil.which("cloudflared")
    if not binary:
        raise TunnelError(
            "cloudflared is not on this machine. Install it from "
            "developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel, "
            "or use --tunnel ngrok."
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
    return Tunnel("cloudflared", address, _close=close)


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
            line = lines.get(timeout=CLOUDFLARED_TIMEOUT_S)
        except Empty:
            line = None
        if line is None:
            raise TunnelError(f"cloudflared gave no address ({last[:200]}). Try --tunnel ngrok.")
        match = CLOUDFLARED_ADDRESS.search(line)
        if match:
            return match.group()
        last = line.strip() or last

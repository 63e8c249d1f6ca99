"""Tunnels that give a local port a public address."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from timanh.errors import SettingsError

KINDS = ("none", "ngrok", "cloudflared")


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
    _alive: Callable[[], bool] = field(default=lambda: True, repr=False)
    _close: Callable[[], None] = field(default=lambda: None, repr=False)

    @property
    def alive(self) -> bool:
        """Whether its program still runs and knows of it; asks this machine only."""
        return self._alive()

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
    return tunnel_opener(kind, port, token=token, domain=domain)()


def tunnel_opener(
    kind: str, port: int, *, token: str | None = None, domain: str | None = None
) -> Callable[[], Tunnel]:
    """What opens such a tunnel, now and again after it died; arguments as for `open_tunnel`.

    Secrets are read here and never by what is returned, which may run on any thread: there
    Colab cannot show its dialog, and a tunnel would be lost over it.

    Raises:
        SettingsError: an unknown kind.
    """
    from timanh.serving.cloudflared import open_cloudflared
    from timanh.serving.ngrok import ngrok_opener

    require_kind(kind)
    if kind == "ngrok":
        return ngrok_opener(port, token, domain)
    if kind == "cloudflared":
        return partial(open_cloudflared, port)
    return lambda: Tunnel("none")


def require_kind(kind: str) -> None:
    """Raises:
    SettingsError: an unknown kind of tunnel.
    """
    if kind not in KINDS:
        raise SettingsError(f"Unknown tunnel {kind!r}; known are {', '.join(KINDS)}.")

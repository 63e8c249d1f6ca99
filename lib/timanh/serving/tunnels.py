"""Opens a tunnel of any kind."""

from collections.abc import Callable
from functools import partial

from timanh.serving.cloudflared import open_cloudflared
from timanh.serving.ngrok import ngrok_opener
from timanh.serving.tunnel import Tunnel, require_kind


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
    require_kind(kind)
    if kind == "ngrok":
        return ngrok_opener(port, token, domain)
    if kind == "cloudflared":
        return partial(open_cloudflared, port)
    return lambda: Tunnel("none")

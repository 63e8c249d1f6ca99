"""What a tunnel is: a public address for a port of this machine."""

from collections.abc import Callable
from dataclasses import dataclass, field

from timanh.errors import SettingsError

KINDS = ("none", "ngrok", "cloudflared")


@dataclass
class Tunnel:
    """An open tunnel.

    Attributes:
        kind: "none", "ngrok" or "cloudflared".
        public_url: where the world reaches the port; None for "none".
        notice: for a person, why there is no tunnel although one was requested.
    """

    kind: str
    public_url: str | None = None
    notice: str | None = None
    _alive: Callable[[], bool] = field(default=lambda: True, repr=False)
    _close: Callable[[], None] = field(default=lambda: None, repr=False)

    @property
    def alive(self) -> bool:
        """Whether its program still runs and knows of it; looks at this machine only."""
        return self._alive()

    def close(self) -> None:
        """Take the address offline; more than once does no harm."""
        self._close()
        self._close = lambda: None


def require_kind(kind: str) -> None:
    """Raises:
    SettingsError: an unknown kind of tunnel.
    """
    if kind not in KINDS:
        raise SettingsError(f"Unknown tunnel {kind!r}. Choose none, ngrok or cloudflared.")

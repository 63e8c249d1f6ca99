"""How an API is served: one frozen value; the environment is read here only."""

import os
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path

from timanh.errors import SettingsError
from timanh.serving.tunnels import require_kind
from timanh.workspace import user_cache


@dataclass(frozen=True)
class ServeConfig:
    """Settings of `serve` and `serve_in_notebook`.

    Attributes:
        index: the vector dictionary.
        model: encoder by name or folder; None takes the one that built the dictionary.
        gallery: where the pictures lie; None takes what the dictionary remembers.
        host, port: what to listen on; port 0 takes any that is free.
        tunnel: "none", "ngrok" or "cloudflared".
        api_key: what clients must send; made anew where a tunnel is asked for and none is given.
        device: torch device, or "auto".
        read_only: whether pictures can be neither added nor deleted over HTTP.
        translation_model: a vi→en model by name or folder, for encoders without Vietnamese.
        engine: what searches the dictionary, as `timanh.vectors.open_engine` takes it.
        cache: for translations; None takes the workspace's, or the user's own.
    """

    index: Path
    model: str | None = None
    gallery: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8001
    tunnel: str = "none"
    api_key: str | None = field(default=None, repr=False)
    device: str = "auto"
    read_only: bool = False
    translation_model: str | None = None
    engine: str = "folder"
    cache: Path | None = None

    @property
    def reachable(self) -> bool:
        """Whether others than this machine can reach the port."""
        return self.tunnel != "none" or self.host not in ("127.0.0.1", "localhost", "::1")

    @property
    def cache_folder(self) -> Path:
        """Where translations are kept."""
        if self.cache is not None:
            return self.cache
        parent = Path(self.index).absolute().parent
        return parent.parent / "cache" if parent.name == "vectors" else user_cache()

    def completed(self) -> "ServeConfig":
        """With the key from TIMANH_API_KEY, or a new one where the world could reach the port.

        Raises:
            SettingsError: an unknown tunnel, or a port that is none.
        """
        require_kind(self.tunnel)
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"Port {self.port} came; a number from 1 to 65535 is wanted.")
        key = self.api_key or os.environ.get("TIMANH_API_KEY", "").strip() or None
        if key is None and self.reachable:
            key = secrets.token_urlsafe(24)
        return replace(self, api_key=key)

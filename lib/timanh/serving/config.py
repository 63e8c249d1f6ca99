"""How an API is served: one frozen value; the environment is read here only."""

import os
import re
import secrets
import socket
from dataclasses import dataclass, field, replace
from pathlib import Path

from timanh.errors import SettingsError
from timanh.serving.listening import EVERYWHERE, is_loopback, unbracket
from timanh.serving.tunnel import require_kind
from timanh.workspace import user_cache

KEY = re.compile(r"[\x21-\x7e]{1,512}")  # what a header can carry; the backend takes no other


@dataclass(frozen=True)
class ServeConfig:
    """Settings of `serve` and `serve_in_notebook`.

    Attributes:
        index: the vector dictionary; None for the AI service alone.
        model: encoder by name or folder; None takes the one that built the dictionary, or demo.
        captioner: by name or folder; None for no captions.
        generate: whether pictures are made from words; None for where others cannot reach the
            port and the models are there.
        vqgan: what paints them, as `timanh.generation.load_painter` takes it.
        preload: load all models at start, not when first needed.
        gallery: where the pictures lie; None takes what the dictionary remembers.
        host, port: what to listen on, IPv4 or IPv6; port 0 takes any that is free.
        tunnel: "none", "ngrok" or "cloudflared".
        api_key: what clients must send; a new one is made where others can
            reach the port and none is given.
        device: torch device, or "auto".
        read_only: whether pictures can be neither added nor deleted over HTTP.
        translation_model: a vi→en model by name or folder, for encoders without Vietnamese.
        engine: what searches the dictionary, as `timanh.vectors.open_engine` takes it.
        cache: for translations; None takes the workspace's, or the user's.
    """

    index: Path | None = None
    model: str | None = None
    captioner: str | None = None
    generate: bool | None = None
    vqgan: str = "demo"
    preload: bool = False
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
        return self.tunnel != "none" or not is_loopback(self.host)

    @property
    def cache_folder(self) -> Path:
        """Where translations are kept."""
        if self.cache is not None:
            return self.cache
        if self.index is None:
            return user_cache()
        parent = Path(self.index).absolute().parent
        return parent.parent / "cache" if parent.name == "vectors" else user_cache()

    def completed(self) -> "ServeConfig":
        """With the key from TIMANH_API_KEY, or a new one where the world could reach the port.

        Raises:
            SettingsError: an unknown tunnel, one that cannot lead to `host`, a port outside
                0..65535, or a key that cannot be sent.
        """
        require_kind(self.tunnel)
        if self.tunnel != "none" and not _answers_on_ipv4_loopback(self.host):
            raise SettingsError(
                f"A tunnel leads to 127.0.0.1, and {self.host} does not answer there. Leave out "
                "the host."
            )
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"Port must lie between 1 and 65535; got {self.port}.")
        key = (self.api_key or os.environ.get("TIMANH_API_KEY") or "").strip()
        if key and not KEY.fullmatch(key):
            # The key itself is not shown: it may be right but for one letter.
            raise SettingsError(
                "The API key has a blank, or a letter that is not ASCII, or more than 512 "
                "letters, and cannot be sent in an HTTP header. Choose one of letters, digits, - "
                "and _,",
                cli="with --api-key or TIMANH_API_KEY.",
                notebook="with api_key or the environment's TIMANH_API_KEY.",
            )
        if not key and self.reachable:
            key = secrets.token_urlsafe(24)
        return replace(self, api_key=key or None)


def _answers_on_ipv4_loopback(host: str) -> bool:
    name = unbracket(host)
    return name in (*EVERYWHERE, "127.0.0.1", "localhost") and (
        name != "::" or socket.has_dualstack_ipv6()
    )

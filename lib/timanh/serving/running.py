"""From a dictionary to a running API with its tunnel; one of them per notebook."""

import json
import logging
import signal
import threading
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from timanh.api import ApiConfig, create_app
from timanh.search import SearchEngine
from timanh.search.translation import Translator
from timanh.serving.config import ServeConfig
from timanh.serving.server import ApiServer
from timanh.serving.tunnels import Tunnel, open_tunnel
from timanh.vectors import VectorDictionary

log = logging.getLogger("timanh.serving")


@dataclass(frozen=True)
class Running:
    """An API that answers until `stop()`."""

    server: ApiServer
    tunnel: Tunnel
    config: ServeConfig
    pictures: int
    model: str

    @property
    def url(self) -> str:
        """On this machine."""
        return self.server.url

    @property
    def public_url(self) -> str | None:
        """For the world, if there is a tunnel."""
        return self.tunnel.public_url

    def stop(self) -> None:
        """Close the tunnel, then the server."""
        self.tunnel.close()
        self.server.stop()

    def ask(self, text: str, *, timeout_s: float = 30.0) -> dict[str, Any]:
        """Search by text over HTTP, through the tunnel if there is one, as a client would."""
        form = urlencode({"query": text}).encode()
        headers = {"ngrok-skip-browser-warning": "1", "User-Agent": "timanh"}
        if self.config.api_key:
            headers["X-API-Key"] = self.config.api_key
        address = f"{self.public_url or self.url}/api/search"
        request = Request(address, form, headers)
        with urlopen(request, timeout=timeout_s) as answer:
            return dict(json.load(answer))

    def describe(self) -> str:
        """What a person needs to know to use it."""
        lines = [f"Searching {self.pictures:,} pictures with {self.model}.", f"API: {self.url}"]
        if self.public_url:
            lines.append(f"Public address: {self.public_url}")
        if self.tunnel.notice:
            lines.append(self.tunnel.notice)
        lines += ["", "On your own machine, start the local backend and open its page:"]
        lines += [f"  {name}={value}" for name, value in self.settings().items()]
        return "\n".join([*lines, "  python run.py"])

    def settings(self) -> dict[str, str]:
        """Environment variables that point the local backend here."""
        found = {"TIMANH_API_URL": self.public_url or self.url}
        if self.config.api_key:
            found["TIMANH_API_KEY"] = self.config.api_key
        return found

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.describe())}</pre>"


_current: Running | None = None


def start(config: ServeConfig) -> Running:
    """Load, serve, open the tunnel.

    Raises:
        DictionaryNotFoundError, EncoderMismatchError, ModelError: what is to be served.
        PortTakenError, TunnelError: how.
    """
    chosen = config.completed()
    engine = load_engine(chosen)
    app = create_app(
        engine, ApiConfig(api_key=chosen.api_key, examples=_examples(engine.dictionary.gallery))
    )
    server = ApiServer(app, chosen.host, chosen.port).start()
    try:
        tunnel = open_tunnel(chosen.tunnel, server.port)
    except BaseException:
        server.stop()
        raise
    return Running(
        server, tunnel, replace(chosen, port=server.port), len(engine.dictionary),
        engine.encoder.name,
    )  # fmt: skip


def serve_in_notebook(index: Path | str, **settings: Any) -> Running:
    """`start` for a notebook's cell: running the cell again first stops what it started."""
    global _current
    if _current is not None:
        _current.stop()
        _current = None
    _current = start(ServeConfig(Path(index), **settings))
    return _current


def serve(index: Path | str, **settings: Any) -> None:
    """Serve until Ctrl-C or SIGTERM; logs where it can be reached."""
    ended = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: ended.set())
    running = start(ServeConfig(Path(index), **settings))
    try:
        log.info("%s", running.describe())
        # Waiting in slices, because on Windows an endless wait hears no signal.
        while not ended.wait(0.5) and running.server.running:
            pass
    finally:
        running.stop()


def load_engine(config: ServeConfig) -> SearchEngine:
    """The engine over `config.index`."""
    dictionary = VectorDictionary.open(config.index)
    if config.gallery is not None:
        dictionary.gallery = config.gallery
    encoder = dictionary.load_encoder(config.model, device=config.device)
    return SearchEngine(encoder, dictionary, Translator())


def _examples(gallery: Path) -> tuple[tuple[str, str], ...]:
    """A drawn gallery comes with queries that find something in it."""
    if not any((place / "truth.json").is_file() for place in (gallery, gallery.parent)):
        return ()
    from timanh.data.scenes import EXAMPLES

    return tuple(zip(EXAMPLES["vi"], EXAMPLES["en"], strict=False))

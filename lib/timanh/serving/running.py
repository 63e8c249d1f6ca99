"""A running API: where it is, how to connect to it, and its end."""

import json
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from timanh.serving.config import ServeConfig
from timanh.serving.keeper import TunnelKeeper
from timanh.serving.listening import is_loopback
from timanh.serving.server import ApiServer
from timanh.workspace import in_colab

PAGE = "http://127.0.0.1:8000"
BUTTON = (
    "display:inline-block;padding:.6em 1.2em;border-radius:.5em;background:#d6493c;color:#fff;"
    "font-weight:600;text-decoration:none"
)
UNREACHABLE = (
    "Only this notebook can search it; a page on your own machine needs a tunnel: set TUNNEL. "
    "· Chỉ notebook này tìm được; trang trên máy bạn cần đường hầm: hãy đặt TUNNEL."
)


@dataclass(frozen=True, repr=False)
class Running:
    """An API that answers until `stop()`."""

    server: ApiServer
    keeper: TunnelKeeper
    config: ServeConfig
    pictures: int
    model: str

    @property
    def url(self) -> str:
        """On this machine."""
        return self.server.url

    @property
    def public_url(self) -> str | None:
        """For the world, if there is a tunnel; may change when a tunnel died."""
        return self.keeper.tunnel.public_url

    @property
    def connection(self) -> str:
        """The one line that connects a page: address and key.

        The key stands behind `#`, so that a browser into which the line is pasted by mistake
        sends it to nobody.
        """
        key = self.config.api_key
        address = self.public_url or self.url
        return f"{address}#key={quote(key)}" if key else address

    @property
    def link(self) -> str:
        """Opens the page of the local backend, which asks whether to connect."""
        return f"{PAGE}/#connect={quote(self.connection, safe='')}"

    @property
    def connectable(self) -> bool:
        """Whether a page on the person's own machine can reach it.

        Colab runs elsewhere: there `127.0.0.1` is Colab's machine, and only a tunnel reaches it.
        """
        return self.public_url is not None or not in_colab()

    def stop(self) -> None:
        """Close the tunnel, then the server."""
        self.keeper.close()
        self.server.stop()

    def ask(self, text: str, *, timeout_s: float = 30.0) -> dict[str, Any]:
        """Search by text over HTTP, through the tunnel if there is one, as a client would."""
        form = urlencode({"query": text}).encode()
        headers = {"ngrok-skip-browser-warning": "1", "User-Agent": "timanh"}
        if self.config.api_key:
            headers["X-API-Key"] = self.config.api_key
        address = f"{self.public_url or self.url}/api/search"
        request = Request(address, form, headers)
        # A proxy cannot reach this machine.
        near = is_loopback(urlsplit(address).hostname or "")
        opener = build_opener(ProxyHandler({})) if near else build_opener()
        with opener.open(request, timeout=timeout_s) as answer:
            return dict(json.load(answer))

    def describe(self) -> str:
        """What a person needs to know to use it."""
        what = f"Searching {self.pictures:,} pictures with"
        if self.config.index is None:
            what = "Embeddings, captions and labels by"
        lines = [f"{what} {self.model}."]
        if self.connectable:
            lines.append(f"API: {self.url}")
        if self.public_url:
            lines.append(f"Public address: {self.public_url}")
        if self.keeper.tunnel.notice:
            lines.append(self.keeper.tunnel.notice)
        if not self.connectable:
            return "\n".join([*lines, UNREACHABLE])
        return "\n".join(
            [
                *lines,
                "",
                "To connect the page, paste this line there · Để kết nối, dán dòng này vào trang:",
                f"  {self.connection}",
                "",
                "or, with the page running on your machine, open · hoặc mở:",
                f"  {self.link}",
            ]
        )

    def __repr__(self) -> str:
        return f"<Running {self.public_url or self.url if self.connectable else 'here only'}>"

    def _repr_html_(self) -> str:
        if not self.connectable:
            return f"<p>{escape(UNREACHABLE)}</p>"
        return (
            f'<p><a href="{escape(self.link)}" target="_blank" rel="noreferrer" '
            f'style="{BUTTON}">Connect the page · Kết nối trang</a></p>'
        )

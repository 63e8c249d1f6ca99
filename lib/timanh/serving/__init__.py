"""Running the API: a server on a thread, and tunnels to it."""

from timanh.serving.config import ServeConfig
from timanh.serving.running import Running
from timanh.serving.server import ApiServer
from timanh.serving.starting import load_engine, serve, serve_in_notebook, start
from timanh.serving.tunnel import Tunnel
from timanh.serving.tunnels import open_tunnel

__all__ = [
    "ApiServer",
    "Running",
    "ServeConfig",
    "Tunnel",
    "load_engine",
    "open_tunnel",
    "serve",
    "serve_in_notebook",
    "start",
]

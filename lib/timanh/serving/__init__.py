"""Running the API: a server on a thread, and tunnels to it."""

from timanh.serving.config import ServeConfig
from timanh.serving.running import Running
from timanh.serving.server import ApiServer
from timanh.serving.starting import load_engine, serve, serve_in_notebook, start
from timanh.serving.tunnels import Tunnel, open_tunnel

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

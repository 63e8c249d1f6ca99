"""The command `timanh`."""

from timanh.cli.app import app, main, run

__all__ = ["app", "main", "run"]

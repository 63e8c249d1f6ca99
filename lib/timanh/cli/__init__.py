"""The command `timanh`."""

from timanh.cli.program import app, main, run

__all__ = ["app", "main", "run"]

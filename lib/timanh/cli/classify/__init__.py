"""`timanh classify`: the command, and what it does with its answers."""

from timanh.cli.classify.command import classify

__all__ = ["classify"]

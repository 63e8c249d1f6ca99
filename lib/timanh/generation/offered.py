"""Where the demo's networks lie, and whether this machine can paint, seen without loading torch."""

from importlib.util import find_spec
from pathlib import Path

DEMO_VQGAN = Path(__file__).parent / "demo_vqgan"
DEMO_WRITER = Path(__file__).parent / "demo_writer"
CONFIG = "config.json"


def can_paint() -> bool:
    """Whether diffusers, which every painter needs, is installed."""
    return find_spec("diffusers") is not None

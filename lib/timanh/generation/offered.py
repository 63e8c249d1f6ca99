"""Whether this machine can paint, seen without loading torch."""

from importlib.util import find_spec
from pathlib import Path

DEMO_VQGAN = Path(__file__).parent / "demo_vqgan"
DEMO_WRITER = Path(__file__).parent / "demo_writer"
CONFIG = "config.json"


def has_demo_vqgan() -> bool:
    """Whether this installation holds the demo's VQGAN."""
    return (DEMO_VQGAN / CONFIG).is_file()


def has_demo_writer() -> bool:
    """Whether it holds the demo's writer too."""
    return has_demo_vqgan() and (DEMO_WRITER / CONFIG).is_file()


def can_paint(vqgan: str = "demo") -> bool:
    """Whether `load_painter` has what pictures for people take, seen without loading it: with the
    demo's VQGAN its writer, since what is guided there shows colours and no things."""
    return find_spec("diffusers") is not None and (vqgan != "demo" or has_demo_writer())

"""Where commands encode: here, or on the machines of a Ray cluster."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from timanh.models import Encoder
    from timanh.vectors.build.encoding import EncodePictures


def encoding_on(
    ray: str | None, load: "Callable[[], Encoder]", device: str
) -> "AbstractContextManager[EncodePictures]":
    """`encode=` of the functions that add pictures, for as long as it is entered.

    Args:
        ray: the address of a cluster; None to encode here.
        load: loads the encoder, on each machine.
    """
    from timanh.vectors import encode_pictures, on_ray

    return on_ray(ray, load, gpus=device != "cpu") if ray else nullcontext(encode_pictures)


def place_of(model: str | Path) -> str | Path:
    """A model as processes of a cluster find it, too: they do not start in this folder."""
    place = Path(model).expanduser()
    return place.absolute() if place.is_dir() else model

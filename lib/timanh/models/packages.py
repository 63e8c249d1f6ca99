"""One clear error for a package that a model needs and that is missing or broken."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from timanh.errors import ModelFormatError


@contextmanager
def needed_packages(name: str) -> Iterator[None]:
    """Turn an ImportError in the block into one that says what to install.

    Args:
        name: of the model that is being loaded.

    Raises:
        ModelFormatError: transformers could not import what the model needs.
    """
    try:
        yield
    except ImportError as error:
        raise ModelFormatError(_explain(name, error)) from error


def _explain(name: str, error: ImportError) -> str:
    message = str(error).strip()
    if "sentencepiece" in message.lower() or "protobuf" in message.lower():
        return (
            f"The tokenizer of {name} needs sentencepiece and protobuf: pip install sentencepiece "
            "protobuf"
        )
    needs_timm = "timm" in message.lower()
    if needs_timm and find_spec("timm") is None:
        return f"{name} is a model of timm, which is not installed: pip install timm"
    broken = _broken_torchvision()
    if broken and needs_timm:
        return (
            f"{name} is a model of timm, which needs a torchvision that fits torch, and the one on "
            f"this machine does not ({broken}). Install torchvision as torch was, from the same "
            "place, such as https://download.pytorch.org/whl/cpu"
        )
    if broken:
        return (
            f"{name} cannot be loaded, because the torchvision on this machine does not fit its "
            f"torch ({broken}). It is not needed here: pip uninstall torchvision"
        )
    first = (message.splitlines() or [type(error).__name__])[0][:200]
    return f"{name} cannot be loaded, because a package is missing: {first}"


def _broken_torchvision() -> str:
    """Why a torchvision that is installed cannot be imported; transformers' models import it
    wherever it is installed. Empty where the import works, or nothing is installed."""
    if find_spec("torchvision") is None:
        return ""
    try:
        importlib.import_module("torchvision")
    except Exception as error:  # noqa: BLE001 - a build for another torch raises all kinds
        return (str(error).strip().splitlines() or [type(error).__name__])[0][:100]
    return ""

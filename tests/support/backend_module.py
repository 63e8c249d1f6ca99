"""One of the backend's modules by its path: its packages are called as folders of tests are."""

import importlib.util
from pathlib import Path
from typing import Any

BACKEND = Path(__file__).resolve().parents[2] / "backend"


def load(name: str) -> Any:
    """The module of `posts.pace` or the like; it may import nothing else of the backend."""
    spec = importlib.util.spec_from_file_location(
        f"backend_{name.replace('.', '_')}", BACKEND.joinpath(*name.split(".")).with_suffix(".py")
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

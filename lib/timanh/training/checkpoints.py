"""What a run leaves on disk, always whole: moved into place after it is written."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from timanh.errors import ResumeError
from timanh.models.torch_encoder import TorchEncoder
from timanh.training.recipe import Recipe
from timanh.workspace import atomic_write

STATE = "training-state.pt"
HISTORY = "history.json"
RECIPE = "recipe.json"


def save_model(encoder: TorchEncoder, out: Path) -> None:
    """`save_pretrained` beside `out`, then each file moved over the older one."""
    aside = out / ".saving"
    shutil.rmtree(aside, ignore_errors=True)
    encoder.save_pretrained(aside)
    # Weights last: a folder that has new weights has everything else that they need.
    for file in sorted(aside.iterdir(), key=lambda path: path.suffix == ".safetensors"):
        file.replace(out / file.name)
    aside.rmdir()


def save_json(content: Any, file: Path) -> None:
    """Readable JSON, atomically."""
    with atomic_write(file) as temporary:
        text = json.dumps(content, indent=2, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf8")


def save_state(out: Path, recipe: Recipe, data: str, state: dict[str, Any]) -> None:
    """Everything from which the run goes on: `state` plus what it must fit to."""
    with atomic_write(out / STATE) as temporary:
        torch.save({"recipe": asdict(recipe), "data": data, **state}, temporary)


def load_state(out: Path, recipe: Recipe, data: str) -> dict[str, Any] | None:
    """The state of an earlier run in `out`, or None if there was none.

    Raises:
        ResumeError: it was another recipe or other data, or the file cannot be read.
    """
    file = out / STATE
    if not file.is_file():
        return None
    try:
        state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError) as error:
        raise ResumeError(f"{file} cannot be read ({error}). Delete it to start anew.") from error
    earlier = state["recipe"]
    changed = sorted(key for key, value in asdict(recipe).items() if earlier.get(key) != value)
    if changed:
        told = ", ".join(f"{key}={earlier.get(key)}" for key in changed)
        raise ResumeError(
            f"The unfinished run in {out} has {told}; this one differs. Give the same settings, "
            "or choose another --out to start anew."
        )
    if state["data"] != data:
        raise ResumeError(
            f"The unfinished run in {out} saw other pictures or captions. Give the same data, or "
            "choose another --out to start anew."
        )
    return state

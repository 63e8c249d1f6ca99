"""What a run leaves on disk, always whole: moved into place after it is written."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch

from timanh.errors import ResumeError
from timanh.models.torch_encoder import TorchEncoder
from timanh.training.adapters import merged
from timanh.training.recipe import Recipe
from timanh.workspace import atomic_write

STATE = "training-state.pt"
HISTORY = "history.json"
RECIPE = "recipe.json"
ANEW_CLI = "Or give --fresh to begin again in its place, or another --out."
ANEW_NOTEBOOK = "Or tick FRESH to begin again in its place, or set NAME to another model."


def describe(names: Sequence[str], captions: Sequence[Sequence[str]]) -> str:
    """16 hex digits over pictures' names and captions."""
    digest = hashlib.blake2b(digest_size=8)
    for name, own in zip(names, captions, strict=True):
        digest.update("\t".join((name, *own)).encode())
    return digest.hexdigest()


class Checkpoints:
    """The folder of a run of `recipe` on `data`, as `describe` gave it."""

    def __init__(self, out: Path, recipe: Recipe, data: str) -> None:
        self.out = out
        self.recipe = recipe
        self.data = data

    def save_model(self, encoder: TorchEncoder) -> None:
        """`save_pretrained` beside `out`, then each file moved over the older one."""
        aside = self.out / ".saving"
        shutil.rmtree(aside, ignore_errors=True)
        trained = encoder.network
        try:
            if self.recipe.lora:
                encoder.network = merged(trained)
            encoder.save_pretrained(aside)
        finally:
            encoder.network = trained
        # Weights last: a folder that has new weights has everything else that they need.
        for file in sorted(aside.iterdir(), key=lambda path: path.suffix == ".safetensors"):
            file.replace(self.out / file.name)
        aside.rmdir()

    def save_history(self, history: list[dict[str, Any]]) -> None:
        """For people and figures; the run itself goes on from its state."""
        self.save_json(history, HISTORY)

    def save_json(self, content: Any, name: str) -> None:
        """Readable JSON, atomically."""
        with atomic_write(self.out / name) as temporary:
            text = json.dumps(content, indent=2, ensure_ascii=False)
            temporary.write_text(text + "\n", encoding="utf8")

    def save(self, state: dict[str, Any]) -> None:
        """Everything from which the run goes on: `state` plus what it must fit to."""
        whole = {"recipe": asdict(self.recipe), "data": self.data, **state}
        with atomic_write(self.out / STATE) as temporary:
            torch.save(whole, temporary)

    def load(self) -> dict[str, Any] | None:
        """The state of an earlier run, or None if there was none.

        Raises:
            ResumeError: it was another recipe or other data, or the file cannot be read.
        """
        file = self.out / STATE
        if not file.is_file():
            return None
        try:
            state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        except (RuntimeError, EOFError, OSError, ValueError) as error:
            raise ResumeError(f"{file} cannot be read ({error}). Delete it to start anew.") from (
                error
            )
        earlier = state["recipe"]
        # What a version before this one did not know, it did as is the default now.
        told = [
            f"{field.name}={earlier.get(field.name, field.default)}"
            for field in fields(Recipe)
            if earlier.get(field.name, field.default) != getattr(self.recipe, field.name)
        ]
        if told:
            raise ResumeError(
                f"The run in {self.out} has {', '.join(told)}; this one differs. Give the same "
                "settings to go on.",
                cli=ANEW_CLI,
                notebook=ANEW_NOTEBOOK,
            )
        if state["data"] != self.data:
            raise ResumeError(
                f"The run in {self.out} saw other pictures or captions. Give the same data to go "
                "on.",
                cli=ANEW_CLI,
                notebook=ANEW_NOTEBOOK,
            )
        return state

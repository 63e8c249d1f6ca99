"""What a run leaves on disk, always whole: moved into place after it is written.

Where the model's folder is on Google Drive, everything is written to the machine's disk
first and copied there one file at a time: the model after an epoch that is the best so far, the
state every ten minutes and after each epoch. When the run is done the state goes, 1.8 GB for a
ViT-B/32, and `finished.json` says what was done.
"""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from timanh.errors import ResumeError, SettingsError, first_line
from timanh.models.loading import load_encoder
from timanh.models.torch_encoder import TorchEncoder
from timanh.training.adapters import merged
from timanh.workspace import atomic_write, discard_file, local_place, put_file, settle_file

AnyRecipe = Any  # a frozen dataclass such as `Recipe`; other trainings have one of their own
STATE = "training-state.pt"
HISTORY = "history.json"
RECIPE = "recipe.json"
PARTS = (
    "recipe", "data", "model", "optimiser", "scaler", "average", "bias", "step", "history",
    "losses", "seconds",
)  # fmt: skip
FINISHED = "finished.json"
WRITTEN = ("config.json", "model.safetensors", "captioner.json", "decoder.safetensors")
RESTART_CLI = "Or give --fresh to begin again in its place, or another --out."
RESTART_NOTEBOOK = "Or tick FRESH to begin again in its place, or set NAME to another model."


def describe(names: Sequence[str], captions: Sequence[Sequence[str]]) -> str:
    """16 hex digits over pictures' names and captions."""
    digest = hashlib.blake2b(digest_size=8)
    for name, texts in zip(names, captions, strict=True):
        digest.update("\t".join((name, *texts)).encode("utf8", "surrogatepass"))
    return digest.hexdigest()


class Checkpoints:
    """The folder of a run of `recipe` on `data`, as `describe` gave it.

    Attributes:
        out: the model's folder.
        work: where files are written first; `out`, or a folder on the machine's disk.
        parts: what a state must hold so that a run can go on from it.
    """

    def __init__(
        self, out: Path, recipe: AnyRecipe, data: str, parts: Sequence[str] = PARTS
    ) -> None:
        self.out = out
        self.parts = parts
        self.work = local_place(out)
        self.recipe = recipe
        self.data = data
        self.work.mkdir(parents=True, exist_ok=True)
        if self.copied:
            for file in {path.name[1:].rpartition(".")[0] for path in out.glob(".*.*")}:
                settle_file(out / file)

    @property
    def copied(self) -> bool:
        """Whether `out` is a slow place to which files are copied."""
        return self.work != self.out

    def begin(self) -> None:
        """A new run begins, in the place of any other."""
        (self.out / FINISHED).unlink(missing_ok=True)
        if self.copied:
            discard_file(self.work / STATE)

    def save_model(self, encoder: TorchEncoder) -> None:
        """Each file is put in the place of the older one, the weights last."""
        trained = encoder.network
        encoder.reads_unmarked |= self.recipe.drop_marks > 0
        if getattr(self.recipe, "vietnamese", 0):
            encoder.languages = tuple(dict.fromkeys((*encoder.languages, "vi")))
        try:
            if self.recipe.lora:
                encoder.network = merged(trained)
            encoder.save_pretrained(self.out)
        finally:
            encoder.network = trained

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
        with atomic_write(self.work / STATE) as temporary:
            torch.save(whole, temporary)

    def publish(self) -> None:
        """Copy the state to `out`, where that is another place."""
        if self.copied:
            put_file(self.work / STATE, self.out / STATE)

    def finish(self, step: int, history: list[dict[str, Any]]) -> None:
        """The run is done: keep what it was and delete the state, which nothing needs again."""
        done = {"recipe": asdict(self.recipe), "data": self.data, "step": step, "history": history}
        self.save_json(done, FINISHED)
        for place in {self.work, self.out}:
            discard_file(place / STATE)

    def finished(self) -> dict[str, Any] | None:
        """{"step", "history"} of an earlier run that was done, or None.

        Raises:
            ResumeError: it was another recipe or other data.
        """
        file = self.out / FINISHED
        if self._state() is not None or not file.is_file():
            return None
        done: dict[str, Any] = json.loads(file.read_text(encoding="utf8"))
        self._require_same(done)
        return done

    def take_over(self, encoder: TorchEncoder) -> None:
        """Give `encoder` the weights of `out`.

        Raises:
            ResumeError: it is another model than that of the run.
        """
        trained = load_encoder(self.out, device=encoder.device)
        require_weights(self.out / FINISHED, trained.network.state_dict(), encoder.network)
        encoder.texts = trained.texts
        encoder.network.load_state_dict(trained.network.state_dict())
        encoder.forget_fingerprint()

    def _state(self) -> Path | None:
        """The newest state; one on this machine counts as long as its run is in `out`."""
        places = [self.out / STATE]
        if self.copied and (self.out / RECIPE).is_file():
            places.append(self.work / STATE)
        there = [place for place in places if place.is_file()]
        return max(there, key=lambda place: place.stat().st_mtime_ns, default=None)

    def load(self) -> dict[str, Any] | None:
        """The state of an earlier run, or None if there was none.

        Raises:
            ResumeError: it was another recipe or other data, or the file is damaged or cannot be
                read.
        """
        file = self._state()
        if file is None:
            return None
        state = read_state(file, self.parts)
        self._require_same(state)
        return state

    def _require_same(self, state: dict[str, Any]) -> None:
        earlier = state["recipe"]
        # What a version before this one did not know, it did as is the default now.
        differences = [
            f"{field.name}={earlier.get(field.name, field.default)}"
            for field in fields(self.recipe)
            if earlier.get(field.name, field.default) != getattr(self.recipe, field.name)
        ]
        if differences:
            raise ResumeError(
                f"The run in {self.out} has {', '.join(differences)}; this one differs. Give "
                "the same settings to go on.",
                cli=RESTART_CLI,
                notebook=RESTART_NOTEBOOK,
            )
        if state["data"] != self.data:
            raise ResumeError(
                f"The run in {self.out} saw other pictures or captions. Give the same data to go "
                "on.",
                cli=RESTART_CLI,
                notebook=RESTART_NOTEBOOK,
            )


def require_place(out: Path) -> None:
    """See that a training may write there, before it does.

    Raises:
        SettingsError: `out` holds a model that no training wrote.
    """
    foreign = [name for name in WRITTEN if (out / name).exists()]
    if foreign and not any((out / name).exists() for name in (RECIPE, HISTORY, FINISHED)):
        raise SettingsError(
            f"{out} holds {' and '.join(foreign)}, which no training of Tìm Ảnh wrote, so nothing "
            "is written there.",
            cli="Give another --out.",
            notebook="Set NAME to another model.",
        )


def read_state(file: Path, parts: Sequence[str] = PARTS) -> dict[str, Any]:
    """A training state, whole.

    Raises:
        ResumeError: the file is damaged, or cannot be read at all.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            damaged_part = archive.testzip()  # torch itself compares no checksums
        if damaged_part:
            raise _damaged(file, f"its part {damaged_part} is not what was written")
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (ResumeError, MemoryError):
        raise
    except OSError as error:
        raise ResumeError(
            f"{file} cannot be read ({error.strerror or error}). Try again; where the file is "
            "on a network drive, see that it is connected."
        ) from error
    except Exception as error:  # damaged bytes may raise anything
        raise _damaged(file, first_line(error)) from error
    missing = [part for part in parts if not isinstance(state, dict) or part not in state]
    if missing:
        raise _damaged(file, f"it holds no {', '.join(missing)}")
    return dict(state)


def require_weights(file: Path, weights: dict[str, Any], network: nn.Module) -> None:
    """Raises ResumeError where `weights` are not those of a network like this one."""
    here = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    stored = {name: tuple(value.shape) for name, value in weights.items()}
    for name in sorted(here.keys() | stored.keys()):
        if here.get(name) != stored.get(name):
            raise ResumeError(
                f"The run in {file.parent} trained another model: {name} is "
                f"{stored.get(name, 'absent')} there and {here.get(name, 'absent')} here. Give the "
                "model of that run to go on.",
                cli=RESTART_CLI,
                notebook=RESTART_NOTEBOOK,
            )


def _damaged(file: Path, why: str) -> ResumeError:
    return ResumeError(
        f"{file} is damaged ({why}), so the run cannot go on from it. The model of its last "
        "finished epoch stays there until the first new one is done.",
        cli="Begin again in its place with --fresh.",
        notebook="Tick FRESH to begin again in its place.",
    )

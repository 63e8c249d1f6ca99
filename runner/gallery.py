"""What will be searched: the drawn demo gallery, or a folder of photos."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from runner.console import Console
from runner.environment import Environment
from runner.failures import CAN_BE_MENDED, SetupError, explain, last_lines
from runner.options import REAL_MODEL
from runner.places import ROOT
from runner.processes import Family
from runner.stamps import Stamps, digest

DEMO = "demo"
DRAWN_BY = ("lib/timanh/data/scenes/**/*.py", "lib/timanh/models/demo/*")


@dataclass(frozen=True)
class Galleries:
    """Makes dictionaries in a workspace by calling `timanh`."""

    family: Family
    console: Console
    environment: Environment
    workspace: Path

    def demo(self, model: str | None) -> Path:
        """The dictionary of the demo gallery; drawn and built where that was not done."""
        index = self.workspace / "vectors" / DEMO
        self._draw(index)
        if model in (None, DEMO):
            return index
        with self.console.step(f"Vectors by {model}"):
            return self._build(self.workspace / "data" / DEMO, model)

    def of_photos(self, photos: Path, model: str | None) -> Path:
        """The dictionary of a folder of photos; only what has changed is encoded."""
        if not photos.is_dir():
            raise SetupError(f"{photos} is not a folder. Name a folder of pictures after --photos.")
        with self.console.step(f"Vectors of {photos.name or photos}"):
            return self._build(photos.resolve(), model or REAL_MODEL)

    def _draw(self, index: Path) -> None:
        stamps = Stamps(self.workspace / "cache" / "demo.json")
        files = sorted(file for pattern in DRAWN_BY for file in ROOT.glob(pattern))
        now = digest(file for file in files if file.is_file())
        if stamps.holds("done", now) and (index / "manifest.json").is_file():
            return
        if stamps.knows("begun") and not stamps.holds("begun", now):
            # An update draws or encodes otherwise: the old gallery does not fit the new one.
            shutil.rmtree(self.workspace / "data" / DEMO, ignore_errors=True)
            shutil.rmtree(index, ignore_errors=True)
        stamps.put("begun", now)
        with self.console.step("The demo gallery and its vectors"):
            self._timanh("gallery.log", "drawing the demo gallery", "demo")
        stamps.put("done", now)

    def _build(self, gallery: Path, model: str) -> Path:
        index = self.workspace / "vectors" / index_name(gallery, model)
        arguments = ("index", "build", str(gallery), "--model", model, "--out", str(index))
        self._timanh("index.log", f"reading the pictures in {gallery}", *arguments)
        return index

    def _timanh(self, log: str, doing: str, *arguments: str) -> None:
        file = self.workspace / "logs" / log
        command = self.family.python(self.environment.python, "timanh.cli", *arguments)
        env = {"TIMANH_WORKSPACE": str(self.workspace)}
        child = self.family.start("timanh", command, log=file, env=env)
        code = child.wait(lambda: self.console.tick(file))
        if code == CAN_BE_MENDED:
            said = [line for line in last_lines(file) if line.startswith("timanh: ")]
            if said:
                raise SetupError(said[-1].removeprefix("timanh: "))
        if code != 0:
            raise explain(file, doing)


def index_name(gallery: Path, model: str) -> str:
    """A folder name for a gallery read by a model; another model has another dictionary."""
    known = hashlib.sha256(f"{gallery}\n{model}".encode()).hexdigest()[:8]
    return f"{gallery.name or 'pictures'}-{known}"

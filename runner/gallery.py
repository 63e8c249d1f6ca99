"""What will be searched: the drawn demo gallery, or a folder of photos."""

import hashlib
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from runner.console import Console
from runner.environment import Environment
from runner.failures import CAN_BE_MENDED, SetupError, explain, last_lines
from runner.options import REAL_MODEL
from runner.places import ROOT
from runner.processes import Family
from runner.stamps import Stamps, digest

DEMO = "demo"
DRAWN = re.compile(r"scene_\d{6}\.jpg$")
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
            self._make_way(self.workspace / "data" / DEMO, index)
        stamps.put("begun", now)
        with self.console.step("The demo gallery and its vectors"):
            self._timanh("gallery.log", "drawing the demo gallery", "demo")
        stamps.put("done", now)

    def _make_way(self, gallery: Path, index: Path) -> None:
        """Delete the drawn gallery and its vectors; where somebody added to them, both are kept
        under another name."""
        if not _has_more(gallery, index):
            shutil.rmtree(gallery, ignore_errors=True)
            shutil.rmtree(index, ignore_errors=True)
            return
        when = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
        for place in (gallery, index):
            if place.is_dir():
                place.rename(place.with_name(f"{place.name}-{when}"))
        self.console.say(
            f"  The demo gallery is drawn again. What you added to the old one is in "
            f"{gallery.with_name(f'{gallery.name}-{when}')}, what you wrote of it in "
            f"{index.with_name(f'{index.name}-{when}')}."
        )

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


def _has_more(gallery: Path, index: Path) -> bool:
    """Whether there are pictures that were not drawn, or captions, tags or deletions of people."""
    images = gallery / "images"
    added = (file for file in images.rglob("*") if file.is_file() and not DRAWN.match(file.name))
    return any(added) or any(index.glob("*.person.jsonl")) or any(index.glob("trash/*"))


def index_name(gallery: Path, model: str) -> str:
    """A folder name for a gallery read by a model; another model has another dictionary."""
    known = hashlib.sha256(f"{gallery}\n{model}".encode()).hexdigest()[:8]
    return f"{gallery.name or 'pictures'}-{known}"

"""What can be typed after `python run.py`."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.places import BACKEND, ROOT

USUAL_PORT = 8000
REAL_MODEL = "openai/clip-vit-base-patch32"
MANY_LANGUAGES = "google/siglip2-base-patch16-224"
DEMO_MODELS = ("demo-models", "demo-model", "demo-captioner", "demo-vqgan", "demo-writer")
COMMANDS = ("test", "notebooks", *DEMO_MODELS)

HELP = f"""\
Tìm Ảnh: search a collection of pictures by text, by picture, or by both,
in Vietnamese or English.

usage: python run.py [options]             start it, and open it in the browser
       python run.py test [pytest options]   check everything: style, types, layers, tests
       python run.py notebooks [NAME …]    run the notebooks from top to bottom, small
       python run.py demo-models           make the models of the package again, in order
       python run.py demo-model            the encoder alone, in about an hour of two cores
       python run.py demo-captioner        what writes captions, alone, in half an hour
       python run.py demo-vqgan            what paints pictures, alone, in half an hour
       python run.py demo-writer           what writes pictures, alone, in half an hour

options
  --photos DIR      search your own pictures instead of the demo gallery;
                    start again after adding some, and only those are read
  --model MODEL     the encoder: demo, a Hugging Face id, or a folder with a checkpoint
                    (usual: demo; with --photos {REAL_MODEL})
  --port PORT       where the page answers (usual: {USUAL_PORT}, or TIMANH_PORT)
  --workspace DIR   where galleries, vectors and logs go (usual: ./workspace,
                    or TIMANH_WORKSPACE)
  --no-browser      do not open the browser
  -h, --help        this page

examples
  python run.py
  python run.py --photos ~/Pictures --port 8010
  TIMANH_API_URL=https://name.ngrok-free.app python run.py
                    ask an API elsewhere, such as notebook 05's: starts only the page

Everything is installed into .venv and frontend/node_modules, nothing outside this folder.
The first start takes a few minutes, later ones seconds. Ctrl-C ends all of it.
"""


@dataclass(frozen=True)
class Options:
    """How to start: the result of `read_options`."""

    port: int
    workspace: Path
    photos: Path | None
    model: str | None
    browser: bool
    api_url: str | None


def read_options(arguments: Sequence[str]) -> Options:
    """Flags first, then the environment, then `backend/.env`, then the usual.

    Raises:
        SystemExit: 0 after --help, 2 with one line about a flag that makes no sense.
    """
    parser = _Parser(prog="python run.py", add_help=False, allow_abbrev=False)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--port", type=_port, default=None)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--no-browser", action="store_true")
    given = parser.parse_args(arguments)
    stored = {**read_env_file(BACKEND / ".env"), **os.environ}
    port = given.port
    if port is None:
        port = _checked(parser, stored.get("TIMANH_PORT") or str(USUAL_PORT))
    workspace = given.workspace or Path(stored.get("TIMANH_WORKSPACE") or ROOT / "workspace")
    return Options(
        port=port,
        workspace=workspace.expanduser(),
        photos=given.photos.expanduser() if given.photos else None,
        model=given.model,
        browser=not given.no_browser,
        api_url=stored.get("TIMANH_API_URL", "").strip() or None,
    )


def read_env_file(file: Path) -> dict[str, str]:
    """The `NAME=value` lines of a file; an absent file has none."""
    if not file.is_file():
        return {}
    pairs = {}
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            pairs[name.strip()] = value.strip().strip("'\"")
    return pairs


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> "None":  # type: ignore[override]
        self.exit(2, f"run.py: {message}. See `python run.py --help`.\n")


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; choose 1 to 65535")
    return int(text)


def _checked(parser: argparse.ArgumentParser, text: str) -> int:
    try:
        return _port(text)
    except argparse.ArgumentTypeError as error:
        parser.error(f"TIMANH_PORT: {error}")

"""`python run.py`: from nothing to an address that answers."""

import contextlib
import http.client
import json
import os
import socket
import sys
import time
import urllib.request
import webbrowser
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from runner.console import Console, seconds
from runner.environment import APP, Environment
from runner.environment import BACKEND as BACKEND_LAYER
from runner.failures import BROKEN, SetupError
from runner.gallery import DEMO, Galleries
from runner.options import MANY_LANGUAGES, REAL_MODEL, Options, read_options
from runner.page import prepare_page
from runner.places import BACKEND, ROOT, make_folder
from runner.processes import Child, Family
from runner.restarting import KeptApi

HOST = "127.0.0.1"
PATIENCE_S = 180.0
POLL_S = 0.1
DEMO_CAPTIONER = ROOT / "lib" / "timanh" / "captioning" / "demo" / "captioner.json"
NEVER_A_PHOTO = f"""\
  Note: the demo model has seen drawn pictures only and never a photo; what it finds among
  photos is mostly chance. For photos leave out --model ({REAL_MODEL}, English),
  or take --model {MANY_LANGUAGES}."""


def start(arguments: list[str], family: Family, console: Console) -> int:
    """Install, prepare, start, and stay until Ctrl-C or until something ends by itself."""
    began = time.perf_counter()
    options = read_options(arguments)
    require_free_port(options.port)
    console.say("Tìm Ảnh")
    workspace = make_folder(options.workspace, "--workspace")
    environment = Environment(family, console)
    environment.prepare(BACKEND_LAYER if options.api_url else APP)
    prepare_page(family, console, environment)
    services = Services(family, environment, workspace)
    if options.api_url:
        services.start_backend(options.port, options.api_url)
    else:
        if options.photos and options.model == DEMO:
            console.say(NEVER_A_PHOTO)
        galleries = Galleries(family, console, environment, workspace)
        index = (
            galleries.of_photos(options.photos, options.model)
            if options.photos
            else galleries.demo(options.model)
        )
        services.start_both(index, options.port, captioner_for(options))
    with console.step("Starting"):
        services.wait_until_healthy(console)
    try:
        _announce(options, console, time.perf_counter() - began)
        services.watch(console)
    except KeyboardInterrupt:
        console.say("\nEnding.")
    return 0


def captioner_for(options: Options) -> str | None:
    """The demo captioner for the demo gallery; it has never seen a photo, so none for those."""
    drawn = options.photos is None and options.model in (None, DEMO)
    return DEMO if drawn and DEMO_CAPTIONER.is_file() else None


class Services:
    """The API and the backend, while they run."""

    def __init__(self, family: Family, environment: Environment, workspace: Path) -> None:
        self.family, self.environment, self.workspace = family, environment, workspace
        self.logs = workspace / "logs"
        self.running: dict[str, Child] = {}  # health address → program
        self._api: tuple[str, Callable[[], Child]] | None = None  # its address, how to start it

    def start_both(self, index: Path, port: int, captioner: str | None = None) -> None:
        """The API on a free port, the backend in front of it; both begin at once."""
        api_port = free_port()
        arguments = ["serve", "--index", str(index), "--port", str(api_port)]
        if captioner:
            arguments += ["--captioner", captioner]
        command = self.family.python(self.environment.python, "timanh.cli", *arguments)
        address = f"http://{HOST}:{api_port}"

        self._start("The API", api_port, command, {})
        log = self.logs / "api.again.log"  # what the first one said last stays in the other
        self._api = (f"{address}/health", partial(self.family.start, "The API", command, log=log))
        settings = {"TIMANH_LOCAL_API_URL": address, "TIMANH_API_STATE": str(self._state)}
        self._state.unlink(missing_ok=True)
        self.start_backend(port, address, settings)

    def start_backend(
        self, port: int, api_url: str, settings: Mapping[str, str] | None = None
    ) -> None:
        main = str(BACKEND / "main.py")
        command = self.family.python(self.environment.python, main, "--port", str(port))
        posts = os.environ.get("TIMANH_POSTS") or str(self.workspace / "posts")
        env = {"TIMANH_API_URL": api_url, "TIMANH_POSTS": posts, **(settings or {})}
        self._start("The backend", port, command, env)

    def wait_until_healthy(self, console: Console) -> None:
        """Return when each is ready, as `GET /health` says; raise when one has ended or is slow."""
        deadline = time.monotonic() + PATIENCE_S
        waiting = dict(self.running)
        while waiting:
            self._require_running()
            waiting = {url: child for url, child in waiting.items() if not is_ready(url)}
            if waiting and time.monotonic() > deadline:
                child = next(iter(waiting.values()))
                raise SetupError(
                    f"{child.name} was not ready within {PATIENCE_S:.0f} s; see {child.log}.",
                    code=BROKEN,
                    log=child.log,
                )
            console.tick()
            time.sleep(POLL_S if waiting else 0)

    def watch(self, console: Console) -> NoReturn:
        """Stay until Ctrl-C, or until the backend ends by itself; an API that does is started
        again."""
        kept = None
        if self._api is not None:
            url, start = self._api
            child = self.running.pop(url)
            kept = KeptApi(child, start, partial(is_ready, url), self._state, console)
        while True:
            self._require_running()
            if kept is not None:
                kept.look()
            time.sleep(0.3)

    @property
    def _state(self) -> Path:
        return self.logs / "api.state.json"

    def _start(self, name: str, port: int, command: list[str], env: dict[str, str]) -> None:
        log = self.logs / f"{name.split()[-1].lower()}.log"
        child = self.family.start(name, command, log=log, env=env)
        self.running[f"http://{HOST}:{port}/health"] = child

    def _require_running(self) -> None:
        for child in self.running.values():
            if child.ended:
                raise SetupError(
                    f"{child.name} ended by itself with code {child.process.returncode}; "
                    f"see {child.log}.",
                    code=BROKEN,
                    log=child.log,
                )


def is_ready(url: str) -> bool:
    """Whether it answers, and says nothing of warming up."""
    health = ask_health(url)
    return health is not None and health.get("ready", True) is True


def ask_health(url: str) -> dict[str, Any] | None:
    """The answer of `GET /health`, or None where nothing answers."""
    # The loopback is never reached through a proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            health = json.load(answer)
    except (OSError, ValueError, http.client.HTTPException):
        return None
    return health if isinstance(health, dict) else None


def require_free_port(port: int) -> None:
    """Ask before minutes of installing, not after them."""
    with contextlib.closing(socket.socket()) as probe:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            raise SetupError(
                f"Port {port} is not allowed for you. Choose one above 1023 with --port."
            ) from error
        except OSError as error:
            raise SetupError(
                f"Port {port} is taken, perhaps by a run.py that runs already. "
                f"End that, or choose another port: python run.py --port {other_port(port)}"
            ) from error


def other_port(port: int) -> int:
    return port + 10 if port + 10 <= 65535 else port - 10


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def can_open_browser() -> bool:
    """A browser window and not one in the terminal; never in CI."""
    if os.environ.get("CI"):
        return False
    graphical = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(graphical) or sys.platform in ("win32", "darwin")


def _announce(options: Options, console: Console, elapsed: float) -> None:
    address = f"http://{HOST}:{options.port}"
    console.say(f"\n  {address}   ready in {seconds(elapsed)}, Ctrl-C ends it\n")
    if options.api_url:
        console.say(f"  Searches go to {options.api_url}, as TIMANH_API_URL says.")
        health = ask_health(f"{address}/health") or {}
        if health.get("status") != "ok":
            console.say(f"  {health.get('upstream', {}).get('detail', 'It does not answer yet.')}")
        console.say()
    if options.browser and can_open_browser():
        webbrowser.open(address)

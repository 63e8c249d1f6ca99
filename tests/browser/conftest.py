"""The real page in real Chromium, through the real backend and API, on a small drawn gallery."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from timanh.data.scenes import draw_gallery
from timanh.models import load_encoder
from timanh.vectors import build_dictionary

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended before it answered"
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the server did not start")


@dataclass
class Site:
    """API and backend as processes; the API can be killed and started again."""

    gallery: Path
    index: Path
    api_port: int
    url: str
    api: subprocess.Popen[bytes] | None = None

    def start_api(self) -> None:
        command = [sys.executable, "-m", "timanh.cli", "serve", "--index", str(self.index)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "lib")}
        self.api = subprocess.Popen(
            [*command, "--port", str(self.api_port)], env=environment, stderr=subprocess.DEVNULL
        )
        await_port(self.api_port, self.api)

    def kill_api(self) -> None:
        assert self.api
        self.api.send_signal(signal.SIGKILL)
        self.api.wait()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("site")
    # The pictures for the README are of the gallery that its readers will see.
    count = 2000 if os.environ.get("TIMANH_SCREENSHOTS") == "1" else 300
    gallery = draw_gallery(root / "gallery", count=count, workers=1, progress=False)
    poison(gallery)
    build_dictionary(gallery, load_encoder("demo"), root / "index", source="demo", progress=False)
    port = free_port()
    site = Site(gallery, root / "index", free_port(), f"http://127.0.0.1:{port}")
    site.start_api()
    backend = subprocess.Popen(
        [sys.executable, str(ROOT / "backend" / "main.py"), "--port", str(port)],
        env={**os.environ, "TIMANH_API_URL": f"http://127.0.0.1:{site.api_port}",
             "TIMANH_API_KEY": ""},
    )  # fmt: skip
    await_port(port, backend)
    yield site
    for process in (backend, site.api):
        assert process
        process.terminate()
        process.wait(20)


HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'


def poison(gallery: Path) -> None:
    """Give one picture a hostile caption, so that it is seen as what it is: text."""
    file = gallery / "captions.txt"
    lines = [line for line in file.read_text("utf8").splitlines()
             if not line.startswith("scene_000000.jpg,")]  # fmt: skip
    file.write_text("\n".join([*lines, f"scene_000000.jpg,{HOSTILE}"]) + "\n", "utf8")


NO_CHROMIUM = (
    "The tests of the page need Chromium, and none was found. Install one (`apt-get install "
    "chromium`, or `python -m playwright install chromium`), or name it in TIMANH_CHROMIUM."
)


def chromium() -> str | None:
    """Chromium of this machine; None leaves it to playwright's own."""
    named = os.environ.get("TIMANH_CHROMIUM")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return named or next((path for name in names if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = chromium()
        if found is None and not Path(playwright.chromium.executable_path).is_file():
            pytest.fail(NO_CHROMIUM, pytrace=False)
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A fresh page in English; at its end, no error and no other host may have been seen."""
    # A service worker would answer where a test means to answer itself.
    context = browser.new_context(
        locale="en-GB", viewport={"width": 1440, "height": 900}, service_workers="block"
    )
    page = context.new_page()
    seen: list[str] = []
    expected: list[str] = []
    page.expected = expected  # type: ignore[attr-defined]
    page.on(
        "console", lambda message: seen.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith((site.url, "blob:", "data:"))
            else seen.append(request.url))  # fmt: skip
    page.goto(site.url)
    page.wait_for_selector(".health[data-state=ok]")
    yield page
    context.close()
    assert [text for text in seen if not any(part in text for part in expected)] == []

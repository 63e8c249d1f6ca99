"""What a person reads when something between the page and the API fails, and how it mends.

The page in Chromium → the backend → the stand-in for the ngrok agent → the API with its key. Each
failure has its own status, code and sentence in both languages at the page, and once it is over
the same page searches again, without a reload.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Error as PlaywrightError
from upstream_standin import free_port, start_backend

from tests.browser.site import ROOT, Site
from tests.browser.steps import escape, search
from timanh.serving import Running, serve_in_notebook

STANDIN = ROOT / "tests" / "standins" / "ngrok"
WORDS = {
    name: json.loads((ROOT / "frontend" / "i18n" / f"{name}.json").read_text(encoding="utf8"))
    for name in ("en", "vi")
}


CODES = (
    "no-key", "wrong-key", "ngrok-3200", "ngrok-6024", "ngrok-8012", "ngrok-quota", "ngrok-error",
    "upstream-html", "upstream-moved", "upstream-broken", "upstream-slow", "upstream-foreign",
    "upstream-error", "upstream-down", "backend-down",
)  # fmt: skip


@dataclass
class Way:
    """From the page to the API; `mode` is what the tunnel does wrong."""

    running: Running
    address: str
    mode: Path

    def spoil(self, mode: str) -> None:
        self.mode.write_text(mode)

    def mend(self) -> None:
        self.mode.unlink(missing_ok=True)

    def connect(self, line: str) -> httpx.Response:
        sent = {"connection": line}
        return httpx.put(f"{self.address}/api/upstream", json=sent, timeout=20)


@pytest.fixture(scope="module")
def way(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    folder = tmp_path_factory.mktemp("way")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYNGROK_NGROK_PATH", str(STANDIN))
        patch.setenv("NGROK_AUTHTOKEN", "token")
        patch.setenv("NGROK_STANDIN_MODE", str(folder / "mode"))
        patch.delenv("TIMANH_API_KEY", raising=False)
        running = serve_in_notebook(site.index, tunnel="ngrok", port=0)
        # It knows the address but not the key.
        backend, address = start_backend(
            running.public_url or "", TIMANH_KEPT_CONNECTION=str(folder / "kept"),
            TIMANH_READ_TIMEOUT_S="2",
        )  # fmt: skip
        yield Way(running, address, folder / "mode")
        backend.terminate()
        backend.wait(10)
        running.stop()


@pytest.fixture
def page(browser: Browser, way: Way) -> Iterator[Page]:
    """A page in Vietnamese at a backend that has the key; no error of the script may be seen."""
    until = time.monotonic() + 60
    while way.connect(way.running.connection).status_code != 200:  # it may be slow, or mending
        assert time.monotonic() < until, "the way to the API never mended"
        time.sleep(0.2)
    context = browser.new_context(locale="vi-VN", service_workers="block",
                                  viewport={"width": 1280, "height": 800})  # fmt: skip
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("framenavigated", lambda frame: visits.append(frame.url.partition("#")[0]))
    visits: list[str] = []
    page.goto(way.address)
    page.wait_for_selector(".health[data-state=ok]")
    del visits[:]
    yield page
    way.mend()
    context.close()
    assert broken == [] and [url for url in visits if "?" not in url] == []


def read_failure(page: Page, code: str, status: int) -> None:
    """The newest answer tells the failure in Vietnamese, and in English once that is chosen."""
    bubble = page.locator(".answer:last-child .failure")
    for name in ("vi", "en"):
        sentences = f"{WORDS[name][f'error.{code}']}{f'{status} · ' if status else ''}{code}"
        expect(bubble.locator("p")).to_have_text(sentences)
        if name == "vi":
            expect(page.locator("#announce")).to_have_text(WORDS["vi"][f"error.{code}"])
            look(page, code)
        page.locator("#language").click()


def look(page: Page, name: str) -> None:
    """Keep a picture of it where one was asked for."""
    folder = os.environ.get("TIMANH_LOOK")
    if folder:
        page.screenshot(path=f"{folder}/failure-{name}.png")


def search_again(page: Page) -> None:
    """The failed search by its button, and another one, both well."""
    with suppress(PlaywrightError):  # the page may have searched again by itself meanwhile
        page.locator(".answer:last-child .failure .primary").click(timeout=3_000)
    expect(page.locator(".answer:last-child .tile:not(.waiting)")).to_have_count(10)
    expect(page.locator(".failure")).to_have_count(0)
    search(page, "ô tô màu đỏ")
    expect(page.locator(".answer:last-child .tile:not(.waiting)")).to_have_count(10)
    page.wait_for_selector(".health[data-state=ok]")


@pytest.mark.parametrize(
    ("mode", "status", "code"),
    [
        ("3200", 502, "ngrok-3200"), ("6024", 502, "ngrok-6024"), ("727", 502, "ngrok-quota"),
        ("9999", 502, "ngrok-error"), ("html", 502, "upstream-html"),
        ("moved", 502, "upstream-moved"), ("half", 502, "upstream-broken"),
        ("cut", 502, "upstream-broken"), ("slow", 504, "upstream-slow"),
        ("foreign", 502, "upstream-foreign"), ("error", 500, "upstream-error"),
    ],
)  # fmt: skip
def test_what_the_tunnel_does_wrong_is_read_and_mends_by_itself(
    page: Page, way: Way, mode: str, status: int, code: str
) -> None:
    way.spoil(mode)
    search(page, "chó chạy trên bãi biển")
    read_failure(page, code, status)
    if mode != "cut":  # which leaves short answers whole, such as that of /health
        page.wait_for_selector(".health[data-state=down]")
    way.mend()
    search_again(page)


def test_an_api_that_stopped_behind_its_tunnel(page: Page, way: Way) -> None:
    way.running.server.stop()
    try:
        search(page, "con mèo")
        read_failure(page, "ngrok-8012", 502)
    finally:
        way.running.server.start()
    search_again(page)


@pytest.mark.parametrize(("key", "code"), [("", "no-key"), ("#key=of-yesterday", "wrong-key")])
def test_without_the_key_the_page_asks_for_the_line_and_takes_it(
    page: Page, way: Way, key: str, code: str
) -> None:
    url = way.running.public_url
    httpx.delete(f"{way.address}/api/upstream").raise_for_status()
    search(page, "con mèo")
    read_failure(page, "no-key", 401)
    page.wait_for_selector(".health[data-state=down]")
    paste(page, f"{url}{key}")
    expect(page.locator(".notice")).to_have_text(WORDS["vi"][f"error.{code}"])
    look(page, f"connect-{code}")
    paste(page, way.running.connection, opened=True)
    page.get_by_role("button", name=WORDS["vi"]["connect.use"]).click()
    expect(page.locator(".toast")).to_have_text(WORDS["vi"]["connect.changed"])
    escape(page)
    search_again(page)


def paste(page: Page, line: str, *, opened: bool = False) -> None:
    if not opened:
        page.locator("#connect").click()
    page.locator("#connection").fill(line)
    page.locator("#connection").press("Enter")


def test_a_key_that_was_changed_behind_the_page(page: Page, way: Way) -> None:
    way.spoil("wrong-key")
    search(page, "con mèo")
    read_failure(page, "wrong-key", 401)
    way.mend()
    search_again(page)


def test_an_api_that_is_away_and_comes_back(page: Page, way: Way, site: Site) -> None:
    line = f"http://127.0.0.1:{site.api_port}"
    assert way.connect(line).status_code == 200
    site.kill_api()
    try:
        search(page, "con mèo")
        read_failure(page, "upstream-down", 503)
    finally:
        site.start_api()
    search_again(page)


def test_a_backend_that_was_ended_and_started_again(
    browser: Browser, way: Way, tmp_path: Path
) -> None:
    port = free_port()
    start = partial(start_backend, way.running.public_url or "", port,
                    TIMANH_API_KEY=way.running.config.api_key or "")  # fmt: skip
    backend, address = start()
    with browser.new_context(locale="vi-VN", service_workers="block") as context:
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector(".health[data-state=ok]")
        backend.kill()
        backend.wait()
        search(page, "con mèo")
        # Only the words that are kept already; the other language cannot be fetched now.
        expect(page.locator(".failure p")).to_have_text(
            f"{WORDS['vi']['error.backend-down']}backend-down"
        )
        look(page, "backend-down")
        backend, _ = start()
        search_again(page)
    backend.terminate()
    backend.wait(10)


def test_each_sentence_is_another() -> None:
    for words in WORDS.values():
        sentences = [words[f"error.{code}"] for code in CODES]
        assert len(set(sentences)) == len(sentences) and all(sentences)

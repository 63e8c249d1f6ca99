"""The real page in real Chromium, through the real backend and API, on a small drawn gallery."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.brought import bring
from tests.browser.hostile import poison
from tests.browser.site import FLAGS, Site, chromium, serving
from timanh.data.scenes import draw_gallery

# What is there within milliseconds on a quiet machine takes seconds on a busy one.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("site")
    # The pictures for the README are of the gallery that its readers will see.
    for_readers = os.environ.get("TIMANH_SCREENSHOTS") == "1"
    count = 2000 if for_readers else 300
    gallery = draw_gallery(root / "gallery", count=count, workers=1, progress=False)
    if not for_readers:
        poison(gallery)
        bring(gallery)
    with serving(gallery, root / "index") as site:
        yield site


NO_CHROMIUM = (
    "The tests of the page need Chromium, and none was found. Install one (`apt-get install "
    "chromium`, or `python -m playwright install chromium`), or name it in TIMANH_CHROMIUM."
)


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

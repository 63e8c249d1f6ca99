"""Each view as a person sees it, small and large, dark and light, in both languages."""

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.steps import answered, escape, loaded, open_filter, open_photos, search
from tests.browser.views import panel

if TYPE_CHECKING:
    from tests.browser.site import Site

SCREENSHOTS = Path(__file__).resolve().parents[3] / "docs" / "screenshots"
HEIGHTS = {390: 844, 820: 1180, 1440: 900}
QUERIES = {
    "en-GB": ("a black cat at night", "two dogs in a meadow",
              "a woman with an umbrella in the rain"),
    "vi-VN": ("con mèo đen vào ban đêm", "hai con chó trên đồng cỏ",
              "người phụ nữ che ô dưới mưa"),
}  # fmt: skip
RED_CAR = {"en-GB": "a red car", "vi-VN": "chiếc ô tô màu đỏ"}
RAIN = {"en-GB": "rain", "vi-VN": "mưa"}


@pytest.mark.parametrize(
    ("theme", "width", "locale"),
    [
        ("dark", 390, "vi-VN"), ("light", 390, "en-GB"),
        ("dark", 820, "en-GB"), ("light", 820, "vi-VN"),
        ("dark", 1440, "en-GB"), ("light", 1440, "vi-VN"),
    ],
)  # fmt: skip
def test_nothing_sticks_out(
    browser: Browser, site: "Site", theme: str, width: int, locale: str
) -> None:
    """TIMANH_SCREENSHOTS=1 keeps a picture of each in docs/."""
    keeps = os.environ.get("TIMANH_SCREENSHOTS") == "1"
    context = browser.new_context(
        locale=locale, reduced_motion="reduce", service_workers="block",
        viewport={"width": width, "height": HEIGHTS[width]}, has_touch=width == 390,
        is_mobile=width == 390,
    )  # fmt: skip
    page = context.new_page()
    page.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    page.goto(site.url)
    for view in views(page, locale):
        page.mouse.move(0, 0)
        loaded(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
        if keeps:
            picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
            picture.save(SCREENSHOTS / f"{view}-{theme}-{width}.webp", quality=82, method=6)
    context.close()


def views(page: Page, locale: str) -> Iterator[str]:
    """Name each view once it is there."""
    page.wait_for_selector(".sample img")
    yield "welcome"
    for words in QUERIES[locale]:
        search(page, words)
        page.locator("#new").click()
    search(page, RED_CAR[locale])
    yield "search"
    open_filter(page)
    page.locator("[data-field=words]").fill(RAIN[locale])
    page.locator("[data-field=words]").press("Enter")
    page.locator(".question").nth(1).wait_for()
    answered(page)
    open_filter(page)
    yield "filter"
    escape(page)
    page.locator(".answer:last-child .grid .hit").nth(1).click()
    page.wait_for_function(
        "() => document.querySelector('.swiper-slide-active img')?.naturalWidth > 0"
    )
    yield "picture"
    page.locator("#large-area").click()
    page.wait_for_selector("#area-box")
    yield "area"
    escape(page)
    escape(page)
    page.locator("#lightbox").wait_for(state="hidden")
    open_photos(page)
    yield "photos"
    for name in ("settings", "history", "connect"):
        panel(page, name)
        yield name
        escape(page)

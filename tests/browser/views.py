"""Every view of the page, one after the other."""

from collections.abc import Iterator

from playwright.sync_api import Page, Route

from tests.browser.site import Site
from tests.browser.steps import add_to_question, answered, escape, loaded, open_filter, open_photos

LINE = "https://a.ngrok.app#key=secret"
THERE = {"url": "https://a.ngrok.app", "host": "a.ngrok.app", "has_key": True,
         "health": {"images": 8091, "model": "<b>clip</b>"}}  # fmt: skip
SLOW = {"content_type": "application/problem+json", "body": '{"code":"upstream-slow"}'}


def walk(page: Page, site: Site) -> Iterator[str]:
    """Yield the name of each view once it is there; the page is at its start before."""
    page.goto(site.url)
    page.wait_for_selector(".sample img")
    yield "welcome"
    yield from _conversation(page, site)
    yield from _large(page)
    yield from _photos(page)
    yield from _panels(page)


def _conversation(page: Page, site: Site) -> Iterator[str]:
    page.set_input_files("#file", [site.gallery / "images" / "scene_000007.jpg"])
    page.set_input_files("#file", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"x"})
    page.locator("#words").fill("at night -car")
    page.wait_for_selector("#balance input")
    yield "box"
    page.locator("#more").click()
    page.wait_for_selector("#more-menu .item")
    yield "menu"
    escape(page)
    open_filter(page)
    page.locator("[data-field=min_side]").select_option("256")
    yield "filter"
    page.locator("[data-field=words]").press("Escape")
    page.locator("#picks .narrow .off").click()
    held: list[Route] = []
    page.route("**/api/search/stream**", lambda route: held.append(route))
    page.locator("#send").click()
    page.wait_for_selector(".typing")
    yield "waiting"
    held[0].fulfill(status=504, **SLOW)
    page.wait_for_selector(".failure")
    yield "failure"
    page.unroute_all(behavior="ignoreErrors")
    page.locator(".failure button").click()
    answered(page)
    loaded(page)
    page.locator(".numbers summary").click()
    page.locator(".verdict[data-verdict=like]").nth(1).click(force=True)
    page.locator(".verdict[data-verdict=unlike]").nth(2).click(force=True)
    page.locator("#words").fill("in the rain")
    yield "answer"
    page.locator("#words").fill("")


def _large(page: Page) -> Iterator[str]:
    page.locator(".grid .hit").first.click()
    page.wait_for_selector(".swiper-slide-active img")
    if page.locator("#large-handle").is_visible():
        page.locator("#large-handle").click()
    page.locator("#large-facts summary").first.click()
    yield "picture"
    page.locator("#large-area").click()
    page.wait_for_selector("#area-box")
    yield "area"
    escape(page)
    escape(page)
    page.locator("#lightbox").wait_for(state="hidden")


def _photos(page: Page) -> Iterator[str]:
    open_photos(page)
    page.set_input_files("#add-files", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"x"})
    page.wait_for_selector(".adding .skipped")
    yield "photos"
    page.locator(".adding-line .icon").click()
    page.locator("#photos-select").click()
    page.locator(".photo").nth(1).click()
    yield "selecting"
    page.locator("#photos-sort").click()
    page.locator("#sort-label").fill("cat, dog")
    page.locator("#sort-label").press("Enter")
    page.locator(".sort-form .primary").click()
    page.wait_for_selector("#sort-save")
    page.locator(".sort-tile").first.click()
    yield "sorting"
    escape(page)
    page.locator("#photos-selected").click()
    page.locator("#views [data-view=search]").click()
    add_to_question(page, "library")
    page.wait_for_selector(".library .photo img")
    yield "library"
    escape(page)


def _panels(page: Page) -> Iterator[str]:
    panel(page, "settings")
    yield "settings"
    escape(page)
    panel(page, "history")
    yield "history"
    page.locator(".conversations .icon").first.click()
    page.wait_for_selector(".conversations input")
    yield "renaming"
    escape(page)
    page.locator(".panel-foot .danger").click()
    yield "confirming"
    escape(page)
    panel(page, "connect")
    yield "connect"
    page.route("**/api/upstream/check", lambda route: route.fulfill(json=THERE))
    page.locator("#connection").fill(LINE)
    page.keyboard.press("Enter")
    page.wait_for_selector(".sure")
    yield "connecting"
    escape(page)
    panel(page, "history")
    page.locator(".conversations .icon").nth(1).click()
    page.wait_for_selector(".toast button")
    yield "undo"
    page.locator(".toast .quiet:not(.icon)").click()
    escape(page)


def panel(page: Page, name: str) -> None:
    """Open a panel; it is fetched when it is first wanted."""
    page.locator(f"#{name}").click()
    page.wait_for_selector(f".panel.{name}[open]")

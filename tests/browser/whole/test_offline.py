"""Installable, and readable without a network."""

import json
from typing import TYPE_CHECKING

from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.steps import escape, open_address, open_photos, search
from tests.browser.views import LINE

if TYPE_CHECKING:
    from tests.browser.site import Site


def test_it_opens_offline_with_the_history_readable(browser: Browser, site: "Site") -> None:
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(site.url)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("() => navigator.serviceWorker.controller")
    search(page, "a red car")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.grid img')].every((image) => image.naturalWidth)"
    )
    context.set_offline(True)
    page.reload()
    expect(page.locator(".question p")).to_have_text("a red car")
    expect(page.locator(".tile")).to_have_count(10)
    page.wait_for_function("() => document.querySelector('.grid img').naturalWidth > 0")
    expect(page.locator("#health")).to_have_attribute("data-state", "down")
    page.locator("#history").click()
    expect(page.locator(".conversation span")).to_have_text("a red car")
    escape(page)
    page.locator(".grid .hit").first.click()
    expect(page.locator("#large-place")).to_have_text("1/10")
    escape(page)
    search(page, "a blue bus")
    expect(page.locator(".failure")).to_contain_text("Lost the connection to the local backend")
    context.set_offline(False)
    expect(page.locator(".answer").last.locator(".tile")).to_have_count(10)
    context.close()


def test_a_browser_finds_it_installable(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    manifest = session.send("Page.getAppManifest")
    assert manifest["errors"] == [] and json.loads(manifest["data"])["name"] == "Tìm Ảnh"


UPSTREAM = {"url": "https://a.ngrok.app", "host": "a.ngrok.app", "has_key": True,
            "health": {"images": 8091, "model": "<b>clip</b>"}}  # fmt: skip


def test_a_link_of_the_notebook_connects_after_a_question(page: Page, site: "Site") -> None:
    """A stand-in answers for another API; the page asks before it sends anything there."""
    seen: list[tuple[str, str]] = []

    def answer(route: Route) -> None:
        seen.append((route.request.method, route.request.post_data or ""))
        route.fulfill(json=UPSTREAM)

    page.route("**/api/upstream**", answer)
    open_address(page, f"{site.url}/#connect=https%3A%2F%2Fa.ngrok.app%23key%3Dsecret")
    expect(page.locator(".sure")).to_contain_text("Use the search API at a.ngrok.app?")
    expect(page.locator(".sure")).to_contain_text("8,091 pictures (<b>clip</b>)")
    assert "secret" not in page.url and [method for method, _ in seen] == ["POST"]
    page.get_by_role("button", name="Use it").click()
    expect(page.locator(".toast")).to_have_text("The connection was changed.")
    assert seen[1] == ("PUT", '{"connection":"https://a.ngrok.app#key=secret"}')


def test_a_line_that_is_no_connection_is_said(page: Page) -> None:
    page.expected.append("422")  # type: ignore[attr-defined]
    page.locator("#connect").click()
    expect(page.locator(".facts")).to_contain_text("Connected: 300 pictures, demo")
    page.get_by_role("textbox", name="Paste the line").fill("nonsense")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not a connection line")


def test_the_connection_panel_mends_by_itself_and_what_is_typed_stays(page: Page) -> None:
    away = {"status": "degraded", "upstream": {"code": "upstream-down", "host": "a.ngrok.app"}}
    page.route("**/health", lambda route: route.fulfill(json=away))
    page.reload()
    page.wait_for_selector(".health[data-state=down]")
    page.locator("#connect").click()
    expect(page.locator(".facts")).to_contain_text("Lost the connection")
    page.locator("#connection").fill("https://half")
    page.unroute("**/health")
    expect(page.locator(".facts")).to_contain_text("Connected: 300 pictures")
    expect(page.locator("#connection")).to_have_value("https://half")


def test_the_real_api_is_connected_to_and_forgotten(page: Page, site: "Site") -> None:
    page.locator("#connect").click()
    line = f"http://127.0.0.1:{site.api_port}"
    page.get_by_role("textbox", name="Paste the line").fill(line)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Use it").click()
    expect(page.locator(".toast")).to_have_text("The connection was changed.")
    page.get_by_role("button", name="Forget this connection").click()
    expect(page.get_by_role("button", name="Forget this connection")).to_have_count(0)
    escape(page)
    search(page, "a red car")
    expect(page.locator(".tile")).to_have_count(10)


def test_another_gallery_takes_the_place_of_the_one_that_was_shown(page: Page) -> None:
    open_photos(page)
    expect(page.locator("#photos-count")).to_have_text("300 photos")
    page.locator("#views [data-view=search]").click()
    expect(page.locator(".sample img")).to_have_count(12)
    health = page.evaluate("fetch('/health').then((answer) => answer.json())")
    there = health | {"images": 1, "upstream": health["upstream"] | {"url": "https://a.ngrok.app"}}
    images = page.evaluate("fetch('/api/gallery?limit=1').then((answer) => answer.json())")
    page.route("**/api/upstream", lambda route: route.fulfill(json={}))
    page.route("**/api/upstream/check", lambda route: route.fulfill(json=UPSTREAM))
    page.route("**/health", lambda route: route.fulfill(json=there))
    page.route("**/api/gallery?**", lambda route: route.fulfill(json=images | {"total": 1}))
    page.locator("#connect").click()
    page.get_by_role("textbox", name="Paste the line").fill(LINE)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Use it").click()
    expect(page.locator(".toast")).to_have_text("The connection was changed.")
    escape(page)
    expect(page.locator(".sample img")).to_have_count(1)
    open_photos(page)
    expect(page.locator("#photos-count")).to_have_text("1 photo")

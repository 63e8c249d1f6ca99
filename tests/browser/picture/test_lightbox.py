"""One picture large: zoom, swipe, keys, what is told of it, its link."""

import re

from playwright.sync_api import Page, expect

from tests.browser.steps import escape, open_address, search

SCALE = """() => new DOMMatrix(getComputedStyle(
    document.querySelector('.swiper-slide-active .swiper-zoom-container > *')).transform).a"""


def enlarge(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    search(page, "a red car")
    page.locator(".grid .hit").first.click()
    page.wait_for_function(
        "() => document.querySelector('.swiper-slide-active img')?.naturalWidth > 0"
    )


def zoomed(page: Page, more: bool) -> None:
    page.wait_for_function(f"() => ({SCALE})() {'> 1.2' if more else '=== 1'}")


def test_it_zooms_by_keys_button_and_double_click(page: Page) -> None:
    enlarge(page)
    zoomed(page, more=False)
    page.keyboard.press("+")
    zoomed(page, more=True)
    page.keyboard.press("-")
    zoomed(page, more=False)
    page.get_by_role("button", name="Zoom").click()
    zoomed(page, more=True)
    page.get_by_role("button", name="Zoom").click()
    zoomed(page, more=False)
    page.locator(".swiper-slide-active img").dblclick()
    zoomed(page, more=True)
    escape(page)
    expect(page.locator("#lightbox")).to_be_hidden()


def swipe(page: Page, pixels: int) -> None:
    """A finger, slowly, from the middle of the picture to the left."""
    box = page.locator(".swiper-slide-active img").bounding_box()
    assert box
    across, down = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)
    for step in range(11):
        kind, at = "touchMove" if step else "touchStart", across - pixels * step / 10
        session.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": at, "y": down}]}
        )
        page.wait_for_timeout(35)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_it_goes_on_by_swipe_key_and_button(page: Page) -> None:
    enlarge(page)
    place = page.locator("#large-place")
    swipe(page, 300)
    expect(place).to_have_text("2/10")
    swipe(page, 60)  # too little to mean it
    expect(place).to_have_text("2/10")
    page.keyboard.press("ArrowRight")
    expect(place).to_have_text("3/10")
    page.get_by_role("button", name="Previous picture").click()
    expect(place).to_have_text("2/10")


def test_captions_path_and_link_of_the_picture(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    enlarge(page)
    caption = page.locator("#large-caption").inner_text()
    assert page.locator(".grid .hit").first.get_attribute("title") == caption
    page.get_by_text("More captions").click()
    expect(page.locator("#large-more li")).to_have_count(4)
    page.get_by_role("button", name="Copy a link to this picture").click()
    expect(page.locator(".toast p")).to_have_text("Copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    open_address(page, link)
    expect(page.locator("#large-caption")).to_have_text(caption)
    expect(page.locator("#large-place")).to_have_text(re.compile(r"^\d+/300$"))


def test_a_picture_that_cannot_be_shown_is_words_in_both_languages(page: Page) -> None:
    page.expected += ["415"]  # type: ignore[attr-defined]
    garbage = {"status": 415, "content_type": "application/problem+json", "body": "{}"}
    page.route(re.compile(r"/api/images/[^/]+$"), lambda route: route.fulfill(**garbage))
    search(page, "a red car")
    page.locator(".grid .hit").first.click()
    stage = page.locator(".swiper-slide-active")
    expect(stage).to_have_text("This picture cannot be shown. Its file may be damaged or gone.")
    expect(stage.locator("img")).to_have_count(0)
    for key in ("+", "-", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator("#large-place")).to_have_text("2/10")
    page.evaluate("async () => (await import('/js/core/i18n.js')).switchLanguage('vi')")
    expect(stage).to_have_text(
        "Không hiển thị được ảnh này. Tệp ảnh có thể đã hỏng hoặc không còn nữa."
    )

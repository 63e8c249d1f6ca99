"""Why this picture: the overlay over it, its strength, each word, in both languages."""

import json

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import axe_page, violations
from tests.browser.picture.test_lightbox import SCALE, enlarge
from tests.browser.site import Site
from tests.browser.steps import escape, search

OVERLAY = ".swiper-slide-active .heat"
SAME_PLACE = """() => {
    const [image, heat] = [...document.querySelectorAll('.swiper-slide-active img')]
        .map((each) => each.getBoundingClientRect());
    return ['left', 'top', 'width', 'height'].every(
        (side) => Math.abs(image[side] - heat[side]) < 1);
}"""


def test_the_overlay_lies_over_the_picture_and_goes_with_it(page: Page) -> None:
    enlarge(page)
    page.get_by_role("button", name="Why this?").click()
    expect(page.locator(OVERLAY)).to_be_visible()
    expect(page.locator("#large-why")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(SAME_PLACE)
    page.get_by_role("button", name="Zoom").click()
    page.wait_for_function(f"() => ({SCALE})() > 1.2")
    page.wait_for_function(SAME_PLACE)
    page.get_by_role("button", name="Zoom").click()
    strength = page.get_by_label("Strength")
    strength.fill("0.3")
    expect(page.locator(OVERLAY)).to_have_css("opacity", "0.3")
    strength.press("ArrowRight")  # changes the strength, and not the picture
    expect(page.locator("#large-place")).to_have_text("1/10")
    expect(page.locator(OVERLAY)).to_have_css("opacity", "0.35")
    page.get_by_role("button", name="Why this?").click()
    expect(page.locator(".heat")).to_have_count(0)
    expect(page.locator(".why")).to_have_count(0)


def test_each_word_has_its_own_overlay(page: Page) -> None:
    enlarge(page)
    page.get_by_role("button", name="Why this?").click()
    expect(page.locator(OVERLAY)).to_be_visible()
    chips = page.get_by_role("group", name="Words to show").get_by_role("button")
    expect(chips).to_have_text(["All words", "red", "car"])
    whole = page.locator(OVERLAY).get_attribute("src")
    chips.nth(2).focus()
    page.keyboard.press("Enter")
    expect(chips.nth(2)).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(
        "(whole) => document.querySelector('.swiper-slide-active .heat').src !== whole", arg=whole
    )
    expect(chips.nth(2)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#large-place")).to_have_text("2/10")
    expect(page.locator(".heat")).to_have_count(0)


def test_it_is_absent_without_words_and_without_a_grid(page: Page, site: Site) -> None:
    page.locator("#views [data-view=photos]").click()
    page.locator(".photo button, button.photo").first.click()
    expect(page.locator("#large-similar")).to_be_visible()
    expect(page.locator("#large-why")).to_have_count(0)
    escape(page)
    health = page.request.get(f"{site.url}/health").json()
    page.route("**/health", lambda route: route.fulfill(json={**health, "explains": False}))
    page.evaluate("async () => (await import('/js/core/health.js')).look()")
    page.locator("#views [data-view=search]").click()
    enlarge(page)
    expect(page.locator("#large-similar")).to_be_visible()
    expect(page.locator("#large-why")).to_have_count(0)


def test_a_failure_is_a_sentence(page: Page) -> None:
    page.expected += ["503"]  # type: ignore[attr-defined]
    body = json.dumps({"code": "deadline-passed", "detail": "It took too long. Try again."})
    page.route(
        "**/explain",
        lambda route: route.fulfill(status=503, content_type="application/problem+json", body=body),
    )
    enlarge(page)
    page.get_by_role("button", name="Why this?").click()
    expect(page.locator(".why [role=status]")).not_to_be_empty()
    expect(page.locator(".heat")).to_have_count(0)


@pytest.mark.parametrize(("theme", "width"), [("dark", 390), ("light", 1280)])
def test_in_vietnamese_for_everybody(browser: Browser, site: Site, theme: str, width: int) -> None:
    with axe_page(browser, theme, "vi-VN", width) as page:
        page.goto(site.url)
        page.wait_for_selector(".health[data-state=ok]")
        search(page, "chiếc ô tô màu đỏ")
        page.locator(".grid .hit").first.click()
        if page.locator("#large-handle").is_visible():
            page.locator("#large-handle").click()
        page.get_by_role("button", name="Vì sao?").click()
        expect(page.locator(OVERLAY)).to_be_visible()
        chips = page.get_by_role("group", name="Từ muốn xem").get_by_role("button")
        expect(chips).to_have_text(["Cả câu", "ô tô", "đỏ"])
        found = violations(page)
    assert found == []

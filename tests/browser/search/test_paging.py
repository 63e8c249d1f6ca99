"""Results go on as one scrolls, and for those who do not scroll too."""

import re

from playwright.sync_api import Page, Route, expect

from tests.browser.steps import search, wheel_to_the_end

TILES = ".tile:not(.waiting)"


def test_results_go_on_by_scrolling_and_end(page: Page) -> None:
    search(page, "a red car")
    page.wait_for_timeout(300)
    expect(page.locator(TILES)).to_have_count(10)  # near the end, but nobody has scrolled
    page.mouse.move(700, 400)
    page.mouse.wheel(0, 300)
    expect(page.locator(TILES)).to_have_count(40)
    expect(page.locator("#announce")).to_have_text("30 more pictures, 40 in all")
    expect(wheel_to_the_end(page)).to_have_text("That is all: 300 pictures")
    expect(page.locator(TILES)).to_have_count(300)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)
    expect(page.locator(".sentence")).to_contain_text("The 300 nearest")
    far = page.locator(".tile:empty")
    assert far.count() > 150 and far.first.locator("img").count() == 0
    page.evaluate("scrollTo(0, 0)")
    expect(page.locator(".grid img").first).to_be_visible()
    first = page.locator(".grid .hit").first
    expect(first).to_have_attribute("aria-label", re.compile(r"^Result 1\b"))
    expect(first.locator("img")).to_be_visible()


def test_the_button_reaches_more_and_the_focus_goes_along(page: Page) -> None:
    search(page, "a red car")
    page.get_by_role("button", name="Show more").press("Enter")
    expect(page.locator(TILES)).to_have_count(40)
    expect(page.locator(".hit:focus")).to_have_attribute("aria-label", re.compile(r"^Result 11\b"))
    more = page.get_by_role("button", name="Show more")
    page.locator(".grid .hit").nth(38).focus()
    for _ in range(10):  # whoever goes by Tab comes to it, and past it
        page.keyboard.press("Tab")
        if more.evaluate("button => button === document.activeElement"):
            break
    expect(more).to_be_focused()
    expect(more).to_be_in_viewport()
    expect(page.locator(TILES)).to_have_count(40)


def test_more_is_shown_to_be_on_its_way_and_a_failure_costs_nothing(page: Page) -> None:
    page.expected.append("504")  # type: ignore[attr-defined]
    search(page, "a red car")
    held: list[Route] = []
    page.route("**/api/search/stream**", lambda route: held.append(route))
    more = page.get_by_role("button", name="Show more")
    more.click()
    expect(page.locator(".tile.waiting")).to_have_count(30)
    expect(more).to_have_attribute("aria-disabled", "true")
    expect(more).to_be_focused()
    held[0].fulfill(
        status=504, content_type="application/problem+json", body='{"code":"upstream-slow"}'
    )
    expect(page.locator(".toast")).to_contain_text("took too long")
    expect(page.locator(".tile.waiting")).to_have_count(0)
    expect(page.locator(TILES)).to_have_count(10)
    page.unroute("**/api/search/stream**")
    more.click()
    expect(page.locator(TILES)).to_have_count(40)


def test_older_answers_stay_as_they_are_until_clicked(page: Page) -> None:
    search(page, "a red car")
    search(page, "a blue bus")
    page.mouse.move(700, 400)
    for _ in range(4):
        page.mouse.wheel(0, -400)
    for _ in range(2):
        page.mouse.wheel(0, 200)
        page.wait_for_timeout(100)
    expect(page.locator(".answer").first.locator(TILES)).to_have_count(10)
    page.locator(".answer").first.get_by_role("button", name="Show more").click()
    expect(page.locator(".answer").first.locator(TILES)).to_have_count(40)


def test_after_a_reload_a_long_answer_goes_on_where_it_was_kept(page: Page) -> None:
    search(page, "a red car")
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(TILES)).to_have_count(40)
    page.reload()
    expect(page.locator(TILES)).to_have_count(30)
    # By key: on its way to a click the pointer would scroll, and so bring a page by itself.
    page.get_by_role("button", name="Show more").press("Enter")
    expect(page.locator(TILES)).to_have_count(60)
    for rank in (30, 31, 60):
        tile = page.locator(TILES).nth(rank - 1)
        tile.scroll_into_view_if_needed()
        expect(tile.locator(".hit")).to_have_attribute(
            "aria-label", re.compile(rf"^Result {rank}\b")
        )

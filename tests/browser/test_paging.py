"""Results and gallery go on as one scrolls, and for those who do not scroll too."""

import re
from typing import TYPE_CHECKING

from playwright.sync_api import Page, Route, expect

from tests.browser.steps import search

if TYPE_CHECKING:
    from tests.browser.site import Site

TILES = ".tile:not(.waiting)"


def test_results_go_on_by_scrolling_and_end(page: Page) -> None:
    search(page, "a red car")
    page.wait_for_timeout(300)
    expect(page.locator(TILES)).to_have_count(10)  # near the end, but nobody has scrolled
    page.mouse.move(700, 400)
    page.mouse.wheel(0, 300)
    expect(page.locator(TILES)).to_have_count(40)
    expect(page.locator("#announce")).to_have_text("30 more pictures, 40 in all")
    for _ in range(40):
        page.mouse.wheel(0, 2_000)
        page.wait_for_timeout(60)
        if page.locator(".list-end").count():
            break
    expect(page.locator(".list-end")).to_have_text("That is all: 300 pictures")
    ids = page.locator(TILES).evaluate_all("tiles => tiles.length")
    assert ids == 300
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)
    expect(page.locator(".sentence")).to_contain_text("300 pictures")
    far = page.locator(".tile:empty")
    assert far.count() > 150 and far.first.locator("img").count() == 0
    page.evaluate("scrollTo(0, 0)")
    expect(page.locator(".grid img").first).to_be_visible()
    first = page.locator(".grid .hit").first
    expect(first).to_have_attribute("aria-label", re.compile("^Result 1,"))
    expect(first.locator("img")).to_be_visible()


def test_the_button_reaches_more_and_the_focus_goes_along(page: Page) -> None:
    search(page, "a red car")
    page.get_by_role("button", name="Show more").press("Enter")
    expect(page.locator(TILES)).to_have_count(40)
    expect(page.locator(".hit:focus")).to_have_attribute("aria-label", re.compile("^Result 11,"))
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
        expect(tile.locator(".hit")).to_have_attribute("aria-label", re.compile(f"^Result {rank},"))


def test_a_gallery_that_is_closed_while_it_loads_says_nothing(page: Page) -> None:
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/api/gallery?offset**", hold_the_first)
    page.locator("#gallery").click()
    expect(page.locator(".sheet.waiting > li")).to_have_count(48)
    page.keyboard.press("Escape")
    page.locator("#gallery").click()
    expect(page.locator(".sheet img").first).to_be_visible()
    held[0].continue_()
    page.wait_for_timeout(300)
    expect(page.locator(".toast")).to_have_count(0)
    expect(page.locator(".sheet:not(.waiting)").first.locator("> li")).to_have_count(48)
    assert len(page.locator(".sheet .hit[title]").all()) % 48 == 0


def test_the_gallery_has_an_end_and_its_button_too(page: Page, site: "Site") -> None:
    page.route("**/api/gallery?offset=48**", lambda route: route.abort())
    page.expected.append("ERR_FAILED")  # type: ignore[attr-defined]
    page.locator("#gallery").click()
    expect(page.locator(".toast")).to_contain_text("does not answer")
    page.unroute("**/api/gallery?offset=48**")
    page.locator(".gallery").get_by_role("button", name="Show more").click()
    expect(page.locator(".sheet").nth(1).locator("button").first).to_be_focused()
    body = page.locator(".gallery .panel-body")
    for _ in range(60):
        body.evaluate("body => body.scrollTo(0, 1e6)")
        page.wait_for_timeout(50)
        if page.locator(".gallery .list-end").count():
            break
    expect(page.locator(".gallery .list-end")).to_have_text("That is all: 300 pictures")
    height = body.evaluate("body => body.scrollHeight")
    page.set_viewport_size({"width": 500, "height": 900})
    page.wait_for_function(
        "(old) => document.querySelector('.gallery .panel-body').scrollHeight > 1.3 * old",
        arg=height,
    )

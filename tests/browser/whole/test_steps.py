"""Views, dialogs and pictures are steps of the browser's history, with addresses to share."""

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.steps import (
    SEEN,
    WORDS,
    answered,
    escape,
    large_path,
    open_address,
    open_elsewhere,
    open_photos,
    search,
)

if TYPE_CHECKING:
    from tests.browser.site import Site

RESTING = """async () => {
    const before = scrollY;
    await new Promise((done) => setTimeout(done, 200));
    return scrollY === before;
}"""


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_switch_leads_to_views_with_addresses(
    browser: Browser, site: "Site", language: str
) -> None:
    locale = {"en": "en-GB", "vi": "vi-VN"}[language]
    with browser.new_context(locale=locale, service_workers="block") as context:
        page = context.new_page()
        page.goto(site.url)
        page.wait_for_selector(".health[data-state=ok]")
        links = page.locator("#views a:visible")
        expect(links).to_have_text([WORDS[language]["view.search"], WORDS[language]["view.photos"]])
        search(page, "a red car")
        asked = page.url
        open_photos(page)
        expect(page).to_have_url(f"{site.url}/photos")
        front = page.locator(
            "#views [aria-current=page]"
        )  # the view in front, as the switch has it
        expect(front).to_have_attribute("data-view", "photos")
        expect(page.locator("#composer")).to_be_hidden()
        page.reload()
        page.wait_for_selector(".photo img")
        page.go_back()
        expect(page).to_have_url(asked)
        expect(front).to_have_attribute("data-view", "search")
        expect(page.locator(".question p")).to_have_text("a red car")
        page.go_forward()
        expect(front).to_have_attribute("data-view", "photos")
        links.first.click()
        expect(page).to_have_url(asked)  # the switch leads back to where one was
        page.goto(f"{site.url}/posts")  # there are no posts here
        expect(front).to_have_attribute("data-view", "search")


def test_a_view_is_found_where_it_was_left(page: Page) -> None:
    for words in ("a red car", "a dog", "a cat"):
        search(page, words)
    page.locator(".question").nth(1).scroll_into_view_if_needed()
    page.wait_for_function(RESTING)
    place = page.evaluate("scrollY")
    open_photos(page)
    page.evaluate("scrollTo(0, 900)")
    page.go_back()
    page.wait_for_selector("#search-view:visible")
    page.wait_for_timeout(500)  # a motion would have begun
    assert page.evaluate("scrollY") == place
    page.go_forward()
    page.wait_for_selector("#photos-view:visible")
    page.wait_for_function("() => scrollY === 900")
    page.reload()
    page.wait_for_function("() => scrollY === 900")


def test_what_happens_to_a_search_leaves_the_address_of_another_view_alone(
    page: Page, site: "Site"
) -> None:
    search(page, "a red car")
    open_photos(page)
    page.locator("#history").click()
    page.locator(".conversations .icon").nth(1).click()
    expect(page.locator(".toast p")).to_have_text("1 search deleted.")
    escape(page)
    expect(page).to_have_url(f"{site.url}/photos")
    page.locator("#views [data-view=search]").click()
    expect(page).to_have_url(f"{site.url}/")
    expect(page.locator("#welcome")).to_be_visible()


def test_back_and_escape_close_the_topmost_and_nothing_beneath_changes(page: Page) -> None:
    search(page, "a red car")
    search(page, "a blue bus")
    asked = page.url
    for close in ("back", "escape"):
        page.locator(".answer").last.locator(".grid .hit").first.click()
        page.wait_for_function(SEEN)
        expect(page).to_have_url(re.compile("open="))
        page.locator("#large-area").click()
        expect(page.locator("#area-box")).to_be_focused()
        for gone in ("#area-box", "#lightbox"):
            page.go_back() if close == "back" else escape(page)
            expect(page.locator(gone)).to_be_hidden()
            expect(page.locator(".question")).to_have_count(2)
        expect(page).to_have_url(asked)
    page.go_forward()
    expect(page.locator("#lightbox")).to_be_visible()
    page.go_back()
    for name in ("settings", "history", "connect"):
        page.locator(f"#{name}").click()
        expect(page.locator(f".panel.{name}")).to_be_visible()
        page.go_back()
        expect(page.locator(f".panel.{name}")).to_be_hidden()
        expect(page).to_have_url(asked)
    page.locator("#settings").click()
    expect(page.locator(".panel.settings")).to_be_visible()  # its step is there before the reload
    page.reload()
    expect(page.locator(".panel.settings")).to_be_visible()
    escape(page)
    expect(page.locator(".panel.settings")).to_be_hidden()
    expect(page).to_have_url(asked)
    page.go_back()
    expect(page).to_have_url(re.compile("q=a\\+red\\+car"))


def test_an_opened_picture_is_reloaded_and_shared(page: Page, site: "Site") -> None:
    search(page, "a red car")
    page.locator(".grid .hit").nth(2).click()
    page.wait_for_function(SEEN)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#large-place")).to_have_text("4/10")
    shown, address = large_path(page), page.url
    page.reload()
    expect(page.locator("#large-place")).to_have_text("4/10")
    assert large_path(page) == shown
    escape(page)
    expect(page).to_have_url(re.compile(r"^((?!open=).)*$"))
    expect(page.locator(".question")).to_have_count(1)
    open_elsewhere(page, address.replace("/?", "/photos?"))
    expect(page.locator("#large-place")).to_have_text(re.compile(r"^\d+/300$"))
    assert large_path(page) == shown
    page.go_back()
    expect(page.locator("#lightbox")).to_be_hidden()
    assert page.url.startswith(f"{site.url}/photos")


def test_a_new_search_is_new_after_a_reload_and_by_the_logo(page: Page) -> None:
    search(page, "a red car")
    page.reload()
    expect(page.locator(".question")).to_have_count(1)
    page.locator("#new").click()
    expect(page.locator(".sample img").first).to_be_visible()
    page.reload()
    expect(page.locator(".sample img").first).to_be_visible()
    expect(page.locator(".question")).to_have_count(0)
    search(page, "a blue bus")
    page.locator("#home").click()
    expect(page.locator("#welcome-title")).to_be_visible()
    expect(page.locator(".sample img").first).to_be_visible()
    page.go_back()
    expect(page.locator(".question p")).to_have_text("a blue bus")
    page.locator("#history").click()
    page.locator(".conversations .icon").nth(1).click()
    escape(page)
    expect(page.locator(".sample img").first).to_be_visible()


def test_old_addresses_of_searches_still_search(page: Page, site: "Site") -> None:
    open_address(page, f"{site.url}/?q=a+red+car&k=5&alpha=0.5&unlike=nothing-like-it")
    page.expected.append("404")  # type: ignore[attr-defined]
    answered(page)
    open_address(page, f"{site.url}/?q=a+red+car&k=5&without=bus")
    answered(page)
    expect(page.locator(".answer").last.locator(".tile")).to_have_count(5)


def test_words_are_added_to_the_search_before(page: Page) -> None:
    search(page, "a red car")
    box = page.locator("#words")
    goes_on = page.locator("#goes-on")
    expect(goes_on).to_be_hidden()
    box.fill("at night")
    expect(goes_on).to_have_text("Add to “a red car”")
    goes_on.press("Enter")
    expect(goes_on).to_have_attribute("aria-pressed", "true")
    expect(box).to_be_focused()
    box.press("Enter")
    expect(page.locator(".question").last.locator("p")).to_have_text("a red car at night")
    answered(page)
    box.fill("in the rain")
    expect(goes_on).to_have_attribute("aria-pressed", "false")


def test_a_picture_of_the_gallery_travels_by_its_id(page: Page) -> None:
    search(page, "a red car")
    page.locator(".grid .hit").nth(1).click()
    page.wait_for_function(SEEN)
    page.get_by_role("button", name="Add words").click()
    expect(page.locator("#words")).to_be_focused()
    expect(page.locator(".previews img")).to_have_count(1)
    search(page, "at night")
    expect(page).to_have_url(re.compile(r"q=at\+night.*picture=|picture=.*q=at\+night"))
    caption = page.locator(".question").last.locator(".sent img").get_attribute("alt") or ""
    expect(page.locator(".sentence").last).to_contain_text(
        f"“at night” and “{caption.rstrip(' .')}”"
    )
    page.get_by_role("button", name="Copy a link to this search").last.click()
    expect(page.locator(".toast p")).to_have_text("The link to this search was copied.")
    shared = page.url
    open_elsewhere(page, shared)
    answered(page)
    expect(page.locator(".sent img")).to_be_visible()
    expect(page.locator(".failure")).to_have_count(0)


def test_from_the_library_into_the_question(page: Page) -> None:
    page.locator("#more").click()
    page.locator("#library").click()
    expect(page.locator(".library .photo").first).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".library")).to_be_hidden()
    expect(page.locator(".previews img")).to_have_count(1)
    page.locator("#send").click()
    answered(page)
    expect(page).to_have_url(re.compile("picture="))

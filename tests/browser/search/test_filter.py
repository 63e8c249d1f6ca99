"""Results narrowed by folder, words of captions, days and size."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import (
    answered,
    escape,
    jpeg,
    large_path,
    open_address,
    open_filter,
    search,
    wheel_to_the_end,
)

if TYPE_CHECKING:
    from tests.browser.site import Site

FOUND = ".answer:last-child .grid button.hit"


def captioned(site: "Site", word: str) -> int:
    """How many pictures of the gallery have the word in a caption."""
    lines = (site.gallery / "captions.txt").read_text("utf8").splitlines()[1:]
    return len({line.split(",")[0] for line in lines if re.search(rf"\b{word}\b", line, re.I)})


def test_words_of_captions_narrow_the_question_before(page: Page, site: "Site") -> None:
    search(page, "a red car")
    open_filter(page)
    page.get_by_label("Words in the caption").fill("rain")
    page.get_by_label("Words in the caption").press("Enter")
    expect(page.locator(".question")).to_have_count(2)
    answered(page)
    expect(page.locator("#filter-fields")).to_be_hidden()
    expect(page.locator("#more")).to_be_focused()
    expect(page.locator(".question").last.locator("p")).to_have_text("a red car")
    expect(page.locator(".question").last.locator(".narrow")).to_have_text("Caption has “rain”")
    expect(page.locator("#picks .narrow")).to_have_count(1)  # stays for what is asked next
    rainy = captioned(site, "rain")
    sentence = f"The filter left {rainy} of 300 pictures."
    expect(page.locator(".sentence").last).to_contain_text(sentence)
    assert "words=rain" in page.url
    expect(wheel_to_the_end(page)).to_have_text(f"That is all: {rainy} pictures")
    page.locator(".question").last.locator(".narrow .off").click()
    answered(page)
    expect(page.locator(".question").last.locator(".narrow")).to_have_count(0)
    expect(page.locator(".sentence").last).not_to_contain_text("filter")
    assert "words=" not in page.url


def test_an_address_brings_its_filter_and_a_reload_keeps_it(page: Page, site: "Site") -> None:
    open_address(
        page, f"{site.url}/?q=a+red+car&k=5&words=rain&after=2020-01-31&before=nonsense&min_side=9x"
    )
    answered(page)
    chips = ["Caption has “rain”", "From 31 Jan 2020"]
    expect(page.locator(".question .narrow")).to_have_text(chips)
    expect(page.locator("#picks .narrow")).to_have_text(chips)
    page.reload()
    answered(page)
    expect(page.locator("#picks .narrow")).to_have_text(chips)
    expect(page.locator("#send")).to_be_disabled()  # nothing is new in the box
    page.locator("#language").click()
    expect(page.locator("#picks .narrow").last).to_have_text("Từ 31 thg 1, 2020")
    expect(page.locator(".sentence")).to_contain_text("Bộ lọc giữ lại")
    page.locator("#new").click()
    expect(page.locator("#picks .narrow")).to_have_count(0)


def test_where_nothing_passes_it_is_said_and_searched_without(page: Page) -> None:
    open_filter(page)
    page.get_by_label("From", exact=True).fill("2999-01-31")
    search(page, "a red car")
    expect(page.locator("#filter-fields")).to_be_hidden()
    expect(page.locator(".sentence")).to_have_text("No picture passes the filter.")
    expect(page.locator(FOUND)).to_have_count(0)
    page.get_by_role("button", name="Search without the filter").click()
    expect(page.locator("#picks .narrow")).to_have_count(0)
    expect(page.locator(FOUND)).to_have_count(10)
    expect(page.locator(".question")).to_have_count(1)


@pytest.fixture
def added(page: Page) -> Iterator[None]:
    """A picture that was added to the gallery, and is gone afterwards."""
    id = page.evaluate(
        """async (bytes) => { const form = new FormData();
        form.append('file', new Blob([Uint8Array.from(bytes)], {type: 'image/jpeg'}), 'new.jpg');
        const answer = await fetch('/api/images', {method: 'POST', body: form});
        return (await answer.json()).images[0].id; }""",
        list(jpeg(600, 400)),
    )
    yield
    page.evaluate("(id) => fetch(`/api/images/${id}`, {method: 'DELETE'})", id)


@pytest.mark.usefixtures("added")
def test_pictures_added_here_are_a_folder(page: Page) -> None:
    open_filter(page)
    page.get_by_label("Folder").select_option(label="Pictures you added (1)")
    search(page, "red and blue")
    expect(page.locator(".question .narrow")).to_have_text("Folder: Pictures you added")
    sentence = re.compile(r"“red and blue”\..*The filter left 1 of 301 pictures\.")
    expect(page.locator(".sentence")).to_have_text(sentence)
    expect(page.locator("#announce")).to_have_text("1 nearest")
    page.locator(".grid .hit").click()
    assert large_path(page).startswith("added/")


def test_by_keyboard_it_opens_counts_clears_and_gives_the_focus_back(page: Page) -> None:
    opener = page.locator("#more")
    opener.press("Enter")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#filter")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("[data-field=folder]")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("boat")
    page.get_by_label("Size").select_option("256")
    escape(page)
    expect(page.locator("#filter-fields")).to_be_hidden()
    expect(opener).to_be_focused()
    expect(page.locator("#picks .narrow")).to_have_text(["Caption has “boat”", "At least 256 px"])
    open_filter(page)
    expect(page.locator("[data-field=words]")).to_have_value("boat")
    page.get_by_role("button", name="Clear filter").press("Enter")
    expect(page.locator("[data-field=words]")).to_have_value("")
    expect(page.locator("#words")).to_be_focused()


def test_an_api_without_folders_has_the_other_fields(page: Page) -> None:
    page.expected.append("404")  # type: ignore[attr-defined]
    page.route("**/api/folders", lambda route: route.fulfill(status=404, json={}))
    open_filter(page)
    expect(page.get_by_label("Folder")).to_have_count(0)
    expect(page.locator(".filter .field")).to_have_count(4)

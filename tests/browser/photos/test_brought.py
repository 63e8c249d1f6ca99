"""Folders and files as people bring them: narrowed to, seen large, cropped, kept."""

import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.brought import FOLDER, LATIN, PICTURES
from tests.browser.steps import (
    all_titles,
    answered,
    escape,
    large_path,
    loaded,
    open_address,
    open_filter,
    open_photos,
    search,
)

if TYPE_CHECKING:
    from tests.browser.site import Site

SEEN = """() => { const image = document.querySelector('.swiper-slide-active img');
    return image?.complete && image.naturalWidth > 200; }"""


def shown(name: str) -> str:
    """As the page writes a name on disk."""
    return name.replace(LATIN, r"caf\xe9")


def narrow(page: Page, folder: str) -> None:
    open_filter(page)
    page.get_by_label("Folder").select_option(folder)


@pytest.mark.parametrize(("name", "kind", "mode"), PICTURES[1::2])
def test_each_is_found_in_its_folder_seen_large_cropped_and_kept(
    page: Page, site: "Site", name: str, kind: str, mode: str
) -> None:
    folder = unicodedata.normalize("NFC", shown(name.rpartition("/")[0]))
    narrow(page, folder)
    search(page, "a red car")
    loaded(page)
    paths = []
    hits = page.locator(".grid .hit")
    for place in range(hits.count()):
        hits.nth(place).click()
        page.wait_for_function(SEEN)
        paths.append(large_path(page))
        if paths[-1].endswith(shown(name)):
            break
        escape(page)
    assert paths[-1].endswith(shown(name)), paths
    with page.expect_download() as downloading:
        page.locator("#large-download").click()
    kept = shown(name).rpartition("/")[2]
    assert downloading.value.suggested_filename in (kept, kept.replace("\\", "_"))
    assert downloading.value.path().read_bytes() == (site.gallery / "images" / name).read_bytes()
    page.locator("#large-area").click()
    page.locator("#area-box").press("Enter")
    expect(page.locator(".question")).to_have_count(2)
    answered(page)
    expect(page.locator(".failure")).to_have_count(0)
    expect(page.locator(".question").last.locator(".sent img")).to_have_attribute("alt", kept)


def test_the_gallery_shows_their_names(page: Page) -> None:
    open_photos(page)
    # The others have captions.
    names = {shown(name.rpartition("/")[2]) for name, _, _ in PICTURES if LATIN in name}
    assert names <= all_titles(page)
    loaded(page)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_shared_address_finds_a_folder_in_either_form(
    page: Page, site: "Site", form: str
) -> None:
    open_address(
        page, f"{site.url}/?q=a+red+car&folder={quote(unicodedata.normalize(form, FOLDER))}"
    )
    answered(page)
    expect(page.locator(".grid .hit")).to_have_count(2)
    open_filter(page)
    expect(page.locator("select[data-field=folder]")).to_have_value(
        unicodedata.normalize("NFC", FOLDER)
    )


def test_a_folder_that_is_not_there_is_said_with_those_near(page: Page, site: "Site") -> None:
    page.expected.append("422")  # type: ignore[attr-defined]
    open_address(page, f"{site.url}/?q=a+red+car&folder=da+nang")
    answered(page)
    failure = page.locator(".failure")
    expect(failure).to_contain_text("There is no folder “da nang” in this gallery.")
    expect(page.locator("#announce")).to_have_text("There is no folder “da nang” in this gallery.")
    page.locator("#language").click()
    expect(failure).to_contain_text("Bộ sưu tập này không có thư mục “da nang”.")
    folder = unicodedata.normalize("NFC", FOLDER)
    failure.get_by_role("button", name=f"Thư mục: {folder}").click()
    expect(page.locator(".grid .hit")).to_have_count(2)
    expect(page.locator("#picks .narrow")).to_have_text(f"Thư mục: {folder}")
    page.reload()
    answered(page)
    expect(page.locator(".failure")).to_have_count(0)


def test_a_folder_that_is_gone_can_be_left_out(page: Page, site: "Site") -> None:
    page.expected.append("422")  # type: ignore[attr-defined]
    open_address(page, f"{site.url}/?q=a+red+car&folder=2019&words=car")
    answered(page)
    page.get_by_role("button", name="Search in all folders").click()
    expect(page.locator("#picks .narrow")).to_have_text("Caption has “car”")
    expect(page.locator(".grid .hit")).to_have_count(10)

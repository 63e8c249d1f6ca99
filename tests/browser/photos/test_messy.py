"""A person's folder with everything in it at once, from the page: nothing is broken anywhere."""

import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from galleries import MessyFolder, make_messy_folder
from playwright.sync_api import Page, expect

from tests.browser.site import Site, serving
from tests.browser.steps import (
    answered,
    escape,
    large_path,
    loaded,
    open_filter,
    open_photos,
    search,
)
from timanh.workspace import readable

if TYPE_CHECKING:
    from playwright.sync_api import Locator

SEEN = """() => { const image = document.querySelector('.swiper-slide-active img');
    return image?.complete && image.naturalWidth === 80; }"""
OTHER_KINDS = ("scan.tif", "scan.ppm", "scan.jp2", "print.jpg", "sensor.png")


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> MessyFolder:
    return make_messy_folder(tmp_path_factory.mktemp("messy"))


@pytest.fixture(scope="module")
def site(messy: MessyFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """In place of the drawn gallery; `page` opens it, and sees to it that no error is shown."""
    with serving(messy.gallery, tmp_path_factory.mktemp("served") / "index") as site:
        yield site


def open_gallery(page: Page) -> "Locator":
    return open_photos(page)


def see_each(page: Page, tiles: "Locator") -> dict[str, int]:
    """Path → place of every picture, each seen large."""
    places = {}
    count = tiles.count()
    tiles.first.click()
    for place in range(count):
        expect(page.locator("#large-place")).to_have_text(f"{place + 1}/{count}")
        page.wait_for_function(SEEN)
        places[large_path(page)] = place
        page.keyboard.press("ArrowRight")
    escape(page)
    return places


def test_a_messy_folder_is_searched_seen_cropped_and_kept(page: Page, messy: MessyFolder) -> None:
    page.emulate_media(reduced_motion="reduce")
    search(page, "a red circle")
    loaded(page)
    tiles = open_gallery(page)
    places = see_each(page, tiles)
    assert places.keys() >= {readable(name) for name in messy.taken}
    for name in ("scan.tif", "caf\\xe9.jpg"):
        tiles.nth(places[name]).click()
        with page.expect_download() as downloading:
            page.locator("#large-download").click()
        kept = downloading.value
        assert kept.suggested_filename in (name, name.replace("\\", "_"))
        (original,) = [each for each in messy.taken if readable(each) == name]
        assert kept.path().read_bytes() == (messy.gallery / original).read_bytes()
        escape(page)
    for count, name in enumerate(OTHER_KINDS, 2):
        open_gallery(page).nth(places[name]).click()
        page.wait_for_function(SEEN)
        page.locator("#large-area").click()
        page.locator("#area-box").press("Enter")
        expect(page.locator(".question")).to_have_count(count)
        answered(page)
    expect(page.locator(".failure")).to_have_count(0)
    open_filter(page)
    folder = unicodedata.normalize("NFC", "Đà Nẵng")
    page.locator("select[data-field=folder]").select_option(folder)
    search(page, "bãi biển")
    expect(page.locator(".answer").last.locator(".grid .hit")).to_have_count(2)

"""What is kept: conversations across reloads, with names, undo and export; and addresses."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.browser.steps import answered, escape, open_elsewhere, search

if TYPE_CHECKING:
    from tests.browser.site import Site


def test_words_pictures_and_answers_are_there_after_a_reload(page: Page, site: "Site") -> None:
    page.set_input_files("#file", [site.gallery / "images" / "scene_000007.jpg"])
    search(page, "at night")
    found = page.locator(".grid .hit").evaluate_all("hits => hits.map((hit) => hit.title)")
    page.reload()
    expect(page.locator(".question p")).to_have_text("at night")
    page.wait_for_function("() => document.querySelector('.sent img')?.naturalWidth > 0")
    assert page.locator(".grid .hit").evaluate_all("hits => hits.map((h) => h.title)") == found
    assert page.evaluate("localStorage.length") > 0


def test_old_answers_speak_the_language_that_is_chosen(page: Page) -> None:
    search(page, "a red car")
    expect(page.locator(".sentence")).to_contain_text("The 10 nearest to “a red car”")
    page.locator("#language").click()
    expect(page.locator(".sentence")).to_contain_text("10 ảnh gần nhất với “a red car”")
    expect(page.locator(".took")).to_contain_text("Tìm xong trong")
    page.reload()
    expect(page.locator(".sentence")).to_contain_text("10 ảnh gần nhất")
    page.locator("#language").click()
    expect(page.locator(".sentence")).to_contain_text("10 nearest")


def test_several_conversations_are_named_opened_deleted_and_brought_back(page: Page) -> None:
    search(page, "a red car")
    page.get_by_role("button", name="New search").click()
    search(page, "a black cat at night")
    page.locator("#history").click()
    names = page.locator(".conversation span")
    expect(names).to_have_text(["a black cat at night", "a red car"])
    page.get_by_role("button", name="Rename a red car").click()
    page.get_by_role("textbox", name="Name of the search").fill("cars <b>x</b>")
    page.keyboard.press("Enter")
    expect(names).to_have_text(["a black cat at night", "cars <b>x</b>"])
    page.get_by_role("button", name="Delete cars").click()
    expect(names).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(names).to_have_count(2)
    names.nth(1).click()
    expect(page.locator(".question p")).to_have_text("a red car")
    page.locator("#history").click()
    page.get_by_role("button", name="Delete all").click()
    expect(page.locator(".panel-foot")).to_contain_text("Delete all 2 searches?")
    page.get_by_role("button", name="Delete all").click()
    expect(names).to_have_count(0)
    escape(page)
    expect(page.locator("#welcome-title")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    page.locator("#history").click()
    expect(names).to_have_count(2)
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Save as a file").click()
    saved = json.loads(Path(downloading.value.path()).read_text("utf8"))
    assert [each["name"] for each in saved["conversations"]] == [
        "a black cat at night", "cars <b>x</b>"]  # fmt: skip
    assert len(saved["conversations"][1]["turns"][0]["answer"]["results"]) == 10


def test_the_address_holds_the_search_and_back_goes_back(page: Page, site: "Site") -> None:
    search(page, "a red car")
    page.locator(".verdict[data-verdict=unlike]").first.click(force=True)
    search(page, "a bus without people")
    assert "q=a+bus+without+people" in page.url and "unlike=" in page.url
    shared = page.url
    page.go_back()
    assert "q=a+red+car" in page.url
    expect(page.locator(".question")).to_have_count(2)
    page.go_forward()
    assert page.url == shared
    open_elsewhere(page, shared)
    answered(page)
    expect(page.locator(".question")).to_contain_text("a bus")
    expect(page.locator(".steer.without")).to_contain_text("people")
    expect(page.locator(".pick.unlike img")).to_be_visible()
    page.reload()
    answered(page)
    expect(page.locator(".question")).to_have_count(1)


def test_a_link_to_a_search_holds_all_but_one_s_own_pictures(page: Page, site: "Site") -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    search(page, "a red car without people")
    page.locator(".verdict[data-verdict=like]").nth(1).click(force=True)
    page.locator(".verdict[data-verdict=unlike]").nth(2).click(force=True)
    page.set_input_files("#file", [site.gallery / "images" / "scene_000007.jpg"])
    page.locator("#words").fill("at night")
    page.locator("#balance input").fill("0.8")
    page.locator("#send").click()
    answered(page)
    page.get_by_role("button", name="Copy a link to this search").last.click()
    expect(page.locator(".toast")).to_contain_text("Your own pictures stay on this device")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.url
    assert all(part in link for part in ("q=at+night", "alpha=0.8", "k=10", "&like=", "&unlike="))
    page.get_by_role("button", name="Copy a link to this search").first.click()
    expect(page.locator(".toast")).to_have_text("The link to this search was copied.")
    assert "without+people" in page.evaluate("navigator.clipboard.readText()")
    page.set_input_files("#file", [site.gallery / "images" / "scene_000007.jpg"])
    page.locator("#send").click()
    answered(page)
    page.get_by_role("button", name="Copy a link to this search").last.click()
    expect(page.locator(".toast")).to_contain_text("no link can hold it")

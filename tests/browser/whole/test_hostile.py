"""A gallery, a history and a translator that mean harm: all of it is text on the page."""

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.hostile import NAMES
from tests.browser.steps import all_titles, answered, escape, open_photos, search
from timanh.workspace import readable

if TYPE_CHECKING:
    from tests.browser.site import Site


def still_ours(page: Page) -> None:
    """Nothing of what came was run, made into an element, or wider than the page."""
    assert page.title() == "Tìm Ảnh"
    assert page.locator("img[src=x], img[onerror], img[onload], main script, b").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("name", NAMES)
def test_a_file_s_name_is_text_wherever_it_is_shown(page: Page, site: "Site", name: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    picture = site.gallery / "images" / name
    page.set_input_files(
        "#file", {"name": name, "mimeType": "image/jpeg", "buffer": picture.read_bytes()}
    )
    expect(page.locator(".previews img")).to_have_attribute("alt", name)
    page.locator("#send").click()
    answered(page)
    shown = readable(name)
    expect(page.locator(".grid .hit").first).to_have_attribute("title", shown)
    still_ours(page)
    page.locator(".verdict").first.click(force=True)
    page.locator(".grid .hit").first.click()
    expect(page.locator("#large-caption")).to_have_text(shown)
    still_ours(page)
    with page.expect_download() as downloading:
        page.locator("#large-download").click()
    assert downloading.value.suggested_filename.endswith(".jpg")
    escape(page)
    page.locator("#history").click()
    expect(page.locator(".conversation span").first).to_have_text(name[:80])
    page.locator(".conversations .icon").nth(1).click()
    page.get_by_role("button", name="Undo").click()
    still_ours(page)


def test_a_gallery_of_such_names_is_browsed(page: Page) -> None:
    open_photos(page)
    assert set(map(readable, NAMES)) <= all_titles(page)
    still_ours(page)


def test_a_sentence_goes_on_from_left_to_right_after_a_name_that_does_not(page: Page) -> None:
    name = "\u202egpj.exe"
    page.set_input_files("#file", {"name": name, "mimeType": "text/plain", "buffer": b"x"})
    expect(page.locator(".refused")).to_have_text(f"\u2068{name}\u2069 is not a picture.")


def test_translation_notice_and_conversation_name_are_text(page: Page) -> None:
    bad = '<img src=x onerror="document.title=7">'
    events = [
        ("understood", {"text": bad, "translated": bad, "language": "vi", "alpha": 0.6,
                        "notice": bad, "notice_code": "never-heard-of"}),
        ("answer", {"text": f"{bad}<svg onload=\"document.title=8\"></svg>"}),
        ("done", {"count": 0, "weak": False, "took_ms": {"total": 1}}),
    ]  # fmt: skip
    body = "".join(f"event: {kind}\ndata: {json.dumps(data)}\n\n" for kind, data in events)

    def answer(route: Route) -> None:
        route.fulfill(content_type="text/event-stream", body=body)

    page.route("**/api/search/stream**", answer)
    search(page, bad)
    expect(page.locator(".translation > p").first).to_contain_text(bad)
    expect(page.locator(".remark")).to_have_text(bad)
    expect(page.locator(".sentence")).to_contain_text(bad)
    page.locator("#history").click()
    expect(page.locator(".conversation span")).to_have_text(bad)
    still_ours(page)

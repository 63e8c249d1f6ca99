"""What the words exclude is a chip that can be taken back, with the pointer and the keyboard."""

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.steps import answered, search

if TYPE_CHECKING:
    from tests.browser.site import Site

BACK = "Search word for word, “umbrella” too"


def test_only_the_noun_is_excluded_and_can_be_taken_back(page: Page) -> None:
    text = "a woman without an umbrella in the rain"
    search(page, text)
    question = page.locator(".question")
    expect(question.locator(".without")).to_have_text("Without: umbrella")
    expect(question.locator("p")).to_have_text(text)
    without = shown(page)
    with page.expect_request("**/api/search/stream**") as request:
        page.get_by_role("button", name=BACK).click()
    assert 'name="as_written"' in (request.value.post_data or "")
    answered(page)
    expect(question.locator(".steer")).to_have_text(["Searched word for word"])
    expect(page).to_have_url(re.compile("as_written=1"))
    assert shown(page) != without
    page.reload()
    answered(page)
    expect(question.locator(".steer")).to_have_text(["Searched word for word"])


@pytest.mark.parametrize(
    ("locale", "text", "chip", "back", "whole", "undo"),
    [
        ("en-GB", "a woman without an umbrella in the rain", "Without: umbrella", BACK,
         "Searched word for word", "Leave out again what should not be there"),
        ("vi-VN", "người phụ nữ không che ô dưới mưa", "Không có: ô",
         "Tìm theo nguyên văn cả câu, kể cả “ô”", "Tìm theo nguyên văn",
         "Lại loại đi những gì không muốn thấy"),
    ],
)  # fmt: skip
def test_the_chip_with_the_keyboard_in_both_languages(
    browser: Browser, site: "Site", locale: str, text: str, chip: str, back: str, whole: str,
    undo: str,
) -> None:  # fmt: skip
    context = browser.new_context(locale=locale, service_workers="block")
    page = context.new_page()
    page.goto(site.url)
    page.wait_for_selector(".health[data-state=ok]")
    search(page, text)
    chips = page.locator(".question .steer")
    expect(chips).to_have_text([chip])
    page.get_by_role("button", name=back).press("Enter")
    expect(chips).to_have_text([whole])
    expect(page.get_by_role("button", name=undo)).to_be_focused()
    answered(page)
    page.keyboard.press("Enter")
    expect(chips).to_have_text([chip])
    expect(page.get_by_role("button", name=back)).to_be_focused()
    context.close()


def test_what_is_excluded_stays_where_the_translation_is_corrected(page: Page) -> None:
    events = (
        'event: understood\ndata: {"text": "chó không có mũ", "translated": "dog",'
        ' "language": "vi", "alpha": 0.6, "images": 0, "excluded": ["mũ"], "wanted": "chó"}\n\n'
        'event: done\ndata: {"count": 0, "weak": null, "considered": 300, "gallery": 300,'
        ' "took_ms": {"total": 1}}\n\n'
    )
    page.route(
        "**/api/search/stream**",
        lambda route: route.fulfill(body=events, content_type="text/event-stream"),
    )
    search(page, "chó không có mũ")
    page.get_by_role("button", name="Correct the translation").click()
    page.locator(".translation input").fill("old dog")
    with page.expect_request("**/api/search/stream**") as request:
        page.keyboard.press("Enter")
    sent = request.value.post_data or ""
    assert "old dog" in sent and 'name="without"\r\n\r\nmũ' in sent
    expect(page.locator(".question .without")).to_have_text(["Without: mũ"])


def test_words_that_only_exclude_and_follow_nothing_ask_for_more(page: Page) -> None:
    search(page, "không có mũ")
    expect(page.locator(".failure")).to_contain_text("Write what should be there too")


def shown(page: Page) -> list[str]:
    return page.locator(".grid .hit img").evaluate_all(
        "images => images.map((image) => image.getAttribute('src'))"
    )  # fmt: skip

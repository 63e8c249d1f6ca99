"""Addresses that were cut, and storage that holds something else: the page opens all the same."""

import json
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.browser.steps import answered, escape, leave_app, open_address, search

if TYPE_CHECKING:
    from tests.browser.site import Site

TURN = {
    "id": "t", "at": "yesterday",
    "question": {"text": "a red car", "pictures": "none", "alpha": "much", "k": 1e9, "like": {},
                 "unlike": [None, {"id": 7}], "without": [5, "hat"], "where": "everywhere"},
    "answer": {"state": "done", "results": [{}, None, {"id": "a", "url": "/x", "thumbnail":
               "/favicon.svg", "captions": "no", "width": -4}], "understood": 5, "text": ["x"],
               "took": "long", "problem": 3},
}  # fmt: skip
STORED = [
    {"conversations": "5"},
    {"conversations": "{}"},
    {"conversations": "[{\"id\":"},
    {"conversations": json.dumps([None, 7, {"id": 5}, "x"])},
    *(
        {"conversations": json.dumps([{"id": "a", "at": "1e999"}]), "conversation:a": turns}
        for turns in ("7",
                      '[{"id": "t", "question": {}, "answer": {"state": "failed"}}]',
                      json.dumps([TURN]))
    ),
    {"theme": "purple", "language": "xx", "count": "-1"},
]  # fmt: skip


FIELDS = [
    "q=a+red+car&alpha=&k=", "q=a+red+car&alpha=NaN&k=1e400&like=&unlike=", "q=%E1%FF&folder=",
    "q=a+red+car&after=2026-99-99&min_side=-1&words=", "%=%&q=a+red+car&&==",
    f"q={'%F0%9F%98%80' * 600}",
]  # fmt: skip


def opens(page: Page, address: str) -> None:
    """The page starts to its end: what comes last is the line about the API, and the focus."""
    open_address(page, address)
    page.wait_for_selector(".health[data-state=ok]")


def test_a_cut_link_to_an_api_is_said_and_the_page_starts(page: Page, site: "Site") -> None:
    page.expected.append("422")  # type: ignore[attr-defined]
    for line in ("https%3A%2F%2Fa.ngrok.app%2", "%E1"):
        opens(page, f"{site.url}/#connect={line}")
        expect(page.get_by_role("textbox", name="Paste the line")).to_have_value(line)
        expect(page.get_by_role("alert")).to_contain_text("not a connection line")
        assert "#" not in page.url
    escape(page)
    search(page, "a red car")
    expect(page.locator(".grid .hit")).to_have_count(10)


def test_addresses_with_odd_fields_are_searched_as_far_as_they_say(
    page: Page, site: "Site"
) -> None:
    for fields in FIELDS:
        opens(page, f"{site.url}/?{fields}")
        answered(page)
        expect(page.locator(".failure")).to_have_count(0)
        expect(page.locator(".answer").last.locator(".grid .hit")).to_have_count(10)
        assert "alpha=0" not in page.url


def test_storage_that_holds_something_else_stops_nothing(page: Page, site: "Site") -> None:
    for stored in STORED:
        leave_app(page)
        page.evaluate(
            "(all) => { localStorage.clear(); Object.assign(localStorage, all); }", stored
        )
        opens(page, site.url)
        shown = ".question" if "red car" in str(stored) else "#welcome .chip, .question"
        page.wait_for_selector(shown)
        page.evaluate("async () => (await import('/js/history/store.js')).pictureKeys()")
        page.locator("#history").click()
        page.wait_for_selector(".history")
        escape(page)
    search(page, "a red car")
    expect(page.locator(".answer").last.locator(".grid .hit")).to_have_count(10)
    page.reload()
    expect(page.locator(".question p").last).to_have_text("a red car")

"""A long history opens at once and loses nothing; full storage is said in both languages."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.history import FILL
from tests.browser.measures import SHIFTS, load_times
from tests.browser.site import ROOT
from tests.browser.steps import search

if TYPE_CHECKING:
    from tests.browser.site import Site

WORDS = {
    name: json.loads((ROOT / "frontend" / "i18n" / f"{name}.json").read_text(encoding="utf8"))
    for name in ("en", "vi")
}
# All that is kept: the turns, and which of their pictures can be read.
KEPT = """async () => {
    const { listed, turnsOf, pictureKeys } = await import('/js/history/store.js');
    const { blobOf } = await import('/js/core/blobs.js');
    const blobs = await Promise.all([...pictureKeys()].map(blobOf));
    return { turns: listed().map(({ id }) => turnsOf(id)), sizes: blobs.map((blob) => blob?.size),
        characters: Object.values({ ...localStorage }).join('').length };
}"""
# Characters until the browser refuses one more, and their end.
FULL = """() => { for (let size = 1 << 20; size; size >>= 1) {
    try { for (let at = 0; ; at += 1) localStorage.setItem(`x-${size}-${at}`, 'x'.repeat(size)); }
    catch (error) { if (error.name !== 'QuotaExceededError') throw error; }
} }"""
ROOM = """() => Object.keys(localStorage).filter((key) => key.startsWith('x-'))
    .forEach((key) => localStorage.removeItem(key))"""
# Older questions come as one scrolls up, to the very first.
TO_THE_TOP = """async () => { while (!document.querySelector('#older').hidden) {
    scrollTo(0, 0);
    await new Promise(requestAnimationFrame);
} }"""
CROWD = """async () => {
    const { keepConversation, listed } = await import('/js/history/store.js');
    const { question } = await import('/js/ask/question.js');
    const answer = { state: 'done', results: [], text: 'x'.repeat(900_000), language: 'en' };
    const outcomes = [];
    for (let at = 1; at <= 6; at += 1) {
        const turn = { id: `t${at}`, at, question: question({ text: 'q' }), answer };
        outcomes.push(keepConversation({ id: `c${at}`, name: `c${at}`, at }, [turn]));
    }
    const size = Object.values({ ...localStorage }).reduce((sum, value) => sum + value.length, 0);
    return [outcomes, listed().map(({ id }) => id), size];
}"""

TOO_LARGE = """async () => {
    const { keepConversation } = await import('/js/history/store.js');
    const { question } = await import('/js/ask/question.js');
    const turn = { id: 't', at: 9, question: question({ text: 'x'.repeat(9_000_000) }) };
    return keepConversation({ id: 'large', name: 'large', at: 9 }, [turn]);
}"""


def test_five_hundred_questions_open_within_a_second(page: Page, site: "Site") -> None:
    _, empty = load_times(page, site.url, ".chip", 3)
    slower = max(1.0, min(empty) / 250)  # 250 ms for an empty page where nobody else works
    assert page.evaluate(FILL, 500) == "kept"
    page.add_init_script(SHIFTS)
    _, readies = load_times(page, site.url, ".question", 3)
    assert min(readies) < 1_000 * slower, (readies, empty)
    assert page.locator(".question").count() <= 40
    expect(page.locator(".question p").last).to_have_text("question 499")
    page.wait_for_function("() => [...document.querySelectorAll('.sent img')].at(-1).naturalWidth")
    assert page.evaluate("window.shift") < 0.02


def kept_at_rest(page: Page) -> dict[str, Any]:
    """What is kept once nothing is added any more: an answer is kept again while it grows."""
    found: dict[str, Any] = {}
    while (now := page.evaluate(KEPT)) != found:
        found = now
        page.wait_for_timeout(1000)
    return found


def test_a_long_history_loses_nothing_and_is_bounded(page: Page, site: "Site") -> None:
    assert page.evaluate(FILL, 500) == "kept"
    page.reload()
    expect(page.locator(".question p").last).to_have_text("question 499")
    page.set_input_files("#file", [site.gallery / "images" / "scene_000007.jpg"])
    search(page, "a red car")
    before = kept_at_rest(page)
    assert [len(turns) for turns in before["turns"]] == [501]
    assert len(before["sizes"]) == 501 and all(before["sizes"])
    assert before["characters"] < 4_100_000
    page.reload()
    expect(page.locator(".question p").last).to_have_text("a red car")
    assert page.evaluate(KEPT) == before
    page.evaluate(TO_THE_TOP)
    expect(page.locator(".question")).to_have_count(501)
    expect(page.locator(".question p").first).to_have_text("question 0")
    page.wait_for_function("() => document.querySelector('.sent img').naturalWidth > 0")


def test_storage_is_bounded_and_the_oldest_go_first(page: Page) -> None:
    outcomes, kept, size = page.evaluate(CROWD)
    assert outcomes == ["kept"] * 4 + ["made-room"] * 2
    assert kept == ["c6", "c5", "c4", "c3"]
    assert size < 4_100_000


def test_what_finds_no_room_at_all_costs_the_others_nothing(page: Page) -> None:
    page.evaluate(CROWD)
    before = page.evaluate(KEPT)
    assert page.evaluate(TOO_LARGE) == "full"
    assert page.evaluate(KEPT) == before


@pytest.mark.parametrize("language", ["en", "vi"])
def test_full_storage_is_said_and_costs_only_what_was_said(
    browser: Browser, site: "Site", language: str
) -> None:
    with visit(browser, site, language) as page:
        page.evaluate(FULL)
        search(page, "a red car")
        expect(page.locator(".toast")).to_have_text(WORDS[language]["history.full"])
        expect(page.locator(".tile")).to_have_count(10)
        page.evaluate(ROOM)
        search(page, "a blue bus")
        page.reload()
        expect(page.locator(".question p").last).to_have_text("a blue bus")


@pytest.mark.parametrize("language", ["en", "vi"])
def test_where_others_filled_the_storage_the_oldest_searches_go_and_that_is_said(
    browser: Browser, site: "Site", language: str
) -> None:
    with visit(browser, site, language) as page:
        assert page.evaluate(FILL, 100) == "kept"
        page.reload()
        expect(page.locator(".question p").last).to_have_text("question 99")
        page.evaluate(FULL)
        search(page, "a red car")
        expect(page.locator(".toast")).to_have_text(WORDS[language]["history.made-room"])
        page.reload()
        expect(page.locator(".question p").last).to_have_text("a red car")
        [turns] = page.evaluate(KEPT)["turns"]
        texts = [turn["question"]["text"] for turn in turns]
        first = 100 - (len(texts) - 1)
        assert 0 < first <= 11, "a tenth makes room"
        assert texts == [f"question {at}" for at in range(first, 100)] + ["a red car"]


@pytest.mark.parametrize("language", ["en", "vi"])
def test_pictures_that_find_no_room_are_said_and_last_until_the_page_is_closed(
    browser: Browser, site: "Site", language: str
) -> None:
    with visit(browser, site, language) as page:
        quota = page.context.new_cdp_session(page)
        pictures = site.gallery / "images"
        quota.send("Storage.overrideQuotaForOrigin", {"origin": site.url, "quotaSize": 1})
        page.set_input_files("#file", [pictures / "scene_000008.jpg"])
        search(page, "in the rain")
        expect(page.locator(".toast")).to_have_text(WORDS[language]["history.pictures-full"])
        again = page.locator(".question").last.locator(".sent img")
        expect(again).to_have_js_property("complete", True)
        assert again.evaluate("image => image.naturalWidth") > 0
        quota.send("Storage.overrideQuotaForOrigin", {"origin": site.url})
        page.set_input_files("#file", [pictures / "scene_000009.jpg"])
        search(page, "by day")
        page.reload()
        expect(page.locator(".sent img")).to_have_count(2)
        expect(page.locator(".sent img.gone")).to_have_count(1)
        found = page.evaluate(KEPT)
        assert [bool(size) for size in found["sizes"]] == [False, True]


@contextmanager
def visit(browser: Browser, site: "Site", language: str) -> Iterator[Page]:
    """A fresh page in a language; no error of the script may be seen at its end."""
    locale = {"en": "en-GB", "vi": "vi-VN"}[language]
    with browser.new_context(locale=locale, service_workers="block") as context:
        page = context.new_page()
        broken: list[str] = []
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto(site.url)
        page.wait_for_selector(".health[data-state=ok]")
        yield page
        assert broken == []

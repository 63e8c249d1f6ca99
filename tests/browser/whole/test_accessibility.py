"""For everybody: axe-core on every view in both themes, the keyboard alone, quiet motion."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import axe_page, violations
from tests.browser.steps import answered, escape, search
from tests.browser.views import walk

if TYPE_CHECKING:
    from tests.browser.site import Site


# Each theme with each language, and both widths with each of them.
@pytest.mark.parametrize(
    ("theme", "locale", "width"),
    [
        ("dark", "en-GB", 1280),
        ("dark", "vi-VN", 390),
        ("light", "en-GB", 390),
        ("light", "vi-VN", 1280),
    ],
)
def test_no_view_has_a_violation(
    browser: Browser, site: "Site", theme: str, locale: str, width: int
) -> None:
    with axe_page(browser, theme, locale, width) as page:
        found = {view: violations(page) for view in walk(page, site)}
    assert len(found) == 20 and {view: wrong for view, wrong in found.items() if wrong} == {}


# What no walk sees: what a library sets, and what only some answers hold.
SEEN_ELSEWHERE = (
    ".sentence", ".swiper-slide-zoomed", ".gone", ".translation", ".doubles", ".weak", ".stopped",
    ".notice", ".over", ".empty", ".list-end", ".remark", ".answer-top > .primary", ".skipped",
    ".near", ".adding > .primary", ".when", ".unshown", ".below", "progress", ".words-note",
    ".unseen", ".sections", ".unfolded", ".caption-", ".described", ".looked", ".weights",
    ".describe", ".field-switch", ".translated",
    ".why", ".heat", ".action:nth", ".create", ".ai-made",
)  # fmt: skip
SELECTORS = r"""() => {
    const all = (rules) => [...rules].flatMap((rule) => rule.selectorText
        ? rule.selectorText.split(/,(?![^(]*\))/) : rule.cssRules ? all(rule.cssRules) : []);
    const lasting = (text) => text
        .replace(/\[[^\]]*\]|:(not|has|is)\(([^()]|\([^)]*\))*\)/g, '')
        .replace(/::?(?!first|last|nth)[a-z-]+/g, '').trim();
    // The view of posts is not walked here: there are none without a database.
    const walked = [...document.styleSheets].filter((sheet) => !sheet.href?.endsWith('/posts.css'));
    const selectors = walked.flatMap((sheet) => all(sheet.cssRules));
    return [...new Set(selectors.map(lasting))].filter(Boolean);
}"""


def test_no_rule_of_the_styles_matches_nothing(browser: Browser, site: "Site") -> None:
    context = browser.new_context(locale="en-GB", service_workers="block")
    page = context.new_page()
    unmatched: list[str] = []
    for view in walk(page, site):
        unmatched = page.evaluate(SELECTORS) if view == "welcome" else unmatched
        unmatched = page.evaluate(
            "(all) => all.filter((each) => !document.querySelector(each))", unmatched
        )
    context.close()
    dead = [each for each in unmatched if not any(part in each for part in SEEN_ELSEWHERE)]
    assert not dead, dead


def test_the_keyboard_alone_does_a_whole_search(page: Page) -> None:
    def tab_to(name: str, most: int = 60) -> None:
        for _ in range(most):
            page.keyboard.press("Tab")
            said = page.evaluate(
                """() => { const on = document.activeElement;
                return on.ariaLabel ?? on.textContent; }"""
            )
            if said.startswith(name):
                outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none", f"the focus on {name} cannot be seen"
                return
        raise AssertionError(f"{name} is not reached by Tab")

    page.keyboard.type("a red car")
    page.keyboard.press("Enter")
    answered(page)
    page.locator("body").press("Home")
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    tab_to("Result 1")
    tab_to("More of this")
    page.keyboard.press("Enter")
    expect(page.locator("#picks .pick")).to_have_count(1)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#large-place")).to_have_text("1/10")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#large-place")).to_have_text("2/10")
    tab_to("Close")
    page.keyboard.press("Enter")
    expect(page.locator("#lightbox")).to_be_hidden()
    expect(page.locator(".hit:focus")).to_have_count(1)
    page.locator("#words").focus()
    page.keyboard.press("Enter")
    answered(page)
    expect(page.locator(".question")).to_have_count(2)
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    tab_to("Search history")
    page.keyboard.press("Enter")
    expect(page.locator(".panel.history")).to_be_visible()
    for _ in range(12):  # the focus stays in the dialog, or goes to the browser and comes back
        page.keyboard.press("Tab")
        assert page.evaluate(
            "() => document.activeElement === document.body || "
            "Boolean(document.activeElement.closest('.history'))"
        )
    escape(page)
    expect(page.locator("#history")).to_be_focused()


def test_nothing_moves_where_motion_is_unwanted(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    search(page, "a red car")
    page.locator(".grid .hit").first.click()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.getAnimations().length") == 0


def test_what_happens_is_announced(page: Page) -> None:
    search(page, "a red car")
    expect(page.locator("#announce")).to_have_text("10 nearest")
    page.locator(".grid .hit").first.click()
    expect(page.locator("#announce")).to_contain_text("1/10")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#announce")).to_contain_text("2/10")

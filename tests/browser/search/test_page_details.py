"""What a person does not think about unless it fails."""

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.measures import SHIFTS
from tests.browser.steps import answered, escape, jpeg, large_path, open_photos, search

if TYPE_CHECKING:
    from tests.browser.site import Site

DROP = """([kind, name, bytes]) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(bytes)], name, {type: "image/jpeg"}));
    const event = kind === "drop"
        ? new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true})
        : new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
    document.body.dispatchEvent(event);
}"""
ROWS = "async (given) => (await import('/js/answer/justify.js')).rowsOf(...given)"


def test_the_api_away_at_the_start_is_said_and_found_again(page: Page, site: "Site") -> None:
    body = {"status": "degraded", "upstream": {"code": "upstream-down", "detail": "x"}}
    page.route("**/health", lambda route: route.fulfill(json=body))
    page.reload()
    expect(page.locator(".notice")).to_contain_text("Lost the connection")
    expect(page.locator("#health")).to_contain_text("Search is offline")
    page.unroute("**/health")
    expect(page.locator(".sample img")).to_have_count(12)
    expect(page.locator(".notice")).to_have_count(0)


@pytest.mark.parametrize(
    ("code", "shown"),
    [("upstream-slow", "took too long"), ("never-heard-of", "As the backend put it <b>so</b>.")],
)
def test_a_problem_is_said_in_the_language_or_as_it_came(page: Page, code: str, shown: str) -> None:
    page.expected.append("504")  # type: ignore[attr-defined]
    problem = {"code": code, "detail": "As the backend put it <b>so</b>."}
    page.route("**/api/search/stream**", lambda route: route.fulfill(
        status=504, content_type="application/problem+json", body=json.dumps(problem)))  # fmt: skip
    search(page, "a red car")
    expect(page.locator(".failure p")).to_contain_text(shown)
    expect(page.locator("#announce")).to_contain_text(shown)
    expect(page.locator(".question")).to_have_text("a red car")


def test_a_newer_question_ends_the_older(page: Page) -> None:
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/api/search/stream**", hold_the_first)
    page.locator("#words").fill("a blue bus")
    page.keyboard.press("Enter")
    expect(page.locator(".typing")).to_be_visible()
    expect(page.locator(".grid .waiting")).to_have_count(10)  # places of what will come
    search(page, "a red car")
    expect(page.locator(".answer").last.locator(".tile")).to_have_count(10)
    expect(page.locator(".answer").first).to_contain_text("Stopped for a newer question.")
    expect(page.locator(".typing")).to_have_count(0)
    held[0].abort()


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_pictures_come_by_drop_and_paste_whatever_their_names(page: Page, kind: str) -> None:
    name = "<img src=x onerror='document.title=3'>.png"
    page.evaluate(DROP, [kind, name, list(jpeg(64, 48))])
    expect(page.locator(".previews img")).to_have_attribute("alt", name)
    expect(page.get_by_role("button", name=f"Remove {name}")).to_be_visible()
    assert page.locator(".previews img").count() == 1 and page.title() == "Tìm Ảnh"


def test_captions_are_those_of_the_page_s_language(page: Page) -> None:
    tiles = page.locator(".sample .hit")
    expect(tiles).to_have_count(12)
    assert all((tile.get_attribute("title") or "").isascii() for tile in tiles.all()[1:])
    page.locator("#language").click()
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    expect(tiles.nth(1)).not_to_have_attribute("title", re.compile(r"^[ -~]*$"))
    vietnamese = [tile.get_attribute("title") or "" for tile in tiles.all()]
    assert len(vietnamese) == 12 and not any(name.isascii() for name in vietnamese[1:])


def test_the_theme_of_the_system_is_followed(page: Page) -> None:
    expect(page.get_by_role("button", name="Theme: System")).to_be_visible()
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        expect(page.locator("html")).to_have_attribute("data-theme", scheme)


def test_rows_are_full_and_pictures_keep_their_shape(page: Page) -> None:
    ratios, room = [1.5, 0.75, 1.0, 1.5, 1.0, 0.5], {"room": 800, "target": 180, "gap": 10}
    rows = page.evaluate(ROWS, [ratios, room])
    # (800 - 3 gaps) / (1.5 + 0.75 + 1 + 1.5) = 162.1 is nearer to 180 than rows of three or five.
    assert [row["count"] for row in rows] == [4, 2]
    assert [row["height"] for row in rows] == pytest.approx([162.1] * 2, abs=0.05)
    assert page.evaluate(ROWS, [[2.0], room]) == [{"count": 1, "height": 180}]
    assert page.evaluate(ROWS, [[9.0], room]) == [
        {"count": 1, "height": pytest.approx(88.9, abs=0.1)}
    ]
    assert page.evaluate(ROWS, [[], room]) == []


def test_nothing_moves_while_it_loads(browser: Browser, site: "Site") -> None:
    context = browser.new_context(
        service_workers="block", locale="vi-VN", viewport={"width": 1280, "height": 800}
    )
    page = context.new_page()
    page.add_init_script(SHIFTS)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(site.url)
    page.wait_for_selector(".sample img")
    search(page, "chiếc ô tô màu đỏ")
    page.wait_for_selector(".grid img")
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")
    assert page.evaluate("window.shift") < 0.02
    assert not [url for url in fetched if "latin-ext" in url]
    context.close()


def test_large_text_and_a_narrow_phone_lose_nothing(browser: Browser, site: "Site") -> None:
    context = browser.new_context(
        service_workers="block", locale="vi-VN", viewport={"width": 320, "height": 640}
    )
    page = context.new_page()
    page.goto(site.url)
    page.wait_for_selector(".sample img")
    search(page, "chiếc ô tô màu đỏ")
    page.wait_for_selector(".grid img")
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.set_viewport_size({"width": 640, "height": 800})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") == 640
    context.close()


@pytest.mark.parametrize("width", [320, 700, 1440, 2560, 3840])
def test_from_a_small_phone_to_4k_the_gallery_has_no_holes(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": width * 9 // 16})
    tiles = open_photos(page)
    columns = page.locator(".photo-row").first.locator(".cell").count()
    assert columns >= 3 and tiles.count() % columns == 0
    tile, row = tiles.first.bounding_box(), page.locator(".photo-row").first.bounding_box()
    assert tile and row and 90 < tile["width"] < 340
    assert abs(row["width"] - page.locator(".photos").evaluate("all => all.clientWidth")) < 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1440, 2560, 3840])
def test_wide_screens_are_used_and_ten_pictures_fill_two_rows(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": width * 9 // 16})
    search(page, "a red car")
    tops = page.locator(".grid button.hit").evaluate_all(
        "all => all.map((each) => Math.round(each.getBoundingClientRect().top))"
    )
    assert len(set(tops)) == 2 and tops[4] < tops[5]
    room = page.locator(".grid").bounding_box()
    assert room and room["width"] > width / 2


def test_days_and_hours_are_written_as_the_language_does(page: Page) -> None:
    search(page, "a red car")
    page.evaluate(
        """() => localStorage.setItem('conversations', JSON.stringify(
        JSON.parse(localStorage.getItem('conversations')).map((each) => (
            { ...each, at: new Date(2026, 0, 31, 17, 5).getTime() }))))"""
    )
    page.locator("#history").click()
    expect(page.locator(".conversation time")).to_have_text("31 Jan 2026, 17:05")
    escape(page)
    page.locator("#language").click()
    page.locator("#history").click()
    expect(page.locator(".conversation time")).to_have_text("17:05 31 thg 1, 2026")


def test_where_nothing_hovers_the_thumbs_are_always_seen(browser: Browser, site: "Site") -> None:
    context = browser.new_context(
        locale="vi-VN", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True,
        service_workers="block",
    )  # fmt: skip
    page = context.new_page()
    page.goto(site.url)
    page.wait_for_selector(".sample img")
    search(page, "chiếc ô tô màu đỏ")
    sign = page.locator(".grid .verdict svg").first
    assert sign.evaluate("svg => svg.checkVisibility({ opacityProperty: true })")
    context.close()


def test_enter_belongs_to_an_input_method_while_it_composes(page: Page) -> None:
    page.locator("#words").fill("xe ddor")
    page.locator("#words").evaluate(
        """words => words.dispatchEvent(new KeyboardEvent('keydown',
        { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }))"""
    )
    expect(page.locator(".question")).to_have_count(0)
    expect(page.locator("#words")).to_have_value("xe ddor")


def test_the_focus_stays_where_it_was(page: Page) -> None:
    search(page, "a red car")
    page.locator(".grid .hit").nth(3).click()
    page.get_by_role("button", name="Next picture").press("Enter")
    expect(page.locator("#lightbox .place")).to_have_text("5/10")
    expect(page.get_by_role("button", name="Next picture")).to_be_focused()
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator(".grid .hit").nth(3)).to_be_focused()


def test_find_similar_asks_with_the_picture(page: Page) -> None:
    search(page, "a red car")
    page.locator(".grid .hit").nth(1).click()
    path = large_path(page)
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download").click()
    assert downloading.value.suggested_filename == path
    page.get_by_role("button", name="Find similar").click()
    expect(page.locator(".question").last.locator(".sent img")).to_be_visible()
    expect(page).to_have_url(re.compile("picture="))
    answered(page)
    expect(page.locator(".answer").last.locator(".grid .hit").first).to_be_visible()

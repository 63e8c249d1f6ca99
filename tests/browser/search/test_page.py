"""What a person does on the page."""

import re
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.browser.steps import answered, best_score, escape, large_path, loaded, search

if TYPE_CHECKING:
    from tests.browser.site import Site


def test_a_search_by_words_shows_pictures_with_scores(page: Page) -> None:
    search(page, "a red car")
    expect(page.locator(".question")).to_have_text("a red car")
    expect(page.locator(".sentence")).to_contain_text("“a red car”")
    expect(page.locator(".tile")).to_have_count(10)
    page.get_by_text("Details").click()
    _, first, _, last = page.locator(".cosine").inner_text().split()
    assert 1 > float(first) > float(last) > 0 and float(first) > 0.2
    loaded(page)
    shapes = page.eval_on_selector_all(
        ".grid img", "images => images.map(i => i.clientWidth / i.clientHeight)"
    )
    assert all(abs(shape - 1) < 0.02 for shape in shapes)


def test_a_picture_that_is_attached_is_found_first(page: Page, site: "Site") -> None:
    picture = site.gallery / "images" / "scene_000007.jpg"
    page.set_input_files("#file", [picture])
    expect(page.locator(".previews img")).to_have_count(1)
    expect(page.locator("#balance input")).to_have_count(0)
    page.locator("#send").click()
    answered(page)
    page.locator(".grid .hit").first.click()
    assert large_path(page) == "scene_000007.jpg"
    assert best_score(page) >= 0.99


def test_words_and_picture_together_have_a_slider(page: Page, site: "Site") -> None:
    page.set_input_files("#file", [site.gallery / "images" / "scene_000007.jpg"])
    page.get_by_role("textbox").fill("at night")
    page.locator("#balance input").fill("0.9")
    page.locator("#send").click()
    expect(page.locator(".question .balance")).to_contain_text("Words 90%")
    answered(page)
    before = best_score(page)
    page.locator(".question .balance input").fill("0")
    expect(page.locator(".question .balance")).to_contain_text("Picture 100%")
    expect(page.locator(".cosine")).to_have_text(re.compile(r"Similarity (0\.99|1\.00)"))
    assert best_score(page) != before
    expect(page.locator(".question")).to_have_count(1)


def test_pictures_can_be_removed_and_what_is_none_is_refused(page: Page, site: "Site") -> None:
    pictures = sorted((site.gallery / "images").glob("scene_*.jpg"))[:6]
    page.set_input_files("#file", pictures)
    expect(page.locator(".previews img")).to_have_count(5)
    expect(page.locator(".refused")).to_contain_text("at most 5")
    page.get_by_role("button", name="Remove scene_000000.jpg").click()
    expect(page.locator(".previews img")).to_have_count(4)
    page.set_input_files("#file", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"x"})
    expect(page.locator(".refused").last).to_have_text("a.txt is not a picture.")


def test_both_languages(page: Page) -> None:
    expect(page.locator("#welcome-title")).to_have_text("What are you looking for?")
    page.locator("#language").click()
    expect(page.locator("#welcome-title")).to_have_text("Bạn muốn tìm ảnh gì?")
    assert page.evaluate("document.documentElement.lang") == "vi"
    search(page, "chiếc ô tô màu đỏ")
    expect(page.locator(".sentence")).to_contain_text("10 ảnh gần nhất với “chiếc ô tô màu đỏ”")
    expect(page.locator(".cosine")).to_have_text(re.compile(r"^Độ tương đồng từ 0,\d{3} đến"))
    page.reload()
    expect(page.locator("#welcome-title")).to_have_text("Bạn muốn tìm ảnh gì?")


def test_examples_and_the_sample_search_at_a_click(page: Page) -> None:
    page.get_by_role("button", name="a red car", exact=True).click()
    page.wait_for_selector(".grid")
    page.get_by_role("button", name="New search").click()
    expect(page.locator(".question")).to_have_count(0)
    page.locator(".sample .hit").nth(2).click()
    answered(page)
    expect(page.locator(".question").last.locator(".sent img")).to_be_visible()


def test_enlarging_by_keyboard_alone(page: Page) -> None:
    page.keyboard.type("a yellow fish under water")
    page.keyboard.press("Enter")
    page.wait_for_selector(".grid .hit[aria-label]")
    page.locator(".grid .hit").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#lightbox .place")).to_have_text("1/10")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#lightbox .place")).to_have_text("2/10")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#lightbox .place")).to_have_text("10/10")
    escape(page)
    expect(page.locator("#lightbox")).to_be_hidden()
    expect(page.locator(".hit:focus")).to_have_count(1)


def test_shift_enter_breaks_the_line_and_the_box_grows(page: Page) -> None:
    box = page.get_by_role("textbox")
    before = box.bounding_box()
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    after = box.bounding_box()
    assert box.input_value() == "one\ntwo"
    assert before and after and after["height"] > before["height"] + 10
    expect(page.locator(".question")).to_have_count(0)


def test_a_dead_api_is_said_and_the_same_question_works_again(page: Page, site: "Site") -> None:
    page.expected.extend(["502", "503"])  # type: ignore[attr-defined]
    site.kill_api()
    try:
        search(page, "a red car")
        expect(page.locator(".failure")).to_contain_text("Lost the connection to the search API")
        expect(page.locator("#health")).to_have_attribute("data-state", "down")
    finally:
        site.start_api()
    # The page looks again by itself and repeats the search.
    expect(page.locator(".tile")).to_have_count(10)
    expect(page.locator("#health")).to_have_attribute("data-state", "ok")


def test_hostile_words_are_shown_and_never_run(page: Page, site: "Site") -> None:
    page.set_input_files("#file", [site.gallery / "images" / "scene_000000.jpg"])
    page.locator("#send").click()
    answered(page)
    page.locator(".grid .hit").first.click()
    expect(page.locator("#large-caption")).to_contain_text("<img src=x onerror")
    escape(page)
    search(page, "<b>bold</b> **x** [a](javascript:alert(1)) <img src=x onerror=alert(1)>")
    expect(page.locator(".sentence").last).to_contain_text("<b>bold</b> **x** [a](javascript")
    assert page.locator(".sentence a, .sentence img, .sentence b").count() == 0
    assert page.title() == "Tìm Ảnh"


def test_themes_are_kept_and_do_not_flash(page: Page) -> None:
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "light")  # as the system has it
    for _ in range(2):
        page.locator("#theme").click()
    expect(root).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(root).to_have_attribute("data-theme", "dark")

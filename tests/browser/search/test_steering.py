"""Results to act on: more, less, without, a part, with words; all of it by real searches."""

import re
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.steps import answered, escape, search

if TYPE_CHECKING:
    from tests.browser.site import Site

SEEN = "() => document.querySelector('.swiper-slide-active img')?.naturalWidth > 0"


def paths(page: Page) -> list[str]:
    return page.locator(".answer").last.locator(".hit img").evaluate_all(
        "images => images.map((image) => image.getAttribute('src'))"
    )  # fmt: skip


def test_liked_and_less_liked_pictures_steer_the_next_search(page: Page) -> None:
    search(page, "a red car")
    first = paths(page)
    tiles = page.locator(".tile")
    tiles.nth(3).hover()
    tiles.nth(3).get_by_role("button", name="More of this").click()
    tiles.nth(0).hover()
    tiles.nth(0).get_by_role("button", name="Less of this").click()
    expect(page.locator("#picks .pick.like")).to_have_count(1)
    expect(page.locator("#picks .pick.unlike")).to_have_count(1)
    page.locator("#picks .unlike .off").click()
    expect(page.locator("#picks .pick")).to_have_count(1)
    expect(tiles.nth(0).get_by_role("button", name="Less")).to_have_attribute(
        "aria-pressed", "false"
    )
    tiles.nth(0).get_by_role("button", name="Less of this").click()
    page.locator("#send").click()  # nothing written: the same question, steered
    answered(page)
    expect(page.locator(".question").last.locator("p")).to_have_text("a red car")
    expect(page.locator(".question").last.locator(".pick")).to_have_count(2)
    steered = paths(page)
    assert steered[3] == first[3]  # what is liked stays where it is
    assert first[0] not in steered or steered.index(first[0]) > 0
    expect(page.locator("#picks .pick")).to_have_count(0)
    page.locator(".question").last.locator(".like .off").click()
    expect(page.locator(".question").last.locator(".pick")).to_have_count(1)
    answered(page)
    assert paths(page) != steered


def test_words_for_what_should_not_be_there_follow_the_question_before(page: Page) -> None:
    search(page, "a red car")
    search(page, "-car")
    expect(page.locator(".question").last).to_contain_text("Without: car")
    expect(page.locator(".question").last.locator("p")).to_have_text("a red car -car")
    expect(page).to_have_url(re.compile(r"q=a\+red\+car\+-car"))
    expect(page.locator(".answer").last.locator(".tile")).to_have_count(10)


def test_a_part_of_a_picture_is_searched_with_the_keyboard(page: Page, site: "Site") -> None:
    search(page, "a red car")
    page.locator(".grid .hit").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(SEEN)
    page.get_by_role("button", name="Select area").press("Enter")
    box = page.locator("#area-box")
    expect(box).to_be_focused()
    before = box.bounding_box()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    after = box.bounding_box()
    assert before and after and after["x"] > before["x"] and after["height"] > before["height"]
    page.keyboard.press("Enter")
    expect(page.locator(".question")).to_have_count(2)
    answered(page)
    size = page.locator(".sent img").evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert size[1] > size[0]  # it was made taller than wide
    expect(page.locator(".answer").last.locator(".tile")).to_have_count(10)


def test_a_part_of_a_picture_is_dragged_with_the_pointer(page: Page) -> None:
    search(page, "a red car")
    page.locator(".grid .hit").first.click()
    page.wait_for_function(SEEN)
    page.get_by_role("button", name="Select area").click()
    stage = page.locator(".area").bounding_box()
    picture = page.locator(".swiper-slide-active img").bounding_box()
    assert stage and picture
    assert all(abs(stage[side] - picture[side]) < 1 for side in ("x", "y", "width", "height"))
    page.mouse.move(stage["x"] + 10, stage["y"] + 10)
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] / 2, stage["y"] + 60)
    page.mouse.up()
    box = page.locator("#area-box").bounding_box()
    assert box and abs(box["width"] - (stage["width"] / 2 - 10)) < 4
    page.get_by_role("button", name="Search by this area").click()
    expect(page.locator(".sent img")).to_have_count(1)


def test_a_result_goes_into_the_box_for_more_words(page: Page) -> None:
    search(page, "a red car")
    page.locator(".grid .hit").first.click()
    page.get_by_role("button", name="Add words").click()
    expect(page.locator(".previews img")).to_have_count(1)
    expect(page.locator("#words")).to_be_focused()
    search(page, "at night")
    expect(page.locator(".question").last.locator(".balance")).to_be_visible()


def test_a_question_goes_back_into_the_box(page: Page) -> None:
    search(page, "a red car -bus")
    page.locator(".question").hover()
    page.get_by_role("button", name="Edit and search again").click()
    expect(page.locator("#words")).to_have_value("a red car -bus")


def test_more_results_come_and_the_number_is_chosen(page: Page) -> None:
    page.locator("#settings").click()
    page.get_by_role("radio", name="5", exact=True).check(force=True)
    escape(page)
    search(page, "a red car")
    five = paths(page)
    assert len(five) == 5
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".tile:not(.waiting)")).to_have_count(35)
    expect(page.locator(".grid img")).to_have_count(35)
    assert paths(page)[:5] == five and len(set(paths(page))) == 35


def test_a_weak_best_match_is_said_to_be_weak(page: Page) -> None:
    search(page, "qzxv blorp 7741 wug")
    expect(page.locator(".weak .sentence")).to_contain_text("Nothing here is close to “qzxv")
    search(page, "a red car")
    expect(page.locator(".answer").last.locator(".weak")).to_have_count(0)


def test_pictures_that_are_nearly_the_same_are_shown_once(page: Page, site: "Site") -> None:
    original = Image.open(site.gallery / "images" / "scene_000007.jpg")
    again = BytesIO()
    original.resize((300, 300)).save(again, "JPEG", quality=60)
    added = page.evaluate(
        """async (bytes) => { const form = new FormData();
        const blob = new Blob([Uint8Array.from(bytes)], {type: 'image/jpeg'});
        form.append('file', blob, 'again.jpg');
        const answer = await fetch('/api/images', {method: 'POST', body: form});
        return (await answer.json()).images; }""",
        list(again.getvalue()),
    )
    page.set_input_files("#file", [site.gallery / "images" / "scene_000007.jpg"])
    page.locator("#send").click()
    answered(page)
    shown = page.locator(".tile img").evaluate_all("all => all.map(({src}) => src)")
    assert len(shown) == 10 and len(set(shown)) == 10
    assert sum(added[0]["id"] in src for src in shown) == 0
    button = page.get_by_role("button", name="+1 · Show nearly the same pictures: 1")
    button.click()
    expect(page.locator("#large-place")).to_have_text("2/2")
    assert added[0]["id"] in page.locator("#large img").nth(1).get_attribute("src")
    expect(page.locator("#large-caption")).to_have_text("again.jpg")
    expect(page.locator("#large-facts")).to_contain_text("300 × 300")
    assert page.locator("#large-download").get_attribute("download") == "again.jpg"
    escape(page)
    expect(page).not_to_have_url(re.compile("open="))
    page.reload()
    expect(page.locator(".doubles")).to_have_text("+1")
    page.evaluate("(id) => fetch(`/api/images/${id}`, {method: 'DELETE'})", added[0]["id"])


def test_words_can_be_spoken_where_the_browser_hears(page: Page, site: "Site") -> None:
    """A stand-in for the recogniser, which needs a microphone and a service."""
    page.add_init_script(
        """window.SpeechRecognition = class { start() { window.spoken = this; } stop() {} };"""
    )
    page.goto(site.url)
    page.get_by_role("button", name="Search by voice").click()
    assert page.evaluate("window.spoken.lang") == "en-US"
    page.evaluate("() => spoken.onresult({results: [[{transcript: 'a red '}], [{transcript: "
                  "'car'}]]})")  # fmt: skip
    page.evaluate("() => { spoken.onerror({error: 'not-allowed'}); spoken.onend(); }")
    expect(page.locator("#words")).to_have_value("a red car")
    expect(page.locator(".toast")).to_contain_text("microphone may not be used")
    page.add_init_script("delete window.SpeechRecognition; delete window.webkitSpeechRecognition;")
    page.reload()
    expect(page.locator("#welcome-title")).to_be_visible()
    expect(page.locator("#voice")).to_be_hidden()

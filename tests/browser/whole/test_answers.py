"""What an answer says in words, at every size of the window, and pictures made from words."""

import base64
import json
import re
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.steps import (
    SEEN,
    WORDS,
    answered,
    escape,
    open_address,
    open_filter,
    open_photos,
    search,
)

if TYPE_CHECKING:
    from tests.browser.site import Site


def test_long_words_are_cut_between_words_and_that_is_said(page: Page, site: "Site") -> None:
    page.locator("#words").fill("word " * 250)
    value = page.locator("#words").input_value()
    assert 990 < len(value) <= 1_000 and value.endswith("word")
    expect(page.locator("#words-note")).to_contain_text("At most 1,000 letters")
    page.locator("#words").fill("a red car")
    expect(page.locator("#words-note")).to_be_empty()
    open_address(page, f"{site.url}/?q={'word+' * 250}")  # somebody wrote such an address
    answered(page)
    question = page.locator(".question p").inner_text()
    assert 990 < len(question) <= 1_000 and question.endswith("word")
    expect(page.locator(".toast")).to_contain_text("At most 1,000 letters")


def test_the_slider_waits_for_the_last_key_and_keeps_the_focus(page: Page, site: "Site") -> None:
    page.set_input_files("#file", [site.gallery / "images" / "scene_000007.jpg"])
    search(page, "at night")
    requests: list[Route] = []
    page.route("**/api/search/stream**", lambda route: (requests.append(route), route.continue_()))
    slider = page.locator(".question .balance input")
    for _ in range(3):
        slider.press("ArrowRight")
    expect(page.locator(".question .balance span").first).to_have_text("Words 75%")
    answered(page)
    page.wait_for_timeout(800)
    assert len(requests) == 1
    expect(page.locator(".question .balance input")).to_be_focused()
    first, last = (page.locator(".balance span").nth(at).bounding_box() for at in (0, 1))
    assert first and last and first["x"] < last["x"]  # the share of the words lies on their side


@pytest.mark.parametrize("language", ["en", "vi"])
def test_an_api_that_is_started_again_is_said_and_the_search_repeats_by_itself(
    browser: Browser, site: "Site", language: str
) -> None:
    """Stand-ins answer as the backend does while run.py starts a dead API again."""
    locale, words = {"en": "en-GB", "vi": "vi-VN"}[language], WORDS[language]
    away = {"code": "restarting", "attempt": 1, "attempts": 3}
    with browser.new_context(locale=locale, service_workers="block") as context:
        page = context.new_page()
        page.goto(site.url)
        page.wait_for_selector(".health[data-state=ok]")
        page.route("**/health", lambda route: route.fulfill(json={
            "status": "degraded", "upstream": away}))  # fmt: skip
        page.route("**/api/search/stream**", lambda route: route.fulfill(status=503, json=away))
        search(page, "a red car")
        expect(page.locator(".failure p")).to_contain_text(words["error.restarting"])
        shown = words["health.restarting"].format(attempt=1, attempts=3)
        expect(page.locator("#health-text")).to_have_text(shown)
        page.unroute_all(behavior="ignoreErrors")
        expect(page.locator(".tile")).to_have_count(10)
        expect(page.locator(".failure")).to_have_count(0)
        expect(page.locator(".question")).to_have_count(1)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_what_the_demo_and_long_texts_cannot_do_is_said(
    browser: Browser, site: "Site", language: str
) -> None:
    """Stand-ins answer for a gallery of photos with the demo model, and for a long text."""
    locale, words = {"en": "en-GB", "vi": "vi-VN"}[language], WORDS[language]
    tokens = {"limit": 64, "used": 91, "read": "a red car on the wide road"}
    events = [
        ("understood", {"text": "x", "language": "en", "alpha": 0.6, "tokens": tokens}),
        ("answer", {"text": "x"}),
        ("done", {"count": 0, "weak": False, "took_ms": {"total": 1}}),
    ]
    body = "".join(f"event: {kind}\ndata: {json.dumps(data)}\n\n" for kind, data in events)

    def health(route: Route) -> None:
        answer = route.fetch().json()
        route.fulfill(json={**answer, "notice": {"code": "demo-model", "detail": "x"}})

    with browser.new_context(locale=locale, service_workers="block") as context:
        page = context.new_page()
        page.route("**/health", health)
        page.goto(site.url)
        expect(page.locator(".notice")).to_have_text(words["notice.demo-model"])
        page.route("**/api/search/stream**", lambda route: route.fulfill(
            content_type="text/event-stream", body=body))  # fmt: skip
        search(page, "a red car on the wide road and so on")
        expect(page.locator(".remark")).to_have_text(
            words["tokens"].format(limit=64, words="on the wide road")
        )


def test_closeness_is_told_in_words(page: Page) -> None:
    def answer(route: Route) -> None:
        kinds = iter(("very", "close", "loose"))
        body = re.sub(
            r'"closeness": ?(null|"\w+")',
            lambda _: f'"closeness":"{next(kinds, "far")}"',
            route.fetch().text(),
        )
        route.fulfill(content_type="text/event-stream", body=body)

    page.route("**/api/search/stream**", answer)
    search(page, "a red car")
    near = page.locator(".near")
    for place, said in enumerate(("Very close", "Close", "Loosely")):
        expect(near.nth(place)).to_have_text(said)
    expect(page.locator(".grid .hit").first).to_have_attribute(
        "aria-label", re.compile(r"^Result 1, Very close: ")
    )
    expect(page.locator(".tile").nth(3).locator(".near")).to_have_count(0)
    page.locator(".grid .hit").first.click()
    expect(page.locator("#large-facts")).to_contain_text("Very close")


@pytest.mark.parametrize(("width", "height"), [(640, 400), (320, 568), (1280, 640)])
def test_at_200_percent_and_320_pixels_nothing_is_cut(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    fits = "() => document.documentElement.scrollWidth <= innerWidth"
    search(page, "a red car")
    open_filter(page)
    fields, first = (
        page.locator(each).first.bounding_box() for each in ("#filter-fields", ".grid .hit")
    )
    assert fields and fields["height"] <= 0.46 * height and first
    assert page.evaluate(fits)
    escape(page)
    page.locator(".grid .hit").first.click()
    page.wait_for_function(SEEN)
    page.wait_for_function(
        """() => { const [image, stage] = ['.swiper-slide-active img', '#stage'].map(
            (each) => document.querySelector(each).getBoundingClientRect());
        return image.height > 120 && image.top >= stage.top - 1 && image.left >= stage.left - 1
            && image.bottom <= stage.bottom + 1 && image.right <= stage.right + 1; }"""
    )
    assert page.evaluate(fits)
    escape(page)
    open_photos(page)
    assert page.evaluate(fits)


def test_pictures_are_made_from_words_and_kept_only_where_that_is_wanted(
    page: Page, site: "Site"
) -> None:
    """A stand-in makes one picture."""
    words = WORDS["en"]
    picture = BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    image = f"data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()}"
    events = [
        ("queued", {"before": 0}),
        ("progress", {"done": 1, "of": 2, "preview": None}),
        ("picture", {"prompt": "a red car", "seed": 3, "image": image}),
        ("done", {"count": 1, "took_ms": 5}),
    ]
    body = "".join(f"event: {kind}\ndata: {json.dumps(data)}\n\n" for kind, data in events)
    page.route(
        "**/health",
        lambda route: route.fulfill(json={**route.fetch().json(), "generate": True}),
    )
    page.route(
        "**/api/generate",
        lambda route: route.fulfill(content_type="text/event-stream", body=body),
    )
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    page.reload()
    expect(page.locator("#health")).to_have_attribute("data-state", "ok")
    page.fill("#words", "a red car")
    page.click("#more")
    page.click("#create")
    expect(page.locator("dialog.create input")).to_have_value("a red car")
    page.click("dialog.create .primary")
    expect(page.locator(".created figure")).to_have_count(1)
    expect(page.locator(".ai-made")).to_have_text(words["create.badge"])
    assert [each for each in sent if each.startswith("POST")] == [f"POST {site.url}/api/generate"]
    page.get_by_role("button", name=words["find-similar"]).click()
    expect(page.locator("dialog.create")).to_be_hidden()
    expect(page.locator(".tile").first).to_be_visible()

"""Captions in the page: whose they are, described by a machine, corrected by a person."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.axe import axe_page, violations
from tests.browser.site import serving
from tests.browser.steps import open_filter, search
from timanh.captioning import CaptionRecipe, TowerSource, load_captioner, train_captioner
from timanh.captioning.writing import write_gallery
from timanh.data import open_data
from timanh.data.scenes import draw_gallery
from timanh.models import load_encoder
from timanh.vectors import build_dictionary

if TYPE_CHECKING:
    from tests.browser.site import Site

PICTURES = 12
LINES = ("captions.txt", "captions.vi.txt")
SMALL = {
    "embed": 16, "hidden": 32, "heads": 2, "min_count": 1, "epochs": 2, "batch_size": 4,
    "learning_rate": 5e-3, "mixed_precision": False, "average": 0.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Site"]:
    """A few pictures: people have captioned all but the last two, of which one says so in English
    only; a machine has captioned these."""
    root = tmp_path_factory.mktemp("captions")
    gallery = draw_gallery(root / "gallery", count=PICTURES, workers=1, progress=False)
    folder = open_data(gallery)
    source = TowerSource.open("demo", device="cpu")
    recipe = CaptionRecipe.named("strong", **SMALL)
    train_captioner(
        folder, source, recipe, root / "captioner", names=folder.names[:8], progress=False
    )
    for name in LINES:
        lines = (gallery / name).read_text("utf8").splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith(tuple(folder.names[-2:]))]
        (gallery / name).write_text("".join(kept), "utf8")
    build_dictionary(gallery, load_encoder("demo"), root / "index", source="demo", progress=False)
    captioner = load_captioner(root / "captioner", device="cpu")
    write_gallery(root / "index", captioner, progress=False)
    with serving(gallery, root / "index", "--captioner", str(root / "captioner")) as site:
        yield site


def enlarge(page: Page, site: "Site", path: str) -> Locator:
    """Open one picture by its address; its panel."""
    answer = page.request.get(f"{site.url}/api/gallery?limit={PICTURES}")
    ids = {each["path"]: each["id"] for each in answer.json()["images"]}
    page.goto(f"{site.url}/?open={ids[path]}")
    page.wait_for_function(
        "() => document.querySelector('.swiper-slide-active img')?.naturalWidth > 0"
    )
    return page.locator("#large-panel")


def names(site: "Site") -> tuple[str, ...]:
    return open_data(site.gallery).names


def test_who_wrote_it_is_said_and_a_correction_is_a_persons(page: Page, site: "Site") -> None:
    panel = enlarge(page, site, names(site)[0])
    expect(panel.locator(".caption-source")).to_contain_text("Written by a person")
    panel = enlarge(page, site, names(site)[-1])
    source, caption = panel.locator(".caption-source"), panel.locator("#large-caption")
    expect(source).to_contain_text("Written by a machine · captioner")
    written = caption.inner_text()
    expect(page.locator(".swiper-slide-active img")).to_have_attribute("alt", written)
    panel.get_by_role("button", name="Correct").click()
    field = panel.get_by_label("What is on the picture?")
    expect(field).to_be_focused()
    expect(field).to_have_value(written)
    field.fill("not this")
    field.press("Escape")  # leaves the writing, and not the picture
    expect(caption).to_have_text(written)
    expect(panel.get_by_role("button", name="Correct")).to_be_focused()
    panel.get_by_role("button", name="Correct").click()
    field.fill("My own words")
    field.press("Enter")
    expect(caption).to_have_text("My own words")
    expect(source).to_contain_text("Corrected by a person")
    page.reload()
    expect(caption).to_have_text("My own words")
    panel.get_by_role("button", name="Take the correction back").click()
    expect(caption).to_have_text(written)
    page.get_by_role("button", name="Undo").click()
    expect(caption).to_have_text("My own words")
    page.get_by_role("button", name="Undo").click()
    expect(caption).to_have_text(written)


def test_a_page_that_shows_older_captions_loses_none(page: Page, site: "Site") -> None:
    panel = enlarge(page, site, names(site)[1])
    shown = panel.locator("#large-caption").inner_text()
    images = page.request.get(f"{site.url}/api/gallery?limit={PICTURES}").json()["images"]
    chosen = next(each for each in images if each["path"] == names(site)[1])
    address = f"{site.url}/api/images/{chosen['id']}/captions"
    others = [text for text in chosen["captions"] if text != shown]
    headers = {"Origin": site.url}
    page.request.put(address, data={"captions": ["Of somebody else", *others]}, headers=headers)
    panel.get_by_role("button", name="Correct").click()
    panel.get_by_label("What is on the picture?").fill("My own words")
    panel.get_by_role("button", name="Save").click()
    expect(panel.locator("#large-caption")).to_have_text("My own words")
    kept = page.request.get(f"{site.url}/api/images/{chosen['id']}/info").json()["captions"]
    assert kept == ["My own words", "Of somebody else", *others]
    page.get_by_role("button", name="Undo").click()
    expect(panel.locator("#large-caption")).to_have_text("Of somebody else")
    page.request.delete(address, headers=headers)


def test_a_machine_describes_it_and_shows_where_it_looked(page: Page, site: "Site") -> None:
    panel = enlarge(page, site, names(site)[0])
    before = panel.locator("#large-caption").inner_text()
    panel.get_by_role("button", name="Describe").click()
    words = panel.locator(".described .looked")
    words.first.wait_for()
    light = page.locator(".weights")
    expect(light).to_have_count(0)
    words.first.hover()
    expect(light).to_be_visible()
    box = page.locator(".swiper-slide-active img").bounding_box()
    over = light.bounding_box()
    assert box and over and all(abs(box[side] - over[side]) < 2 for side in box)
    page.locator("#large-caption").hover()
    expect(light).to_have_count(0)
    words.last.focus()
    expect(light).to_have_count(1)
    page.keyboard.press("Tab")
    expect(light).to_have_count(0)
    said = panel.locator(".described").inner_text()
    panel.get_by_role("button", name="Use as the caption").click()
    expect(panel.get_by_label("What is on the picture?")).to_have_value(said)
    panel.get_by_role("button", name="Cancel").click()
    expect(panel.locator("#large-caption")).to_have_text(before)
    words.first.hover() if words.count() else None
    page.keyboard.press("ArrowRight")
    expect(light).to_have_count(0)


def test_a_caption_of_the_other_language_is_translated_when_it_is_wanted(
    page: Page, site: "Site"
) -> None:
    panel = enlarge(page, site, names(site)[0])
    expect(panel.get_by_role("button", name="Translate")).to_have_count(0)
    only = "Một con mèo trắng"
    known = {"captions": [only], "machine_captions": []}
    page.route(
        re.compile("/api/images/[^/]+/info$"),
        lambda route: route.fulfill(json={**route.fetch().json(), **known}),
    )
    answers = [
        {"status": 503, "content_type": "application/problem+json",
         "body": '{"code": "not-translated"}'},
        {"json": {"text": "A white cat", "language": "en", "translator": "local"}},
    ]  # fmt: skip
    page.expected += ["503"]  # type: ignore[attr-defined]
    page.route("**/api/ai/translate", lambda route: route.fulfill(**answers.pop(0)))
    panel = enlarge(page, site, names(site)[0])
    expect(panel.locator("#large-caption")).to_have_text(only)
    panel.get_by_role("button", name="Translate").click()
    expect(panel.get_by_role("alert")).to_have_text(
        "The translator did not answer. Try again later."
    )
    panel.get_by_role("button", name="Translate").click()
    translated = panel.locator(".translated")
    expect(translated).to_contain_text("A white cat")
    expect(translated).to_contain_text("Translated by a machine")
    expect(translated.locator("[lang=en]")).to_have_count(1)


def test_an_uploaded_picture_is_described(page: Page, site: "Site") -> None:
    page.set_input_files("#file", [site.gallery / "images" / "scene_000003.jpg"])
    page.get_by_role("button", name="Describe: scene_000003.jpg").click()
    expect(page.locator("#previews-said")).to_contain_text("Written by a machine · captioner")
    page.locator(".previews .remove").click()
    expect(page.locator("#previews-said")).to_be_hidden()


def test_words_are_looked_for_in_a_machines_captions_unless_switched_off(
    page: Page, site: "Site"
) -> None:
    answer = page.request.get(f"{site.url}/api/gallery?limit={PICTURES}").json()["images"]
    (machine, *_) = (each for each in answer if not each["captions"])
    text = next(one["text"] for one in machine["machine_captions"] if one["language"] == "en")
    open_filter(page)
    switch = page.get_by_label("Also captions by machines")
    expect(switch).to_be_disabled()
    page.get_by_label("Words in the caption").fill(text)
    search(page, "a picture")
    found = page.locator(f".grid .hit[title='{text}']")
    assert found.count() >= 1
    open_filter(page)
    switch.uncheck()
    search(page, "a picture of something")
    answered = page.locator(".answer").last
    assert answered.locator(f".hit[title='{text}']").count() == 0
    expect(page.locator("#picks .narrow")).to_have_count(2)


def test_without_a_captioner_nothing_of_it_is_there(page: Page, site: "Site") -> None:
    health = page.request.get(f"{site.url}/health").json()
    health["ai"]["captions"].update(state="absent", languages=[])
    page.route("**/health", lambda route: route.fulfill(json=health))
    panel = enlarge(page, site, names(site)[0])
    expect(panel.get_by_role("button", name="Find similar")).to_be_visible()
    expect(panel.get_by_role("button", name="Describe")).to_have_count(0)
    page.goto(site.url)
    page.wait_for_selector(".health[data-state=ok]")
    page.set_input_files("#file", [site.gallery / "images" / "scene_000003.jpg"])
    page.locator(".previews img").wait_for()
    expect(page.locator(".previews .describe")).to_have_count(0)
    open_filter(page)
    expect(page.get_by_label("Also captions by machines")).to_have_count(0)


@pytest.mark.parametrize(
    ("theme", "locale", "width"), [("dark", "vi-VN", 390), ("light", "en-GB", 1440)]
)
def test_described_and_corrected_for_everybody(
    browser: Browser, site: "Site", theme: str, locale: str, width: int
) -> None:
    with axe_page(browser, theme, locale, width) as page:
        panel = enlarge(page, site, names(site)[-1])
        spoken = "vi" if locale == "vi-VN" else "en"
        panel.locator("#large-describe").click()
        panel.locator(".looked").first.focus()
        expect(panel.locator(".described")).to_have_attribute("lang", spoken)
        assert violations(page) == []
        panel.locator("#large-edit").click()
        assert violations(page) == []

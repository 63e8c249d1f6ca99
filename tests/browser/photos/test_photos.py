"""The photos: newest first, by folder, added by dropping, deleted and brought back."""

import json
import re
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.steps import WORDS, escape, jpeg, open_address, open_photos

if TYPE_CHECKING:
    from tests.browser.site import Site

DROP = """([files, view]) => {
    const data = new DataTransfer();
    for (const [name, type, bytes] of files)
        data.items.add(new File([Uint8Array.from(bytes)], name, { type }));
    document.querySelector(view).dispatchEvent(
        new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
}"""
# Small pictures, each another colour, drawn in the page: 300 of them would be long to send to it.
DROP_MANY = """async (count) => {
    const data = new DataTransfer();
    for (let at = 0; at < count; at += 1) {
        const canvas = new OffscreenCanvas(24, 24);
        const pen = canvas.getContext('2d');
        pen.fillStyle = `rgb(${at % 256} ${Math.floor(at / 256) * 90} ${(at * 7) % 256})`;
        pen.fillRect(0, 0, 24, 24);
        data.items.add(new File([await canvas.convertToBlob({ type: 'image/png' })],
            `ảnh ${at}.png`, { type: 'image/png' }));
    }
    data.items.add(new File(['x'], 'notes.txt', { type: 'text/plain' }));
    data.items.add(new File(['x'], 'broken.jpg', { type: 'image/jpeg' }));
    document.querySelector('#photos-view').dispatchEvent(
        new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
}"""
# A folder as the browser hands it over; one file and one folder in it may not be read.
DROP_FOLDER = """(bytes) => {
    const file = (name, read) => ({ name, isFile: true, file: read });
    const refuse = (given, refused) => refused(new DOMException('no', 'NotReadableError'));
    const folder = (name, read) => ({ name, isDirectory: true, createReader: () =>
        ({ readEntries: read }) });
    const good = new File([Uint8Array.from(bytes)], 'good.png', { type: 'image/png' });
    const pages = [[file('good.png', (given) => given(good)), file('locked.jpg', refuse),
        folder('private', refuse)], []];
    const event = new Event('drop', { bubbles: true, cancelable: true });
    event.dataTransfer = { files: [], items: [{ webkitGetAsEntry: () =>
        folder('trip', (given) => given(pages.shift())) }] };
    document.querySelector('#photos-view').dispatchEvent(event);
}"""
FORGET = """async () => {
    const added = [];
    for (let offset = 0; offset < 1000; offset += 200) {
        const { images } = await (await fetch(`/api/gallery?limit=200&offset=${offset}`)).json();
        added.push(...images.filter(({ added }) => added));
    }
    for (const { id } of added) await fetch(`/api/images/${id}`, { method: 'DELETE' });
}"""


def noise(kind: str = "PNG", **options: Any) -> bytes:
    out = BytesIO()
    Image.effect_noise((200, 150), 90).convert("RGB").save(out, kind, **options)
    return out.getvalue()


@pytest.fixture
def photos(page: Page) -> Iterator[Page]:
    """The photos; what a test has added is gone afterwards."""
    open_photos(page)
    expect(page.locator("#photos-count")).to_have_text("300 photos")
    yield page
    page.evaluate(FORGET)


def test_an_added_photo_keeps_its_bytes_and_name_and_can_be_deleted_and_brought_back(
    photos: Page,
) -> None:
    exif = Image.Exif()
    exif[0x0132] = "2031:05:06 07:08:09"  # the newest of all
    content = noise("JPEG", exif=exif, quality=95)
    photos.evaluate(DROP, [[["Tết 2031.jpg", "image/jpeg", list(content)]], "#photos-view"])
    expect(photos.locator(".adding p")).to_contain_text("1 photo added. They lie in ")
    expect(photos.locator("#photos-count")).to_have_text("301 photos")
    photos.locator(".photo").first.click()
    expect(photos.locator("#large-place")).to_have_text("1/301")
    expect(photos.locator("#large-caption")).to_have_text("Tết 2031.jpg")
    expect(photos.locator("#large-facts")).to_contain_text("200 × 150")
    expect(photos.locator("#large-facts")).to_contain_text("6 May 2031, 07:08")
    assert photos.locator("#lightbox").inner_text().count("Tết 2031.jpg") == 1  # told once
    expect(photos.locator("#large-more")).to_have_count(0)
    with photos.expect_download() as downloading:
        photos.locator("#large-download").click()
    assert downloading.value.suggested_filename == "Tết 2031.jpg"
    assert downloading.value.path().read_bytes() == content
    photos.locator("#large-delete").click()
    expect(photos.locator("#lightbox")).to_be_hidden()
    expect(photos.locator(".toast p")).to_have_text("Tết 2031.jpg was deleted.")
    expect(photos.locator("#photos-count")).to_have_text("300 photos")
    photos.get_by_role("button", name="Undo").click()
    expect(photos.locator("#photos-count")).to_have_text("301 photos")
    photos.locator(".photo").first.click()
    expect(photos.locator("#large-caption")).to_have_text("Tết 2031.jpg")


def test_three_hundred_are_dropped_at_once_and_what_is_left_out_is_named(photos: Page) -> None:
    photos.expected.append("415")  # type: ignore[attr-defined]
    photos.evaluate(DROP_MANY, 300)
    expect(photos.locator(".adding progress")).to_be_visible()
    expect(photos.locator(".adding p").first).to_have_text(re.compile(r"Adding photos: \d+ of 301"))
    photos.locator(".photo").nth(3).click()  # a person goes on meanwhile
    escape(photos)
    done = photos.locator(".adding p").first
    expect(done).to_contain_text("300 photos added.", timeout=120_000)
    expect(photos.locator(".skipped summary")).to_have_text("2 files were left out")
    expect(photos.locator(".skipped li").first).to_have_text("notes.txt is not a picture.")
    expect(photos.locator(".skipped li").last).to_contain_text("broken.jpg")
    expect(photos.locator("#photos-count")).to_have_text("600 photos")
    photos.evaluate("scrollTo(0, 1e7)")
    photos.wait_for_function("() => document.images.length < 400")


def test_one_file_that_cannot_be_read_costs_a_dropped_folder_nothing_else(photos: Page) -> None:
    photos.expected.append("415")  # type: ignore[attr-defined]
    photos.evaluate(DROP_FOLDER, list(noise()))
    expect(photos.locator(".adding p").first).to_contain_text("1 photo added.")
    expect(photos.locator(".skipped li")).to_have_count(2)
    expect(photos.locator(".skipped")).to_contain_text("locked.jpg")
    expect(photos.locator(".skipped")).to_contain_text("private is not a picture.")


def test_folders_are_chosen_and_their_address_is_shared(page: Page, site: "Site") -> None:
    open_photos(page)
    chooser = page.get_by_label("Folder")
    chooser.select_option("máy quét")
    expect(page.locator("#photos-count")).to_have_text("1 photo")
    expect(page.locator(".photo")).to_have_count(1)
    shared = page.url
    page.go_back()
    expect(page.locator("#photos-count")).to_have_text("300 photos")
    open_address(page, shared)
    expect(page.locator("#photos-count")).to_have_text("1 photo")
    page.locator(".photo").click()
    expect(page.locator("#large-place")).to_have_text("1/1")
    expect(page.locator("#large-next")).to_be_hidden()


def test_the_keyboard_walks_over_thousands(page: Page) -> None:
    open_photos(page)
    columns = page.locator(".photo-row").first.locator(".cell").count()
    page.locator(".photo").first.focus()
    for key, place in (("ArrowRight", 1), ("ArrowDown", 1 + columns), ("End", 299), ("Home", 0)):
        page.keyboard.press(key)
        expect(page.locator(".photo:focus")).to_have_attribute("data-index", str(place))
    page.keyboard.press("End")
    expect(page.locator(".photo:focus")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#large-place")).to_have_text("300/300")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#large-place")).to_have_text("1/300")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#large-place")).to_have_text("300/300")
    escape(page)
    expect(page.locator(".photo:focus")).to_have_count(1)
    page.keyboard.press("Tab")  # one stop for all of them
    expect(page.locator(".photos :focus")).to_have_count(0)


def test_a_failure_is_said_and_tried_again(page: Page) -> None:
    page.expected.append("ERR_FAILED")  # type: ignore[attr-defined]
    page.route("**/api/gallery?**", lambda route: route.abort())
    page.locator("#views [data-view=photos]").click()
    expect(page.locator("#photos-view .failure")).to_contain_text("Lost the connection")
    page.unroute("**/api/gallery?**")
    page.locator("#photos-view .failure .primary").click()
    expect(page.locator(".photo").first).to_be_visible()
    expect(page.locator("#photos-view .failure")).to_have_count(0)


def test_photos_go_to_the_folder_they_were_dropped_on_while_others_are_added(page: Page) -> None:
    held: list[Route] = []
    page.route("**/api/images", lambda route: held.append(route))
    open_photos(page)
    files = [[f"{at}.jpg", "image/jpeg", list(jpeg(40, 30 + at))] for at in range(3)]
    page.evaluate(DROP, [files[:2], "#photos-view"])
    page.get_by_label("Folder").select_option("máy quét")
    expect(page.locator("#photos-count")).to_have_text("1 photo")
    page.evaluate(DROP, [files[2:], "#photos-view"])
    said = page.locator(".adding p").first
    expect(said).to_have_text("Adding photos: 0 of 3")
    sent = []
    for count, place in ((2, "added"), (1, "máy quét")):
        while not held:
            page.wait_for_timeout(50)
        route = held.pop()
        body = (route.request.post_data_buffer or b"").decode("latin-1")
        sent.append(
            [
                body.count("filename="),
                "máy quét" in body.encode("latin-1").decode("utf8", "replace"),
            ]
        )
        done = {"added": count, "known": 0, "total": 300, "place": place, "skipped": []}
        route.fulfill(status=201, json=done)
    expect(said).to_have_text("3 photos added. They lie in added, máy quét.")
    assert sent == [[2, False], [1, True]]


@pytest.mark.parametrize("language", ["en", "vi"])
def test_what_an_adding_says(browser: Browser, site: "Site", language: str) -> None:
    """Stand-ins answer for a gallery that is empty, refuses one file, and is away for a while."""
    answers = iter([
        (503, {"code": "restarting", "detail": "x"}),
        (201, {"added": 1, "known": 1, "total": 1, "place": "Ảnh/added",
               "skipped": [{"name": "c.jpg", "code": "unreadable-picture", "detail": "x"}]}),
    ])  # fmt: skip

    def answer(route: Route) -> None:
        status, body = next(answers)
        route.fulfill(status=status, content_type="application/json", body=json.dumps(body))

    locale = {"en": "en-GB", "vi": "vi-VN"}[language]
    with browser.new_context(locale=locale, service_workers="block") as context:
        page = context.new_page()
        page.route("**/api/images", answer)
        nothing = {"total": 0, "images": []}
        page.route("**/api/gallery?**", lambda route: route.fulfill(json=nothing))
        page.goto(f"{site.url}/photos")
        expect(page.locator(".empty")).to_have_text(WORDS[language]["photos.empty"])
        files = [[f"{name}.jpg", "image/jpeg", list(jpeg(40, 30))] for name in "abc"]
        page.evaluate(DROP, [files, "#photos-view"])
        said = page.locator(".adding p").first
        told = {
            "en": "1 photo added. They lie in Ảnh/added. 1 was there already.",
            "vi": "Đã thêm 1 ảnh vào Ảnh/added. 1 ảnh đã có sẵn.",
        }
        expect(said).to_contain_text(told[language])
        expect(page.locator(".skipped li")).to_contain_text("c.jpg")
        page.locator(".adding-line .icon").click()
        expect(page.locator(".adding")).to_have_count(0)

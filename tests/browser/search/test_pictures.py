"""Pictures on their way in: made small, upright, refused in words, from a phone's camera."""

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.steps import answered, jpeg, search

if TYPE_CHECKING:
    from tests.browser.site import Site

SIZE = "image => [image.naturalWidth, image.naturalHeight]"
PIXEL = """async (image) => {
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0);
    return [...pen.getImageData(image.naturalWidth / 2, 20, 1, 1).data].slice(0, 3);
}"""


def attach(page: Page, name: str, kind: str, content: bytes) -> None:
    page.set_input_files("#file", {"name": name, "mimeType": kind, "buffer": content})


def test_a_large_photo_is_made_small_and_stands_upright(page: Page) -> None:
    # Orientation 6: stored lying, its left half (blue) is the top once it stands.
    attach(page, "photo.jpg", "image/jpeg", jpeg(3000, 2000, orientation=6))
    image = page.locator(".previews img")
    image.wait_for()
    page.wait_for_function("() => document.querySelector('.previews img').naturalWidth > 0")
    assert image.evaluate(SIZE) == [683, 1024]
    red, _, blue = image.evaluate(PIXEL)
    assert blue > 200 > 60 > red
    expect(page.locator(".toast")).to_contain_text("from 3,000 to 1,024 pixels")
    sent: list[int] = []
    page.on("request", lambda request: sent.append(len(request.post_data_buffer or b""))
            if "stream" in request.url else None)  # fmt: skip
    page.locator("#send").click()
    answered(page)
    assert sent and sent[0] < 120_000


@pytest.mark.parametrize(
    ("name", "kind", "content", "said"),
    [
        ("IMG_1.HEIC", "image/heic", b"ftypheic", "is a HEIC picture"),
        ("a.txt", "text/plain", b"x", "is not a picture"),
        ("a.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a pic"),
        ("broken.jpg", "image/jpeg", b"\xff\xd8\xff\xe0 nothing", "cannot be read"),
        ("<b>x</b>.jpg", "image/jpeg", b"", "<b>x</b>.jpg cannot be read"),
    ],
)
def test_what_cannot_be_searched_with_is_refused_in_words(
    page: Page, name: str, kind: str, content: bytes, said: str
) -> None:
    attach(page, name, kind, content)
    expect(page.locator(".refused")).to_contain_text(said)
    expect(page.locator("#announce")).to_contain_text(said)
    expect(page.locator(".previews img")).to_have_count(0)


def test_addresses_of_pictures_are_freed_once_they_are_drawn(page: Page) -> None:
    page.evaluate(
        """() => { window.alive = 0;
        const [make, free] = [URL.createObjectURL, URL.revokeObjectURL];
        URL.createObjectURL = (blob) => { window.alive += 1; return make.call(URL, blob); };
        URL.revokeObjectURL = (url) => { window.alive -= 1; free.call(URL, url); }; }"""
    )
    for index in range(3):
        attach(page, f"{index}.jpg", "image/jpeg", jpeg(60, 40))
        expect(page.locator(".previews img")).to_have_count(index + 1)
    page.get_by_role("button", name="Remove 0.jpg").click()
    search(page, "at night")
    page.wait_for_function("() => window.alive === 0")


def test_a_phone_takes_photos_and_a_desk_does_not_offer_to(
    browser: Browser, site: "Site", page: Page
) -> None:
    page.locator("#more").click()
    expect(page.locator("#attach")).to_be_visible()
    expect(page.locator("#camera")).to_have_count(0)
    context = browser.new_context(
        service_workers="block", locale="vi-VN", viewport={"width": 390, "height": 844},
        has_touch=True, is_mobile=True,
    )  # fmt: skip
    phone = context.new_page()
    phone.goto(site.url)
    phone.locator("#more").tap()
    expect(phone.get_by_role("button", name="Chụp ảnh")).to_be_visible()
    with phone.expect_file_chooser() as choosing:
        phone.locator("#camera").tap()
    assert choosing.value.element.get_attribute("capture") == "environment"
    choosing.value.set_files({"name": "p.jpg", "mimeType": "image/jpeg", "buffer": jpeg(60, 40)})
    expect(phone.locator(".previews img")).to_have_count(1)
    context.close()


STREAM = [
    ("understood", {"text": "chó chạy", "translated": "running <b>dog</b>", "language": "vi",
                    "alpha": 0.6, "notice": "x", "notice_code": "translator-slow"}),
    ("answer", {"text": "**bold**\n\n- one\n\n| a | b |\n|---|---|\n| 1 | `<img src=x onerror=1>`"
                        " |\n\n<script>document.title=9</script>[x](javascript:1)"}),
    ("done", {"count": 0, "weak": True, "took_ms": {"total": 3.2}}),
]  # fmt: skip


def events(*, ended: bool = True) -> str:
    shown = STREAM if ended else STREAM[:1]
    return "".join(f"event: {kind}\ndata: {json.dumps(data)}\n\n" for kind, data in shown)


def test_a_translation_is_shown_and_can_be_corrected(page: Page) -> None:
    bodies: list[str] = []

    def answer(route: Route) -> None:
        bodies.append((route.request.post_data_buffer or b"").decode("utf8", "replace"))
        route.fulfill(content_type="text/event-stream", body=events())

    page.route("**/api/search/stream**", answer)
    search(page, "chó chạy")
    expect(page.locator(".translation p").first).to_have_text("Understood as “running <b>dog</b>”")
    expect(page.locator(".translation .remark")).to_contain_text("did not answer in time")
    page.get_by_role("button", name="Correct the translation").click()
    page.get_by_role("textbox", name="Correct the translation").fill("a dog that runs")
    page.keyboard.press("Enter")
    answered(page)
    assert "a dog that runs" in bodies[1] and "chó chạy" not in bodies[1]
    expect(page.locator(".question p")).to_have_text("chó chạy")
    sentence = page.locator(".sentence")
    expect(sentence.locator("strong")).to_have_text("bold")
    expect(sentence.locator("td code")).to_have_text("<img src=x onerror=1>")
    assert sentence.locator("script, a, img").count() == 0 and page.title() == "Tìm Ảnh"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the answer").click()
    expect(page.locator(".toast")).to_have_text("Copied.")
    assert "bold" in page.evaluate("navigator.clipboard.readText()")


def test_an_answer_that_breaks_off_is_said_and_requested_again(page: Page) -> None:
    page.route("**/api/search/stream**", lambda route: route.fulfill(
        content_type="text/event-stream", body=events(ended=False)))  # fmt: skip
    search(page, "a red car")
    expect(page.locator(".failure")).to_contain_text("broke off on its way")
    page.unroute("**/api/search/stream**")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".tile")).to_have_count(10)
    expect(page.locator(".failure")).to_have_count(0)


def test_a_search_can_be_stopped(page: Page) -> None:
    page.route("**/api/search/stream**", lambda route: None)
    page.locator("#words").fill("a red car")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".stopped")).to_have_text("Stopped.")
    page.unroute_all(behavior="ignoreErrors")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".tile")).to_have_count(10)


def test_thumbnails_that_do_not_come_are_words_and_not_broken_pictures(page: Page) -> None:
    page.expected += ["415", "503"]  # type: ignore[attr-defined]
    problems = iter([(415, "unreadable-picture"), (503, "engine-gone")])
    answers: dict[str, tuple[int, str]] = {}

    def refuse(route: Route) -> None:
        if route.request.url not in answers and len(answers) == 2:
            route.continue_()
            return
        if route.request.url not in answers:
            answers[route.request.url] = next(problems)
        status, code = answers[route.request.url]
        body = json.dumps({"code": code, "detail": "as the API says it", "status": status})
        route.fulfill(status=status, content_type="application/problem+json", body=body)

    page.route("**/thumbnail", refuse)
    search(page, "a red car")
    unshown = page.locator(".grid .hit .unshown")
    expect(unshown).to_have_count(2)
    expect(unshown.filter(has_text="This picture cannot be shown.")).to_have_count(1)
    expect(unshown.filter(has_text="database that is searched")).to_have_count(1)
    box = unshown.first.bounding_box()
    assert box is not None and box["height"] > 60
    unshown.first.click()
    expect(page.locator("#lightbox")).to_be_visible()
    page.evaluate("async () => (await import('/js/core/i18n.js')).switchLanguage('vi')")
    expect(unshown.filter(has_text="Không hiển thị được ảnh này.")).to_have_count(1)

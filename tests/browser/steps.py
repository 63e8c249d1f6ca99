"""What several tests of the page do."""

import json
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page

WORDS: dict[str, dict[str, str]] = {
    name: json.loads(
        (Path(__file__).resolve().parents[2] / "frontend" / "i18n" / f"{name}.json").read_text(
            encoding="utf8"
        )
    )
    for name in ("en", "vi")
}
PATH = """async () => {
    const id = new URLSearchParams(location.search).get('open');
    const answer = await fetch(`/api/images/${encodeURIComponent(id)}/similar?k=1`);
    return (await answer.json()).picture.path;
}"""
# The browser's step has as many layers as are seen: it has gone back where the page sent it.
AT_REST = """() => (history.state?.layers ?? []).length
    === document.querySelectorAll('dialog[open], #area-box').length"""
# The large picture is on the screen.
SEEN = "() => document.querySelector('.swiper-slide-active img')?.naturalWidth > 0"

EMPTY = '<link rel="icon" href="data:,">'

# Nothing of what lies near the view is on its way.
DRAWN = """() => [...document.querySelectorAll('#photos-view .cell')]
    .every((cell) => cell.firstChild)"""
# Scrolls on; whether there was more. The rows of that place are made in the next frame.
FURTHER = """async () => {
    const before = scrollY;
    scrollBy(0, 800);
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
    return scrollY > before;
}"""


def search(page: Page, words: str) -> None:
    """Ask, and wait until the answer has ended."""
    before = page.locator(".question").count()
    page.locator("#words").fill(words)
    page.locator("#words").press("Enter")
    page.locator(".question").nth(before).wait_for()
    answered(page)


def answered(page: Page) -> None:
    """Wait until the newest answer has ended, well or not."""
    page.wait_for_selector(".answer:last-child :is(.sentence, .failure, .stopped)")


def escape(page: Page) -> None:
    """Press Esc, and wait until the browser has gone back before what that closed.

    It goes back a moment after the dialog is gone, and would break off a navigation begun then.
    """
    page.keyboard.press("Escape")
    page.wait_for_function(AT_REST)


def open_address(page: Page, address: str) -> None:
    """Open an address as somebody does who comes from elsewhere."""
    page.wait_for_function(AT_REST)
    page.goto("about:blank")
    page.goto(address)


def leave_app(page: Page) -> None:
    """Go where the page's storage can be changed while nothing of the page writes into it."""
    page.wait_for_function(AT_REST)
    empty = page.evaluate("location.origin") + "/empty"
    # With an icon, or the browser looks for one.
    page.route(empty, lambda route: route.fulfill(content_type="text/html", body=EMPTY))
    page.goto(empty)
    page.unroute(empty)


def open_elsewhere(page: Page, address: str) -> None:
    """Open an address as in a browser that has kept nothing."""
    leave_app(page)
    page.evaluate("localStorage.clear()")
    page.goto(address)


def loaded(page: Page) -> None:
    """Wait until every picture that was asked for is there."""
    page.wait_for_function(
        """() => [...document.images].every((image) => !image.checkVisibility()
            || image.getBoundingClientRect().top > innerHeight
            || image.getBoundingClientRect().left > innerWidth
            || image.complete && image.naturalWidth > 0)"""
    )


def best_score(page: Page) -> float:
    """The cosine of the newest answer's first picture, as its details tell it in English."""
    told = page.locator(".answer:last-child .cosine").text_content() or ""
    return float(told.split()[1])


def add_to_question(page: Page, name: str) -> None:
    """Choose "attach", "camera", "library" or "filter" from the + in the box."""
    page.locator("#more").click()
    page.locator(f"#more-menu #{name}").click()


def open_filter(page: Page) -> None:
    add_to_question(page, "filter")
    page.wait_for_selector("[data-field=words]")


def open_photos(page: Page) -> Locator:
    """Go to the photos; returns the tiles that are in the page."""
    page.locator("#views [data-view=photos]").click()
    page.wait_for_selector("#photos-view .photo img")
    page.wait_for_function(DRAWN)  # more than one page of them may be seen
    return page.locator("#photos-view .photo")


def all_titles(page: Page) -> set[str]:
    """The titles of all photos, of which only those near the view are in the page at a time."""
    titles: set[str] = set()
    while True:
        page.wait_for_function(DRAWN)
        photos = page.locator("#photos-view .photo")
        titles |= set(photos.evaluate_all("all => all.map((each) => each.title)"))
        if not page.evaluate(FURTHER):
            return titles


def wheel_to_the_end(page: Page) -> Locator:
    """Turn the wheel over the newest answer until it says that this is all; where it says so."""
    end = page.locator(".answer:last-child .list-end")
    page.mouse.move(700, 400)
    while not end.count():
        page.mouse.wheel(0, 2_000)
        page.wait_for_timeout(60)
    return end


def large_path(page: Page) -> str:
    """The path of the picture that is seen large."""
    page.wait_for_function("() => new URLSearchParams(location.search).has('open')")
    return str(page.evaluate(PATH))


def jpeg(width: int, height: int, *, orientation: int = 1, colour: str = "red") -> bytes:
    """A picture, its left half blue, so that its orientation can be seen."""
    picture = Image.new("RGB", (width, height), colour)
    picture.paste("blue", (0, 0, width // 2, height))
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = BytesIO()
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()

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
    return page.locator("#photos-view .photo")


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

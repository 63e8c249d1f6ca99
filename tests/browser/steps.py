"""What several tests of the page do."""

from io import BytesIO

from PIL import Image
from playwright.sync_api import Page


def search(page: Page, words: str) -> None:
    """Ask, and wait until the answer has ended."""
    before = page.locator(".question").count()
    page.locator("#words").fill(words)
    page.locator("#words").press("Enter")
    page.locator(".question").nth(before).wait_for()
    answered(page)


def answered(page: Page) -> None:
    """Wait until the newest answer has ended, well or not."""
    page.wait_for_selector(".answer:last-child :is(.took, .failure, .stopped)")


def loaded(page: Page) -> None:
    """Wait until every picture that was asked for is there."""
    page.wait_for_function(
        """() => [...document.images].every((image) => !image.checkVisibility()
            || image.getBoundingClientRect().top > innerHeight
            || image.getBoundingClientRect().left > innerWidth
            || image.complete && image.naturalWidth > 0)"""
    )


def jpeg(width: int, height: int, *, orientation: int = 1, colour: str = "red") -> bytes:
    """A picture, its left half blue, so that its orientation can be seen."""
    picture = Image.new("RGB", (width, height), colour)
    picture.paste("blue", (0, 0, width // 2, height))
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = BytesIO()
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()

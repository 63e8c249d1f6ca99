"""What several tests of the view of posts do."""

import json
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, Page, expect
from posts_site import Site, picture

LOOK = "import('/js/core/health.js').then((health) => health.look())"


def opened(browser: Browser, posts: Site, **options: Any) -> Iterator[Page]:
    context = browser.new_context(service_workers="block", reduced_motion="reduce", **options)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{posts.url}/posts")
    page.wait_for_selector("#new-post")
    yield page
    context.close()
    assert errors == []


def files(*numbers: int, colour: str = "red") -> list[Any]:
    return [
        {"name": f"{n}.png", "mimeType": "image/png", "buffer": picture(n, colour)} for n in numbers
    ]


def write(page: Page, title: str, *numbers: int, colour: str = "red") -> None:
    page.click("#new-post")
    page.fill("#post-title", title)
    page.set_input_files("#post-files", files(*numbers, colour=colour))
    page.locator(".post-form .primary").click()
    expect(page.locator(".post h3").first).to_have_text(title)


def health_is(page: Page, **said: Any) -> None:
    """What the page hears of the backend from now on; nothing: it does not answer."""
    answer: dict[str, Any] = {"content_type": "application/json", "body": json.dumps(said)}
    page.unroute("**/health")
    page.route("**/health", lambda route: route.fulfill(**answer) if said else route.abort())
    page.evaluate(LOOK)

"""The view of posts in Chromium, with the real database and AI service."""

import re

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from posts_site import Site, picture

from tests.browser.axe import AXE, violations
from tests.browser.posts.written import files, opened, write
from tests.browser.steps import WORDS, escape

EN = WORDS["en"]


def test_a_post_is_written_changed_deleted_and_brought_back(view: Page) -> None:
    view.click("#new-post")
    expect(view.locator("#post-title")).to_be_focused()
    view.fill("#post-title", "<b>One</b> day")
    view.fill("#post-description", "first line\nsecond line")
    view.set_input_files("#post-files", files(1, 2, 3))
    names = view.locator(".draft-name")
    expect(names).to_have_text(["1.png", "2.png", "3.png"])
    view.locator(".draft-pictures li").nth(2).locator('[data-do="previous"]').press("Enter")
    expect(names).to_have_text(["1.png", "3.png", "2.png"])
    view.locator(".draft-pictures li").nth(0).locator('[data-do="trash"]').click()
    view.locator(".post-form .primary").click()
    card = view.locator(".post").first
    expect(card.locator("h3")).to_have_text("<b>One</b> day")
    expect(card.locator(".post-picture img")).to_have_count(2)
    # Without a reload: the captions come as they are made.
    expect(card.locator(".post-caption")).to_have_text(["a red picture", "a red picture"])

    card.locator('[data-do="edit"]').click()
    view.fill("#post-title", "Another day")
    view.locator(".draft-pictures li").nth(1).locator('[data-do="previous"]').click()
    view.set_input_files("#post-files", files(4))
    view.locator(".post-form .primary").click()
    expect(card.locator("h3")).to_have_text("Another day")
    expect(card.locator(".post-picture img")).to_have_count(3)

    card.locator('[data-do="trash"]').click()
    expect(view.locator(".toast")).to_contain_text("Another day")
    expect(view.get_by_role("heading", name="Another day")).to_have_count(0)
    view.locator(".toast").get_by_role("button", name=EN["undo"]).click()
    expect(view.locator(".post h3").first).to_have_text("Another day")


def test_two_windows_that_change_one_post(view: Page, posts: Site) -> None:
    write(view, "Both want it", 10)
    view.locator(".post").first.locator('[data-do="edit"]').click()
    id = posts.get("/api/posts?limit=1")["posts"][0]["id"]
    posts.sql("UPDATE posts SET title = 'Faster', version = version + 1 WHERE id = %s", id)
    view.fill("#post-title", "Slower")
    view.locator(".post-form .primary").click()
    expect(view.locator(".post-form .failure")).to_have_text(EN["error.changed-meanwhile"])


def test_a_picture_taken_out_does_not_hide_what_another_window_wrote(
    view: Page, posts: Site
) -> None:
    write(view, "Both want it too", 11, 12)
    view.locator(".post").first.locator('[data-do="edit"]').click()
    post = posts.get("/api/posts?limit=1")["posts"][0]
    address = f"{posts.url}/api/posts/{post['id']}"
    httpx.patch(address, json={"title": "Faster"})
    httpx.post(f"{address}/images", files={"image": ("new.png", picture(13))})
    view.locator('.draft-pictures [data-do="trash"]').first.click()
    expect(
        view.locator("#toasts, .toast").get_by_text(EN["error.changed-meanwhile"])
    ).to_be_visible()
    expect(view.locator(".draft-name")).to_have_text(["11.png", "12.png", "new.png"])
    assert posts.get(f"/api/posts/{post['id']}")["title"] == "Faster"
    view.fill("#post-title", "Now on purpose")
    view.locator(".post-form .primary").click()
    expect(view.locator(".post h3").first).to_have_text("Now on purpose")
    assert len(posts.get(f"/api/posts/{post['id']}")["images"]) == 3


def test_a_caption_is_corrected_and_pictures_are_found(view: Page, posts: Site) -> None:
    write(view, "Blue ones", 20, 21, colour="blue")
    tile = view.locator(".post").first.locator(".post-picture").first
    expect(tile.locator(".post-caption")).to_have_text("a blue picture")
    tile.click()
    large = view.locator("dialog.post-large")
    expect(large.locator(".post-found li").first).to_be_visible()
    large.locator("#caption-en").fill("the zebra of our street")
    large.locator("form").filter(has=view.locator("#caption-en")).get_by_role("button").click()
    expect(large.locator("label[for=caption-en]")).to_contain_text(EN["post-by.human"])
    escape(view)
    view.fill("#posts-words", "zebra")
    view.press("#posts-words", "Enter")
    expect(view.locator("#posts-found .post-caption").first).to_have_text("the zebra of our street")
    expect(view).to_have_url(re.compile("q=zebra"))
    view.go_back()
    expect(view.locator(".post").first).to_be_visible()
    view.set_input_files("#posts-by", files(21, colour="blue"))
    expect(view.locator("#posts-found .post-found li").first).to_contain_text("Blue ones")


def test_a_caption_that_is_saved_leaves_what_is_typed_in_the_other_language(view: Page) -> None:
    write(view, "Two languages", 25, colour="green")
    tile = view.locator(".post").first.locator(".post-picture").first
    expect(tile.locator(".post-caption")).to_have_text("a green picture")
    tile.click()
    large = view.locator("dialog.post-large")
    large.locator("#caption-vi").fill("chưa lưu")
    large.locator("#caption-en").fill("saved")
    large.locator("form").filter(has=view.locator("#caption-en")).get_by_role("button").click()
    expect(large.locator("label[for=caption-en]")).to_contain_text(EN["post-by.human"])
    expect(large.locator("#caption-vi")).to_have_value("chưa lưu")


def events_are(page: Page, text: str) -> None:
    """What the page hears from now on; then the connection ends."""
    answer = {"content_type": "text/event-stream", "body": text}
    page.route("**/api/posts/events", lambda route: route.fulfill(**answer))
    page.reload()


def test_what_changed_while_no_event_came_is_shown_afterwards(view: Page, posts: Site) -> None:
    id = posts.post("before", picture(44)).json()["id"]
    events_are(view, ": cut\n\n")
    heading = view.locator(f'[data-post="{id}"] h3')
    expect(heading).to_have_text("before")
    httpx.patch(f"{posts.url}/api/posts/{id}", json={"title": "after"})
    view.unroute("**/api/posts/events")
    expect(heading).to_have_text("after", timeout=10_000)


def test_a_thousand_changes_are_no_thousand_questions_how_far_it_is(view: Page) -> None:
    requested: list[str] = []
    view.on("request", lambda request: requested.append(request.url))
    events_are(view, 'event: image\ndata: {"post": "x", "image": "y"}\n\n' * 1000)
    view.wait_for_timeout(2500)
    assert 1 < sum(url.endswith("/api/posts/features") for url in requested) < 12


def test_without_the_ai_service_it_says_so_and_goes_on(view: Page, posts: Site) -> None:
    posts.ai.stop()
    try:
        posts.until(lambda: posts.get("/api/posts/features")["ai"]["state"] == "away")
        write(view, "While it is away", 30)
        expect(view.locator('.ai-line[data-state="away"]')).to_contain_text("off since")
        caption = view.locator(".post").first.locator(".post-caption")
        expect(caption).to_have_text(EN["post-state.waiting"])
    finally:
        posts.ai.start()
    expect(caption).to_have_text("a red picture", timeout=30_000)
    expect(view.locator(".ai-line")).to_have_count(0)


@pytest.mark.parametrize(
    ("theme", "locale", "width"),
    [("dark", "vi-VN", 1440), ("light", "en-GB", 768), ("light", "vi-VN", 390)],
)
def test_nothing_is_wrong_for_anybody(
    browser: Browser, posts: Site, theme: str, locale: str, width: int
) -> None:
    posts.post("Đà Lạt", picture(40), picture(41, "green"), description="Một ngày đẹp.")
    size = {"width": width, "height": 844}
    for page in opened(
        browser, posts, locale=locale, viewport=size, color_scheme=theme, bypass_csp=True
    ):
        page.evaluate("theme => localStorage.setItem('theme', theme)", theme)
        page.add_init_script(path=AXE)
        page.reload()
        page.wait_for_selector(".post")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.click("#new-post")
        page.set_input_files("#post-files", files(42, 43))
        assert violations(page) == []
        escape(page)
        page.locator(".post-picture").first.click()
        page.wait_for_selector("dialog.post-large .post-found li")
        assert violations(page) == []
        escape(page)
        page.fill("#posts-words", "đẹp")
        page.press("#posts-words", "Enter")
        page.wait_for_selector("#posts-found li")
        assert violations(page) == []

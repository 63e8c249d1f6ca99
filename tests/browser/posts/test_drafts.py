"""What is being written in posts is lost neither to a closed dialog, a health that fails, a server
that refuses it, nor to another window."""

import json

import httpx
from playwright.sync_api import Page, Route, expect
from posts_site import Site, picture

from tests.browser.posts.written import LOOK, files, health_is, write
from tests.browser.steps import WORDS, escape

EN = WORDS["en"]


def begin(page: Page, title: str, number: int) -> None:
    page.click("#new-post")
    page.fill("#post-title", title)
    page.fill("#post-description", "a long story")
    page.set_input_files("#post-files", files(number))


def expect_draft(page: Page, title: str, number: int) -> None:
    expect(page.locator("#post-title")).to_have_value(title)
    expect(page.locator("#post-description")).to_have_value("a long story")
    expect(page.locator(".draft-name")).to_have_text([f"{number}.png"])


def test_a_closed_dialog_keeps_the_draft_until_it_is_saved_or_discarded(view: Page) -> None:
    editor = view.locator("dialog.post-editor")
    begin(view, "half written", 50)
    escape(view)
    expect(view.locator(".toast")).to_contain_text(EN["posts.kept"])
    view.click("#new-post")
    expect_draft(view, "half written", 50)
    view.mouse.click(3, 3)  # beside it
    expect(editor).to_be_hidden()
    view.click("#new-post")
    expect_draft(view, "half written", 50)
    editor.locator('[data-do="discard"]').click()
    expect(editor).to_be_hidden()
    view.locator(".toast").get_by_role("button", name=EN["undo"]).click()
    expect_draft(view, "half written", 50)
    view.locator(".post-form .primary").click()
    expect(view.locator(".post h3").first).to_have_text("half written")
    view.click("#new-post")
    expect(view.locator("#post-title")).to_have_value("")
    expect(view.locator(".draft-name")).to_have_count(0)
    escape(view)

    edit = view.locator(".post").first.locator('[data-do="edit"]')
    edit.click()
    view.fill("#post-title", "changed")
    escape(view)
    edit.click()
    expect(view.locator("#post-title")).to_have_value("changed")
    editor.locator('[data-do="discard"]').click()
    edit.click()
    expect(view.locator("#post-title")).to_have_value("half written")


def test_a_health_that_fails_takes_no_dialog_away(view: Page) -> None:
    begin(view, "while it fails", 51)
    for said in ({}, {"status": "ok", "images": 0, "model": "none", "posts": False}):
        health_is(view, **said)
        view.wait_for_timeout(300)
        expect_draft(view, "while it fails", 51)
        expect(view.locator("body")).to_have_attribute("data-view", "posts")
    escape(view)
    expect(view.locator("body")).to_have_attribute("data-view", "search")
    view.unroute("**/health")
    view.evaluate(LOOK)
    view.click("#views [data-view=posts]")
    view.click("#new-post")
    expect_draft(view, "while it fails", 51)


def test_a_look_that_fails_says_nothing_of_posts(view: Page) -> None:
    health_is(view)
    view.wait_for_timeout(300)
    expect(view.locator("body")).to_have_attribute("data-view", "posts")


def test_who_closes_the_dialog_hears_that_it_was_not_saved(view: Page) -> None:
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            waiting.append(route)
        else:
            route.continue_()

    view.route("**/api/posts", hold)
    begin(view, "too much", 52)
    view.locator(".post-form .primary").click()
    expect(view.locator(".post-form .primary")).to_have_text(EN["posts.saving"])
    escape(view)
    full = {"status": 507, "code": "disk-full", "detail": "full"}
    waiting[0].fulfill(status=507, body=json.dumps(full), content_type="application/problem+json")
    expect(view.locator(".toast")).to_contain_text(EN["error.disk-full"])
    view.unroute("**/api/posts")
    view.click("#new-post")
    expect_draft(view, "too much", 52)
    expect(view.locator(".post-form .failure")).to_have_text(EN["error.disk-full"])
    view.locator(".post-form .primary").click()
    expect(view.locator(".post h3").first).to_have_text("too much")


def test_only_what_was_changed_is_saved_over_what_others_wrote(view: Page, posts: Site) -> None:
    write(view, "Of two", 60, 61)
    view.locator(".post").first.locator('[data-do="edit"]').click()
    post = posts.get("/api/posts?limit=1")["posts"][0]
    address = f"{posts.url}/api/posts/{post['id']}"
    view.locator(".draft-pictures li").nth(1).locator('[data-do="previous"]').click()
    httpx.patch(address, json={"description": "of the other window"})
    view.locator(".post-form .primary").click()
    expect(view.locator(".post-form .failure")).to_have_text(EN["error.changed-meanwhile"])
    expect(view.locator("#post-description")).to_have_value("of the other window")
    expect(view.locator(".draft-name")).to_have_text(["61.png", "60.png"])
    view.locator(".post-form .primary").click()
    expect(view.locator("dialog.post-editor")).to_be_hidden()
    now = posts.get(f"/api/posts/{post['id']}")
    assert now["description"] == "of the other window"
    assert [each["name"] for each in now["images"]] == ["61.png", "60.png"]


def test_a_text_that_both_changed_is_shown_before_it_is_overwritten(
    view: Page, posts: Site
) -> None:
    write(view, "Ours", 62)
    view.locator(".post").first.locator('[data-do="edit"]').click()
    post = posts.get("/api/posts?limit=1")["posts"][0]
    view.fill("#post-title", "Mine")
    changed = {"title": "Theirs", "description": "and more"}
    httpx.patch(f"{posts.url}/api/posts/{post['id']}", json=changed)
    view.locator(".post-form .primary").click()
    expect(view.locator(".post-form .theirs")).to_have_text(
        EN["posts.theirs"].replace("{text}", "Theirs")
    )
    expect(view.locator("#post-title")).to_have_value("Mine")
    view.locator(".post-form .primary").click()
    expect(view.locator(".post h3").first).to_have_text("Mine")
    now = posts.get(f"/api/posts/{post['id']}")
    assert (now["title"], now["description"]) == ("Mine", "and more")


def test_a_caption_that_another_wrote_too_leaves_what_was_typed(view: Page, posts: Site) -> None:
    write(view, "Two captions", 63)
    tile = view.locator(".post").first.locator(".post-picture").first
    expect(tile.locator(".post-caption")).to_have_text("a red picture")
    tile.click()
    large = view.locator("dialog.post-large")
    large.locator("#caption-en").fill("what I see")
    image = posts.get("/api/posts?limit=1")["posts"][0]["images"][0]["id"]
    place = f"{posts.url}/api/post-images/{image}/captions"
    httpx.put(place, json={"captions": {"en": "what they see"}})
    save = large.locator("form").filter(has=view.locator("#caption-en")).get_by_role("button")
    save.click()
    expect(large.locator(".theirs")).to_have_text(
        EN["posts.theirs"].replace("{text}", "what they see")
    )
    expect(large.locator("#caption-en")).to_have_value("what I see")
    escape(view)
    tile.click()
    expect(large.locator("#caption-en")).to_have_value("what I see")
    save.click()
    expect(large.locator(".theirs")).to_have_count(0)
    shown = posts.get("/api/posts?limit=1")["posts"][0]["images"][0]["captions"]
    assert "what I see" in {each["text"] for each in shown}


def test_pictures_that_are_chosen_for_a_post_are_kept_too(view: Page, posts: Site) -> None:
    id = posts.post("one more", picture(65)).json()["id"]
    view.reload()
    card = view.locator(f'[data-post="{id}"]')
    card.locator('[data-do="edit"]').click()
    view.set_input_files("#post-files", files(66))
    escape(view)
    card.locator('[data-do="edit"]').click()
    expect(view.locator(".draft-name")).to_have_text(["0.png", "66.png"])
    view.locator(".post-form .primary").click()
    expect(card.locator(".post-picture")).to_have_count(2)

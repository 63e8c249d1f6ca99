"""What the page says of posts that are found, or cannot be."""

from playwright.sync_api import Page, expect
from posts_site import Site

from tests.browser.posts.written import files, health_is, write
from tests.browser.steps import WORDS

EN = WORDS["en"]


def test_a_post_without_pictures_is_found(view: Page, posts: Site) -> None:
    posts.post("Nothing but kumquats", description="a whole crate")
    view.fill("#posts-words", "kumquats")
    view.press("#posts-words", "Enter")
    found = view.locator("#posts-found .post")
    expect(found.locator("h3")).to_have_text("Nothing but kumquats")
    expect(view.locator("#posts-found > p")).to_contain_text("1 post without pictures")
    found.locator('[data-do="edit"]').click()
    expect(view.locator("#post-title")).to_have_value("Nothing but kumquats")


def test_the_settings_say_why_there_are_no_posts(view: Page) -> None:
    health_is(view, status="ok", images=0, model="none", posts=False, posts_reason="no pgvector")
    expect(view.locator("body")).to_have_attribute("data-view", "search")
    view.click("#settings")
    expect(view.locator("#no-posts")).to_contain_text("no pgvector")


def test_a_search_by_picture_while_the_model_changes_says_so(view: Page, posts: Site) -> None:
    write(view, "Before the change", 64)
    posts.filled(1)
    for place in ("pictures", "published"):  # so that the other model gets none of them
        (posts.folder / place).rename(posts.folder / f"{place}-away")
    posts.ai.use(seed=7, dim=16)
    fingerprint = posts.ai.encoder.fingerprint
    posts.until(lambda: posts.sql("SELECT 1 FROM models WHERE fingerprint = %s", fingerprint))
    view.set_input_files("#posts-by", files(64))
    expect(view.locator("#posts-found .failure")).to_have_text(EN["error.model-changing"])

"""A site with posts for the tests of a file, and its view."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from posts_site import Site, site

from tests.browser.posts.written import opened


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("posts-page") / "data") as made:
        yield made


@pytest.fixture
def view(browser: Browser, posts: Site) -> Iterator[Page]:
    """The view in English; nothing on it may have raised an error."""
    yield from opened(browser, posts, locale="en-GB", viewport={"width": 1280, "height": 900})

"""One site with posts for the tests of a file that need no site of their own."""

from collections.abc import Iterator

import pytest
from posts_site import Site, site


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("posts") / "data") as made:
        yield made

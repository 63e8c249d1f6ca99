"""Files of pictures that cannot be read: gone, or only out of reach for a while."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from posts_site import Site, picture, problem, site


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("unread") / "data", ai=False) as made:
        yield made


def failures(posts: Site, image: str) -> list[Any]:
    return posts.sql(
        "SELECT code, final, attempts FROM image_failures WHERE image_id = %s ORDER BY task", image
    )


def test_pictures_whose_disk_is_away_wait_for_it(posts: Site) -> None:
    post = posts.post("on another disk", picture(1), picture(2)).json()
    image = post["images"][0]["id"]
    there, away = posts.folder / "pictures", posts.folder / "unmounted"
    there.rename(away)
    posts.ai.start()
    try:
        for _ in range(5):  # more often than a picture is tried that the service cannot read
            posts.until(lambda: len(failures(posts, image)) == 2)
            posts.sql("UPDATE image_failures SET next_try = now()")
            posts.until(lambda: not posts.sql(
                "SELECT FROM image_failures WHERE next_try < now() AND image_id = %s", image
            ))  # fmt: skip
            assert failures(posts, image) == [("picture-away", False, 0)] * 2
        shown = posts.get(f"/api/posts/{post['id']}")["images"][0]["features"]
        assert {each["state"] for each in shown.values()} <= {"waiting", "running"}
        answer = httpx.get(f"{posts.url}/api/post-images/{image}")
        assert problem(answer) == (503, "picture-away") and "retry-after" in answer.headers
    finally:
        away.rename(there)
    httpx.post(f"{posts.url}/api/posts/features/retry", json={})
    posts.filled(2)
    assert failures(posts, image) == []


def test_a_picture_whose_file_alone_is_gone_fails_with_that_reason(posts: Site) -> None:
    posts.ai.stop()
    posts.until(lambda: posts.get("/api/posts/features")["ai"]["state"] == "away")
    image = posts.post("lost", picture(3)).json()["images"][0]["id"]
    path = posts.sql("SELECT image_path FROM post_images WHERE id = %s", image)[0][0]
    (posts.folder / "pictures" / path).unlink()
    posts.ai.start()
    posts.until(lambda: len(failures(posts, image)) == 2)
    assert failures(posts, image) == [("picture-gone", True, 1)] * 2
    answer = httpx.get(f"{posts.url}/api/post-images/{image}")
    assert problem(answer) == (404, "picture-gone")

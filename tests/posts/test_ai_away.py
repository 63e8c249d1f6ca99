"""An AI service that is off, slow, or sends what it should not; and another model."""

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest
from drawn_captioner import Caption, ColourCaptioner
from fastapi.responses import HTMLResponse, Response
from posts_site import Site, picture, site


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("away") / "data", ai=False) as made:
        yield made


def features(vector: Any, **more: Any) -> Response:
    answer = {"embedding": vector, "fingerprint": "0000000000000018", "dim": 24, "captions": {},
              "captioner_fingerprint": "c0105c0105c0105c", **more}  # fmt: skip
    return Response(json.dumps(answer), media_type="application/json")


UNIT = [1.0] + [0.0] * 23


def test_off_for_the_whole_upload_then_on(posts: Site) -> None:
    posts.until(lambda: posts.get("/api/posts/features")["ai"]["state"] == "away")
    for n in range(20):
        assert posts.post(f"post {n}", picture(2 * n), picture(2 * n + 1)).status_code == 201
    state = posts.get("/api/posts/features")
    assert state["ai"]["code"] == "upstream-down" and state["ai"]["since"] <= time.time()
    assert all(task["waiting"] == 40 for task in state["tasks"].values())
    assert posts.get("/api/posts/search?q=post")["query"]["notice"] == "upstream-down"
    assert len(posts.get("/api/posts/search?q=post&k=50")["results"]) == 40
    answer = httpx.post(f"{posts.url}/api/posts/search", files={"image": ("a.png", picture(1))})
    assert (answer.status_code, answer.json()["code"]) == (503, "upstream-down")
    assert posts.sql("SELECT * FROM image_failures") == []
    began = time.monotonic()
    posts.ai.start()
    posts.until(lambda: posts.get("/api/posts/features")["ai"]["state"] == "on", 20)
    assert time.monotonic() - began < 15
    state = posts.filled(40)
    assert state["tasks"]["captions"]["failed"] == 0
    rows = posts.sql("SELECT image_id, count(*) FROM image_embeddings GROUP BY 1")
    assert len(rows) == 40 and {row[1] for row in rows} == {1}
    assert posts.sql("SELECT count(*) FROM image_captions")[0][0] == 80


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda: HTMLResponse("<html>a tunnel</html>"), "upstream-html"),
        (lambda: features(UNIT[:12]), "ai-bad-answer"),
        (lambda: features([float("nan")] * 24), "ai-bad-answer"),
        (lambda: features([0.0] * 24), "ai-bad-answer"),
        (lambda: features("a vector"), "ai-bad-answer"),
        (lambda: features(UNIT, fingerprint="'; DROP TABLE posts"), "ai-bad-answer"),
        (lambda: Response('{"embedding": [0.1', media_type="application/json"), "upstream-broken"),
        (lambda: Response("[]", media_type="application/json"), "ai-bad-answer"),
    ],
)
def test_what_it_should_not_send_is_told_apart_and_not_kept(
    posts: Site, answer: Any, code: str
) -> None:
    seen = set()
    posts.ai.behave = answer
    post = posts.post("odd answers", picture(int(time.time() * 1000))).json()
    image = post["images"][0]["id"]
    try:

        def told() -> bool:
            seen.add(posts.get("/api/posts/features")["ai"]["code"])
            return code in seen

        posts.until(told)
        assert posts.sql("SELECT * FROM image_embeddings WHERE image_id = %s", image) == []
        assert posts.sql("SELECT * FROM image_failures WHERE image_id = %s", image) == []
    finally:
        posts.ai.behave = None
    posts.until(lambda: posts.sql("SELECT * FROM image_embeddings WHERE image_id = %s", image))


def test_busy_and_slow_are_waited_for(posts: Site) -> None:
    async def hang() -> None:
        await asyncio.sleep(10)  # the backend waits for 3 s; a server ends once it has answered

    class Slow(Response):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await hang()

    for answer, code in (
        (lambda: Response('{"code": "busy"}', 429, {"Retry-After": "1"}), None),
        (Slow, "ai-slow"),
    ):
        posts.ai.behave = answer  # type: ignore[assignment]
        image = posts.post("wait", picture(int(time.time() * 1000))).json()["images"][0]["id"]
        before = posts.ai.requests
        posts.until(lambda before=before: posts.ai.requests > before)
        if code:
            seen: set[Any] = set()
            posts.until(
                lambda seen=seen, code=code: (
                    seen.add(posts.get("/api/posts/features")["ai"]["code"])
                    or seen & {code, "upstream-slow"}
                )
            )
        assert posts.sql("SELECT * FROM image_failures WHERE final") == []
        posts.ai.behave = None
        posts.until(
            lambda image=image: posts.sql(
                "SELECT * FROM image_embeddings WHERE image_id = %s", image
            )
        )


def test_a_broken_picture_fails_once_with_its_reason(posts: Site) -> None:
    posts.ai.stop()
    whole = picture(500, kind="JPEG", quality=95)
    post = posts.post("half", whole, picture(501)).json()
    broken, good = (each["id"] for each in post["images"])
    path = posts.sql("SELECT image_path FROM post_images WHERE id = %s", broken)[0][0]
    # A disk may lose what was whole when it came.
    (posts.folder / "pictures" / path).write_bytes(whole[: len(whole) * 4 // 5])
    posts.sql("UPDATE post_images SET bytes = 10000000 WHERE id = %s", broken)  # as of a large one
    posts.ai.start()

    def shown() -> Any:
        return {each["id"]: each for each in posts.get(f"/api/posts/{post['id']}")["images"]}

    posts.until(lambda: shown()[broken]["features"]["embedding"]["state"] == "failed")
    assert "damaged" in shown()[broken]["features"]["embedding"]["reason"]
    posts.until(lambda: shown()[good]["features"]["captions"]["state"] == "done")
    posts.until(lambda: shown()[broken]["features"]["captions"]["state"] == "failed")
    asked = posts.ai.requests
    time.sleep(5)  # longer than the queue is made again
    assert posts.ai.requests == asked
    failed = posts.get("/api/posts/features")["tasks"]["embedding"]
    assert failed["failed"] == 1 and failed["failures"][0]["code"] == "unreadable-picture"
    before = posts.sql("SELECT max(created) FROM image_failures WHERE image_id = %s", broken)
    httpx.post(f"{posts.url}/api/posts/features/retry", json={})
    again = "SELECT 1 FROM image_failures WHERE image_id = %s AND created > %s"
    posts.until(lambda: posts.sql(again, broken, before[0][0]))
    httpx.delete(f"{posts.url}/api/post-images/{broken}")


def test_a_service_that_fails_over_words_leaves_the_texts(posts: Site) -> None:
    posts.ai.start()
    posts.until(lambda: posts.get("/api/posts/features")["ai"]["state"] == "on")
    posts.post("a failing kumquat", picture(int(time.time() * 1000)))
    posts.ai.only = "/api/ai/text-embedding"
    said = '{"code": "encoder-failed", "detail": "nothing usable", "status": 500}'
    try:
        for status in (500, 422):
            posts.ai.behave = lambda status=status: Response(
                said, status, media_type="application/problem+json"
            )
            found = posts.get("/api/posts/search?q=kumquat")
            assert [each["title"] for each in found["results"]] == ["a failing kumquat"]
            assert found["query"]["notice"] == "encoder-failed"
    finally:
        posts.ai.behave, posts.ai.only = None, "/api/ai/image-features"


@pytest.mark.parametrize("text", ["", " ", "a\0b"])
def test_a_picture_about_which_nothing_is_written_fails_alone(
    posts: Site, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts.ai.start()
    posts.until(lambda: posts.get("/api/posts/features")["ai"]["state"] == "on")
    since = posts.get("/api/posts/features")["ai"]["since"]
    plain = ColourCaptioner._caption

    def caption(image: Any, language: str) -> Caption:
        said = plain(image, language)
        return Caption(text, language) if "green" in said.text else said

    monkeypatch.setattr(posts.ai.captioner, "_caption", caption)
    now = int(time.time() * 1000)
    post = posts.post("mute", picture(now, "green"), picture(now + 1)).json()
    green, red = (each["id"] for each in post["images"])
    posts.until(lambda: posts.sql("SELECT * FROM image_failures WHERE image_id = %s", green))
    assert posts.sql("SELECT task, code, final FROM image_failures WHERE image_id = %s", green) == [
        ("captions", "wrote-nothing", False)
    ]
    posts.until(
        lambda: len(posts.sql("SELECT * FROM image_captions WHERE image_id = %s", red)) == 2
    )
    assert posts.get("/api/posts/features")["ai"]["since"] == since
    monkeypatch.undo()
    httpx.delete(f"{posts.url}/api/posts/{post['id']}")


def test_a_language_that_never_comes_is_not_asked_for_all_the_time(posts: Site) -> None:
    posts.ai.behave = lambda: features(
        UNIT, fingerprint=posts.ai.encoder.fingerprint, captions={"en": "no other language"}
    )
    post = posts.post("one language", picture(int(time.time() * 1000))).json()
    image = post["images"][0]["id"]
    seen: set[Any] = set()
    try:
        posts.until(
            lambda: (
                seen.add(posts.get("/api/posts/features")["ai"]["code"]) or "ai-bad-answer" in seen
            )
        )
        assert posts.sql("SELECT * FROM image_captions WHERE image_id = %s", image) == []
    finally:
        posts.ai.behave = None
    posts.until(
        lambda: len(posts.sql("SELECT * FROM image_captions WHERE image_id = %s", image)) == 2
    )


def test_another_model_fills_in_beside_and_then_is_switched_to(posts: Site) -> None:
    posts.ai.start()
    posts.post("of the first model", *(picture(600 + n) for n in range(12)))
    total = posts.get("/api/posts/features")["pictures"]
    posts.filled(total)
    first = posts.ai.encoder.fingerprint
    some = [str(row[0]) for row in posts.sql("SELECT id FROM images ORDER BY id LIMIT 8")]
    captions = posts.sql("SELECT count(*), max(created) FROM image_captions")
    posts.ai.use(seed=7, dim=16)
    posts.ai.encoder.delay_s = 0.05

    def current() -> str:
        return str(posts.sql("SELECT fingerprint FROM models WHERE state = 'current'")[0][0])

    def ask(id: str) -> int:
        answer = httpx.get(f"{posts.url}/api/post-images/{id}/similar?k=5", timeout=20)
        words = httpx.get(f"{posts.url}/api/posts/search?q=post&k=5", timeout=20)
        return max(answer.status_code, words.status_code)

    statuses, filling = set(), 0
    deadline = time.monotonic() + 60
    with ThreadPoolExecutor(4) as pool:
        while current() == first and time.monotonic() < deadline:
            statuses |= set(pool.map(ask, some))
            filling += bool(posts.sql("SELECT 1 FROM models WHERE state = 'filling'"))
            rows = posts.sql("SELECT image_id, score FROM similar_images(%s, 5)", some[0])
            vectors = posts.sql(
                "SELECT o.image_id, 1 - (o.embedding <=> e.embedding) AS s FROM image_embeddings o "
                "JOIN image_embeddings e USING (fingerprint) JOIN models USING (fingerprint) "
                "JOIN images i ON i.id = o.image_id "  # not those that were deleted
                "WHERE state = 'current' AND e.image_id = %s AND o.image_id <> e.image_id "
                "ORDER BY s DESC LIMIT 5",
                some[0],
            )
            if current() == first and posts.sql("SELECT 1 FROM models WHERE state = 'filling'"):
                assert np.allclose([r[1] for r in rows], [r[1] for r in vectors], atol=1e-5)
    assert statuses == {200} and filling
    assert current() == posts.ai.encoder.fingerprint
    assert posts.sql("SELECT count(*), max(created) FROM image_captions") == captions
    assert len(posts.sql("SELECT * FROM similar_images(%s, 5)", some[0])) == 5

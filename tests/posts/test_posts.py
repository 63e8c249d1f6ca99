"""Posts over HTTP and SQL, with the real servers."""

import base64
from datetime import datetime

import httpx
import psycopg
import pytest
from posts_site import Site, picture, problem


def vector_of(posts: Site, words: str) -> str:
    answer = httpx.post(f"{posts.url}/api/ai/text-embedding", json={"query": words})
    return str(answer.json()["embedding"])


def test_the_documents_requests_and_its_two_searches(posts: Site) -> None:
    features = httpx.post(
        f"{posts.url}/api/ai/image-features", files={"image": ("test.jpg", picture(1))}
    ).json()
    assert len(features["embedding"]) == 24 and features["caption"] == "a red picture"
    kinds = httpx.post(
        f"{posts.url}/api/ai/classify", files={"image": ("test.jpg", picture(1))},
        data={"labels": '["photo","drawing"]'},
    ).json()  # fmt: skip
    assert len(kinds["predictions"]) == 2
    words = {"query": "sunset beach", "limit": 20}
    embedded = httpx.post(f"{posts.url}/api/ai/text-embedding", json=words).json()
    assert len(embedded["embedding"]) == 24

    post = posts.post("Beach", *(picture(n) for n in range(1, 7))).json()
    posts.filled(6)
    by_words = posts.sql("SELECT * FROM search_images(%s::vector, 10)", str(embedded["embedding"]))
    exact = posts.sql(
        "SELECT image_id FROM image_embeddings ORDER BY embedding <=> %s::vector LIMIT 10",
        str(embedded["embedding"]),
    )
    assert [row[0] for row in by_words] == [row[0] for row in exact] and len(exact) == 6
    first = post["images"][0]["id"]
    alike = posts.sql("SELECT image_id, score FROM similar_images(%s, 3)", first)
    near = posts.sql(
        "SELECT o.image_id, 1 - (o.embedding <=> e.embedding) FROM image_embeddings AS e, "
        "image_embeddings AS o WHERE e.image_id = %s AND o.image_id <> e.image_id ORDER BY 2 DESC "
        "LIMIT 3",
        first,
    )
    assert alike == [(row[0], pytest.approx(row[1], abs=1e-6)) for row in near]
    http = posts.get(f"/api/post-images/{first}/similar?k=3")["results"]
    assert [each["id"] for each in http] == [str(row[0]) for row in near]
    # With so few rows a scan is cheaper; the graph is there and fits the query.
    with psycopg.connect(
        posts.database, options="-c enable_seqscan=off -c search_path=timanh_posts,public"
    ) as connection:
        plan = connection.execute(
            "EXPLAIN SELECT image_id FROM image_embeddings WHERE fingerprint = '"
            + posts.ai.encoder.fingerprint
            + "' ORDER BY (embedding::vector(24)) <=> "
            "(SELECT embedding FROM image_embeddings LIMIT 1) LIMIT 3"
        ).fetchall()
    assert "Index Scan using near_" in str(plan), plan
    rows = posts.sql("SELECT captions, embedded FROM overview WHERE post_id = %s", post["id"])
    assert rows[0] == ("en: a red picture\nvi: một bức ảnh màu đỏ", True)


def test_words_with_marks_and_without_and_both_rankings_together(posts: Site) -> None:
    marked = posts.post("Con chó ở Đà Lạt", picture(20, "green")).json()
    plain = posts.post("con cho o da lat", picture(21, "green")).json()
    other = posts.post("Dogs and boats", picture(22, "blue"), description="trên biển").json()
    ids = [post["images"][0]["id"] for post in (marked, plain, other)]

    def found(words: str) -> list[str]:
        rows = posts.sql("SELECT image_id FROM search_words(%s, 10)", words)
        return [str(row[0]) for row in rows]

    assert found("con chó") == ids[:2] and set(found("con cho")) == set(ids[:2])
    assert found("dog boat") == [ids[2]] and found("bien") == [ids[2]]
    assert found("nothing of the kind") == []
    posts.until(lambda: len(found("xanh dương")) == 1)  # the machine's caption
    results = posts.get("/api/posts/search", params={"q": "con chó", "k": 5})["results"]
    assert [each["id"] for each in results[:2]] == ids[:2] and results[0]["by_words"]
    sent = {"image": ("x.png", picture(22, "blue"))}
    hits = httpx.post(f"{posts.url}/api/posts/search", files=sent, params={"k": 3}).json()
    assert hits["results"][0]["id"] == ids[2]
    assert hits["results"][0]["cosine"] == pytest.approx(1, abs=1e-4)


def test_a_post_without_pictures_is_found_by_its_words(posts: Site) -> None:
    made = posts.post("Chợ nổi Cái Răng", description="thuyền chở khóm").json()
    address = f"{posts.url}/api/posts/{made['id']}"

    def found(words: str) -> list[str]:
        answer = posts.get("/api/posts/search", params={"q": words, "k": 5})
        assert all(each["post_id"] != made["id"] for each in answer["results"])
        return [each["title"] for each in answer["posts"]]

    assert found("chợ nổi") == found("cho noi") == found("khom") == ["Chợ nổi Cái Răng"]
    rows = posts.sql("SELECT image_id, post_id::text FROM search_words('cai rang', 5)")
    assert rows == [(None, made["id"])]
    httpx.patch(address, json={"title": "Chợ Bến Thành"})
    assert found("nổi") == [] and found("bến thành") == ["Chợ Bến Thành"]
    more = httpx.post(f"{address}/images", files={"image": ("c.png", picture(24))}).json()
    image = more["images"][0]["id"]
    hits = posts.get("/api/posts/search", params={"q": "bến thành", "k": 5})
    assert hits["posts"] == []
    assert [each["id"] for each in hits["results"] if each["by_words"]] == [image]
    httpx.delete(f"{posts.url}/api/post-images/{image}")
    assert found("bến thành") == ["Chợ Bến Thành"]  # it has none again
    httpx.delete(address)
    assert found("bến thành") == []


def test_the_feed_comes_in_pages_the_newest_first(posts: Site) -> None:
    made = [posts.post(f"page {n}").json()["id"] for n in range(5)]
    first = posts.get("/api/posts?limit=2")
    assert [each["id"] for each in first["posts"]] == made[:2:-1]
    later = posts.post("in between").json()["id"]
    second = posts.get(f"/api/posts?limit=2&cursor={first['next']}")
    assert [each["id"] for each in second["posts"]] == made[2:0:-1]
    assert later not in {each["id"] for each in second["posts"]}
    cursor, seen = second["next"], 0
    while cursor:
        page = posts.get(f"/api/posts?limit=50&cursor={cursor}")
        cursor, seen = page["next"], seen + len(page["posts"])
    assert seen + 5 == first["total"] + 1
    deep = base64.urlsafe_b64encode(b"[" * 40_000).decode()
    for cursor in ("nonsense", deep):
        answer = httpx.get(f"{posts.url}/api/posts?cursor={cursor}")
        assert problem(answer) == (422, "invalid-request")


def test_two_tabs_that_edit_one_post(posts: Site) -> None:
    made = posts.post("mine", picture(30), picture(31), description="before")
    address = f"{posts.url}/api/posts/{made.json()['id']}"
    etag = {"If-Match": made.headers["etag"]}
    changed = httpx.patch(address, json={"title": " first \n tab "}, headers=etag)
    assert changed.json()["title"] == "first tab" and changed.json()["description"] == "before"
    assert problem(httpx.patch(address, json={"title": "second"}, headers=etag)) == (
        412, "changed-meanwhile"
    )  # fmt: skip
    stale = {"title": "second", "updated": made.json()["updated"]}
    assert problem(httpx.patch(address, json=stale)) == (409, "changed-meanwhile")
    assert problem(httpx.delete(address, headers=etag)) == (412, "changed-meanwhile")
    now = httpx.get(address)
    assert now.json()["title"] == "first tab"
    fresh = {"description": "after", "updated": now.json()["updated"]}
    assert httpx.patch(address, json=fresh).json()["description"] == "after"


def test_two_tabs_that_change_pictures_of_one_post(posts: Site) -> None:
    made = posts.post("mine", picture(32), picture(33))
    address, first = f"{posts.url}/api/posts/{made.json()['id']}", made.json()["images"][0]["id"]
    etag = {"If-Match": made.headers["etag"]}
    httpx.patch(address, json={"title": "first tab"}, headers=etag)
    image = f"{posts.url}/api/post-images/{first}"
    assert problem(httpx.delete(image, headers=etag)) == (412, "changed-meanwhile")
    now = {"If-Match": httpx.get(address).headers["etag"]}
    left = httpx.delete(image, headers=now)
    assert len(left.json()["images"]) == 1
    assert problem(httpx.post(f"{image}/restore", headers=now)) == (412, "changed-meanwhile")
    back = httpx.post(f"{image}/restore", headers={"If-Match": left.headers["etag"]})
    assert len(back.json()["images"]) == 2

    def caption(text: str, seen: str) -> httpx.Response:
        body = {"captions": {"en": text}, "seen": {"en": seen}}
        return httpx.put(f"{image}/captions", json=body)

    posts.until(lambda: len(posts.get(f"/api/posts/{made.json()['id']}")["images"][0]["captions"]))
    assert caption("of the first tab", "a red picture").status_code == 200
    assert problem(caption("of the second tab", "a red picture")) == (409, "changed-meanwhile")
    assert caption("of both", "of the first tab").status_code == 200
    assert caption("", "of both").status_code == 200
    assert caption("instead of the machine's", "").status_code == 200


def test_pictures_are_added_taken_out_put_back_and_ordered(posts: Site) -> None:
    post = posts.post("album", picture(40), picture(41)).json()
    address = f"{posts.url}/api/posts/{post['id']}"
    more = httpx.post(f"{address}/images", files={"image": ("c.png", picture(42))}).json()
    a, b, c = (each["id"] for each in more["images"])
    ordered = httpx.patch(address, json={"images": [c, a, b]}).json()
    assert [each["id"] for each in ordered["images"]] == [c, a, b]
    for wrong in ([c, a], [c, a, a], [c, a, b, b], [c, a, post["id"]]):
        assert problem(httpx.patch(address, json={"images": wrong}))[0] == 422
    left = httpx.delete(f"{posts.url}/api/post-images/{a}").json()
    assert [each["id"] for each in left["images"]] == [c, b]
    assert problem(httpx.get(f"{posts.url}/api/post-images/{a}")) == (404, "unknown-picture")
    back = httpx.post(f"{posts.url}/api/post-images/{a}/restore").json()
    assert [each["id"] for each in back["images"]] == [c, a, b]


def test_a_deletion_can_be_taken_back_and_then_is_for_good(posts: Site) -> None:
    post = posts.post("gone", picture(50)).json()
    address = f"{posts.url}/api/posts/{post['id']}"
    assert httpx.delete(address).json()["undo_s"] == 600
    assert problem(httpx.get(address)) == (404, "unknown-post")
    assert post["id"] not in {each["id"] for each in posts.get("/api/posts")["posts"]}
    assert httpx.post(f"{address}/restore").json()["title"] == "gone"
    httpx.delete(address)
    path = posts.sql("SELECT image_path FROM post_images WHERE post_id = %s", post["id"])[0][0]
    assert path in posts.files()
    posts.sql("UPDATE posts SET deleted = now() - interval '11 minutes' WHERE id = %s", post["id"])
    posts.until(lambda: path not in posts.files())
    assert posts.sql("SELECT * FROM post_images WHERE post_id = %s", post["id"]) == []
    assert problem(httpx.post(f"{address}/restore")) == (404, "unknown-post")


def test_what_a_person_writes_counts_and_stays(posts: Site) -> None:
    post = posts.post("captions", picture(60, "green")).json()
    id = post["images"][0]["id"]
    place = f"{posts.url}/api/post-images/{id}/captions"

    def captions() -> dict[str, tuple[str, str]]:
        shown = posts.get(f"/api/posts/{post['id']}")["images"][0]["captions"]
        return {each["language"]: (each["text"], each["source"]) for each in shown}

    posts.until(lambda: len(captions()) == 2)
    httpx.put(place, json={"captions": {"en": "my <b>lawn</b>"}})
    assert captions()["en"] == ("my <b>lawn</b>", "human")
    assert posts.sql("SELECT count(*) FROM search_words('lawn', 5)")[0][0] == 1
    assert posts.ai.captioner is not None
    posts.ai.captioner.fingerprint = "another0another0"
    try:
        httpx.post(f"{posts.url}/api/posts/features/retry", json={"again_captions": False})
        assert captions()["vi"][1] == "machine" and captions()["en"][1] == "human"
    finally:
        posts.ai.captioner.fingerprint = "c0105c0105c0105c"
    httpx.put(place, json={"captions": {"en": " "}})
    assert captions()["en"] == ("a green picture", "machine")
    assert problem(httpx.put(place, json={"captions": {"english": "x"}}))[0] == 422


def test_events_tell_of_what_changes(posts: Site) -> None:
    with httpx.stream("GET", f"{posts.url}/api/posts/events", timeout=20) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: ai" and '"state": "on"' in next(lines)
        post = posts.post("told", picture(95)).json()
        seen = set()
        for line in lines:
            if line.startswith("event: "):
                event = line[7:]
            if post["id"] in line:
                seen.add(event)
            if seen == {"post", "image"}:
                break
    assert datetime.fromisoformat(post["created"]).tzinfo is not None

"""Posts with odd, hostile and private content: refused, harmless, or not published."""

from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from posts_site import Site, picture, problem

GPS, MAKER, SERIAL = 0x8825, 0x010F, 0xA431


def test_what_is_published_says_nothing_of_place_and_camera(posts: Site) -> None:
    exif = Image.Exif()
    exif[MAKER], exif[0x0112] = "Secret Camera", 6
    exif.get_ifd(GPS)[2] = (21.0, 1.0, 42.0)
    exif.get_ifd(0x8769)[SERIAL] = "SN-0042"
    sent = picture(70, "blue", "JPEG", exif=exif, comment=b"hidden") + b"trailer with a name"
    posts.ai.heard = bytearray()
    post = posts.post("private", sent).json()
    shown = post["images"][0]
    assert (shown["width"], shown["height"]) == (24, 32)
    for address in (shown["url"], shown["thumbnail"]):
        answer = httpx.get(posts.url + address)
        with Image.open(BytesIO(answer.content)) as image:
            assert dict(image.getexif()) == {} and image.size == (24, 32)
        for secret in (b"Secret", b"SN-0042", b"hidden", b"trailer"):
            assert secret not in answer.content
    path = posts.sql("SELECT image_path FROM post_images WHERE id = %s", shown["id"])[0][0]
    assert b"Secret" in (posts.folder / "pictures" / path).read_bytes()
    # Nor does the AI service hear of it.

    def looked_at() -> bool:
        features = posts.get(f"/api/posts/{post['id']}")["images"][0]["features"]
        return all(each["state"] == "done" for each in features.values())

    posts.until(looked_at)
    found = httpx.post(
        f"{posts.url}/api/posts/search", files={"image": ("a.jpg", sent)}, timeout=20
    )
    assert found.json()["results"][0]["id"] == shown["id"]
    heard, posts.ai.heard = bytes(posts.ai.heard), None
    assert heard.count(b'name="image"') >= 2
    for secret in (b"Secret", b"SN-0042", b"hidden", b"trailer"):
        assert secret not in heard


def test_the_end_of_a_line_counts_once_as_it_does_on_the_page(posts: Site) -> None:
    lines = ("x" * 65 + "\r\n") * 150  # as a form sends 9,900 characters
    made = posts.post("long", description=lines)
    assert made.status_code == 201, made.text
    assert made.json()["description"] == lines.replace("\r\n", "\n").strip()
    long = posts.post("too long", description="x\r\n" * 5001)
    assert problem(long) == (422, "description-too-long")
    image = posts.post("a picture", picture(79)).json()["images"][0]["id"]
    body = {"captions": {"en": "x" * 1001}}
    answer = httpx.put(f"{posts.url}/api/post-images/{image}/captions", json=body)
    assert problem(answer) == (422, "caption-too-long")


HOSTILE = "'; DROP TABLE posts; -- <script>alert(1)</script> {0} %s \u202e"


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"title": "   "}, 422, "no-title"),
        ({"title": "x" * 201}, 422, "title-too-long"),
        ({"title": "x", "description": "x" * 10_001}, 422, "description-too-long"),
        ({}, 422, "invalid-request"),
    ],
)
def test_texts_that_are_refused(posts: Site, form: Any, status: int, code: str) -> None:
    assert problem(httpx.post(f"{posts.url}/api/posts", data=form)) == (status, code)


def test_hostile_texts_and_names_are_only_texts_and_names(posts: Site) -> None:
    names = [
        "../../../etc/passwd",
        "..\\..\\x.exe",
        "a\0b.png",
        "x" * 500 + ".png",
        "\u202egnp.exe",
    ]
    files = [("image", (name, picture(80 + n))) for n, name in enumerate(names)]
    made = httpx.post(
        f"{posts.url}/api/posts", data={"title": HOSTILE, "description": HOSTILE}, files=files
    )
    assert made.status_code == 201, made.text
    shown = posts.get(f"/api/posts/{made.json()['id']}")
    assert shown["title"] == HOSTILE.rstrip(" \u202e") and "<script>" in shown["description"]
    assert all(len(name) < 201 and "/" not in name for name in (i["name"] for i in shown["images"]))
    paths = posts.sql("SELECT image_path FROM post_images WHERE post_id = %s", shown["id"])
    assert all(path[0].count("/") == 1 and ".." not in path[0] for path in paths)
    for words in (HOSTILE, '"', "a or", "-", "!&|:*()", "x" * 1000, "' OR 1=1 --", "\\", "𝓍\ufffd"):
        answer = httpx.get(f"{posts.url}/api/posts/search", params={"q": words})
        assert answer.status_code == 200, words
    half = httpx.patch(
        f"{posts.url}/api/posts/{shown['id']}", content=b'{"title": "\\ud800"}',
        headers={"content-type": "application/json"},
    )  # fmt: skip
    assert problem(half)[0] == 422
    assert posts.sql("SELECT count(*) > 0 FROM posts")[0][0]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_picture_that_cannot_be_read_to_its_end_is_refused(posts: Site, kind: str) -> None:
    made = posts.post("whole", picture(95, kind=kind))
    address, files = f"{posts.url}/api/posts/{made.json()['id']}", posts.files()
    whole = picture(96, kind=kind)
    sent = [
        ("image", ("whole.png", picture(97))), ("image", ("half.jpg", whole[: len(whole) * 4 // 5]))
    ]  # fmt: skip
    for path, form in ((f"{posts.url}/api/posts", {"title": "half"}), (f"{address}/images", {})):
        answer = httpx.post(path, data=form, files=sent, timeout=20)
        assert problem(answer) == (415, "unreadable-picture")
        assert answer.json()["file"] == "half.jpg"
        assert answer.json()["detail"].startswith("half.jpg ")
    assert len(httpx.get(address).json()["images"]) == 1
    assert posts.files() == files and posts.files("incoming") == set()


def test_odd_uploads_leave_neither_row_nor_file(posts: Site) -> None:
    rows, files = posts.sql("SELECT count(*) FROM post_images"), posts.files()
    whole = picture(90)
    odd = [b"", b"text", whole[:40], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\0" * 1000]
    for content in odd:
        assert problem(posts.post("odd", picture(91), content))[0] == 415
    bomb = BytesIO()
    Image.new("1", (9000, 9000)).save(bomb, "PNG")
    assert problem(posts.post("bomb", bomb.getvalue())) == (413, "picture-too-large")
    assert problem(posts.post("many", *[whole] * 31)) == (422, "post-full")
    assert posts.sql("SELECT count(*) FROM post_images") == rows and posts.files() == files
    assert posts.files("incoming") == set()
    unknown = "00000000-0000-0000-0000-000000000000"
    for path in (f"posts/{unknown}", f"post-images/{unknown}", f"post-images/{unknown}/similar"):
        assert problem(httpx.get(f"{posts.url}/api/{path}"))[0] == 404
    assert problem(httpx.get(f"{posts.url}/api/posts/x"))[0] == 422
    foreign = {"Origin": "https://evil.example"}
    assert problem(httpx.post(f"{posts.url}/api/posts", data={"title": "x"}, headers=foreign)) == (
        403, "foreign-origin"
    )  # fmt: skip

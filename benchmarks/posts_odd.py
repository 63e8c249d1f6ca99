"""Ten thousand odd uploads: damaged pictures, names that are paths, texts that are SQL or markup.

Each is answered with 201 or with a problem that says why, never with 5xx. A post that was made has
its texts as they were sent, without control characters, and its pictures can be asked for; at the
end there is a file for each row and none besides, the tables are as they were, and each picture has
its embedding and captions or a reason why not.

    python benchmarks/posts_odd.py [--count 10000] [--seed 0]
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from common import keep
from PIL import Image
from posts_ai import start_ai
from posts_site import Site, picture

CLIENTS = 8
KINDS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "ICO", "PPM", "MPO", "AVIF")
TEXTS = (
    "'; DROP TABLE timanh_posts.posts; --", "\" OR 1=1 --", "$$; SELECT pg_sleep(9); $$",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{7*7}} ${7*7} %s %(x)s {0}",
    "\u202egnp.exe", "a\u0300\u0301" * 40, "👩‍👩‍👧‍👦🏳️‍🌈", "\ufeff\u200b\u2028", "\x1b[31m",
    "a\tb\r\nc",
    "](javascript:alert(1))", "NULL", "\\", "\\x00", "%00", "Tiếng Việt có dấu", "x" * 200,
    "ﷺ" * 100,
    "ا" * 60, "0", "-1", "true", "[]", "{}",
)  # fmt: skip
NAMES = (
    "../../../etc/passwd", "..\\..\\windows\\x.png", "/etc/shadow", "C:\\x.png", "a\0b.png",
    "con.png",
    ".png", "", " ", "x" * 300 + ".png", "a;rm -rf.png", "$(id).png", "<b>.png", "\u202egnp.exe",
    "ảnh đẹp.jpg", "a\"b'.png", "file:///etc/passwd", "%2e%2e%2f.png", "\n.png", "🐈.webp",
)  # fmt: skip


class Odd:
    """What is sent, each by its number."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.whole = [self.save(kind) for kind in KINDS]

    @staticmethod
    def save(kind: str) -> bytes:
        out = BytesIO()
        with Image.open(BytesIO(picture(3))) as image:
            image.save(out, kind)
        return out.getvalue()

    def content(self, choose: random.Random) -> bytes:
        """A picture, whole or damaged in one of many ways."""
        whole = picture(choose.randrange(10**9), kind=choose.choice(("PNG", "JPEG", "WEBP", "GIF")))
        way = choose.randrange(9)
        if way == 0:
            return whole
        if way == 1:
            return choose.choice(self.whole)
        if way == 2:
            return whole[: choose.randrange(len(whole))]
        if way == 3:  # some bytes are others
            damaged = bytearray(whole)
            for _ in range(choose.randint(1, 30)):
                damaged[choose.randrange(len(damaged))] = choose.randrange(256)
            return bytes(damaged)
        if way == 4:  # a head of one kind, a body of another
            return choose.choice(self.whole)[: choose.randrange(4, 40)] + whole
        if way == 5:
            return choose.randbytes(choose.randrange(3000))
        if way == 6:  # it says that it is much larger
            damaged = bytearray(picture(1))
            at = choose.choice((16, 20))
            damaged[at : at + 4] = choose.randrange(2**32).to_bytes(4, "big")
            return bytes(damaged)
        if way == 7:  # with something behind it
            return whole + choose.choice((b"<?php ?>", b"PK\3\4" * 50, whole))
        return choose.choice((b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.4",
                              b"GIF89a", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"MZ"))  # fmt: skip

    def upload(self, number: int) -> tuple[dict[str, str], list[Any], dict[str, str]]:
        """Fields, files and headers."""
        choose = random.Random(f"{self.seed} {number}")
        title = "".join(choose.choices(TEXTS, k=choose.randint(1, 3)))
        form = {"title": title, "description": choose.choice(TEXTS) * choose.randint(0, 60)}
        files = [
            ("image", (choose.choice(NAMES), self.content(choose), choose.choice(
                ("image/png", "text/html", "application/x-php", "", "image/svg+xml"))))
            for _ in range(choose.choice((0, 1, 1, 1, 2, 3)))
        ]  # fmt: skip
        headers = {}
        if choose.random() < 0.02:  # a body that is not what its head says
            headers = {
                "content-type": choose.choice(
                    ("multipart/form-data", "multipart/form-data; boundary=x", "application/json")
                )
            }
        return form, files, headers  # fmt: skip


def main() -> None:
    """Exit code 1 if something of it did harm."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    odd, wrong, answers = Odd(args.seed), [], Counter[str]()
    made: dict[str, str] = {}
    began = time.monotonic()
    # The embedded server refuses a folder that only its owner may enter.
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        site = Site(Path(place) / "data")
        ai = start_ai(site.ai.port)
        try:
            site.start()
            tables = site.sql(TABLES)

            def send(number: int) -> None:
                form, files, headers = odd.upload(number)
                answer = httpx.post(f"{site.url}/api/posts", data=form, files=files or None,
                                    headers=headers, timeout=60)  # fmt: skip
                code = answer.json().get("code", "") if answer.status_code != 201 else ""
                answers[f"{answer.status_code} {code}".strip()] += 1
                if answer.status_code >= 500 or (answer.status_code != 201 and not code):
                    wrong.append(f"upload {number}: {answer.status_code} {answer.text[:200]}")
                if answer.status_code == 201:
                    made[answer.json()["id"]] = form["title"]
                    for image in answer.json()["images"]:
                        for address in (image["url"], image["thumbnail"]):
                            shown = httpx.get(site.url + address, timeout=60)
                            answers[f"picture {shown.status_code}"] += 1
                            kind = shown.headers["content-type"]
                            if shown.status_code >= 500 or not kind.startswith(KNOWN):
                                wrong.append(f"picture of {number}: {shown.status_code} {kind}")

            with ThreadPoolExecutor(CLIENTS) as pool:
                list(pool.map(send, range(args.count)))
            minutes = (time.monotonic() - began) / 60
            wrong += verdict(site, tables, made)
            failed = dict(site.sql("SELECT code, count(*) FROM image_failures GROUP BY 1"))
            pictures = site.sql("SELECT count(*) FROM images")[0][0]
            site.stop()
        finally:
            ai.kill()
    document = {
        "uploads": args.count, "minutes": round(minutes, 1), "posts": len(made),
        "pictures": pictures, "answers": dict(sorted(answers.items())),
        "pictures_that_failed": failed, "faults": wrong[:50],
    }  # fmt: skip
    keep("posts_odd", document)
    print(f"{args.count} uploads: {dict(answers)}; faults: {wrong[:20]}")
    sys.exit(bool(wrong))


KNOWN = ("image/jpeg", "image/png", "application/problem+json")
TABLES = (
    "SELECT relname, relkind FROM pg_class WHERE relnamespace IN "
    "('timanh_posts'::regnamespace, 'public'::regnamespace) AND relkind <> 'i' ORDER BY 1"
)


def verdict(site: Site, tables: list[Any], made: dict[str, str]) -> list[str]:
    """What went wrong; nothing, if all is well."""
    wrong = []
    rows = site.sql("SELECT image_path, name FROM post_images")
    if site.files() != {row[0] for row in rows}:
        wrong.append("files and rows are not the same")
    if any("/" in row[1] or "\0" in row[1] or len(row[1]) > 200 for row in rows):
        wrong.append("a name is a path")
    if site.files("incoming"):
        wrong.append("files were left aside")
    if site.sql(TABLES) != tables:
        wrong.append(f"there are other tables than before: {set(site.sql(TABLES)) ^ set(tables)}")
    posts = dict(site.sql("SELECT id::text, title FROM posts"))
    if posts.keys() != made.keys():
        wrong.append(f"{len(posts)} posts, {len(made)} were answered with 201")
    for id, title in made.items():
        plain = [c for c in title if c.isprintable() and not c.isspace()]
        if [c for c in posts.get(id, "") if c.isprintable() and not c.isspace()] != plain:
            wrong.append(f"title {title!r} became {posts.get(id)!r}")
    outside = [path for path in site.folder.parent.iterdir() if path != site.folder]
    if outside:
        wrong.append(f"files outside of the folder: {outside}")

    def settled() -> bool:
        tasks = site.get("/api/posts/features")["tasks"].values()
        return all(task["waiting"] + task["running"] == 0 for task in tasks)

    try:
        site.until(settled, 600)
    except AssertionError:
        wrong.append(f"not all is settled: {site.get('/api/posts/features')['tasks']}")
    return wrong


if __name__ == "__main__":
    main()

"""A backup of posts with their pictures, and what is refused as one."""

import json
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

from posts_site import Site, picture, site
from upstream_standin import BACKEND


def archive(posts: Site, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BACKEND / "archive.py"), *arguments], text=True, capture_output=True,
        env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "TIMANH_POSTS": str(folder)}, check=False,
        timeout=60,
    )  # fmt: skip


def test_a_backup_brings_rows_and_files_back(posts: Site, tmp_path: Path) -> None:
    post = posts.post("kept", picture(900, "blue")).json()
    posts.until(lambda: len(posts.get(f"/api/posts/{post['id']}")["images"][0]["captions"]) == 2)
    file = tmp_path / "posts.tar"
    done = archive(posts, posts.folder, "backup", str(file))
    assert done.returncode == 0, done.stderr
    rows = posts.sql("SELECT * FROM overview ORDER BY id")
    with tarfile.open(file) as tar:
        names = {name.removeprefix("pictures/") for name in tar.getnames()[1:]}
    assert names == {row[0] for row in posts.sql("SELECT image_path FROM post_images")}
    back = tmp_path / "back"
    done = archive(posts, back, "restore", str(file))
    assert done.returncode == 0, done.stderr
    assert archive(posts, back, "restore", str(file)).returncode == 2
    assert archive(posts, tmp_path / "other", "restore", __file__).returncode == 2
    with site(back, ai=False, AI_SERVICE_URL="") as again:
        assert again.sql("SELECT * FROM overview ORDER BY id") == rows
        assert again.files() == names
        id = post["images"][0]["id"]
        found = again.get(f"/api/post-images/{id}/similar?k=3")["results"]
        assert [each["id"] for each in found] == [
            each["id"] for each in posts.get(f"/api/post-images/{id}/similar?k=3")["results"]
        ]


def test_an_archive_that_is_cut_or_names_strange_places_is_not_put_back(
    posts: Site, tmp_path: Path
) -> None:
    posts.post("one", picture(910), picture(911))
    file, other = tmp_path / "posts.tar", tmp_path / "other.tar"
    assert archive(posts, posts.folder, "backup", str(file)).returncode == 0
    with tarfile.open(file) as tar:
        last = tar.getmembers()[-1]
        rows = tar.extractfile(tar.getmembers()[0])
        lines = [] if rows is None else [json.loads(line) for line in rows]
    precious = tmp_path / "precious.txt"
    precious.write_text("of somebody else")

    def made(at: Path, lines: list[Any], name: str) -> Path:
        content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        with tarfile.open(at, "w") as tar:
            for of, each in (("posts.jsonl", content), (name, b"x")):
                info = tarfile.TarInfo(of)
                info.size = len(each)
                tar.addfile(info, BytesIO(each))
        return at

    other.write_bytes(file.read_bytes()[: last.offset])  # it ends where a picture begins
    back = tmp_path / "back"
    whole = lines[:]
    image = next(n for n, line in enumerate(lines) if line.get("table") == "post_images")
    lines[image] = {"table": "post_images", "row": {**lines[image]["row"],
                    "image_path": str(precious), "deleted": "2020-01-01"}}  # fmt: skip
    for bad, words in (
        (other, "ends too early"),
        (made(tmp_path / "a.tar", lines, "pictures/aa/" + 32 * "a" + ".png"), "strange place"),
        (made(tmp_path / "b.tar", whole, "pictures/aa/..\\..\\..\\evil.png"), "strange place"),
    ):
        done = archive(posts, back, "restore", str(bad))
        assert done.returncode == 2 and words in done.stderr, done.stderr
    # and nothing of them is left: the whole one can be put back
    assert archive(posts, back, "restore", str(file)).returncode == 0
    assert precious.exists()

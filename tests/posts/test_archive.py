"""A backup of posts with their pictures, and what is refused as one."""

import json
import os
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from posts_site import Site, picture, site
from upstream_standin import BACKEND

PATH = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}


def archive(posts: Site, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return command(*arguments, TIMANH_POSTS=str(folder))


def command(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BACKEND / "archive.py"), *arguments], text=True, capture_output=True,
        env={**PATH, **settings}, check=False, timeout=60,
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


def test_a_backup_without_a_picture_is_none(posts: Site, tmp_path: Path) -> None:
    post = posts.post("lost", picture(920)).json()
    path = posts.sql("SELECT image_path FROM post_images WHERE post_id = %s", post["id"])[0][0]
    original = posts.folder / "pictures" / path
    original.rename(tmp_path / "kept")
    try:
        done = archive(posts, posts.folder, "backup", str(tmp_path / "posts.tar"))
        assert done.returncode == 2, done.stdout
        assert "'lost'" in done.stderr and "Nothing was written" in done.stderr
        assert {file.name for file in tmp_path.iterdir()} == {"kept"}
    finally:
        (tmp_path / "kept").rename(original)


DELETED_MEANWHILE = """
import sys
from pathlib import Path
import psycopg
from posts import keeping

url, folder, archive, image = sys.argv[1:]
write = keeping._write_rows

def then_deleted(connection, out):
    counts = write(connection, out)
    with psycopg.connect(url, autocommit=True) as other:
        row = other.execute("DELETE FROM timanh_posts.post_images WHERE id = %s "
                            "RETURNING image_path", (image,)).fetchone()
    (Path(folder) / "pictures" / row[0]).unlink()
    return counts

keeping._write_rows = then_deleted
keeping.backup(url, Path(folder), Path(archive))
"""


def test_a_picture_deleted_for_good_meanwhile_is_not_missed(posts: Site, tmp_path: Path) -> None:
    post = posts.post("one of two goes", picture(930), picture(931)).json()
    gone, left = (each["id"] for each in post["images"])
    httpx.delete(f"{posts.url}/api/post-images/{gone}")
    file, back = tmp_path / "posts.tar", tmp_path / "back"
    given = [posts.database, str(posts.folder), str(file), gone]
    subprocess.run(
        [sys.executable, "-c", DELETED_MEANWHILE, *given],
        env={**os.environ, "PYTHONPATH": str(BACKEND)}, check=True,
    )  # fmt: skip
    done = archive(posts, back, "restore", str(file))
    assert done.returncode == 0, done.stderr
    with site(back, ai=False, AI_SERVICE_URL="") as again:
        rows = again.sql("SELECT id::text FROM post_images WHERE post_id = %s", post["id"])
        assert rows == [(left,)]


def test_an_archive_that_lacks_a_picture_is_not_put_back(posts: Site, tmp_path: Path) -> None:
    posts.post("in the archive", picture(940))
    file, less = tmp_path / "posts.tar", tmp_path / "less.tar"
    assert archive(posts, posts.folder, "backup", str(file)).returncode == 0
    with tarfile.open(file) as whole, tarfile.open(less, "w") as out:
        for member in whole.getmembers()[:-1]:
            out.addfile(member, whole.extractfile(member))
    back = tmp_path / "back"
    done = archive(posts, back, "restore", str(less))
    assert done.returncode == 2 and "lacks the files of 1 pictures" in done.stderr, done.stderr
    assert archive(posts, back, "restore", str(file)).returncode == 0


def test_the_posts_of_another_workspace(tmp_path: Path) -> None:
    file, usual, own = tmp_path / "posts.tar", tmp_path / "usual", tmp_path / "own"
    with site(own / "posts", ai=False, AI_SERVICE_URL="") as posts:
        posts.post("elsewhere", picture(950))
        done = command("backup", str(file), TIMANH_WORKSPACE=str(usual))
        assert done.returncode == 2 and "--workspace" in done.stderr, done.stderr
        assert not file.exists() and not usual.exists()
        for flags, settings in (
            (["--workspace", str(own)], {"TIMANH_WORKSPACE": str(usual)}),
            ([], {"TIMANH_WORKSPACE": str(own)}),
        ):
            done = command("backup", str(file), *flags, **settings)
            assert done.returncode == 0, done.stderr
            assert "1 posts with 1 pictures" in done.stdout and str(own) in done.stdout

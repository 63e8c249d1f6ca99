"""Odd pictures with wrong bytes in them: a sentence or a picture comes of each, and no crash."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from odd_pictures import make_odd_pictures

OPENED = """
import faulthandler, sys
from pathlib import Path
from timanh.api.config import ApiConfig
from timanh.api.gallery.renditions import as_jpeg, kind_of, large_jpeg
from timanh.api.http.uploads import inspect_picture, open_upload
from timanh.data.pictures import open_picture, open_reduced
from timanh.errors import TimAnhError
faulthandler.enable()
for file in sorted(Path(sys.argv[1]).iterdir()):
    content = file.read_bytes()
    for way in (
        lambda: open_picture(file),
        lambda: open_reduced(content, 32, label="it"),
        lambda: as_jpeg(open_picture(file, longest=32, srgb=True), 32, 85),
        lambda: large_jpeg(file, kind_of(file), "it"),
        lambda: (inspect_picture(content), open_upload(content, ApiConfig())),
    ):
        print(file.name, flush=True)
        try:
            way()
        except TimAnhError:
            pass
"""


def damaged(content: bytes, count: int, seed: str) -> Iterator[bytes]:
    """Cut short, or with a few other bytes, most of them near the beginning."""
    draw = random.Random(seed)
    for number in range(count):
        if number % 4 == 0:
            yield content[: draw.randrange(len(content))]
            continue
        changed = bytearray(content)
        for _ in range(draw.randint(1, 6)):
            changed[draw.randrange(min(len(changed), 400))] = draw.choice(
                (0, 255, draw.randrange(256))
            )
        yield bytes(changed)


def test_no_way_to_open_a_damaged_picture_ends_the_process(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif")
    files = tmp_path / "files"
    files.mkdir()
    for file in make_odd_pictures(tmp_path / "odd").iterdir():
        for number, content in enumerate(
            [file.read_bytes(), *damaged(file.read_bytes(), 24, file.name)]
        ):
            (files / f"{number}{file.name}").write_bytes(content)
    opened = subprocess.run(
        [sys.executable, "-c", OPENED, files], capture_output=True, text=True, check=False
    )
    assert opened.returncode == 0, f"{opened.stdout[-60:]} {opened.stderr[-2000:]}"

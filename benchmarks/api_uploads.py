"""Generated uploads against a served API: no 5xx, no trace of the code, no file left behind.

Truncated and bit-flipped pictures of every kind, bombs, absurd sizes, SVG, ZIP, programs,
nothing at all, and multipart that is wrong; to the search, the stream, the vectors and the
gallery.

    python benchmarks/api_uploads.py [--count 10000] [--seed 0]
"""

import argparse
import asyncio
import random
import struct
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

from common import keep
from http_load import ask, free_port, memory_mb, serving
from PIL import Image

from timanh.data.scenes import draw_gallery
from timanh.models import load_encoder
from timanh.vectors import VectorDictionary, build_dictionary, check_dictionary

KINDS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
PATHS = ("/api/search", "/api/search/stream", "/api/embed", "/search", "/api/images")
FIELDS = (
    b"alpha", b"k", b"offset", b"fold", b"folder", b"words", b"after", b"before", b"min_side",
    b"min_bytes", b"max_bytes", b"like", b"unlike", b"without",
)  # fmt: skip
VALUES = (
    b"", b"0", b"1", b"-1", b"0.5", b"100", b"9" * 40, b"nan", b"1e999", b"null", b"true", b"../..",
    b"2026-01-31", b"9999-12-31", b"0001-01-01", b"\xff\xfe", b"\x00", "con chó".encode(), b"[]",
)  # fmt: skip
TRACES = (b"Traceback", b'File "', b"site-packages", b".py")


def main() -> None:
    """Counts of statuses; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = trial(Path(folder), given.count, given.seed)
    print(found)
    keep("api_uploads", found)


def trial(folder: Path, count: int, seed: int) -> dict[str, Any]:
    """Send them all to an API of its own, whose temporary files lie in a folder of its own."""
    draw_gallery(folder / "gallery", count=24, progress=False)
    encoder = load_encoder("demo", device="cpu")
    build_dictionary(folder / "gallery", encoder, folder / "index", progress=False)
    temporary = folder / "temporary"
    temporary.mkdir()
    port = free_port()
    serve = ["-m", "timanh.cli", "serve", "--index", str(folder / "index"), "--port", str(port)]
    with serving(serve, port, {"TMPDIR": str(temporary)}) as server:
        before = memory_mb(server)
        began = time.perf_counter()
        statuses, traces = asyncio.run(send_all(port, count, seed))
        took = time.perf_counter() - began
        alive = server.poll() is None
        after = memory_mb(server)
        left = [path.name for path in temporary.rglob("*")]
        dictionary = VectorDictionary.open(folder / "index")
        kept = {path.name for path in (dictionary.gallery / "added").glob("*")}
        known = {Path(item.path).name for item in dictionary.items}
        check = check_dictionary(dictionary, encoder)
    return {
        "count": count, "seed": seed, "seconds": round(took, 1),
        "statuses": dict(sorted(statuses.items())),
        "server_errors": sum(n for status, n in statuses.items() if status >= 500),
        "answers_with_a_trace": traces, "alive": alive, "temporary_files_left": left,
        "pictures_added": len(kept), "added_but_not_in_the_dictionary": sorted(kept - known),
        "dictionary_sound": check.ok, "memory_mb": [round(before, 1), round(after, 1)],
    }  # fmt: skip


async def send_all(port: int, count: int, seed: int) -> tuple[Counter[int], int]:
    """Eight clients; a status of 0 is a connection that the server closed without an answer."""
    statuses: Counter[int] = Counter()
    traces = 0
    numbers = iter(range(count))

    async def client() -> None:
        nonlocal traces
        for number in numbers:
            chance = random.Random(f"{seed}/{number}")
            request = make_request(chance)
            connection = await asyncio.open_connection("127.0.0.1", port)
            try:
                status, body = await asyncio.wait_for(answer(connection, request), 60)
            except (asyncio.IncompleteReadError, ConnectionError):
                status, body = 0, b""
            finally:
                connection[1].close()
            statuses[status] += 1
            traces += any(trace in body for trace in TRACES)

    await asyncio.gather(*(client() for _ in range(8)))
    return statuses, traces


async def answer(connection: Any, request: bytes) -> tuple[int, bytes]:
    """Status and body; a stream is read to its end."""
    if request.startswith(b"POST /api/search/stream"):
        reader, writer = connection
        writer.write(request)
        content = await reader.read()
        return int(content[9:12]), content
    return await ask(connection, request)


def make_request(chance: random.Random) -> bytes:
    """One upload, wrong in one way or another, now and then good."""
    body = make_body(chance)
    content_type = b"multipart/form-data; boundary=b"
    if chance.random() < 0.05:
        content_type = chance.choice(
            [b"multipart/form-data", b"multipart/form-data; boundary=other", b"image/jpeg",
             b"application/json", b"multipart/mixed; boundary=b", b"multipart/form-data; boundary=",
             b"text/plain"]
        )  # fmt: skip
    path = chance.choice(PATHS).encode()
    return (
        b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: %s\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (path, content_type, len(body), body)
    )


def make_body(chance: random.Random) -> bytes:
    parts = []
    for _ in range(chance.choice((1, 1, 1, 1, 2, 5, 6))):
        name = chance.choice((b"x.jpg", b"../../x.png", b"\xff\xfe", b"", b"x.svg", b"a" * 300))
        kind = chance.choice((b"image/jpeg", b"image/svg+xml", b"text/html", b""))
        parts.append(
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n'
            b"Content-Type: %s\r\n\r\n%s\r\n" % (name, kind, make_file(chance))
        )
    if chance.random() < 0.3:
        words = chance.choice(("a dog", "con chó", "🐶", "\x00", "x" * 1200, " ")).encode()
        parts.append(make_field(b"query", words))
    while chance.random() < 0.2:
        parts.append(make_field(chance.choice(FIELDS), chance.choice(VALUES)))
    body = b"".join(parts) + b"--b--\r\n"
    if chance.random() < 0.08:
        body = body[: chance.randrange(len(body))]
    if chance.random() < 0.04:
        body = damage(body, chance)
    return body


def make_field(name: bytes, value: bytes) -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name, value)


def make_file(chance: random.Random) -> bytes:
    way = chance.randrange(12)
    if way == 0:
        return chance.choice(
            [b"", b"\x00" * 5000, b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>",
             b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage", b"%PDF-1.7",
             b"\x7fELF" + bytes(100), b"GIF89a", b"\xff\xd8\xff", b"RIFF\x00\x00\x00\x00WEBP"]
        )  # fmt: skip
    if way == 1:
        return archive()
    if way == 2:
        return bomb(chance.choice((9_000, 40_000, 2**31 - 1)), chance.choice((1, 9_000, 60_000)))
    if way == 3:
        return chance.randbytes(chance.randrange(1, 4000))
    whole = picture(chance)
    if way in (4, 5, 6):
        return whole[: chance.randrange(len(whole))]
    if way in (7, 8, 9):
        return damage(whole, chance)
    return whole


def picture(chance: random.Random) -> bytes:
    size = chance.choice(((1, 1), (60, 40), (1, 900), (300, 200)))
    mode = chance.choice(("RGB", "L", "1", "P", "RGBA", "CMYK", "I;16"))
    image = Image.frombytes("RGB", size, chance.randbytes(3 * size[0] * size[1]))
    out = BytesIO()
    kind = chance.choice(KINDS)
    try:
        image.convert("L" if mode == "I;16" else mode).save(out, kind)
    except (OSError, ValueError):  # not every kind has every mode
        out = BytesIO()
        image.save(out, kind)
    return out.getvalue()


def damage(content: bytes, chance: random.Random) -> bytes:
    """Some bits turned over."""
    broken = bytearray(content)
    for _ in range(chance.choice((1, 3, 20))):
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
    return bytes(broken)


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is huge."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(
            ">I", zlib.crc32(name + data)
        )  # fmt: skip

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    packed = zlib.compress(bytes(2_000_000), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def archive() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("x.jpg", bytes(100_000))
    return out.getvalue()


if __name__ == "__main__":
    main()

"""Posts in PostgreSQL: ours beside a table, an index and queries as a usual guide has them.

The usual ones: an ivfflat index made before there are rows, words by `<->`, likeness by a self
CROSS JOIN. Targets for 100,000 pictures: similar in 5 ms at recall@10 of 0.98, words to pictures
exact in 60 ms, 50 pictures a second uploaded without AI on two cores. `load` in the results is the
system's load average at that time: above the number of cores, the clock also measures others.

    python benchmarks/posts.py [--count 100000]
        [--pictures clip_pictures.npy --texts clip_texts.npy]
"""

import argparse
import asyncio
import importlib.util
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import clip_like
import httpx
import numpy as np
import psycopg
from common import ROOT, keep
from PIL import Image

K, SIMILAR, WORDS, SLOW = 10, 100, 40, 8  # queries of a way; of one that compares every vector, 8
BACKEND = ROOT / "backend"
PRINT = "clipclipclipclip"
USUAL = """
CREATE TABLE usual (id uuid PRIMARY KEY, post_id uuid, image_url text, image_path text,
    embedding vector(512), caption text, display_order integer, created_at timestamptz);
CREATE INDEX usual_near ON usual USING ivfflat (embedding vector_cosine_ops);
"""


def module(name: str) -> Any:
    """One of the backend's files, by its path: this file is called as its folder is."""
    spec = importlib.util.spec_from_file_location(
        f"backend_{name}", BACKEND / "posts" / f"{name}.py"
    )
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def main() -> None:
    """One table; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--texts", type=Path)
    args = parser.parse_args()
    pictures, texts, words = clip_like.real(args.pictures, args.texts)
    # The embedded server refuses a folder that only its owner may enter.
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        folder = Path(place) / "posts"
        url = module("embedded").start(folder / "postgres")
        asyncio.run(module("migrations").migrate(url))
        vectors = clip_like.gallery(args.count, pictures)
        ids = [uuid4() for _ in range(args.count)]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET search_path = timanh_posts, public")
            took = fill(connection, ids, vectors)
            ways = measure(connection, ids, vectors, texts)
        rates = upload(folder)
    document = {"count": args.count, "geometry": words, "seconds_to_fill": took, "ways": ways,
                "upload": rates}  # fmt: skip
    keep("posts", document)
    print(f"\n{args.count:,} pictures of posts, {clip_like.DIM} numbers each")
    for row in ways:
        recall = "" if row["recall"] is None else f"recall@{K} {row['recall']:.4f}"
        alone = "" if row["computed_ms"] is None else f"({row['computed_ms']:.2f} computed)"
        print(f"  {row['way']:<46}{row['p50_ms']:9.2f} ms {alone:<20} {recall}")
    print(f"  upload, 8 clients, AI off: {rates['pictures_per_s']:.0f} pictures/s")


def fill(connection: Any, ids: list[UUID], vectors: Any) -> dict[str, float]:
    """All rows at once, without triggers; indexes afterwards."""
    took = {}
    began = time.perf_counter()
    connection.execute("SET session_replication_role = replica; SET maintenance_work_mem = '1GB'")
    connection.execute(USUAL)
    connection.execute(
        "INSERT INTO models (fingerprint, name, dim, state) VALUES (%s, 'clip', 512, 'former')",
        (PRINT,),
    )
    posts = [uuid4() for _ in range(0, len(ids), 5)]
    with connection.cursor() as cursor:
        with cursor.copy("COPY posts (id, title, description) FROM STDIN") as copy:
            for n, post in enumerate(posts):
                copy.write_row((post, f"post {n} of word{n % 977}", f"text number {n % 31}"))
        with cursor.copy(
            "COPY post_images (id, post_id, image_url, image_path, display_order, width, height, "
            "bytes, sha256) FROM STDIN"
        ) as copy:
            for n, id in enumerate(ids):
                copy.write_row(
                    (id, posts[n // 5], f"/api/post-images/{id}", id.hex, n % 5, 640, 480, 90_000,
                     id.bytes + id.bytes)
                )  # fmt: skip
        copied = "COPY image_embeddings (image_id, embedding, fingerprint) FROM STDIN"
        with cursor.copy(copied) as copy:
            for id, vector in zip(ids, vectors, strict=True):
                copy.write_row((id, "[" + ",".join(map(str, vector.tolist())) + "]", PRINT))
    connection.execute(
        "INSERT INTO usual (id, embedding) SELECT image_id, embedding FROM image_embeddings"
    )
    connection.execute("SELECT refresh_words(ARRAY(SELECT id FROM post_images))")
    connection.execute(
        "INSERT INTO image_scan SELECT fingerprint, image_id, embedding::halfvec "
        "FROM image_embeddings"
    )
    connection.execute("SET session_replication_role = DEFAULT")
    took["rows"] = round(time.perf_counter() - began, 1)
    began = time.perf_counter()
    connection.execute("SELECT use_model(%s, 'clip', 512)", (PRINT,))
    took["graph"] = round(time.perf_counter() - began, 1)
    connection.execute("VACUUM ANALYZE")
    return took


def measure(connection: Any, ids: list[UUID], vectors: Any, texts: Any) -> list[dict[str, Any]]:
    """Milliseconds and recall of each way."""
    random = np.random.default_rng(3)
    rows = random.choice(len(ids), SIMILAR, replace=False)
    asked = texts[random.choice(len(texts), WORDS, replace=False)]
    near = np.argsort(-(vectors[rows] @ vectors.T), axis=1)[:, : K + 1]
    near_ids = [{ids[n] for n in row if n != own} for row, own in zip(near, rows, strict=True)]
    right = np.argsort(-(asked @ vectors.T), axis=1)[:, :K]
    right_ids = [{ids[n] for n in row} for row in right]
    words = ["[" + ",".join(map(str, each.tolist())) + "]" for each in asked]
    own = [(ids[row],) for row in rows]
    cross = (
        "SELECT b.id FROM usual AS a CROSS JOIN usual AS b WHERE a.id = %s AND b.id <> a.id "
        f"ORDER BY a.embedding <=> b.embedding LIMIT {K}"
    )
    by_index = (
        "SELECT id FROM usual WHERE id <> %s ORDER BY embedding <=> (SELECT embedding FROM usual "
        f"WHERE id = %s) LIMIT {K}"
    )
    distance = f"SELECT id FROM usual ORDER BY embedding <-> %s::vector LIMIT {K}"
    by_cosine = f"SELECT id FROM usual ORDER BY embedding <=> %s::vector LIMIT {K}"
    ask = [(each,) for each in words]
    both = [(text, each) for text, each in zip(("word5 post",) * WORDS, words, strict=True)]
    ours_similar = f"SELECT image_id FROM similar_images(%s, {K})"
    ours_words = f"SELECT image_id FROM search_images(%s::vector, {K})"
    ours_both = f"SELECT image_id FROM search_posts(%s, %s::vector, {K})"
    ways = [
        race(connection, "similar, ours: graph", ours_similar, own, near_ids),
        race(connection, "similar, usual: CROSS JOIN by <=>", cross, own[:SLOW], near_ids),
        race(connection, "similar, usual index, vector looked up first", by_index,
             [(*each, *each) for each in own], near_ids),
        race(connection, "words, ours: exact over halfvec", ours_words, ask, right_ids),
        race(connection, "words, usual: <->", distance, ask[:SLOW], right_ids),
        race(connection, "words, usual index by <=>", by_cosine, ask, right_ids),
        race(connection, "words in texts and pictures, merged, ours", ours_both, both, None),
    ]  # fmt: skip
    return ways


def race(
    connection: Any, way: str, query: str, values: list[Any], right: list[set[UUID]] | None
) -> dict[str, Any]:
    """Each once to warm up, then timed; then once more by one process alone, for the time that it
    really computes: on a machine that does other things too, the clock says more about those."""
    took, found = [], []
    for _ in range(2):
        took.clear()
        for each in values:
            began = time.perf_counter()
            rows = connection.execute(query, each).fetchall()
            took.append(1000 * (time.perf_counter() - began))
            found.append({row[0] for row in rows})
    connection.execute("SET max_parallel_workers_per_gather = 0")
    before = computed_ms(connection)
    for each in values:
        connection.execute(query, each)
    alone = None if before is None else (computed_ms(connection) - before) / len(values)
    connection.execute("RESET max_parallel_workers_per_gather")
    recall = None
    if right is not None:
        pairs = zip(found[: len(values)], right, strict=False)
        recall = round(float(np.mean([len(f & r) / len(r) for f, r in pairs])), 4)
    row = {"way": way, "p50_ms": round(statistics.median(took), 3),
           "p95_ms": round(float(np.percentile(took, 95)), 3),
           "computed_ms": None if alone is None else round(alone, 3),
           "recall": recall, "load": round(os.getloadavg()[0], 1)}  # fmt: skip
    print(row, file=sys.stderr)
    return row


def computed_ms(connection: Any) -> float | None:
    """How long the server's process of this connection was on a processor; None where the system
    does not say so."""
    try:
        file = Path(f"/proc/{connection.info.backend_pid}/schedstat")
        return int(file.read_text("ascii").split()[0]) / 1e6
    except OSError:
        return None


def upload(folder: Path, posts: int = 200, each: int = 5, clients: int = 8) -> dict[str, Any]:
    """Pictures a second over HTTP, of posts with five pictures of 640 × 480."""
    port = 18000 + os.getpid() % 1000
    process = subprocess.Popen(
        [sys.executable, str(BACKEND / "main.py"), "--port", str(port)],
        env={**os.environ, "TIMANH_POSTS": str(folder), "AI_SERVICE_URL": ""},
    )
    url = f"http://127.0.0.1:{port}"
    random = np.random.default_rng(1)
    smooth = random.integers(0, 256, (12, 16, 3), np.uint8)
    image = Image.fromarray(smooth).resize((640, 480), Image.Resampling.BICUBIC)

    def picture(number: int) -> bytes:
        out = io.BytesIO()
        image.putpixel((number % 640, number // 640 % 480), (number % 256, 0, 0))
        image.save(out, "JPEG", quality=90)
        return out.getvalue()

    ready = [picture(n) for n in range(posts * each)]
    try:
        while True:
            try:
                if httpx.get(f"{url}/health", timeout=5).json()["posts"]:
                    break
            except httpx.HTTPError:
                pass
            time.sleep(0.2)

        def send(number: int) -> int:
            files = [("image", (f"{n}.jpg", ready[number * each + n])) for n in range(each)]
            answer = httpx.post(
                f"{url}/api/posts", data={"title": f"post {number}"}, files=files, timeout=60
            )
            return answer.status_code

        began = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            statuses = list(pool.map(send, range(posts)))
        took = time.perf_counter() - began
        assert set(statuses) == {201}, set(statuses)
    finally:
        process.terminate()
        process.wait(20)
    size = sum(map(len, ready)) / len(ready)
    return {"pictures_per_s": round(posts * each / took, 1), "bytes_a_picture": round(size),
            "clients": clients, "load": round(os.getloadavg()[0], 1)}  # fmt: skip


if __name__ == "__main__":
    main()

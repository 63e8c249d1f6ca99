"""Posts uploaded while the AI service is off, which is then there: how long until all is filled in.

All pictures must be done within 1.25 times what encoder and captioner need for them alone, plus 20
seconds, without a hand; nothing may be asked, failed or counted while the service is off, and each
picture must have one embedding and one caption in each language. The models are the demo ones.

    python benchmarks/posts_catch_up.py [--count 2000]
"""

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from common import keep
from PIL import Image
from posts_ai import start_ai
from posts_site import Site

EACH, CLIENTS, BATCH = 5, 4, 16


def main() -> None:
    """Exit code 1 if something is missing, or it took too long."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000)
    args = parser.parse_args()
    pictures = [photo(number) for number in range(args.count)]
    load, wrong = os.getloadavg()[0], []
    alone = computed_alone(pictures)
    # The embedded server refuses a folder that only its owner may enter.
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        site = Site(Path(place) / "data", TIMANH_AI_TIMEOUT_S="120")
        site.start()
        began = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as pool:
            starts = range(0, args.count, EACH)
            answers = list(
                pool.map(lambda n: site.post(f"post {n}", *pictures[n : n + EACH]), starts)
            )
        uploaded = time.monotonic() - began
        wrong += [f"answered {a.status_code}" for a in answers if a.status_code != 201]
        found = site.get("/api/posts/features")
        if any(task["waiting"] != args.count for task in found["tasks"].values()):
            wrong.append(f"while it was off: {found['tasks']}")
        began = time.monotonic()
        ai = start_ai(site.ai.port, demo=True)
        try:
            site.until(lambda: site.get("/api/posts/features")["ai"]["state"] == "on", 300)
            on = time.monotonic() - began
            site.filled(args.count, 20 * alone["all_s"] + 300, every_s=2)
            took = time.monotonic() - began - on
        finally:
            ai.kill()
        wrong += missing(site, args.count)
        site.stop()
    limit = 1.25 * alone["all_s"] + 20
    if took > limit:
        wrong.append(f"it took {took:.0f} s; the limit is {limit:.0f} s")
    document = {
        "pictures": args.count, "models": "demo", "alone": alone,
        "upload_s": round(uploaded, 1), "until_seen_s": round(on, 1),
        "filled_in_s": round(took, 1), "limit_s": round(limit, 1),
        "load": [round(load, 1), round(os.getloadavg()[0], 1)], "faults": wrong,
    }  # fmt: skip
    keep("posts_catch_up", document)
    print(f"{args.count} pictures: {took:.0f} s; alone {alone['all_s']:.0f} s; faults: {wrong}")
    sys.exit(bool(wrong))


def photo(number: int) -> bytes:
    """A JPEG of 640 × 480, of its own for each number."""
    smooth = np.random.default_rng(number).integers(0, 256, (12, 16, 3), np.uint8)
    out = BytesIO()
    Image.fromarray(smooth).resize((640, 480), Image.Resampling.BICUBIC).save(out, "JPEG")
    return out.getvalue()


def computed_alone(pictures: list[bytes]) -> dict[str, Any]:
    """Seconds that the models need without a server, a queue and a database."""
    from timanh.captioning import load_captioner
    from timanh.models import load_encoder

    encoder, captioner = load_encoder("demo"), load_captioner("demo")
    began = time.perf_counter()
    for start in range(0, len(pictures), BATCH):
        encoder.encode_images([opened(one) for one in pictures[start : start + BATCH]])
    embedding = time.perf_counter() - began
    for start in range(0, len(pictures), BATCH):
        batch = [opened(one) for one in pictures[start : start + BATCH]]
        for language in captioner.languages:
            captioner.captions(batch, language)
    everything = time.perf_counter() - began
    return {"embedding_s": round(embedding, 1), "captions_s": round(everything - embedding, 1),
            "all_s": round(everything, 1)}  # fmt: skip


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content)).convert("RGB")


def missing(site: Site, count: int) -> list[str]:
    """What is not as it should be in the rows."""
    wrong = []
    for what, wanted in (("image_embeddings", 1), ("image_captions", 2)):
        rows = site.sql(f"SELECT image_id, count(*) FROM {what} GROUP BY 1")
        if len(rows) != count or {row[1] for row in rows} != {wanted}:
            wrong.append(f"{what}: {len(rows)} pictures")
    failed = site.sql("SELECT task, code, count(*) FROM image_failures GROUP BY 1, 2")
    return wrong + [f"failures: {failed}"] * bool(failed)


if __name__ == "__main__":
    main()

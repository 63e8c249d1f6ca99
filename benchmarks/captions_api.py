"""How many captions a second does the API write with the demo captioner?

Clients send drawn pictures, one after the other each, that differ all, so that none is known; half
of them ask in English and half in Vietnamese. The limit is 20 captions a second on two cores.

    python benchmarks/captions_api.py [--clients 32] [--pictures 600]
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from common import keep
from posts_ai import start_ai
from upstream_standin import free_port

from timanh.data.scenes import draw_gallery

LIMIT = 20.0


def main() -> None:
    """Exit code 1 where it is slower than the limit, or an answer is no caption."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--pictures", type=int, default=600)
    args = parser.parse_args()
    load, port = os.getloadavg()[0], free_port()
    with tempfile.TemporaryDirectory() as place:
        gallery = draw_gallery(Path(place) / "drawn", count=args.pictures, progress=False)
        contents = [file.read_bytes() for file in sorted(gallery.rglob("*.jpg"))]
        api = start_ai(port, demo=True)
        try:
            await_captioner(port)
            found = measure(port, contents, args.clients)
        finally:
            api.kill()
    keep("captions_api", {**found, "clients": args.clients, "load": round(load, 1)})
    print(json.dumps(found, indent=2))
    sys.exit(found["captions_per_s"] < LIMIT or bool(found["faults"]))


def await_captioner(port: int, most_s: float = 120.0) -> None:
    """Until it has written a first caption."""
    until = time.monotonic() + most_s
    while True:
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/api/ai/health", timeout=most_s)
            if answer.json()["ai"]["captions"]["state"] == "ready":
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < until, "the captioner never became ready"
        time.sleep(0.5)


def measure(port: int, contents: list[bytes], clients: int) -> dict[str, object]:
    """Each picture once, in one of the languages."""
    faults: list[str] = []
    took: list[float] = []

    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}", timeout=120, limits=httpx.Limits(max_connections=None)
    ) as client:

        def one(number: int) -> None:
            began = time.perf_counter()
            answer = client.post(
                "/api/caption",
                files={"file": ("a.jpg", contents[number])},
                data={"language": ("en", "vi")[number % 2]},
            )
            took.append(1000 * (time.perf_counter() - began))
            if answer.status_code != 200 or not answer.json()["captions"][0].strip():
                faults.append(f"{answer.status_code} {answer.text[:100]}")

        began = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(one, range(len(contents))))
        seconds = time.perf_counter() - began
    return {
        "pictures": len(contents), "captions_per_s": round(len(contents) / seconds, 1),
        "p50_ms": round(statistics.median(took)), "p95_ms": round(sorted(took)[-len(took) // 20]),
        "faults": faults,
    }  # fmt: skip


if __name__ == "__main__":
    main()

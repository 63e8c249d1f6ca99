"""What a change costs: search, encoding and the API of an earlier checkout and of this one.

Two processes, one of each checkout, take turns, a short measurement each, so that whatever else
the machine does meets both. Counted is processor time of one thread, which depends less on other
programs than a clock does; the clock's times are there too. Both have the same dictionary and the
same model, which the earlier checkout made.

    git worktree add ../before COMMIT
    python benchmarks/before_after.py ../before [--seconds 300]
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from common import ROOT, keep
from http_load import free_port

ROWS, DIM, DRAWN = 50_000, 512, 60
# What is measured → how often in one turn.
TURN = {"search": 20, "texts": 20, "pictures": 2, "api": 20}
RESAMPLES = 2000
Times = dict[str, list[tuple[float, float]]]  # (processor, clock) in ms


def main() -> None:
    """A table; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("before", type=Path, help="a checkout of the earlier commit")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--name", default="before_after", help="of the file of results")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        sys.path.insert(0, str(given.before / "benchmarks"))
        work(given.worker)
        return
    checkouts = {"before": given.before.resolve(), "after": ROOT}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        # In a process of its own: one that has built a dictionary has other memory at hand.
        with Worker(checkouts["before"], Path(folder)):
            pass
        workers = {
            name: stack.enter_context(Worker(checkout, Path(folder)))
            for name, checkout in checkouts.items()
        }
        times = {name: {what: [] for what in TURN} for name in workers}
        rounds = 0
        until = time.monotonic() + given.seconds
        while rounds < 4 or time.monotonic() < until:
            order = list(workers) if rounds % 2 == 0 else list(workers)[::-1]
            for what in TURN:
                for name in order:
                    times[name][what].append(workers[name].measure(what))
            rounds += 1
    document = {
        "commits": {name: commit_of(checkout) for name, checkout in checkouts.items()},
        "rows": ROWS,
        "rounds": rounds,
        "ratios": {what: compare(times, what) for what in TURN},
    }
    for what, found in document["ratios"].items():
        low, high = found["ci95"]
        print(f"{what:9} after / before {found['cpu']:.3f} [{low:.3f}, {high:.3f}]  {found}")
    keep(given.name, document)


def compare(times: dict[str, Times], what: str) -> dict[str, Any]:
    """Of processor time: the median of the rounds' ratios, with a bootstrap interval over rounds;
    medians of both kinds of time, in ms."""
    before, after = (np.array(times[name][what]) for name in ("before", "after"))
    ratios = after / before
    drawn = np.random.default_rng(0).integers(len(ratios), size=(RESAMPLES, len(ratios)))
    low, high = np.percentile(np.median(ratios[drawn, 0], axis=1), (2.5, 97.5))
    medians = {
        name: {"cpu_ms": each[0], "clock_ms": each[1]}
        for name, each in (
            ("before", np.median(before, axis=0).round(4).tolist()),
            ("after", np.median(after, axis=0).round(4).tolist()),
        )
    }
    return {
        "cpu": round(float(np.median(ratios[:, 0])), 4),
        "ci95": [round(float(low), 4), round(float(high), 4)],
        "clock": round(float(np.median(ratios[:, 1])), 4),
        **medians,
    }


def commit_of(checkout: Path) -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(
        command, cwd=checkout, capture_output=True, text=True, check=True
    ).stdout.strip()


class Worker:
    """A process of one checkout that measures on request."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        environment = {**os.environ, **threads, "PYTHONPATH": str(checkout / "lib")}
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(checkout), "--worker", str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self._read()

    def measure(self, what: str) -> tuple[float, float]:
        """Processor and clock milliseconds of one call."""
        assert self.process.stdin is not None
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        cpu, clock = json.loads(self._read())
        return cpu, clock

    def _read(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("A worker has ended; its error is above.")
        return line

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *details: object) -> None:
        self.process.kill()
        self.process.wait()


def work(folder: Path) -> None:
    """In a worker: one line in, what to measure; one line out, its times."""
    import torch

    torch.set_num_threads(1)
    calls = ways(folder)
    for call in calls.values():
        next(call)
    idle = False
    while not idle:  # a server learns about its gallery behind its first answers
        cpu, clock = time.process_time(), time.perf_counter()
        time.sleep(3)
        idle = time.process_time() - cpu < 0.02 * (time.perf_counter() - clock)
    print("ready", flush=True)
    for line in sys.stdin:
        what = line.strip()
        cpu, clock = time.process_time(), time.perf_counter()
        for _ in range(TURN[what]):
            next(calls[what])
        spent = (time.process_time() - cpu, time.perf_counter() - clock)
        print(json.dumps([1000 * each / TURN[what] for each in spent]), flush=True)


def ways(folder: Path) -> dict[str, Iterator[Any]]:
    """What is measured, each step of an iterator one call."""
    import uvicorn
    from engines_like import stored_gallery
    from PIL import Image

    import timanh.models
    from timanh.api import ApiConfig, create_app
    from timanh.data import open_picture
    from timanh.data.scenes import draw_gallery
    from timanh.search import SearchEngine
    from timanh.vectors import VectorDictionary, build_dictionary

    drawn, model = folder / "drawn", folder / "model"
    fresh = not drawn.exists()
    if fresh:
        shipped = Path(timanh.models.__file__).parent / "demo"
        model.mkdir()
        for file in shipped.iterdir():
            if file.is_file():
                (model / file.name).write_bytes(file.read_bytes())
        draw_gallery(drawn, count=DRAWN)
    encoder = timanh.models.load_encoder(str(model), device="cpu", runtime="torch")
    vectors = np.random.default_rng(1).standard_normal((ROWS, DIM), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    if fresh:
        stored_gallery(folder / "stored", vectors)
        build_dictionary(drawn, encoder, folder / "index", progress=False)
    stored = VectorDictionary.open(folder / "stored")
    index = VectorDictionary.open(folder / "index", encoder)
    pictures: list[Image.Image] = [
        open_picture(index.gallery / item.path) for item in list(index.items)[:8]
    ]
    texts = [item.captions[0] for item in index.items]

    port = free_port()
    app = create_app(SearchEngine(encoder, index), ApiConfig())
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.1)
    return {
        "search": each(lambda turn: stored.search(vectors[turn], 10)),
        "texts": each(lambda turn: encoder.encode_texts([texts[turn]])),
        "pictures": each(lambda turn: encoder.encode_images(pictures)),
        "api": each(lambda turn: ask(port, texts[turn])),
    }


def each(call: Callable[[int], Any]) -> Iterator[Any]:
    turn = 0
    while True:
        yield call(turn % DRAWN)
        turn += 1


def ask(port: int, words: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/api/search", urlencode({"query": words}), headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"The API answered {answer.status}: {body[:500]!r}")
    connection.close()


if __name__ == "__main__":
    main()

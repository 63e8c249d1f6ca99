"""Searches per second and their waiting, against the report's API written out plainly.

Same encoder, same 8,091 pictures, same queries; 1, 8 and 64 clients; the peers in turn in each
round, and the backend in front of ours. The processor time of the servers for one search is there
too, because it depends less on what else the machine does. `--soak` keeps 64 clients at it while
a tenth of them send rubbish or leave.

    python benchmarks/api.py [--rounds 5] [--seconds 4] [--soak 60]
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from common import keep
from http_load import Load, ask, cpu_s, form, free_port, get, memory_mb, run_load, serving

from timanh.data.scenes import draw_gallery
from timanh.models import load_encoder
from timanh.vectors import VectorDictionary, build_dictionary

PICTURES, DRAWN = 8091, 300
CLIENTS = (1, 8, 64)
# What is measured → the path, and whose port it is.
DOORS = {"plain": "/search", "timanh": "/api/search", "backend": "/api/search"}


def main() -> None:
    """A table; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--soak", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--index", type=Path, help="a dictionary to use instead of drawing one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        index = given.index or prepare(Path(folder))
        captions = [item.captions[0] for item in list(VectorDictionary.open(index).items)[:DRAWN]]
        if given.soak:
            keep("api_soak", soak(index, captions, given.soak))
        else:
            keep("api", compare(index, captions, given.rounds, given.seconds))


def prepare(folder: Path) -> Path:
    """A dictionary of 8,091 pictures: 300 drawn ones under many names."""
    draw_gallery(folder / "drawn", count=DRAWN)
    images = folder / "gallery" / "images"
    images.mkdir(parents=True)
    lines = (folder / "drawn" / "captions.txt").read_text(encoding="utf8").splitlines()
    drawn = sorted((folder / "drawn" / "images").iterdir())
    captions = {name: text for name, _, text in (line.partition(",") for line in lines[1:])}
    written = ["image,caption"]
    for number in range(PICTURES):
        source = drawn[number % len(drawn)]
        name = f"{number:05d}{source.suffix}"
        os.link(source, images / name)
        written.append(f"{name},{captions[source.name]}")
    (folder / "gallery" / "captions.txt").write_text("\n".join(written) + "\n", encoding="utf8")
    build_dictionary(folder / "gallery", load_encoder("demo", device="cpu"), folder / "index")
    return folder / "index"


def compare(index: Path, captions: list[str], rounds: int, seconds: float) -> dict[str, Any]:
    """Medians over the rounds; what the backend adds; memory before and after."""
    ports = {"plain": free_port(), "timanh": free_port(), "backend": free_port()}
    serve = ["-m", "timanh.cli", "serve", "--index", str(index), "--port", str(ports["timanh"])]
    address = {"TIMANH_API_URL": f"http://127.0.0.1:{ports['timanh']}"}
    backend = ["backend/main.py", "--port", str(ports["backend"])]
    plain = ["benchmarks/plain_api.py", str(index), str(ports["plain"])]
    seen: dict[str, list[Load]] = {}
    with (
        serving(plain, ports["plain"]) as peer,
        serving(serve, ports["timanh"]) as ours,
        serving(backend, ports["backend"], address) as front,
    ):
        servers = {"plain": peer, "timanh": ours, "backend": front}
        first = memory_mb(ours)
        for turn in range(rounds + 1):
            for clients in CLIENTS:
                for name, path in DOORS.items():
                    before = {server: cpu_s(process) for server, process in servers.items()}
                    load = measure(ports[name], path, captions, clients, seconds)
                    load.cpu_s = {
                        server: cpu_s(process) - before[server]
                        for server, process in servers.items()
                    }
                    if turn:  # the first round warms up
                        seen.setdefault(f"{name} {clients}", []).append(load)
            pages = with_thumbnails(ports["timanh"], captions, 64, seconds)
            if turn:
                seen.setdefault("page 64", []).append(pages)
            else:
                first = memory_mb(ours)
        last = memory_mb(ours)
    return report(seen, first, last)


def measure(port: int, path: str, captions: list[str], clients: int, seconds: float) -> Load:
    """Searches for captions in words."""
    return run_load(
        port,
        lambda client, turn: form(path, {"query": captions[(7 * client + turn) % len(captions)]}),
        clients,
        seconds,
    )


def with_thumbnails(port: int, captions: list[str], clients: int, seconds: float) -> Load:
    """A search and its five thumbnails count as one, as a page without a cache asks."""

    async def run() -> Load:
        load = Load()
        began = time.perf_counter()

        async def client(number: int) -> None:
            connection = await asyncio.open_connection("127.0.0.1", port)
            turn = 0
            while time.perf_counter() < began + seconds:
                sent = time.perf_counter()
                words = captions[(7 * number + turn) % len(captions)]
                _, body = await ask(connection, form("/api/search", {"query": words}))
                for result in json.loads(body)["results"]:
                    await ask(connection, get(result["thumbnail"]))
                load.seconds.append(time.perf_counter() - sent)
                turn += 1
            connection[1].close()

        await asyncio.gather(*(client(number) for number in range(clients)))
        load.took_s = time.perf_counter() - began
        return load

    return asyncio.run(run())


def report(seen: dict[str, list[Load]], first_mb: float, last_mb: float) -> dict[str, Any]:
    """Print the table and return it."""
    table = {
        name: {
            "per_second": round(statistics.median(load.per_second for load in loads), 1),
            "p50_ms": round(statistics.median(load.percentile_ms(0.5) for load in loads), 2),
            "p99_ms": round(statistics.median(load.percentile_ms(0.99) for load in loads), 2),
            "cpu_ms": {
                server: round(statistics.median(load.cpu_ms(server) for load in loads), 3)
                for server in loads[0].cpu_s
            },
            "statuses": dict(sum_of(loads)),
        }
        for name, loads in seen.items()
    }
    print(f"{'':<14}{'searches/s':>12}{'p50 ms':>10}{'p99 ms':>10}   processor ms a search")
    for name, row in table.items():
        spent = ", ".join(f"{who} {ms:.2f}" for who, ms in row["cpu_ms"].items() if ms >= 0.01)
        print(
            f"{name:<14}{row['per_second']:12.1f}{row['p50_ms']:10.2f}{row['p99_ms']:10.2f}   "
            f"{spent}"
        )
    figures = {
        "ratio_at_64": round(table["timanh 64"]["per_second"] / table["plain 64"]["per_second"], 2),
        "page_ratio_at_64": round(
            table["page 64"]["per_second"] / table["plain 64"]["per_second"], 2
        ),
        "p99_at_64_ms": table["timanh 64"]["p99_ms"],
        "plain_p50_at_8_ms": table["plain 8"]["p50_ms"],
        "backend_adds_ms": round(table["backend 1"]["p50_ms"] - table["timanh 1"]["p50_ms"], 2),
        "backend_per_second_at_64": table["backend 64"]["per_second"],
        "backend_cpu_ms_at_64": table["backend 64"]["cpu_ms"].get("backend", 0.0),
        "memory_mb": [round(first_mb, 1), round(last_mb, 1)],
    }
    for name, value in figures.items():
        print(f"{name}: {value}")
    return {"pictures": PICTURES, "model": "demo", "table": table, **figures}


def sum_of(loads: list[Load]) -> dict[str, int]:
    total: dict[str, int] = {}
    for load in loads:
        for status, count in load.statuses.items():
            total[str(status)] = total.get(str(status), 0) + count
    return total


def soak(index: Path, captions: list[str], seconds: float) -> dict[str, Any]:
    """64 clients, a tenth of the requests broken or abandoned; statuses and memory."""
    port = free_port()
    serve = ["-m", "timanh.cli", "serve", "--index", str(index), "--port", str(port)]
    with serving(serve, port) as server:
        asyncio.run(_soak(port, captions, min(20.0, seconds)))  # caches and buffers fill
        before = memory_mb(server)
        statuses = asyncio.run(_soak(port, captions, seconds))
        time.sleep(2)
        after = memory_mb(server)
    change = 100 * (after / before - 1) if before else 0.0
    print(f"statuses {statuses}, memory {before:.1f} → {after:.1f} MB ({change:+.1f} %)")
    return {
        "clients": 64, "seconds": seconds, "statuses": statuses,
        "memory_mb": [round(before, 1), round(after, 1)], "change_percent": round(change, 2),
    }  # fmt: skip


async def _soak(port: int, captions: list[str], seconds: float) -> dict[str, int]:
    statuses: dict[str, int] = {}
    until = time.perf_counter() + seconds

    async def client(number: int) -> None:
        chance = random.Random(number)
        while time.perf_counter() < until:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                for _ in range(20):
                    status = await _one(reader, writer, captions, chance)
                    statuses[status] = statuses.get(status, 0) + 1
                    if status in ("left", "cut"):
                        break
            finally:
                writer.close()

    await asyncio.gather(*(client(number) for number in range(64)))
    return dict(sorted(statuses.items()))


async def _one(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, captions: list[str],
    chance: random.Random,
) -> str:  # fmt: skip
    """One request of a client: nine in ten are good."""
    whole = form("/api/search", {"query": chance.choice(captions)})
    kind = chance.random()
    try:
        if kind < 0.03:
            writer.write(whole)
            await writer.drain()
            await asyncio.sleep(chance.random() / 50)
            return "left"
        if kind < 0.05:
            writer.write(whole[: chance.randrange(10, len(whole))])
            await writer.drain()
            return "left"
        if kind < 0.07:
            rubbish = form("/api/search", {"query": "", "alpha": "x", "k": "-1"})
            return str((await ask((reader, writer), rubbish))[0])
        if kind < 0.1:
            body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.jpg"\r\n\r\n'
            body += chance.randbytes(3000) + b"\r\n--b--\r\n"
            head = (
                "POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data;"
                f" boundary=b\r\nContent-Length: {len(body)}\r\n\r\n"
            ).encode()
            return str((await ask((reader, writer), head + body))[0])
        return str((await ask((reader, writer), whole))[0])
    except (asyncio.IncompleteReadError, ConnectionError):
        return "cut"


if __name__ == "__main__":
    main()

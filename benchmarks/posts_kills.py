"""Posts whose backend, worker, AI service and database are killed (-9) at random moments.

During uploads, edits, deletions and back-fill. The worker runs in the backend, so that both are
killed as one. At the end every post that was answered with 201 must be there with all its files,
each picture must have one embedding and one caption in each language, no file may be left over, and
no job.

    python benchmarks/posts_kills.py [--kills 200] [--seed 0] [--demo]
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
from common import keep
from posts_ai import start_ai
from posts_site import Site, picture

VICTIMS = ("backend", "database", "ai")
PLACES = ("pictures", "incoming", "published", "thumbnails")
LANES = 3


class Trial:
    """One site, clients that use it, and what they were promised."""

    def __init__(self, folder: Path, seed: int, demo: bool) -> None:
        self.site = Site(folder, **({"TIMANH_AI_TIMEOUT_S": "60"} if demo else {}))
        self.demo = demo
        self.random = random.Random(seed)
        self.promised: dict[str, int] = {}  # post → pictures
        self.deleted: set[str] = set()
        self.kills: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.numbers = iter(range(10**9))
        self.ai = start_ai(self.site.ai.port, demo=demo)

    def client(self, lane: int) -> None:
        """Uploads, edits and deletions, whatever comes of them."""
        choose = random.Random(lane)
        while not self.ended.is_set():
            try:
                self.one(choose)
            except (httpx.HTTPError, ValueError, KeyError):
                time.sleep(0.2)

    def one(self, choose: random.Random) -> None:
        with self.lock:
            known = list(self.promised.keys() - self.deleted)
            first = next(self.numbers) * 3
        what = choose.random()
        if what < 0.1 and known:
            images = self.site.get(f"/api/posts/{choose.choice(known)}").get("images") or []
            for image in images:
                answer = httpx.get(self.site.url + image["thumbnail"], timeout=20)
                self.answers[answer.status_code] += 1
            return
        if what < 0.6 or not known:
            count = choose.randint(1, 3)
            answer = self.site.post(f"post {first}", *(picture(first + n) for n in range(count)))
            if answer.status_code == 201:
                with self.lock:
                    self.promised[answer.json()["id"]] = count
        elif what < 0.93 or len(known) < 10:
            id = choose.choice(known)
            change = {"title": f"changed {first}"}
            answer = httpx.patch(f"{self.site.url}/api/posts/{id}", json=change, timeout=20)
        else:
            id = choose.choice(known)
            with self.lock:
                self.deleted.add(id)  # whatever is answered: it may be gone
            answer = httpx.delete(f"{self.site.url}/api/posts/{id}", timeout=20)
        self.answers[answer.status_code] += 1

    def kill(self) -> None:
        """One of them, which is started again at once."""
        who = self.random.choice(VICTIMS)
        if who == "backend":
            self.site.stop(signal.SIGKILL)
            self.site.start(wait=False)
        elif who == "database":
            try:
                lines = (self.site.folder / "postgres" / "postmaster.pid").read_text().split()
                os.kill(int(lines[0]), signal.SIGKILL)
            except (OSError, IndexError):
                return  # it is not there again yet
        else:
            self.ai.kill()
            self.ai.wait()
            self.ai = start_ai(self.site.ai.port, demo=self.demo)
        self.kills[who] += 1

    def verdict(self) -> list[str]:
        """What went wrong; nothing, if all is well."""
        site, wrong = self.site, []
        site.until(lambda: site.get("/health")["posts"], 120)
        rows = site.sql("SELECT post_id::text, image_path FROM images")
        files = site.files()
        for id, count in self.promised.items():
            found = [path for post, path in rows if post == id]
            if len(found) != count and id not in self.deleted:
                wrong.append(f"post {id} has {len(found)} of {count} pictures")
        wrong += [f"no file {path}" for _, path in rows if path not in files]
        old = time.time() - 7200
        for path in site.folder.rglob("*"):
            if path.is_file() and path.parts[len(site.folder.parts)] in PLACES:
                os.utime(path, (old, old))
        site.stop()
        site.start()
        try:
            site.filled(len(rows), 300)
        except AssertionError:
            wrong.append(f"not all is filled in: {site.get('/api/posts/features')['tasks']}")
        known = {row[0] for row in site.sql("SELECT image_path FROM post_images")}
        try:
            site.until(lambda: site.files() == known and not strays(site, known), 60)
        except AssertionError:
            wrong.append(f"files are left over: {strays(site, known)}")
        twice = site.sql(
            "SELECT image_id FROM image_embeddings GROUP BY 1 HAVING count(*) <> 1 UNION ALL "
            "SELECT image_id FROM image_captions GROUP BY 1 HAVING count(*) <> 2"
        )
        wrong += [f"picture {row[0]} has too much" for row in twice]
        try:
            site.until(lambda: not site.sql("SELECT 1 FROM procrastinate_jobs"), 60)
        except AssertionError:
            wrong.append("jobs are left over")
        return wrong


def strays(site: Site, known: set[str]) -> set[str]:
    """Files that no row has, wherever they lie."""
    return set().union(*(site.files(place) for place in PLACES)) - known


def main() -> None:
    """Exit code 1 if anything was lost."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60, help="stop after so many")
    parser.add_argument("--demo", action="store_true", help="the demo encoder and captioner")
    args = parser.parse_args()
    # The embedded server refuses a folder that only its owner may enter.
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        trial = Trial(Path(place) / "data", args.seed, args.demo)
        trial.site.start()
        lanes = [
            threading.Thread(target=trial.client, args=(n,), daemon=True) for n in range(LANES)
        ]
        for lane in lanes:
            lane.start()
        began = time.monotonic()
        while trial.kills.total() < args.kills and time.monotonic() - began < 60 * args.minutes:
            time.sleep(trial.random.uniform(0.3, 6.0))
            trial.kill()
        trial.ended.set()
        for lane in lanes:
            lane.join(60)
        wrong = trial.verdict()
        trial.site.stop()
        trial.ai.kill()
    document = {
        "ai": "demo encoder and captioner" if args.demo else "the real API over small models",
        "kills": dict(trial.kills), "minutes": round((time.monotonic() - began) / 60, 1),
        "posts_promised": len(trial.promised), "pictures": sum(trial.promised.values()),
        "deleted": len(trial.deleted), "answers": {str(k): v for k, v in trial.answers.items()},
        "load": round(os.getloadavg()[0], 1), "faults": wrong,
    }  # fmt: skip
    keep("posts_kills_demo" if args.demo else "posts_kills", document)
    print(f"{trial.kills.total()} kills, {len(trial.promised)} posts promised, faults: {wrong}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()

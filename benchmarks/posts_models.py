"""The AI service's model is changed while many search and upload; and once more, back.

64 clients search by words, by a picture and by likeness, 8 upload without a pause. No answer may be
5xx; every ranking must be by the vectors of one model alone; likeness must find 98 % of what an
exact comparison finds. Then the vectors of the model before the last must have gone.

    python benchmarks/posts_models.py [--count 2000] [--searching 64] [--uploading 8]
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from common import keep
from PIL import Image
from posts_ai import TrialEncoder, start_ai
from posts_site import Site, picture

K, DIM, EACH, LATER = 10, 64, 10, 1_000_000
WORDS = ("a red picture", "beach at night", "green", "two dogs", "màu đỏ", "post 40")
NEAR = 2e-3  # scores of words come from half precision at first, then from the stored vectors


class Trial:
    """A site, those who use it, and what they saw."""

    def __init__(self, site: Site, count: int) -> None:
        self.site = site
        self.encoders = [TrialEncoder(DIM, seed) for seed in range(3)]
        self.ids: list[str] = []
        contents = [picture(number) for number in range(count)]
        for start in range(0, count, EACH):
            made = site.post(f"post {start}", *contents[start : start + EACH]).json()
            self.ids += [image["id"] for image in made["images"]]
        opened = [Image.open(BytesIO(one)) for one in contents]
        self.vectors = [encoder.encode_images(opened) for encoder in self.encoders]
        self.texts = [encoder.encode_texts(WORDS) for encoder in self.encoders]
        self.contents = contents
        self.row = {id: row for row, id in enumerate(self.ids)}
        self.statuses: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.recalls: list[float] = []
        self.took: dict[str, list[float]] = {"similar": [], "words": [], "picture": []}
        self.by_model: Counter[str] = Counter()
        self.ended = threading.Event()
        self.numbers = iter(range(LATER, 10**9))

    def search(self, lane: int) -> None:
        """One after the other, of all three kinds."""
        choose = random.Random(lane)
        with httpx.Client(base_url=self.site.url, timeout=60) as client:
            while not self.ended.is_set():
                kind = choose.choice(("similar", "similar", "words", "picture"))
                number = choose.randrange(len(self.ids))
                began = time.perf_counter()
                try:
                    if kind == "similar":
                        answer = client.get(
                            f"/api/post-images/{self.ids[number]}/similar", params={"k": K}
                        )
                    elif kind == "words":
                        number %= len(WORDS)
                        answer = client.get(
                            "/api/posts/search", params={"q": WORDS[number], "k": K}
                        )
                    else:
                        answer = client.post(
                            "/api/posts/search", files={"image": ("a.png", self.contents[number])},
                            params={"k": K},
                        )  # fmt: skip
                except httpx.HTTPError as error:
                    self.statuses[f"{kind} {type(error).__name__}"] += 1
                    continue
                self.took[kind].append(1000 * (time.perf_counter() - began))
                self.statuses[f"{kind} {answer.status_code}"] += 1
                if answer.status_code == 200:
                    self.judge(kind, number, answer.json())

    def judge(self, kind: str, number: int, answer: dict[str, Any]) -> None:
        """By which model it is; what it lacks."""
        score = "score" if kind == "similar" else "cosine"
        found = [
            (self.row[each["id"]], each[score])
            for each in answer["results"]
            if each["id"] in self.row and each[score] is not None
        ]
        if not found:
            return
        rows, scores = np.array([row for row, _ in found]), np.array([s for _, s in found])
        # Of pictures that are nearly the same two models may have nearly the same scores.
        exacts = [
            vectors @ (self.texts[model][number] if kind == "words" else vectors[number])
            for model, vectors in enumerate(self.vectors)
        ]
        apart = [float(np.abs(exact[rows] - scores).max()) for exact in exacts]
        model = int(np.argmin(apart))
        exact = exacts[model]
        if apart[model] > NEAR:
            self.wrong[f"{kind}: a ranking of no model"] += 1
            return
        self.by_model[f"{kind} {model}"] += 1
        if kind == "similar":
            # Pictures that came later take places too: above the last score, all must be there.
            exact[number] = -2
            above = set(np.flatnonzero(exact > scores.min() + 1e-6))
            if above:
                self.recalls.append(len(above & set(rows.tolist())) / len(above))

    def upload(self) -> None:
        """Posts with two new pictures, without a pause."""
        while not self.ended.is_set():
            number = next(self.numbers)
            try:
                answer = self.site.post(f"later {number}", picture(number), picture(number + LATER))
                self.statuses[f"upload {answer.status_code}"] += 1
            except httpx.HTTPError as error:
                self.statuses[f"upload {type(error).__name__}"] += 1

    def current(self) -> str:
        rows = self.site.sql("SELECT fingerprint FROM models WHERE state = 'current'")
        return str(rows[0][0])


def main() -> None:
    """Exit code 1 if a search failed, or mixed or missed something."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--searching", type=int, default=64)
    parser.add_argument("--uploading", type=int, default=8)
    parser.add_argument("--limit", type=float, default=300, help="seconds for one change of model")
    args = parser.parse_args()
    # The embedded server refuses a folder that only its owner may enter.
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        site = Site(Path(place) / "data", TIMANH_AI_TIMEOUT_S="60")
        ai = start_ai(site.ai.port, 0, DIM)
        assert ai.stdin is not None
        try:
            site.start()
            trial = Trial(site, args.count)
            site.filled(args.count, 600)
            lanes = [
                threading.Thread(target=trial.search, args=(n,)) for n in range(args.searching)
            ]
            lanes += [threading.Thread(target=trial.upload) for _ in range(args.uploading)]
            for lane in lanes:
                lane.start()
            changes = []
            try:
                for seed in (1, 2):
                    time.sleep(5)
                    began = time.monotonic()
                    ai.stdin.write(f"{seed} {DIM}\n")
                    ai.stdin.flush()
                    wanted = trial.encoders[seed].fingerprint
                    site.until(lambda wanted=wanted: trial.current() == wanted, args.limit)
                    changes.append(round(time.monotonic() - began, 1))
                time.sleep(5)
            except AssertionError:
                trial.wrong["a model was not switched to"] += 1
            finally:
                trial.ended.set()
                for lane in lanes:
                    lane.join(90)
            gone = f"SELECT 1 FROM models WHERE fingerprint = '{trial.encoders[0].fingerprint}'"
            try:
                site.until(lambda: not site.sql(gone), 120)
            except AssertionError:
                trial.wrong["vectors of the model before the last are there still"] += 1
            pictures = site.sql("SELECT count(*) FROM images")[0][0]
            site.stop()
        finally:
            ai.kill()
    bad = {what: n for what, n in trial.statuses.items() if not what.split()[1].startswith("2")}
    recall = statistics.fmean(trial.recalls)
    wrong = {**trial.wrong, **bad}
    if recall < 0.98:
        wrong["recall of similar"] = recall
    document = {
        "pictures": args.count, "pictures_at_the_end": pictures, "searching": args.searching,
        "uploading": args.uploading, "seconds_to_switch": changes, "recall_similar": recall,
        "answers": dict(trial.statuses), "rankings_by_model": dict(sorted(trial.by_model.items())),
        "p50_ms": {kind: round(statistics.median(t), 1) for kind, t in trial.took.items() if t},
        "load": round(os.getloadavg()[0], 1), "faults": wrong,
    }  # fmt: skip
    keep("posts_models", document)
    print(f"switched in {changes} s, recall {recall:.4f}, {dict(trial.statuses)}, faults: {wrong}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()

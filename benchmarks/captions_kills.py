"""`timanh caption write` over drawn pictures, killed at random moments: each is captioned once.

A small captioner is trained on the first pictures; then the command is started again and again, as
a person would, and killed in the middle. No picture may have two captions in a language, none may
lack one, and no file of the pictures may have changed.

    python benchmarks/captions_kills.py [--pictures 2000] [--kills 10] [--seed 0]
"""

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from common import ROOT, keep

from timanh.captioning import CaptionRecipe, TowerSource, train_captioner
from timanh.data import open_data
from timanh.data.scenes import draw_gallery
from timanh.models import load_encoder
from timanh.vectors import build_dictionary
from timanh.vectors.store.written_captions import MACHINE

TRAINED_ON = 200
LATER_S = 3.0  # a kill comes so long after something new was written, at most
SMALL = {"embed": 32, "hidden": 64, "min_count": 1, "batch_size": 16, "epochs": 3,
         "learning_rate": 5e-3}  # fmt: skip


def main() -> None:
    """Run the trial and keep what it found; the exit code is 1 if anything was wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = trial(Path(folder), args.pictures, args.kills, random.Random(args.seed))
    print(json.dumps(found, indent=2))
    keep("captions_kills", {**found, "seed": args.seed})
    sys.exit(1 if found["faults"] else 0)


def trial(root: Path, count: int, most: int, chance: random.Random) -> dict[str, object]:
    gallery = draw_gallery(root / "gallery", count=count, workers=1)
    data = open_data(gallery)
    recipe = CaptionRecipe.named("strong", **SMALL)
    train_captioner(
        data, TowerSource.open("demo"), recipe, root / "captioner", names=data.names[:TRAINED_ON]
    )
    for file in ("captions.txt", "captions.vi.txt"):
        (gallery / file).unlink()
    build_dictionary(gallery, load_encoder("demo"), root / "index", source="demo")
    before = state_of(gallery)
    kept, began, kills = root / "index" / MACHINE, time.perf_counter(), []
    while len(kills) < most:
        written = lines_of(kept)
        process = start(root)
        wait_s = chance.uniform(0, LATER_S)
        while process.poll() is None and lines_of(kept) == written:
            time.sleep(0.02)
        time.sleep(wait_s)
        if process.poll() is not None:
            break
        process.kill()
        process.wait()
        kills.append(lines_of(kept))
        print(f"killed after {kills[-1]:,} captions")
    assert start(root).wait() == 0
    faults = faults_of(kept, root / "index")
    if state_of(gallery) != before:
        faults.append("files of the gallery changed")
    return {
        "pictures": count, "killed_after": kills, "captions": lines_of(kept), "faults": faults,
        "seconds": round(time.perf_counter() - began, 1),
    }  # fmt: skip


def start(root: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "timanh.cli", "caption", "write", "--index"]
    command += [str(root / "index"), "--captioner", str(root / "captioner")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "lib")}
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def lines_of(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


def faults_of(file: Path, index: Path) -> list[str]:
    """What is wrong with the captions."""
    from timanh.vectors import VectorDictionary

    whole: list[dict[str, str]] = []
    torn = 0
    for line in file.read_bytes().splitlines():
        try:
            whole.append(json.loads(line))
        except ValueError:
            torn += 1  # a line that was being written; it is passed over
    written = Counter((line["hash"], line["language"]) for line in whole)
    hashes = {item.hash for item in VectorDictionary.open(index).items}
    wanted = {(digest, language) for digest in hashes for language in ("en", "vi")}
    twice = sum(count > 1 for count in written.values())
    faults = [f"{twice} captioned twice"] if twice else []
    missing = len(wanted - written.keys())
    faults += [f"{missing} without a caption"] if missing else []
    print(f"{torn} lines were torn")
    return faults


def state_of(gallery: Path) -> str:
    digest = hashlib.blake2b()
    for file in sorted(gallery.rglob("*")):
        if file.is_file():
            digest.update(str(file.relative_to(gallery)).encode() + file.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    main()

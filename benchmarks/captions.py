"""How good the captions of machines are: of the demo captioner, and of those trained on photos.

    python benchmarks/captions.py --demo
    python benchmarks/captions.py --data FLICKR8K --vision EFFICIENTNET --model MODEL --work DIR

The first holds what the demo captioner says of 1,000 drawn pictures of a seed that nothing was
trained on against their truth, in both languages, with each way to choose among five sentences;
then it measures captions a second through the API.

The second trains an LSTM, a transformer and the original report's captioner on the train split,
with the commands that a user types, and measures the likeliest of five sentences and their
consensus on the dev split, against all references and, for the report's, against one. MODEL is
what `timanh train` left, such as that of real_photos.py: an LSTM is trained through its vision
tower as well, of whose sentences those that it chooses are measured too, and it searches by all
captions. Trainings that are done already in --work are found again; with --only, the kept numbers
of the others stay.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, ROOT, keep
from http_load import free_port, run_load, serving

from timanh.captioning import load_captioner
from timanh.captioning.choosing import (
    BALANCED,
    CONSENSUS,
    LIKELIEST,
    NEAREST,
    consensus_first,
)
from timanh.data import DataFolder, open_data, open_picture
from timanh.data.scenes import Scene, render, scene_of
from timanh.data.scenes.said import compare
from timanh.evaluation import format_captions, own_picture_recall, score_captions
from timanh.models import Encoder, load_encoder

SEED, COUNT, BATCH, BEAMS = 78, 1000, 50, 5
CLIENTS, SECONDS = 16, 20.0
MEASURED = (LIKELIEST, CONSENSUS, NEAREST, BALANCED)
COMMON = (
    "--set", "choose=likeliest",  # by which the epochs are compared
    "--set", "hidden=384", "--set", "average=0.997", "--set", "learning_rate=0.002",
)  # fmt: skip
PLAIN = ("--set", "mirror=false", *COMMON)
TRAININGS = {
    "lstm": ("--epochs", "12", *PLAIN),
    "transformer": (
        "--decoder", "transformer", "--epochs", "8", *PLAIN,
        "--set", "learning_rate=0.001", "--set", "dropout=0.3",
    ),
    "report": ("--preset", "report"),
    # An lstm again, through the tower of a model that learned with captions.
    "joined": ("--epochs", "8", *COMMON, "--set", "dropout=0.5"),
}  # fmt: skip


def main() -> None:
    """See the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--demo", action="store_true", help="the demo captioner")
    parser.add_argument("--captioner", default="demo", help="another one on drawn pictures")
    parser.add_argument("--count", type=int, default=COUNT, help="drawn pictures")
    parser.add_argument("--seed", type=int, default=SEED, help="of the drawn pictures; not 0 to 2")
    parser.add_argument("--show", type=int, default=0, help="print the first captions")
    parser.add_argument("--no-speed", action="store_true", help="leave the API out")
    parser.add_argument("--data", type=Path, help="Flickr8k with its captions")
    parser.add_argument("--vision", help="a vision tower, such as MobileNetV2")
    parser.add_argument("--model", help="a model trained on the same photos; with it, `joined`")
    parser.add_argument("--work", type=Path, help="where trained captioners go")
    parser.add_argument("--only", action="append", choices=TRAININGS, help="train only these")
    args = parser.parse_args()
    if not args.demo and not (args.data and args.vision and args.work):
        parser.error("give --demo, or --data, --vision and --work")
    if "joined" in (args.only or ()) and not args.model:
        parser.error("give --model, through whose tower `joined` is to look")
    if args.demo:
        measure_drawn(args)
    else:
        measure_photos(args)


def measure_drawn(args: argparse.Namespace) -> None:
    """The demo captioner against the truth of drawn pictures, and its speed."""
    scenes = [scene_of(index, args.seed) for index in range(args.count)]
    pictures = [render(scene) for scene in scenes]
    captioner = load_captioner(args.captioner, device="cpu", choose="likeliest")
    found: dict[str, dict[str, Any]] = {choose: {} for choose in MEASURED}
    for language in captioner.languages:
        by_choice, seconds = write_all(captioner, pictures, language)
        for choose, texts in by_choice.items():
            print(*texts[: args.show], sep="\n")
            found[choose][language] = hold_against_truth(scenes, texts, language)
            found[choose][language]["captions a second"] = len(texts) / seconds
    for choose, by_language in found.items():
        for language, shares in by_language.items():
            print(f"{choose}, {language}")
            for name, value in shares.items():
                print(f"  {value:8.1f}  {name}")
    speed = None if args.no_speed else measure_speed(args.captioner, scenes[:200])
    if speed:
        print(f"{speed['captions_per_s']} captions a second through the API")
    if (args.captioner, args.seed, args.count) == ("demo", SEED, COUNT) and speed:
        keep("captions_demo", {"seed": SEED, "pictures": COUNT, **found, "api": speed})


def write_all(
    captioner: Any, pictures: list[Any], language: str
) -> tuple[dict[str, list[str]], float]:
    """What each choice takes of five sentences, without an encoder the first two alone, and the
    seconds that it took to write them."""
    encoder, penalty = captioner.source.encoder, captioner.search.length_penalty
    taken: dict[str, list[str]] = {choose: [] for choose in MEASURED[: 4 if encoder else 2]}
    seconds = 0.0
    for start in range(0, len(pictures), BATCH):
        some = pictures[start : start + BATCH]
        began = time.perf_counter()
        found = captioner.captions(some, language, count=BEAMS)
        seconds += time.perf_counter() - began
        taken[LIKELIEST] += [each[0].text for each in found]
        taken[CONSENSUS] += [consensus_first(each, penalty)[0].text for each in found]
        if encoder is None:
            continue
        vectors = encoder.encode_texts([one.text for each in found for one in each])
        cosines = np.einsum(
            "nd,ncd->nc", encoder.encode_images(some), vectors.reshape(len(some), BEAMS, -1)
        )
        scale = float(encoder.logit_scale.detach().exp())
        for each, row in zip(found, cosines, strict=True):
            taken[NEAREST].append(each[row.argmax()].text)
            taken[BALANCED].append(consensus_first(each, penalty, scale * row)[0].text)
    return taken, seconds


def hold_against_truth(scenes: list[Scene], texts: list[str], language: str) -> dict[str, float]:
    """Shares in percent; see `timanh.data.scenes.said.Comparison`."""
    found = [compare(scene, text, language) for scene, text in zip(scenes, texts, strict=True)]
    sums = {name: sum(asdict(one)[name] for one in found) for name in asdict(found[0])}
    fine = sum(one.main and one.named == one.right for one in found)
    exact = sum(
        one.named == one.right == one.colours_right
        and one.counts == one.counts_right
        and one.found == one.there
        for one in found
    )
    return {
        "captions that name the main thing and nothing that is not there": 100 * fine / len(found),
        "of things named, of the right kind": 100 * sums["right"] / sums["named"],
        "of these, of the right colour": 100 * sums["colours_right"] / sums["colours"],
        "of these, of the right number": 100 * sums["counts_right"] / sums["counts"],
        "of all things, named": 100 * sums["found"] / sums["there"],
        "captions right in all of this": 100 * exact / len(found),
        "words a caption": float(np.mean([len(text.split()) for text in texts])),
        "different captions a thousand": 1000 * len(set(texts)) / len(texts),
    }


def measure_speed(name: str, scenes: list[Scene]) -> dict[str, Any]:
    """Pictures sent to `POST /api/caption` by several clients at once."""
    bodies = []
    for scene in scenes:
        content = BytesIO()
        render(scene).save(content, "JPEG", quality=90)
        bodies.append(upload("/api/caption", content.getvalue(), random.Random(scene.seed)))
    port = free_port()
    command = (
        "-m", "timanh.cli", "serve", "--ai-only", "--model", "demo", "--captioner", name,
        "--port", str(port),
    )  # fmt: skip
    with serving(command, port):
        run_load(port, lambda client, turn: bodies[client % len(bodies)], 2, 3.0)  # load it
        load = run_load(
            port, lambda client, turn: bodies[(client + CLIENTS * turn) % len(bodies)],
            CLIENTS, SECONDS,
        )  # fmt: skip
    return {
        "clients": CLIENTS,
        "captions_per_s": round(load.per_second, 1),
        "p50_ms": round(load.percentile_ms(0.5)),
        "p95_ms": round(load.percentile_ms(0.95)),
        "statuses": load.statuses,
    }


def upload(path: str, content: bytes, rng: random.Random) -> bytes:
    """A POST of a picture in one of the two languages."""
    boundary = "captions"
    language = rng.choice(("en", "vi"))
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="language"\r\n\r\n{language}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode() + content + f"\r\n--{boundary}--\r\n".encode()  # fmt: skip
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def measure_photos(args: argparse.Namespace) -> None:
    """Train on photos with the commands of a user, and measure on the dev split."""
    folder = open_data(args.data)
    finder = load_encoder(args.model, device="cpu") if args.model else None
    documents, runs = [], kept_runs() if args.only else {}
    for name in args.only or [name for name in TRAININGS if args.model or name != "joined"]:
        out = args.work / name
        tower = ("--model", args.model) if name == "joined" else ("--vision", args.vision)
        timanh(
            "caption", "train", "--data", str(args.data), *tower,
            "--out", str(out), "--cache", str(args.work / "cache"), *TRAININGS[name],
        )  # fmt: skip
        history = json.loads((out / "history.json").read_text(encoding="utf8"))
        runs[name] = {
            "options": list(TRAININGS[name]),
            "epochs": len(history),
            "training_s": round(sum(epoch["seconds"] for epoch in history)),
        }
        for choose, document in measure_dev(out, folder, finder).items():
            documents.append({**document, "captioner": f"{name}, {choose}"})
            left_out = ("captions", "skipped")
            runs[name][choose] = {
                key: value for key, value in document.items() if key not in left_out
            }
            if name == "report":
                one = against_one(folder, document["captions"])
                runs[name][choose]["one_reference"] = one
    print(format_captions(*documents))
    keep("captions", {"tower": Path(args.vision).name, "split": "dev", "captioners": runs})


def measure_dev(
    place: Path, folder: DataFolder, finder: Encoder | None
) -> dict[str, dict[str, Any]]:
    """Each choice among a captioner's five sentences on the dev split, as `timanh caption
    evaluate --split dev --choose CHOICE --find-with FINDER` has it, of one search."""
    captioner = load_captioner(place, device="cpu", choose=LIKELIEST)
    names = folder.split("dev")
    pictures = [open_picture(folder.images / name) for name in names]
    references = [folder.captions_of(name) for name in names]
    train = [folder.captions_of(name) for name in folder.split("train")]
    documents = {}
    for choose, texts in write_all(captioner, pictures, "en")[0].items():
        captions = dict(zip(names, texts, strict=True))
        documents[choose] = {
            "split": "dev", "language": "en", "beams": BEAMS, "skipped": {}, "captions": captions,
            **score_captions(texts, references, train),
        }  # fmt: skip
        if finder is not None:
            found = own_picture_recall(finder, folder, captions, progress=False)
            documents[choose]["own_picture"] = {**found, "model": Path(found["model"]).name}
    return documents


def kept_runs() -> dict[str, Any]:
    """What `results/captions.json` has of each captioner."""
    file = RESULTS / "captions.json"
    return dict(json.loads(file.read_text(encoding="utf8"))["captioners"]) if file.is_file() else {}


def against_one(folder: DataFolder, captions: dict[str, str]) -> dict[str, float]:
    """BLEU against the first reference of each picture alone, as the original report had it."""
    first = [folder.captions_of(name)[:1] for name in captions]
    scores = score_captions(list(captions.values()), first)["rows"]["captioner"]
    return {key: value for key, value in scores.items() if key.startswith("BLEU")}


def timanh(*words: str) -> str:
    """Run the command; its standard output."""
    paths = f"{ROOT / 'lib'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    return subprocess.run(
        [sys.executable, "-m", "timanh.cli", *words],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": paths},
    ).stdout


if __name__ == "__main__":
    main()

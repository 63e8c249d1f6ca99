"""Pictures and texts per second: each runtime, torch as it comes, and sentence-transformers.

A network of the size of CLIP ViT-B/32 with random weights, so that nothing is downloaded; or
any model folder. Beside them what the processor's best matrix product would allow, if a network
were nothing else. Then a folder of pictures to a dictionary, beside the encoder alone.

    python benchmarks/encode.py [--model FOLDER] [--pictures FOLDER] [--rounds 5] [--rows 32]
"""

import argparse
import json
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from common import keep

from timanh.data import list_pictures, open_picture
from timanh.errors import RuntimeRefusedError
from timanh.models import load_encoder
from timanh.models.preparation import ImagePreparation
from timanh.models.reading import pixel_batches
from timanh.models.runtimes.names import RUNTIMES, missing
from timanh.vectors import build_dictionary

SLOW = ("torch-compile",)
# Rows and columns of the product that shows what the processor can do.
PRODUCT = 2048
WORDS = "a man in a red shirt walks his dog along the beach while children play in the sand"


def main() -> None:
    """A table; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", type=Path)
    parser.add_argument("--pictures", type=Path, help="real photos; else drawn noise")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=32, help="pictures and texts in a batch")
    parser.add_argument("--build", type=int, default=256, help="pictures in the dictionary")
    parser.add_argument("--compile", action="store_true", help="torch-compile too")
    parser.add_argument("--name", default="encode", help="of the result's file")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        model = args.model or vit_b32(Path(temporary) / "clip-vit-b32-random")
        gallery = args.pictures or draw(Path(temporary) / "pictures", max(args.rows, args.build))
        encoded = compare(model, gallery, args.rows, args.rounds, compiled=args.compile)
        built = folder_to_dictionary(model, gallery, Path(temporary), args.build, args.rounds)
    show(encoded, built)
    keep(args.name, {"rows": args.rows, "rounds": args.rounds, "encode": encoded, **built})


def vit_b32(folder: Path) -> Path:
    """A checkpoint of CLIP ViT-B/32's shape with random weights and a tokenizer of letters."""
    import torch
    from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

    torch.manual_seed(0)
    config = CLIPConfig()
    letters = [chr(code) for code in range(97, 123)]
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{one}</w>" for one in letters)]
    config.text_config.bos_token_id, config.text_config.eos_token_id = 0, 1
    config.text_config.pad_token_id = 1
    CLIPModel(config).save_pretrained(folder)
    tokenizer = CLIPTokenizer(
        vocab={word: row for row, word in enumerate(words)}, merges=[], model_max_length=77
    )
    tokenizer.save_pretrained(folder)
    prepared = json.dumps(ImagePreparation().to_config())
    (folder / "preprocessor_config.json").write_text(prepared, encoding="utf8")
    return folder


def draw(folder: Path, count: int) -> Path:
    """JPEGs of 500 × 375 with areas and edges, as large as Flickr's."""
    from PIL import Image

    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(count):
        blocks = Image.fromarray(random.integers(0, 256, (12, 16, 3), np.uint8))
        blocks.resize((500, 375)).save(folder / f"{number:05d}.jpg", quality=90)
    return folder


def compare(
    model: Path, gallery: Path, rows: int, rounds: int, *, compiled: bool
) -> dict[str, dict[str, Any]]:
    """Rows per second, and per second of one core (which a shared machine does not change), and
    the lowest cosine to torch float32 of every runtime; in turn each round."""
    plain = load_encoder(model, device="cpu", runtime="torch")
    pictures = [open_picture(gallery / name) for name in list_pictures(gallery)[:rows]]
    pixels = plain.prepare_images(pictures)
    texts = [f"{WORDS[: 20 + row % 60]}" for row in range(rows)]
    wanted = plain.encode_prepared(pixels), plain.encode_texts(texts)
    ways: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {}
    found: dict[str, dict[str, Any]] = {}
    for runtime in RUNTIMES:
        if missing(runtime) or (runtime in SLOW and not compiled):
            continue
        try:
            encoder = load_encoder(model, device="cpu", runtime=runtime)
        except RuntimeRefusedError as refused:
            found[runtime] = {"refused": str(refused)}
            continue
        encoder.choose_runtime_for(images=100_000, texts=100_000)
        found[runtime] = {
            "images_with": encoder.runtime,
            "image_cosine": lowest(encoder.encode_prepared(pixels), wanted[0]),
            "text_cosine": lowest(encoder.encode_texts(texts), wanted[1]),
        }
        ways[runtime] = (
            lambda encoder=encoder: encoder.encode_prepared(pixels),  # type: ignore[misc]
            lambda encoder=encoder: encoder.encode_texts(texts),  # type: ignore[misc]
        )
    found |= ceilings(plain, pixels)
    # As CLIP's own code does it, and whoever follows it.
    padded = load_encoder(model, device="cpu", runtime="torch")
    padded.texts.full_length = True  # type: ignore[attr-defined]
    ways["torch, texts of full length"] = (
        lambda: padded.encode_prepared(pixels),
        lambda: padded.encode_texts(texts),
    )
    found["torch, texts of full length"] = {}
    peer = sentence_transformers(model, pictures, texts)
    if peer is not None:
        ways["sentence-transformers"] = peer
        found["sentence-transformers"] = {"with preparation": True}
        ways["timanh auto, with preparation"] = (
            lambda encoder=encoder_of(ways, model): encoder.encode_images(pictures),  # type: ignore[misc]
            ways["auto"][1],
        )
        found["timanh auto, with preparation"] = {"with preparation": True}
    sides = ("images", "texts")
    wall: dict[tuple[str, str], list[float]] = {(n, side): [] for n in ways for side in sides}
    busy: dict[tuple[str, str], list[float]] = {key: [] for key in wall}
    for _ in range(rounds):
        for name, both in ways.items():
            for side, way in zip(sides, both, strict=True):
                began, used = time.perf_counter(), time.process_time()
                way()
                wall[name, side].append(time.perf_counter() - began)
                busy[name, side].append(time.process_time() - used)
    for name, side in wall:
        found[name][f"{side}_per_s"] = round(rows / statistics.median(wall[name, side]), 1)
        found[name][f"{side}_per_core_s"] = round(rows / statistics.median(busy[name, side]), 1)
    return found


def ceilings(plain: Any, pixels: Any) -> dict[str, dict[str, Any]]:
    """Pictures per second if all of a picture's multiplications ran as the best product does."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        plain.encode_prepared(pixels)
    each = counter.get_total_flops() / len(pixels)
    rows: dict[str, dict[str, Any]] = {}
    linear = torch.nn.functional.linear
    for kind in (torch.float32, torch.bfloat16):
        left, right = (torch.randn(PRODUCT, PRODUCT, dtype=kind) for _ in range(2))
        best = min(timed(lambda left=left, right=right: linear(left, right)) for _ in range(20))
        name = f"the processor's best in {str(kind).removeprefix('torch.')}"
        rows[name] = {"images_per_s": round(2 * PRODUCT**3 / best / each, 1)}
    return rows


def timed(work: Callable[[], Any]) -> float:
    """Seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def encoder_of(ways: dict[str, Any], model: Path) -> Any:
    """The encoder of "auto", once more; what it chose is remembered."""
    encoder = load_encoder(model, device="cpu")
    encoder.choose_runtime_for(images=100_000)
    return encoder


def sentence_transformers(
    model: Path, pictures: list[Any], texts: list[str]
) -> tuple[Callable[[], Any], Callable[[], Any]] | None:
    """The same weights through its CLIP module; None where it is not installed."""
    try:
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.models import CLIPModel
    except ImportError:
        return None
    peer = SentenceTransformer(modules=[CLIPModel(str(model))], device="cpu")
    size = len(pictures)
    return (
        lambda: peer.encode(pictures, batch_size=size, normalize_embeddings=True),  # type: ignore[arg-type]
        lambda: peer.encode(texts, batch_size=size, normalize_embeddings=True),
    )


def lowest(found: Any, wanted: Any) -> float:
    """The lowest cosine between rows."""
    return round(float(np.sum(found.astype(np.float64) * wanted, axis=1).min()), 6)


def folder_to_dictionary(
    model: Path, gallery: Path, temporary: Path, count: int, rounds: int
) -> dict[str, Any]:
    """From files to a dictionary, beside the encoder alone and the reading alone, in turn."""
    encoder = load_encoder(model, device="cpu")
    encoder.choose_runtime_for(images=100_000)
    names = list_pictures(gallery)[:count]
    some = temporary / "some"
    some.mkdir()
    for name in names:
        (some / Path(name).name).symlink_to((gallery / name).resolve())
    pixels = encoder.prepare_images([open_picture(gallery / name) for name in names[:32]])

    def encode_all() -> None:
        for start in range(0, count, 32):
            encoder.encode_prepared(pixels[: min(32, count - start)])

    out = iter(range(rounds))
    ways: dict[str, Callable[[], Any]] = {
        "encoder_alone": encode_all,
        "reading_alone": lambda: deque(
            pixel_batches(some, sorted(map(base, names)), encoder, 32), maxlen=0
        ),
        "folder_to_dictionary": lambda: build_dictionary(
            some, encoder, temporary / f"out-{next(out)}", progress=False
        ),
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            took[name].append(time.perf_counter() - began)
    rates = {f"{n}_per_s": round(count / statistics.median(each), 1) for n, each in took.items()}
    share = statistics.median(took["encoder_alone"]) / statistics.median(
        took["folder_to_dictionary"]
    )
    return {"pictures": count, **rates, "share_of_encoder": round(share, 3)}


def base(name: str) -> str:
    """The last part of a path."""
    return Path(name).name


def show(encoded: dict[str, dict[str, Any]], built: dict[str, Any]) -> None:
    """Print what was measured."""
    heads = ("images/s", "a core", "cosine", "texts/s", "a core", "cosine")
    print(f"{'':<32}", *(f"{head:>10}" for head in heads), sep="")
    for name, one in encoded.items():
        if "refused" in one:
            print(f"{name:<32} {one['refused']}")
            continue
        keys = ("images_per_s", "images_per_core_s", "image_cosine")
        keys += ("texts_per_s", "texts_per_core_s", "text_cosine")
        cells = (f"{one.get(key, '')!s:>10}" for key in keys)
        print(f"{name:<32}", *cells, f"  {one.get('images_with', '')}", sep="")
    for name, value in built.items():
        print(f"{name:<32}{value:>10}")


if __name__ == "__main__":
    main()

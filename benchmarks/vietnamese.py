"""Vietnamese over real photos from English captions: what the setting `vietnamese` does.

Trains two joined towers twice on English captions, once as they are and once with a share of them
word by word in Vietnamese, and measures both with Vietnamese captions and queries, the same
without their marks (restored before they are encoded, as a search does), and English ones, among
all pictures of dev. Differences are paired, with 95 % intervals over pictures.

    python benchmarks/vietnamese.py --data FLICKR8K --captions captions.txt \\
        --vision EFFICIENTNET --text MULTILINGUAL_E5 --queries VI.TXT QUERIES.TSV --work DIR

By default the towers stay as they are and are run once over pictures and captions; heads are
trained on what they gave, in minutes. `--train strong` is the recipe of that name, towers and all.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from common import keep
from torch.nn import functional

from timanh.data import DataFolder, open_data, read_captions
from timanh.data.vietnamese.marks import without_marks
from timanh.data.vietnamese.restoring import restore_marks
from timanh.data.vietnamese.words import in_vietnamese
from timanh.evaluation import dev_recall
from timanh.evaluation.evaluate import encode_gallery
from timanh.evaluation.recall import KS, intervals, retrieval_ranks, same_captions
from timanh.models import join_towers, load_encoder
from timanh.models.torch_encoder import TorchEncoder
from timanh.models.two_tower import INITIAL_LOGIT_SCALE, TwoTowerEncoder
from timanh.training import Recipe, train
from timanh.training.losses import MAX_LOGIT_SCALE, info_nce

STEPS, BATCH, RATE, DROPOUT, DECAY, WIDTH = 1300, 512, 3e-4, 0.4, 0.1, 512  # of heads alone
GAIN = 30.0  # what towers give, of unit length, times this
Text = tuple[str, str]  # picture, what is said of it
Kinds = dict[str, list[Text]]


def main() -> None:
    """See the module's first lines."""
    args = arguments()
    folder = open_data(args.data, args.captions)
    dev = folder.split("dev")
    kinds = queries(args.queries, folder, dev, args.each)
    train_on = folder.split("train")[: args.pictures]
    args.work.mkdir(parents=True, exist_ok=True)
    frozen = None if args.train else Frozen.of(args, folder, train_on, dev, kinds)
    found: dict[str, dict[str, Any]] = {}
    hits: dict[str, dict[str, Any]] = {}
    for share in (0.0, args.share):
        began = time.perf_counter()
        if frozen is not None:
            pictures, texts = frozen.train(share, args.seed)
        else:
            pictures, texts = whole_training(args, folder, train_on, share, dev, kinds)
        seconds = time.perf_counter() - began
        hits[f"{share:g}"], found[f"{share:g}"] = measured(pictures, texts, dev, kinds)
        found[f"{share:g}"]["seconds"] = round(seconds)
        show(f"vietnamese={share:g}", found[f"{share:g}"])
    plain, mixed = (hits[f"{share:g}"] for share in (0.0, args.share))
    differences = {
        kind: paired(plain[kind], mixed[kind], [name for name, _ in kinds[kind]]) for kind in kinds
    }
    show("difference", differences)
    document = {
        "trained": args.train or f"heads alone, {STEPS} steps of {BATCH} at {RATE:g}",
        "towers": [Path(args.vision).name, Path(args.text).name],
        "pictures": len(train_on), "gallery": len(dev), "seed": args.seed, "vietnamese": found,
        "difference": differences,
    }  # fmt: skip
    keep(f"vietnamese{'-' + args.train if args.train else ''}", document)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", required=True, type=Path, help="Flickr8k with its captions")
    parser.add_argument("--captions", type=Path, nargs="+", help="its English captions alone")
    parser.add_argument("--vision", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument(
        "--queries", type=Path, nargs="+", required=True,
        help="Vietnamese of dev pictures: caption files, or picture<TAB>query",
    )  # fmt: skip
    parser.add_argument("--work", required=True, type=Path, help="where features and models go")
    parser.add_argument("--share", type=float, default=0.15, help="of captions in Vietnamese")
    parser.add_argument("--train", help="a recipe, in place of heads on frozen towers")
    parser.add_argument("--epochs", type=int, help="with --train: in place of the recipe's")
    parser.add_argument("--each", type=int, default=2, help="captions of a picture that are used")
    parser.add_argument("--pictures", type=int, help="train on so many only")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def some(folder: DataFolder, name: str, count: int) -> tuple[str, ...]:
    """So many of a picture's captions, every other one."""
    return folder.captions_of(name)[::2][:count]


def queries(files: Sequence[Path], folder: DataFolder, names: Sequence[str], each: int) -> Kinds:
    """Kind → (picture, query) for Vietnamese with and without marks, and English captions."""
    vietnamese: list[Text] = []
    for file in files:
        if file.suffix == ".tsv":
            lines = file.read_text(encoding="utf8").splitlines()
            vietnamese += [(line.split("\t")[0], line.split("\t")[1]) for line in lines if line]
        else:
            said = read_captions(file).captions
            vietnamese += [(name, text) for name, texts in said.items() for text in texts]
    known = set(names)
    vietnamese = [(name, text) for name, text in vietnamese if name in known]
    bare = [(name, without_marks(text)) for name, text in vietnamese]
    return {
        "Vietnamese": vietnamese,
        "without marks": [(name, restore_marks(text) or text) for name, text in bare],
        "English": [(name, text) for name in names for text in some(folder, name, each)],
    }


def whole_training(
    args: argparse.Namespace,
    folder: DataFolder,
    names: Sequence[str],
    share: float,
    dev: Sequence[str],
    kinds: Kinds,
) -> tuple[Any, dict[str, Any]]:
    """Towers and heads by the recipe, as `timanh train` does; what they give of `dev` and
    `kinds`."""
    changes = {"vietnamese": share, "epochs": args.epochs, "seed": args.seed}
    recipe = Recipe.named(args.train, joined=True, **changes)
    encoder = join_towers(args.vision, args.text, seed=args.seed)
    out = args.work / f"{args.train}-{share:g}"
    train(
        folder, encoder, recipe, out, names=names, measure=dev_recall(folder),
        cache=args.work / "pixels",
    )  # fmt: skip
    return seen_and_read(load_encoder(out), folder, dev, kinds)


@dataclass(frozen=True)
class Frozen:
    """What towers that stay as they are say of the pictures and captions that are trained on.

    Attributes:
        pictures: (N, width) float32.
        english, vietnamese: (M, width) float32, captions and the same word by word.
        owner: (M,) the picture of each caption.
        dev, kinds: of the pictures and the queries that are measured with.
    """

    pictures: torch.Tensor
    english: torch.Tensor
    vietnamese: torch.Tensor
    owner: torch.Tensor
    dev: torch.Tensor
    kinds: dict[str, torch.Tensor]

    @classmethod
    def of(
        cls,
        args: argparse.Namespace,
        folder: DataFolder,
        names: Sequence[str],
        dev: Sequence[str],
        kinds: Kinds,
    ) -> "Frozen":
        """Computed once; each part is kept in the work folder."""
        seen = towers_alone(args.vision, args.text)

        def once(name: str, compute: Callable[[], Any]) -> torch.Tensor:
            file = args.work / f"{name}.npy"
            if not file.is_file():
                np.save(file, compute())
            return torch.from_numpy(np.load(file))

        file = args.work / "pictures.npz"
        if not file.is_file():
            vectors, kept, _ = encode_gallery(seen, folder, names)
            np.savez(file, vectors=vectors, names=np.array(kept))
        pictures = np.load(file)
        texts = [some(folder, name, args.each) for name in pictures["names"].tolist()]
        captions, draw = [caption for own in texts for caption in own], Random(args.seed)
        return cls(
            torch.from_numpy(pictures["vectors"]),
            once("english", lambda: seen.encode_texts(captions)),
            once(
                "vietnamese",
                lambda: seen.encode_texts([in_vietnamese(each, draw) for each in captions]),
            ),
            torch.tensor([row for row, own in enumerate(texts) for _ in own]),
            once("dev", lambda: encode_gallery(seen, folder, dev)[0]),
            {
                kind: once(kind, lambda said=said: seen.encode_texts([text for _, text in said]))
                for kind, said in kinds.items()
            },
        )

    def train(self, share: float, seed: int) -> tuple[Any, dict[str, Any]]:
        """Two heads, of whose captions a share is in Vietnamese; what they give of `dev` and of
        `kinds`, (N, 512) of unit length."""
        torch.manual_seed(seed)
        draw = torch.Generator().manual_seed(seed)
        heads = [
            torch.nn.Linear(features.shape[1], WIDTH, bias=False)
            for features in (self.pictures, self.english)
        ]
        scale = torch.nn.Parameter(torch.tensor(INITIAL_LOGIT_SCALE))
        weights = [head.weight for head in heads]
        optimiser = torch.optim.AdamW([*weights, scale], lr=RATE, weight_decay=DECAY)
        rates = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, RATE, total_steps=STEPS, pct_start=0.05
        )
        for _ in range(STEPS):
            rows = torch.randperm(len(self.owner), generator=draw)[:BATCH]
            said = torch.rand(len(rows), 1, generator=draw) < share
            texts = torch.where(said, self.vietnamese[rows], self.english[rows])
            owner = self.owner[rows]
            seen, read = (
                head(functional.dropout(features * GAIN, DROPOUT))
                for head, features in zip(heads, (self.pictures[owner], texts), strict=True)
            )
            loss = info_nce(seen, read, scale, positives=owner[:, None] == owner[None, :])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            rates.step()
            with torch.no_grad():
                scale.clamp_(0, MAX_LOGIT_SCALE)
        with torch.no_grad():
            images = functional.normalize(heads[0](self.dev), dim=1).numpy()
            return images, {
                kind: functional.normalize(heads[1](each), dim=1).numpy()
                for kind, each in self.kinds.items()
            }


def towers_alone(vision: str, text: str) -> TwoTowerEncoder:
    """Two towers without heads: what they give, of unit length."""
    alone = join_towers(vision, text)
    alone.dim = alone.network.text_projection.in_features  # of the texts' vectors
    alone.network.vision_projection = torch.nn.Identity()  # type: ignore[assignment]
    alone.network.text_projection = torch.nn.Identity()  # type: ignore[assignment]
    return alone


def seen_and_read(
    encoder: TorchEncoder, folder: DataFolder, names: Sequence[str], kinds: Kinds
) -> tuple[Any, dict[str, Any]]:
    """Vectors of the pictures and, per kind, of the queries."""
    read = {kind: encoder.encode_texts([text for _, text in said]) for kind, said in kinds.items()}
    return encode_gallery(encoder, folder, names)[0], read


def measured(
    images: Any, read: dict[str, Any], names: Sequence[str], kinds: Kinds
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Per kind the hits (M, 3) of R@1, R@5, R@10, and recall with its intervals."""
    rows = {name: row for row, name in enumerate(names)}
    hits, found = {}, {}
    for kind, said in kinds.items():
        owner = np.array([rows[name] for name, _ in said])
        ranks = retrieval_ranks(
            images, read[kind], owner, same_captions([text for _, text in said])
        )
        hits[kind] = np.stack([ranks[0] <= k for k in KS], 1)
        found[kind] = shares(hits[kind].astype(np.float64), owner)
    return hits, found


def paired(first: Any, second: Any, names: Sequence[str]) -> dict[str, Any]:
    """Recall of the second minus that of the first, on the same queries."""
    gains = second.astype(np.float64) - first
    return shares(gains, np.unique(names, return_inverse=True)[1])


def shares(values: Any, owner: Any) -> dict[str, Any]:
    """(M, 3) values to percent of R@1, R@5 and R@10, with intervals over pictures."""
    edges = intervals(values, np.unique(owner, return_inverse=True)[1])
    means = {f"R@{k}": round(100 * float(values[:, at].mean()), 2) for at, k in enumerate(KS)}
    ends = {f"R@{k}": list(each) for k, each in zip(KS, edges, strict=True)}
    return {"queries": len(values), **means, "ci95": ends}


def show(title: str, found: dict[str, Any]) -> None:
    print(title)
    for kind, row in found.items():
        if isinstance(row, dict):
            cells = (
                "{:7.1f} [{:.1f}, {:.1f}]".format(row[f"R@{k}"], *row["ci95"][f"R@{k}"]) for k in KS
            )
            print(f"  {kind:16}{row['queries']:6,}", *cells)


if __name__ == "__main__":
    main()

"""Makes the demo captioner: python -m timanh.captioning.drawn FOLDER.

It looks through the demo encoder, which names what stands in each cell of its grid, and learns to
say all of it in both languages. Pictures, features and state are kept in FOLDER, so that a run
that was stopped goes on where it was. The captioner is then in FOLDER/model, from where
`python -m timanh.captioning.shipping FOLDER/model` puts it into the package.
"""

import random
from pathlib import Path

from timanh.captioning.history import CaptionTraining
from timanh.captioning.recipe import CaptionRecipe
from timanh.captioning.tower_source import TowerSource
from timanh.captioning.trainer import train_captioner
from timanh.data import DataFolder, open_data
from timanh.data.scenes import draw_gallery, scene_of
from timanh.data.scenes.gallery import name_of
from timanh.data.scenes.whole import LANGUAGES, whole_caption
from timanh.training.run_folder import run_in_folder
from timanh.workspace import atomic_write

SEED = 2  # the encoder learned on pictures of seed 1, which it knows better than others
COUNT = 16500
DEV = 500
EACH = 1  # captions a picture and language
RECIPE = CaptionRecipe.named(
    "strong",
    decoder="transformer",
    hidden=192,
    layers=3,
    dropout=0.1,
    label_smoothing=0.0,
    min_count=1,
    most_words=48,
    batch_size=32,
    epochs=12,
    learning_rate=2e-3,
    average=0.995,
    mirror=False,
    judge="loss",
    # A sentence names one thing as it names the next: "màu xanh lá và hai con chim màu xanh lá".
    no_repeat=0,
    length_penalty=0.0,  # longer sentences name more that is not there
    choose="likeliest",  # the others name less of what is there, see docs/captions.md
)


def make_demo_captioner(
    out: Path,
    *,
    count: int = COUNT,
    recipe: CaptionRecipe = RECIPE,
    encoder: str = "demo",
    workers: int | None = None,
) -> CaptionTraining:
    """Draw pictures, see them through the encoder, and train; the captioner is in `out / "model"`.

    Args:
        count: pictures in all, of which the last 500, or a tenth, are measured on.
        encoder: by name or folder.
        workers: processes that draw; as many as there are cores when None.
    """
    gallery = draw_gallery(out / "pictures", count=count, seed=SEED, workers=workers)
    file = out / "captions.txt"
    if not file.is_file():
        write_captions(file, count)
    folder: DataFolder = open_data(gallery, [file])
    dev = min(DEV, count // 10)
    names = [name_of(index) for index in range(count)]
    return train_captioner(
        folder,
        TowerSource.open(encoder, device="cpu"),
        recipe,
        out / "model",
        names=names[:-dev],
        dev=names[-dev:],
        languages=tuple(LANGUAGES),
        cache=out / "features",
    )


def write_captions(file: Path, count: int) -> None:
    """Captions of the first pictures of the seed that name all that is in them."""
    lines = ["image,caption"]
    for index in range(count):
        scene, rng = scene_of(index, SEED), random.Random(f"captions {index}/{SEED}")
        texts = [whole_caption(scene, language, rng) for language in LANGUAGES for _ in range(EACH)]
        lines += [f"{name_of(index)},{text}" for text in dict.fromkeys(texts)]
    with atomic_write(file) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf8")


if __name__ == "__main__":
    run_in_folder(make_demo_captioner)

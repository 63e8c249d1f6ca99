"""Flickr8k without a token: from the Hugging Face hub, else from Kaggle."""

import shutil
from pathlib import Path
from typing import Any

from timanh.errors import DataError
from timanh.progress import tqdm
from timanh.workspace import atomic_write

HUB_DATA = "jxie/flickr8k"
KAGGLE_DATA = "adityajn105/flickr8k"
SPLIT_FILES = {
    "train": "Flickr_8k.trainImages.txt",
    "validation": "Flickr_8k.devImages.txt",
    "test": "Flickr_8k.testImages.txt",
}


def fetch_flickr8k(out: Path, *, progress: bool = True) -> Path:
    """A data folder with Flickr8k's pictures, captions and splits; found again if it is there.

    Raises:
        DataError: neither source can be reached; says what to do.
    """
    if (out / "captions.txt").is_file():
        return out
    reasons = []
    for source in (_from_hub, _from_kaggle):
        try:
            source(out, progress)
            return out
        except Exception as error:  # noqa: BLE001 - named below; each library has errors of its own
            # The hub's client alone raises those of requests, httpx or httpx2, by its version.
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            reasons.append(f"{source.__name__.removeprefix('_from_')}: {first[:120]}")
    raise DataError(
        f"Flickr8k cannot be fetched ({'; '.join(reasons)}). Check the connection, or name a "
        "folder with your own pictures and a captions.txt."
    )


def _from_hub(out: Path, progress: bool) -> None:
    """The hub's parquet files: columns image {bytes, path} and caption_0 … caption_4."""
    import pyarrow.parquet as parquet
    from huggingface_hub import HfApi, hf_hub_download

    listed = HfApi().list_repo_files(HUB_DATA, repo_type="dataset")
    files = sorted(name for name in listed if name.endswith(".parquet"))
    if not files:
        raise ValueError(f"{HUB_DATA} holds no parquet file")
    splits: dict[str, list[str]] = {}
    lines = ["image,caption"]
    for file in tqdm(files, desc="fetch", unit="file", disable=not progress):
        split = Path(file).name.split("-")[0]
        table = parquet.read_table(hf_hub_download(HUB_DATA, file, repo_type="dataset"))
        for row in table.to_pylist():
            name = _save_picture(row["image"], out / "images", split, len(lines))
            splits.setdefault(split, []).append(name)
            lines += [f"{name},{' '.join(row[f'caption_{each}'].split())}" for each in range(5)]
    for split, names in splits.items():
        (out / SPLIT_FILES.get(split, f"{split}.txt")).write_text("\n".join(names) + "\n")
    # Last, because its presence says that all is there.
    with atomic_write(out / "captions.txt") as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf8")


def _save_picture(image: dict[str, Any], folder: Path, split: str, number: int) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    name = Path(image.get("path") or f"{split}_{number:06d}.jpg").name
    (folder / name).write_bytes(image["bytes"])
    return name


def _from_kaggle(out: Path, progress: bool) -> None:
    import kagglehub

    fetched = Path(kagglehub.dataset_download(KAGGLE_DATA))
    out.mkdir(parents=True, exist_ok=True)
    shutil.copytree(fetched / "Images", out / "images", dirs_exist_ok=True)
    with atomic_write(out / "captions.txt") as temporary:
        shutil.copyfile(fetched / "captions.txt", temporary)

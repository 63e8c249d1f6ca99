"""A drawn gallery on disk: pictures, captions in two languages, and the truth."""

import json
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

from timanh.data.scenes.english import english_captions
from timanh.data.scenes.rendering import render
from timanh.data.scenes.sampling import scene_of
from timanh.data.scenes.scene import to_json
from timanh.data.scenes.vietnamese import vietnamese_captions
from timanh.errors import DataError
from timanh.progress import tqdm
from timanh.workspace import atomic_write, free_disk_or_raise

VERSION = 1
CAPTIONS = ("captions.txt", "captions.vi.txt")
BYTES_EACH = 25_000
CHUNK = 64


def draw_gallery(
    out: Path,
    *,
    count: int = 2000,
    seed: int = 0,
    size: int = 224,
    workers: int | None = None,
    progress: bool = True,
    again: bool = False,
) -> Path:
    """Draw a data folder: `images/`, `captions.txt`, `captions.vi.txt`, `truth.json`.

    The same arguments give the same bytes. What is there already is kept, so that an interrupted
    run continues and a finished one returns at once.

    Args:
        size: side in pixels.
        workers: processes; as many as there are cores when None.
        again: where `out` holds a gallery drawn with another count, seed or size, draw in its
            place. Pictures that are the same in both are kept, those that were drawn and are not
            wanted are deleted, and what was not drawn here is left alone.

    Raises:
        DataError: `out` holds something else.
        SettingsError: too little disk.
    """
    out = Path(out)
    wanted = {"version": VERSION, "seed": seed, "size": size, "count": count}
    if _finished(out, wanted, again):
        return out
    images = out / "images"
    images.mkdir(parents=True, exist_ok=True)
    free_disk_or_raise(out, count * BYTES_EACH)
    with atomic_write(out / "drawing.json") as temporary:
        temporary.write_text(json.dumps(wanted), encoding="utf8")
    missing = [index for index in range(count) if not (images / name_of(index)).is_file()]
    _draw_all(images, missing, seed, size, workers, progress)
    scenes = {name_of(index): scene_of(index, seed) for index in range(count)}
    _write_captions(out / CAPTIONS[0], {n: english_captions(s) for n, s in scenes.items()})
    _write_captions(out / CAPTIONS[1], {n: vietnamese_captions(s) for n, s in scenes.items()})
    truth = {**wanted, "pictures": {name: to_json(scene) for name, scene in scenes.items()}}
    with atomic_write(out / "truth.json") as temporary:
        temporary.write_text(json.dumps(truth, ensure_ascii=False), encoding="utf8")
    (out / "drawing.json").unlink()
    return out


def name_of(index: int) -> str:
    """File name of picture `index`."""
    return f"scene_{index:06d}.jpg"


def load_truth(gallery: Path) -> dict[str, dict[str, Any]]:
    """File name → what the picture shows."""
    stored = json.loads((gallery / "truth.json").read_text(encoding="utf8"))
    return dict(stored["pictures"])


def matches(truth: Mapping[str, Mapping[str, Any]], **wanted: Any) -> list[str]:
    """Pictures that show a thing (kind, colour, count, action) in a setting (place, light, …).

    Example:
        >>> matches(load_truth(gallery), kind="car", colour="red", light="night")
        ['scene_000004.jpg', …]
    """
    setting = {key: wanted[key] for key in ("place", "light", "weather") if key in wanted}
    thing = {key: value for key, value in wanted.items() if key not in setting}
    return [
        name for name, scene in truth.items()
        if all(scene[key] == value for key, value in setting.items())
        and any(all(each[key] == value for key, value in thing.items()) for each in scene["things"])
    ]  # fmt: skip


def _make_way(out: Path, drawn: Mapping[str, Any], wanted: Mapping[str, int]) -> None:
    """Delete the pictures of another drawing that are not those wanted; a kill may come anywhere."""
    with atomic_write(out / "drawing.json") as temporary:
        temporary.write_text(json.dumps({**drawn, "pictures": None}), encoding="utf8")
    (out / "truth.json").unlink(missing_ok=True)
    same = all(drawn.get(key) == wanted[key] for key in ("version", "seed", "size"))
    for index in range(wanted["count"] if same else 0, int(drawn["count"])):
        (out / "images" / name_of(index)).unlink(missing_ok=True)
    (out / "drawing.json").unlink()


def _finished(out: Path, wanted: dict[str, int], again: bool) -> bool:
    """Whether all is there; raises if `out` holds something that is not ours to overwrite."""
    for name in ("truth.json", "drawing.json"):
        if (out / name).is_file():
            stored = json.loads((out / name).read_text(encoding="utf8"))
            if any(stored.get(key) != value for key, value in wanted.items()):
                if again:
                    _make_way(out, stored, wanted)
                    return False
                found = ", ".join(f"{key} {stored.get(key)}" for key in wanted)
                raise DataError(
                    f"{out} holds another drawn gallery ({found}). Name another folder, or delete "
                    "this one to draw it again."
                )
            return name == "truth.json"
    images = out / "images"
    written = [name for name in CAPTIONS if (out / name).exists()]
    if written or (images.is_dir() and any(images.iterdir())):
        raise DataError(
            f"{out} holds {' and '.join(written) or 'pictures'} not drawn here. Name an empty folder "
            "for the demo."
        )
    return False


def _draw_all(
    images: Path, missing: list[int], seed: int, size: int, workers: int | None, progress: bool
) -> None:
    jobs = [
        (str(images), missing[start : start + CHUNK], seed, size)
        for start in range(0, len(missing), CHUNK)
    ]
    number = workers if workers is not None else os.cpu_count() or 1
    with tqdm(total=len(missing), desc="draw", unit="img", disable=not progress) as bar:
        if number <= 1 or len(jobs) <= 1:
            for job in jobs:
                bar.update(_draw_some(job))
            return
        with ProcessPoolExecutor(min(number, len(jobs))) as pool:
            for done in pool.map(_draw_some, jobs):
                bar.update(done)


def _draw_some(job: tuple[str, list[int], int, int]) -> int:
    folder, indices, seed, size = job
    for index in indices:
        content = BytesIO()
        render(scene_of(index, seed), size).save(content, "JPEG", quality=90)
        # A name that exists is a whole picture: written aside, then moved.
        aside = Path(folder) / f".{name_of(index)}.part"
        aside.write_bytes(content.getvalue())
        aside.replace(Path(folder) / name_of(index))
    return len(indices)


def _write_captions(file: Path, captions: dict[str, list[str]]) -> None:
    lines = ["image,caption"]
    lines += [f"{name},{caption}" for name, texts in captions.items() for caption in texts]
    with atomic_write(file) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf8")

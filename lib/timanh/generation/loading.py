"""From a name to a VQGAN: the shipped one, a folder, a checkpoint of taming, or a hub id."""

import json
from pathlib import Path
from typing import Any

from timanh.errors import ModelFormatError, ModelNotFoundError
from timanh.generation.offered import CONFIG, DEMO_VQGAN
from timanh.generation.taming import WANTED, load_taming
from timanh.generation.vqgan import Vqgan
from timanh.models.loading import choose_device, download

CHECKPOINTS = (".ckpt", ".pt", ".pth")
PIPELINE, PART = "model_index.json", "vqvae"  # of diffusers: what is in the folder, and where


def load_vqgan(name_or_folder: str | Path = "demo", *, device: str = "auto") -> Vqgan:
    """A VQGAN by name.

    Args:
        name_or_folder: `demo` (drawn scenes; comes with the package), a folder or hub id of
            diffusers' `VQModel` or of a pipeline that has one (`amused/amused-256`), a folder with
            a checkpoint of taming-transformers and its yaml, or that checkpoint.
        device: "auto" (CUDA, then Apple's MPS, then CPU) or a torch device.

    Raises:
        ModelNotFoundError: no such folder, no such id, no network, or diffusers is missing.
        ModelFormatError: it is there but is no VQGAN.
    """
    require_diffusers()
    chosen = choose_device(device)
    name = str(name_or_folder)
    if name == "demo":
        if not (DEMO_VQGAN / CONFIG).is_file():
            raise ModelNotFoundError(
                "This installation holds no demo VQGAN.",
                cli="Make it with: python run.py demo-models; or name another with --vqgan.",
                notebook="Set VQGAN to a Hugging Face id or a folder.",
            )
        return Vqgan(_diffusers(DEMO_VQGAN, name), name="demo", device=chosen)
    path = Path(name).expanduser()
    if path.is_file():
        return Vqgan(_taming(path), name=path.parent.resolve().name, device=chosen)
    if path.is_dir():
        label = path.resolve().name
        if (path / PIPELINE).is_file():
            return Vqgan(_diffusers(path / PART, name), name=label, device=chosen)
        if (path / "config.json").is_file():
            return Vqgan(_diffusers(path, name), name=label, device=chosen)
        return Vqgan(_taming(_checkpoint_in(path)), name=label, device=chosen)
    if name.count("/") != 1 or name.startswith((".", "~", "/")):
        raise ModelNotFoundError(f"There is no {name}. {WANTED}")
    if (download(name, ("*.json",)) / PIPELINE).is_file():
        return Vqgan(_diffusers(fetch(name, PART) / PART, name), name=name, device=chosen)
    folder = download(name)
    if not (folder / "config.json").is_file():
        raise ModelFormatError(f"{name} holds no config.json at its top. {WANTED}")
    return Vqgan(_diffusers(folder, name), name=name, device=chosen)


def fetch(pipeline: str, part: str = "*") -> Path:
    """The folder of a pipeline's hub id with the files of one part, in half precision where the
    hub has them so.

    Raises:
        ModelNotFoundError: as `load_vqgan`.
    """
    files = [f"{part}/*.json", f"{part}/*.txt", PIPELINE]
    folder = download(pipeline, [*files, f"{part}/*.fp16.safetensors"])
    if not list(folder.glob(f"{part}/*.fp16.safetensors")):
        folder = download(pipeline, [*files, f"{part}/*.safetensors"])
    return folder


def variant_of(folder: Path) -> str | None:
    """Which of diffusers' variants of the weights lies in the folder of a part."""
    return "fp16" if list(folder.glob("*.fp16.safetensors")) else None


def require_diffusers() -> None:
    """Raises ModelNotFoundError where diffusers is not installed."""
    from importlib.util import find_spec

    if find_spec("diffusers") is None:
        raise ModelNotFoundError(
            "Pictures are painted with diffusers, which is not installed: pip install diffusers"
        )


def _diffusers(folder: Path, name: str) -> Any:
    from diffusers import VQModel

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf8"))
        kind = config.get("_class_name") or config.get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelFormatError(f"{folder / 'config.json'} cannot be read ({error}).") from error
    if kind != "VQModel":
        raise ModelFormatError(f"{name} is a model of type {kind!r}, not a VQGAN. {WANTED}")
    try:
        network, report = VQModel.from_pretrained(
            folder, variant=variant_of(folder), output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise ModelFormatError(f"{name} cannot be read as a VQGAN ({first}). {WANTED}") from error
    if report["missing_keys"]:
        raise ModelFormatError(
            f"{name} lacks {len(report['missing_keys'])} of its weights, "
            f"{sorted(report['missing_keys'])[0]} among them. {WANTED}"
        )
    return network.float()


def _checkpoint_in(folder: Path) -> Path:
    """The checkpoint of a folder, in one of the places where taming puts it."""
    places = (folder, folder / "checkpoints", folder / "ckpts")
    for place in places:
        if (place / "last.ckpt").is_file():
            return place / "last.ckpt"
    found = [file for place in places for end in CHECKPOINTS for file in place.glob(f"*{end}")]
    if len(found) != 1:
        many = f"{len(found)} checkpoints" if found else "neither config.json nor a checkpoint"
        raise ModelFormatError(f"{folder} holds {many}. {WANTED}")
    return found[0]


def _taming(checkpoint: Path) -> Any:
    """The checkpoint with its yaml: beside it, in `configs` beside its folder, the latest one."""
    if checkpoint.suffix not in CHECKPOINTS:
        raise ModelFormatError(f"{checkpoint} is not a checkpoint of a VQGAN. {WANTED}")
    near = checkpoint.parent
    for place in (near, near.parent / "configs", near / "configs"):
        settings = sorted([*place.glob("*.yaml"), *place.glob("*.yml")])
        model = [each for each in settings if not each.stem.endswith("lightning")]
        if model:
            return load_taming(checkpoint, model[-1])
    raise ModelFormatError(
        f"{checkpoint} lies without its yaml, which says what layers it has. Put the yaml beside "
        "it (model.yaml, or configs/…-project.yaml of the same training)."
    )

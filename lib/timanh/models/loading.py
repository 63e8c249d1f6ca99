"""From a name to an encoder: the shipped demo, a folder, or the Hugging Face hub."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from timanh.errors import ModelFormatError, ModelNotFoundError, SettingsError, first_line
from timanh.models.clip import ClipEncoder
from timanh.models.families import FAMILIES, refusal
from timanh.models.packages import needed_packages
from timanh.models.preparation import ImagePreparation
from timanh.models.runtimes import RUNTIMES, Execution
from timanh.models.sidecar import Sidecar
from timanh.models.torch_encoder import TorchEncoder
from timanh.models.two_tower import MODEL_TYPE, TwoTowerEncoder
from timanh.models.weight_files import ENDINGS, explain

DEMO = Path(__file__).parent / "demo"


def load_encoder(
    name_or_folder: str | Path,
    *,
    device: str = "auto",
    runtime: str = "auto",
    square_padding: bool | None = None,
) -> TorchEncoder:
    """An encoder by name.

    Args:
        name_or_folder: `demo` (the checkpoint that comes with the package), a folder written by
            `save_pretrained`, or a Hugging Face id such as `openai/clip-vit-base-patch32`.
        device: "auto" (CUDA, then Apple's MPS, then CPU) or a torch device.
        runtime: what computes. "torch" (float32), "torch-bf16", "torch-compile", "onnx",
            "openvino", "openvino-bf16": refused unless its vectors have a cosine of at least
            0.9999 to torch's in float32. "int8" is not, and changes what is found. "auto" is
            torch for a few rows; for many it takes the fastest that passes, measured once and
            remembered beside the checkpoint.
        square_padding: keep whole pictures by padding them to squares, as the original report
            did; None takes what the checkpoint remembers.

    Raises:
        ModelNotFoundError: no such folder, no such id, or no network.
        ModelFormatError: it is there but is not an image-text model.
        RuntimeRefusedError: `runtime` cannot compute this model, or gives other vectors.
        SettingsError: an unknown device or runtime, or one that is not installed.
    """
    if runtime not in RUNTIMES:
        raise SettingsError(f"Unknown runtime {runtime!r}; known are {', '.join(RUNTIMES)}.")
    chosen = choose_device(device)
    name = str(name_or_folder)
    folder = _find_folder(name)
    label = "demo" if folder == DEMO else name if name != str(folder) else folder.name
    with needed_packages(label):
        encoder = _load(folder, label, chosen)
    if square_padding is not None:
        encoder.set_square_padding(square_padding)
    encoder.execution = Execution(encoder, folder, runtime)
    return encoder


def choose_device(device: str = "auto") -> str:
    """The torch device behind "auto"; else the device itself once it is known to be there.

    Raises:
        SettingsError: this machine has no such device.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise SettingsError(
            f"This machine has no device {device!r}.",
            cli="Leave --device away, or say cpu.",
            notebook='Take device="auto" or "cpu".',
        ) from error
    return device


def _find_folder(name: str) -> Path:
    if name == "demo":
        if not (DEMO / "config.json").is_file():
            raise ModelNotFoundError(
                "This installation holds no demo checkpoint.",
                cli="Install the package again, or make it with: python run.py demo-model",
                notebook="Install the package again and restart the session.",
            )
        return DEMO
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ModelFormatError(
                f"{folder} has no config.json, so it is not a model folder. Name a folder written "
                "by training, a Hugging Face id such as openai/clip-vit-base-patch32, or demo."
            )
        return folder
    if folder.is_file():
        raise explain(folder)
    if name.endswith(ENDINGS):
        raise ModelNotFoundError(f"There is no file {name}. Check the path.")
    if name.count("/") > 1 or name.startswith((".", "~", "/")) or "\\" in name:
        raise ModelNotFoundError(
            f"There is no model folder {name}. Check the path, or name a Hugging Face id such as "
            "openai/clip-vit-base-patch32, or demo."
        )
    return download(name)


def download(model_id: str, patterns: Sequence[str] = ()) -> Path:
    """The local snapshot of a hub model; fetched on first use, found again without network.

    Args:
        patterns: of the files that are wanted; without them those of an encoder.

    Raises:
        ModelNotFoundError: no such id, or no network and not fetched before.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    wanted = ["*.json", "*.txt", "*.model", "*.codes", "*.safetensors", "*.bin"]
    try:
        listed = snapshot_download(model_id, allow_patterns=list(patterns) or wanted[:-1])
        if not patterns and not list(Path(listed).glob("*.safetensors")):
            listed = snapshot_download(model_id, allow_patterns=wanted)
        return Path(listed)
    except LocalEntryNotFoundError as error:
        raise ModelNotFoundError(
            f"The model {model_id} is not on this machine and the Hugging Face hub cannot be "
            "reached. Connect to the internet once, name a local folder, or use the model demo."
        ) from error
    except (HfHubHTTPError, ValueError, OSError) as error:
        raise ModelNotFoundError(
            f"The Hugging Face hub gave no model {model_id!r} ({first_line(error)}). Check the "
            "name on huggingface.co/models, or use the model demo."
        ) from error


def _load(folder: Path, name: str, device: str) -> TorchEncoder:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf8"))
    except ValueError as error:
        raise ModelFormatError(f"{folder / 'config.json'} is not JSON ({error}).") from error
    kind = config.get("model_type")
    if kind == MODEL_TYPE:
        return TwoTowerEncoder.load(folder, name=name, device=device)
    if kind not in FAMILIES:
        raise refusal(name, kind, config.get("architectures"))
    return _load_clip(folder, name, device)


def _load_clip(folder: Path, name: str, device: str) -> ClipEncoder:
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        network, report = AutoModel.from_pretrained(
            folder, dtype=torch.float32, output_loading_info=True
        )
        tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise ModelFormatError(
            f"{name} cannot be read as a model ({first_line(error)}). Its folder must hold what "
            "save_pretrained writes: config, weights, tokenizer and preprocessor_config.json."
        ) from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise ModelFormatError(
            f"{name} lacks {len(missing)} of its weights, {missing[0]} among them; with random "
            "ones in their place it would find nothing. Name a checkpoint that has both towers."
        )
    preparation = ImagePreparation.from_folder(folder)
    return ClipEncoder(network, tokenizer, preparation, Sidecar.load(folder, name), device=device)

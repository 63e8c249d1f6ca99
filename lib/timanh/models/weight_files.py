"""Single files of weights, such as `best.pt`: what they are, and a model folder made of one.

A file of weights has no tokenizer and no preparation of pictures, so it is not a model by itself.
Nothing in it is ever unpickled but tensors, numbers and strings.
"""

import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from timanh.errors import ModelFormatError
from timanh.models.openai_names import is_openai, to_transformers

ENDINGS = (".pt", ".pth", ".bin", ".ckpt", ".safetensors", ".onnx", ".gguf", ".h5", ".pkl")
WRAPPERS = ("state_dict", "model_state_dict", "model", "module", "network", "net", "clip")
PREFIXES = ("module.", "_orig_mod.", "model.", "clip_model.", "clip.")
PATCHES = "vision_model.embeddings.patch_embedding.weight"
TOKENS = "text_model.embeddings.token_embedding.weight"
PLACES = "vision_model.embeddings.position_embedding.weight"
# (width, patch, positions, tokens) of published models that weights may come from.
PUBLISHED = {
    (768, 32, 50, 49408): "openai/clip-vit-base-patch32",
    (768, 16, 197, 49408): "openai/clip-vit-base-patch16",
    (1024, 14, 257, 49408): "openai/clip-vit-large-patch14",
    (1024, 14, 577, 49408): "openai/clip-vit-large-patch14-336",
    (768, 16, 196, 32000): "google/siglip-base-patch16-224",
    (768, 16, 196, 256000): "google/siglip2-base-patch16-224",
}


def read_weights(file: Path, *, device: str) -> dict[str, Tensor]:
    """The tensors of a file by the names of transformers; device "meta" for shapes alone.

    Raises:
        ModelFormatError: there are none, or reading them would run code.
    """
    tensors = _unwrapped(_safetensors(file) if _is_safetensors(file) else _torch(file, device))
    if not tensors:
        raise ModelFormatError(f"{file} holds no weights. {_WANTED}")
    return to_transformers(tensors) if is_openai(tensors) else tensors


def explain(file: Path) -> ModelFormatError:
    """The error for a file that was named as a model: what it is, and how to load it."""
    kind = _other_format(file)
    if kind:
        return ModelFormatError(f"{file} is {kind}, which is not supported. {_WANTED}")
    try:
        raw = _unwrapped(_safetensors(file) if _is_safetensors(file) else _torch(file, "meta"))
        weights = to_transformers(raw) if is_openai(raw) else raw
    except ModelFormatError as error:
        return error
    names = "OpenAI's CLIP or open_clip" if is_openai(raw) else "transformers"
    if (file.parent / "config.json").is_file():
        return ModelFormatError(
            f"{file} is the weights alone of the model in its folder. Name the folder: "
            f"{file.parent}"
        )
    if PATCHES not in weights or TOKENS not in weights:
        some = ", ".join(list(raw)[:3]) or "nothing"
        return ModelFormatError(
            f"{file} holds {len(raw)} weights ({some}…), which are not those of a model of "
            f"pictures and texts that is supported. {_WANTED}"
        )
    width, _, patch, _ = weights[PATCHES].shape
    places, tokens = weights[PLACES].shape[0], weights[TOKENS].shape[0]
    base = PUBLISHED.get((width, patch, places, tokens))
    likely = f", which by its sizes is {base} or one like it" if base else ""
    call = f"from_weights({json.dumps(base or 'BASE')}, {json.dumps(str(file))}, "
    folder = json.dumps(str(file.with_suffix("")))
    return ModelFormatError(
        f"{file} is the weights alone ({len(raw)} tensors with the names of {names}, pictures in "
        f"{patch}-pixel patches, {tokens:,} tokens), without tokenizer and preparation of "
        "pictures. Make a model folder of it with those of the model that it was trained from"
        f"{likely}, in Python: from timanh.models import from_weights; {call}{folder}). Then name "
        "that folder."
    )


_WANTED = (
    "Name a folder written by save_pretrained, a Hugging Face id such as "
    "openai/clip-vit-base-patch32, or demo."
)


def _torch(file: Path, device: str) -> Any:
    """What torch.save wrote, as far as it is tensors, numbers and strings."""
    with file.open("rb") as opened:
        begin = opened.read(1)
    if begin not in (b"P", b"\x80"):  # an archive, or a pickle as torch wrote them before
        raise ModelFormatError(f"{file} is not a file of weights. {_WANTED}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what is then refused
            return torch.load(file, map_location=device, weights_only=True)
    except OSError as error:
        raise ModelFormatError(f"{file} cannot be read ({error.strerror or error}).") from error
    except Exception as error:  # torn or foreign bytes raise whatever they are taken for
        if "weights_only" in str(error) or "Weights only" in str(error):
            raise ModelFormatError(
                f"{file} holds a whole pickled object instead of weights; opening it could run any "
                "code, so it is not opened. Where it was made, save the weights alone: "
                "torch.save(model.state_dict(), …), or better model.save_pretrained(…)."
            ) from error
        raise ModelFormatError(
            f"{file} is not a file of weights, or is damaged. {_WANTED}"
        ) from error


def _safetensors(file: Path) -> dict[str, Tensor]:
    try:
        with safe_open(file, framework="pt") as opened:
            return {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelFormatError(f"{file} is damaged ({error}). {_WANTED}") from error


def _unwrapped(content: Any) -> dict[str, Tensor]:
    """The state dict within what trainers wrap it in, without the prefixes they put before."""
    for _ in range(3):
        inner = [content.get(key) for key in WRAPPERS] if isinstance(content, dict) else []
        found = next((each for each in inner if isinstance(each, dict)), None)
        if found is None:
            break
        content = found
    if not isinstance(content, dict):
        return {}
    tensors = {str(name): each for name, each in content.items() if isinstance(each, Tensor)}
    for prefix in PREFIXES * 2:
        if tensors and all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): each for name, each in tensors.items()}
    return tensors


def _other_format(file: Path) -> str:
    """The name of a format that is recognised by its first bytes; empty for what may be weights."""
    with file.open("rb") as opened:
        first = opened.read(8)
    for begin, what in ((b"GGUF", "a GGUF file"), (b"\x89HDF", "an HDF5 file of Keras")):
        if first.startswith(begin):
            return what
    if file.suffix == ".onnx":
        return "an exported ONNX network"
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            if any("/code/" in name for name in archive.namelist()):
                return "a TorchScript program, as OpenAI ships its CLIP"
    return ""


def _is_safetensors(file: Path) -> bool:
    with file.open("rb") as opened:
        begin = opened.read(9)
    return file.suffix == ".safetensors" or (len(begin) == 9 and begin[8:] == b"{")

"""The published checkpoints of taming-transformers: `last.ckpt` and its yaml, as a `VQModel`.

The two name the same layers differently. Every name is mapped by a rule, and every weight must
find its place.
"""

import pickle
import re
import types
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from timanh.errors import ModelFormatError

WANTED = (
    "Name the folder of a VQGAN of taming-transformers (last.ckpt with its yaml, such as "
    "vqgan_imagenet_f16_16384), or one of diffusers' VQModel."
)
NORM_GROUPS = 32  # of every VQGAN of taming-transformers
# Of a resnet block, and of attention.
LAYERS = {
    "nin_shortcut": "conv_shortcut", "norm": "group_norm", "q": "to_q", "k": "to_k",
    "v": "to_v", "proj_out": "to_out.0",
}  # fmt: skip
TOP = {"conv_in": "conv_in", "conv_out": "conv_out", "norm_out": "conv_norm_out"}
MIDDLE = {"block_1": "resnets.0", "attn_1": "attentions.0", "block_2": "resnets.1"}


def load_taming(checkpoint: Path, settings: Path) -> Any:
    """The `VQModel` of a checkpoint and its yaml.

    Raises:
        ModelFormatError: another kind of model, or files that do not belong together.
    """
    from diffusers import VQModel

    config = read_settings(settings)
    weights = read_checkpoint(checkpoint)
    network: Any = VQModel(**config)
    levels = len(config["block_out_channels"])
    own = network.state_dict()
    placed = {}
    for name, value in weights.items():
        if name.startswith("loss."):  # the discriminator and the perceptual loss of its training
            continue
        target = renamed(name, levels)
        if target is None or target not in own:
            raise ModelFormatError(
                f"{checkpoint} has a weight {name} that no VQGAN of these settings has. {WANTED}"
            )
        if value.numel() != own[target].numel():
            raise ModelFormatError(
                f"{checkpoint} and {settings.name} do not belong together: {name} is "
                f"{tuple(value.shape)} in one, {tuple(own[target].shape)} by the other."
            )
        placed[target] = value.float().reshape(own[target].shape)
    missing = sorted(own.keys() - placed.keys())
    if missing:
        raise ModelFormatError(
            f"{checkpoint} lacks {len(missing)} weights of a VQGAN, {missing[0]} among them. "
            f"{WANTED}"
        )
    network.load_state_dict(placed, strict=True)
    return network


def read_settings(file: Path) -> dict[str, Any]:
    """The arguments of `VQModel` from the yaml of a checkpoint.

    Raises:
        ModelFormatError: not the settings of a VQGAN, or of one that `VQModel` cannot be.
    """
    import yaml

    try:
        model = yaml.safe_load(file.read_text(encoding="utf8"))["model"]
        target, params = str(model["target"]), model["params"]
        net = params["ddconfig"]
        widths = [int(net["ch"]) * int(times) for times in net["ch_mult"]]
        resolution = int(net["resolution"])
        attention = {int(side) for side in net["attn_resolutions"]}
        sides = [resolution // 2**level for level in range(len(widths))]
        found = {
            "in_channels": int(net["in_channels"]),
            "out_channels": int(net["out_ch"]),
            "latent_channels": int(net["z_channels"]),
            "layers_per_block": int(net["num_res_blocks"]),
            "vq_embed_dim": int(params["embed_dim"]),
            "num_vq_embeddings": int(params["n_embed"]),
        }
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise ModelFormatError(
            f"{file} does not hold the settings of a VQGAN ({type(error).__name__}: {error}). "
            f"{WANTED}"
        ) from error
    if not target.endswith(".VQModel"):
        raise ModelFormatError(
            f"{file} is of a {target.rpartition('.')[2]}, which chooses codes otherwise than a "
            f"VQGAN. {WANTED}"
        )
    if any(width % NORM_GROUPS for width in widths):
        raise ModelFormatError(
            f"{file} has layers of {widths} channels; multiples of {NORM_GROUPS} were wanted."
        )
    down = ["AttnDownEncoderBlock2D" if side in attention else "DownEncoderBlock2D"
            for side in sides]  # fmt: skip
    up = ["AttnUpDecoderBlock2D" if side in attention else "UpDecoderBlock2D"
          for side in reversed(sides)]  # fmt: skip
    return {
        **found, "block_out_channels": tuple(widths), "sample_size": resolution,
        "down_block_types": tuple(down), "up_block_types": tuple(up),
        "norm_num_groups": NORM_GROUPS, "act_fn": "silu", "mid_block_add_attention": True,
    }  # fmt: skip


def renamed(name: str, levels: int) -> str | None:
    """The name in `VQModel` of a weight of taming-transformers; None where there is none.

    Args:
        levels: of resolution; taming counts those of the decoder from the finest on.

    Example:
        >>> renamed("decoder.up.4.attn.0.proj_out.weight", levels=5)
        'decoder.up_blocks.0.attentions.0.to_out.0.weight'
    """
    if re.fullmatch(r"(quantize\.embedding\.weight|(post_)?quant_conv\.(weight|bias))", name):
        return name
    found = re.fullmatch(r"(encoder|decoder)\.(.+)\.(weight|bias)", name)
    if found is None:
        return None
    half, middle, kind = found.groups()
    inside = _inside(middle, levels)
    return None if inside is None else f"{half}.{inside}.{kind}"


def _inside(path: str, levels: int) -> str | None:
    """Between `encoder.` or `decoder.` and `.weight`."""
    if path in TOP:
        return TOP[path]
    found = re.fullmatch(r"mid\.(block_1|attn_1|block_2)\.(\w+)", path)
    if found:
        return f"mid_block.{MIDDLE[found[1]]}.{LAYERS.get(found[2], found[2])}"
    found = re.fullmatch(r"(down|up)\.(\d+)\.(.+)", path)
    if found is None:
        return None
    way, number = found[1], int(found[2])
    block = f"down_blocks.{number}" if way == "down" else f"up_blocks.{levels - 1 - number}"
    rest = re.fullmatch(r"(block|attn)\.(\d+)\.(\w+)", found[3])
    if rest:
        part = "resnets" if rest[1] == "block" else "attentions"
        return f"{block}.{part}.{rest[2]}.{LAYERS.get(rest[3], rest[3])}"
    between = {"downsample.conv": "downsamplers.0.conv", "upsample.conv": "upsamplers.0.conv"}
    return f"{block}.{between[found[3]]}" if found[3] in between else None


def read_checkpoint(file: Path) -> dict[str, Tensor]:
    """The weights of a checkpoint of PyTorch Lightning, by name.

    Such files also hold objects of the training (callbacks and their classes). Nothing in the file
    is run: whatever is no tensor, number or string is replaced by an empty object.

    Raises:
        ModelFormatError: no such file, or it holds no weights.
    """
    try:
        if _is_program(file):
            raise ModelFormatError(
                f"{file} holds a program (TorchScript), not only weights, and is not run. {WANTED}"
            )
        content = torch.load(
            file, map_location="cpu", pickle_module=_RESTRICTED, weights_only=False
        )
    except ModelFormatError:
        raise
    except OSError as error:
        raise ModelFormatError(f"{file} cannot be read ({error.strerror or error}).") from error
    except Exception as error:  # torn or foreign bytes raise whatever they are taken for
        raise ModelFormatError(
            f"{file} is not a checkpoint of PyTorch, or is damaged. {WANTED}"
        ) from error
    weights = content.get("state_dict", content) if isinstance(content, dict) else {}
    tensors = {
        str(name): value
        for name, value in (weights.items() if isinstance(weights, dict) else ())
        if isinstance(value, Tensor)
    }
    if not tensors:
        raise ModelFormatError(f"{file} holds no weights. {WANTED}")
    return tensors


def _is_program(file: Path) -> bool:
    """Whether `torch.load` would hand the file to `torch.jit.load`, past our unpickler."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return any(name.rpartition("/")[2] == "constants.pkl" for name in archive.namelist())


class _Nothing:
    """Stands for every object that is not needed, and does nothing whatever is done to it."""

    def __new__(cls, *_: Any, **__: Any) -> "_Nothing":
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __call__(self, *_: Any, **__: Any) -> "_Nothing":
        return self

    def __setstate__(self, state: Any) -> None: ...

    def __setitem__(self, key: Any, value: Any) -> None: ...

    def append(self, value: Any) -> None: ...

    def extend(self, values: Any) -> None: ...

    def add(self, value: Any) -> None: ...


BUILDS = {
    ("collections", "OrderedDict"),
    ("torch._utils", "_rebuild_tensor"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch", "Size"),
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        storage = module == "torch" and re.fullmatch(r"[A-Z][A-Za-z0-9]*Storage", name)
        if storage or (module, name) in BUILDS:
            return super().find_class(module, name)
        return _Nothing


def _load(file: Any, **options: Any) -> Any:
    return _Unpickler(file, **options).load()


_RESTRICTED: Any = types.SimpleNamespace(
    Unpickler=_Unpickler, load=_load, __name__="timanh.generation.taming"
)

"""A VQGAN in the form in which taming-transformers publishes it, and what it computes.

The network is written here once more, as plain functions over the weights by their published names,
so that a mistake in mapping the names shows.
"""

from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor
from torch.nn import functional as F

Weights = dict[str, Tensor]
SMALL = {
    "embed_dim": 16,
    "n_embed": 64,
    "ddconfig": {
        "double_z": False, "z_channels": 32, "resolution": 32, "in_channels": 3, "out_ch": 3,
        "ch": 32, "ch_mult": [1, 2, 2], "num_res_blocks": 1, "attn_resolutions": [8],
        "dropout": 0.0,
    },
}  # fmt: skip
F16 = {
    "embed_dim": 256,
    "n_embed": 1024,
    "ddconfig": {
        "double_z": False, "z_channels": 256, "resolution": 256, "in_channels": 3, "out_ch": 3,
        "ch": 128, "ch_mult": [1, 1, 2, 2, 4], "num_res_blocks": 2, "attn_resolutions": [16],
        "dropout": 0.0,
    },
}  # fmt: skip


class ModelCheckpoint:
    """As a callback of PyTorch Lightning lies in its checkpoints."""


def shapes(params: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """The names of a published checkpoint with the shapes of their weights."""
    net = params["ddconfig"]
    found: dict[str, tuple[int, ...]] = {}
    widths = [net["ch"] * times for times in net["ch_mult"]]
    sides = [net["resolution"] // 2**level for level in range(len(widths))]

    def conv(name: str, to: int, of: int, size: int) -> None:
        found[f"{name}.weight"], found[f"{name}.bias"] = (to, of, size, size), (to,)

    def norm(name: str, width: int) -> None:
        found[f"{name}.weight"] = found[f"{name}.bias"] = (width,)

    def resnet(name: str, of: int, to: int) -> None:
        norm(f"{name}.norm1", of)
        conv(f"{name}.conv1", to, of, 3)
        norm(f"{name}.norm2", to)
        conv(f"{name}.conv2", to, to, 3)
        if of != to:
            conv(f"{name}.nin_shortcut", to, of, 1)

    def attention(name: str, width: int) -> None:
        norm(f"{name}.norm", width)
        for part in ("q", "k", "v", "proj_out"):
            conv(f"{name}.{part}", width, width, 1)

    def middle(name: str, width: int) -> None:
        resnet(f"{name}.mid.block_1", width, width)
        attention(f"{name}.mid.attn_1", width)
        resnet(f"{name}.mid.block_2", width, width)

    def ends(name: str, width: int, to: int) -> None:
        norm(f"{name}.norm_out", width)
        conv(f"{name}.conv_out", to, width, 3)

    conv("encoder.conv_in", net["ch"], net["in_channels"], 3)
    width = net["ch"]
    for level, to in enumerate(widths):
        for number in range(net["num_res_blocks"]):
            resnet(f"encoder.down.{level}.block.{number}", width, to)
            width = to
            if sides[level] in net["attn_resolutions"]:
                attention(f"encoder.down.{level}.attn.{number}", to)
        if level < len(widths) - 1:
            conv(f"encoder.down.{level}.downsample.conv", to, to, 3)
    middle("encoder", width)
    ends("encoder", width, net["z_channels"])
    conv("decoder.conv_in", width, net["z_channels"], 3)
    middle("decoder", width)
    for level in reversed(range(len(widths))):
        for number in range(net["num_res_blocks"] + 1):
            resnet(f"decoder.up.{level}.block.{number}", width, widths[level])
            width = widths[level]
            if sides[level] in net["attn_resolutions"]:
                attention(f"decoder.up.{level}.attn.{number}", width)
        if level:
            conv(f"decoder.up.{level}.upsample.conv", width, width, 3)
    ends("decoder", width, net["out_ch"])
    found["quantize.embedding.weight"] = (params["n_embed"], params["embed_dim"])
    conv("quant_conv", params["embed_dim"], net["z_channels"], 1)
    conv("post_quant_conv", net["z_channels"], params["embed_dim"], 1)
    return found


def make(folder: Path, params: dict[str, Any] = SMALL, seed: int = 0) -> Weights:
    """Write `checkpoints/last.ckpt` and its yaml as a training leaves them; returns the weights."""
    random = torch.Generator().manual_seed(seed)
    weights = {
        name: 1 + 0.1 * torch.randn(shape, generator=random)
        if "norm" in name and name.endswith("weight")
        else torch.randn(shape, generator=random) * (0.6 / max(1, sum(shape[1:])) ** 0.5)
        for name, shape in shapes(params).items()
    }
    weights["quantize.embedding.weight"] *= 3
    besides = {
        "loss.logvar": torch.zeros(()),
        "loss.discriminator.main.0.weight": torch.zeros(4, 3, 4, 4),
    }
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "configs").mkdir()
    content = {
        "epoch": 3, "global_step": 100, "pytorch-lightning_version": "1.0.8",
        "callbacks": {ModelCheckpoint: {"best_model_path": "x", "state": ModelCheckpoint()}},
        "optimizer_states": [{"state": {}, "param_groups": []}], "lr_schedulers": [],
        "state_dict": {**weights, **besides},
    }  # fmt: skip
    torch.save(content, folder / "checkpoints" / "last.ckpt")
    model = {"base_learning_rate": 4.5e-6, "target": "taming.models.vqgan.VQModel"}
    model["params"] = {**params, "lossconfig": {"target": "x", "params": {}}}  # type: ignore[assignment]
    file = folder / "configs" / "2020-11-09T13-31-51-project.yaml"
    file.write_text(yaml.safe_dump({"model": model}), encoding="utf8")
    (file.parent / "2020-11-09T13-31-51-lightning.yaml").write_text("lightning: {}\n")
    return weights


class Reference:
    """Encoder and decoder, from the description of the published network."""

    def __init__(self, weights: Weights, params: dict[str, Any]) -> None:
        self.weights = weights
        self.net = params["ddconfig"]
        self.levels = len(self.net["ch_mult"])

    def encode(self, pixels: Tensor) -> Tensor:
        hidden = self.conv("encoder.conv_in", pixels)
        for level in range(self.levels):
            hidden = self.level(f"encoder.down.{level}", hidden, self.net["num_res_blocks"])
            if level < self.levels - 1:
                padded = F.pad(hidden, (0, 1, 0, 1))
                hidden = self.conv(f"encoder.down.{level}.downsample.conv", padded, 2, 0)
        return self.conv("quant_conv", self.finish("encoder", self.middle("encoder", hidden)))

    def decode(self, codes: Tensor) -> Tensor:
        vectors = self.weights["quantize.embedding.weight"][codes].permute(0, 3, 1, 2)
        hidden = self.conv("decoder.conv_in", self.conv("post_quant_conv", vectors))
        hidden = self.middle("decoder", hidden)
        for level in reversed(range(self.levels)):
            hidden = self.level(f"decoder.up.{level}", hidden, self.net["num_res_blocks"] + 1)
            if level:
                larger = F.interpolate(hidden, scale_factor=2.0, mode="nearest")
                hidden = self.conv(f"decoder.up.{level}.upsample.conv", larger)
        return self.finish("decoder", hidden)

    def level(self, name: str, hidden: Tensor, blocks: int) -> Tensor:
        for number in range(blocks):
            hidden = self.resnet(f"{name}.block.{number}", hidden)
            if f"{name}.attn.{number}.q.weight" in self.weights:
                hidden = self.attention(f"{name}.attn.{number}", hidden)
        return hidden

    def middle(self, name: str, hidden: Tensor) -> Tensor:
        hidden = self.resnet(f"{name}.mid.block_1", hidden)
        return self.resnet(f"{name}.mid.block_2", self.attention(f"{name}.mid.attn_1", hidden))

    def finish(self, name: str, hidden: Tensor) -> Tensor:
        return self.conv(f"{name}.conv_out", self.active(f"{name}.norm_out", hidden))

    def resnet(self, name: str, hidden: Tensor) -> Tensor:
        inner = self.conv(f"{name}.conv1", self.active(f"{name}.norm1", hidden))
        inner = self.conv(f"{name}.conv2", self.active(f"{name}.norm2", inner))
        if f"{name}.nin_shortcut.weight" in self.weights:
            hidden = self.conv(f"{name}.nin_shortcut", hidden)
        return hidden + inner

    def attention(self, name: str, hidden: Tensor) -> Tensor:
        calm = self.norm(f"{name}.norm", hidden)
        query, key, value = (self.conv(f"{name}.{part}", calm).flatten(2) for part in "qkv")
        weights = torch.einsum("ncq,nck->nqk", query, key) * hidden.shape[1] ** -0.5
        mixed = torch.einsum("nqk,nck->ncq", weights.softmax(-1), value)
        return hidden + self.conv(f"{name}.proj_out", mixed.view(hidden.shape))

    def active(self, name: str, hidden: Tensor) -> Tensor:
        calm = self.norm(name, hidden)
        return calm * calm.sigmoid()

    def norm(self, name: str, hidden: Tensor) -> Tensor:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return F.group_norm(hidden, 32, weight, bias, 1e-6)

    def conv(
        self, name: str, hidden: Tensor, stride: int = 1, padding: int | None = None
    ) -> Tensor:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        around = weight.shape[-1] // 2 if padding is None else padding
        return F.conv2d(hidden, weight, bias, stride, around)

"""`--model best.pt`: said what it is, never run, and made into a model folder."""

import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import Printed
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from timanh.cli import run
from timanh.errors import ModelFormatError, ModelNotFoundError
from timanh.models import from_weights, join_towers, load_encoder
from timanh.models.openai_names import to_transformers
from timanh.models.torch_encoder import TorchEncoder


class Evil:
    """Makes a folder when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("unpickled",)


@pytest.fixture
def tuned(tiny_clip_folder: Path) -> TorchEncoder:
    """The tiny CLIP as somebody fine-tuned it."""
    encoder = load_encoder(tiny_clip_folder, device="cpu")
    random = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in encoder.network.parameters():
            parameter += 0.02 * torch.randn(parameter.shape, generator=random)
    return encoder


PICTURE = [Image.effect_noise((50, 40), 90).convert("RGB")]


@pytest.mark.parametrize("ending", ["pt", "safetensors"])
@pytest.mark.parametrize("wrapped", ["", "state_dict", "model_state_dict"])
def test_a_state_dict_is_said_and_made_into_a_folder(
    tuned: TorchEncoder, tiny_clip_folder: Path, tmp_path: Path, ending: str, wrapped: str
) -> None:
    file, weights = tmp_path / f"best.{ending}", dict(tuned.network.state_dict())
    if ending == "safetensors":
        save_file({name: value.contiguous() for name, value in weights.items()}, file)
    else:
        weights = {f"module.{name}": value for name, value in weights.items()}
        torch.save({wrapped: weights, "epoch": 3} if wrapped else weights, file)
    with pytest.raises(ModelFormatError) as wanted:
        load_encoder(file)
    message = str(wanted.value)
    assert "is the weights alone" in message and "names of transformers" in message
    assert "pictures in 8-pixel patches, 54 tokens" in message

    # What the message says to type works, with the model's name in its place.
    call = re.search(r"from timanh\.models import .*?\)", message)
    assert call
    exec(call.group().replace('"BASE"', repr(str(tiny_clip_folder))))
    found = load_encoder(file.with_suffix(""), device="cpu")
    np.testing.assert_allclose(
        found.encode_images(PICTURE), tuned.encode_images(PICTURE), atol=1e-6
    )
    np.testing.assert_allclose(
        found.encode_texts(["a dog"]), tuned.encode_texts(["a dog"]), atol=1e-6
    )


def test_the_base_is_named_by_its_sizes(tmp_path: Path) -> None:
    with torch.device("meta"):
        shapes = {
            "module.visual.conv1.weight": torch.empty(768, 3, 32, 32),
            "module.visual.class_embedding": torch.empty(768),
            "module.visual.positional_embedding": torch.empty(50, 768),
            "module.token_embedding.weight": torch.empty(49408, 512),
        }
    torch.save({name: torch.empty_like(each, device="cpu") for name, each in shapes.items()},
               tmp_path / "epoch_5.pt")  # fmt: skip
    wanted = (
        r"names of OpenAI's CLIP or open_clip.*it is openai/clip-vit-base-patch32|by its sizes is"
    )
    with pytest.raises(ModelFormatError, match=wanted) as error:
        load_encoder(tmp_path / "epoch_5.pt")
    assert 'from_weights("openai/clip-vit-base-patch32", ' in str(error.value)


def test_what_would_run_code_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": Evil()}, "whole.pt")
    Path("old.pth").write_bytes(pickle.dumps(Evil()))
    for name in ("whole.pt", "old.pth"):
        with pytest.raises(ModelFormatError, match=r"not opened|not a file of weights"):
            load_encoder(name)
        with pytest.raises(ModelFormatError):
            from_weights("demo", Path(name), tmp_path / "out")
    assert not Path("unpickled").exists() and not Path("out").exists()


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("empty.pt", b"", "not a file of weights"),
        ("torn.safetensors", b"\x10\x00\x00\x00\x00\x00\x00\x00{", "is damaged"),
        ("page.bin", b"<!doctype html>", "not a file of weights"),
        ("model.gguf", b"GGUF\x03\x00\x00\x00", "a GGUF file"),
        ("clip.onnx", b"\x08\x08\x12\x07pytorch", "an exported ONNX network"),
    ],
)
def test_other_files_are_said(tmp_path: Path, name: str, content: bytes, wanted: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelFormatError, match=wanted):
        load_encoder(tmp_path / name)
    with pytest.raises(ModelFormatError, match=wanted):
        join_towers(tmp_path / name, tmp_path / name)


def test_a_program_of_torchscript_is_said(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "ViT-B-32.pt", "w") as archive:
        archive.writestr("model/code/__torch__.py", "")
        archive.writestr("model/data.pkl", "")
    with pytest.raises(ModelFormatError, match="a TorchScript program"):
        load_encoder(tmp_path / "ViT-B-32.pt")


def test_weights_in_a_model_folder_name_the_folder(
    tiny_clip_folder: Path, tmp_path: Path, capsys: Printed
) -> None:
    with pytest.raises(ModelFormatError, match=re.escape(f"folder: {tiny_clip_folder}")):
        load_encoder(tiny_clip_folder / "model.safetensors")
    assert run(["index", "build", str(tmp_path), "--model", "best.pt", "--out", "x"]) == 2
    assert "There is no file best.pt" in capsys.readouterr().err
    with pytest.raises(ModelNotFoundError, match="no file"):
        load_encoder("best.pt")


def test_weights_of_another_model_are_refused(tuned: TorchEncoder, tmp_path: Path) -> None:
    torch.save(tuned.network.state_dict(), tmp_path / "best.pt")
    with pytest.raises(ModelFormatError, match="does not fit demo: .* in the file and .* in the"):
        from_weights("demo", tmp_path / "best.pt", tmp_path / "out")
    assert not (tmp_path / "out").exists()


# --- OpenAI's own code, so that renamed weights are seen to compute the same


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(width, 2, batch_first=True)
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(width, 64))
        self.mlp.add_module("c_proj", nn.Linear(64, width))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        among = self.ln_1(x)
        x = x + self.attn(among, among, among, need_weights=False, attn_mask=mask)[0]
        wide = self.mlp[0](self.ln_2(x))
        return x + self.mlp[1](wide * torch.sigmoid(1.702 * wide))  # type: ignore[no-any-return]


class Blocks(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList([Block(width), Block(width)])

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        for block in self.resblocks:
            x = block(x, mask)
        return x


class Visual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 8, 8, bias=False)
        self.class_embedding = nn.Parameter(torch.randn(32))
        self.positional_embedding = nn.Parameter(torch.randn(17, 32))
        self.ln_pre, self.ln_post = nn.LayerNorm(32), nn.LayerNorm(32)
        self.transformer = Blocks(32)
        self.proj = nn.Parameter(torch.randn(32, 16))

    def forward(self, pixels: Tensor) -> Tensor:
        patches = self.conv1(pixels).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(len(pixels), 1, -1)
        x = self.ln_pre(torch.cat([first, patches], 1) + self.positional_embedding)
        return self.ln_post(self.transformer(x)[:, 0]) @ self.proj  # type: ignore[no-any-return]


class OpenAi(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.visual, self.transformer = Visual(), Blocks(32)
        self.token_embedding = nn.Embedding(54, 32)
        self.positional_embedding = nn.Parameter(torch.randn(77, 32))
        self.ln_final = nn.LayerNorm(32)
        self.text_projection = nn.Parameter(torch.randn(32, 16))
        self.logit_scale = nn.Parameter(torch.tensor(2.0))

    def read(self, tokens: Tensor) -> Tensor:
        length = tokens.shape[1]
        mask = torch.full((length, length), -torch.inf).triu(1)
        x = self.token_embedding(tokens) + self.positional_embedding[:length]
        x = self.ln_final(self.transformer(x, mask))
        return x[:, -1] @ self.text_projection  # type: ignore[no-any-return]


@pytest.mark.parametrize("text", ["", "text."])
def test_open_clips_names_compute_the_same(
    tiny_clip_folder: Path, tmp_path: Path, text: str
) -> None:
    torch.manual_seed(1)
    network = OpenAi().eval()
    weights = {
        name if name.startswith(("visual.", "logit")) else f"{text}{name}": value
        for name, value in network.state_dict().items()
    }
    assert not set(to_transformers(weights)) & set(weights) - {"logit_scale"}
    torch.save({"epoch": 1, "state_dict": weights}, tmp_path / "epoch_1.pt")
    folder = from_weights(tiny_clip_folder, tmp_path / "epoch_1.pt", tmp_path / "model")
    encoder = load_encoder(folder, device="cpu")
    pixels = torch.from_numpy(encoder.prepare_images(PICTURE))
    tokens = encoder.texts(["a dog"])
    with torch.no_grad():
        assert torch.allclose(encoder.image_features(pixels), network.visual(pixels), atol=1e-4)
        wanted = network.read(tokens["input_ids"])
        assert torch.allclose(encoder.text_features(tokens), wanted, atol=1e-4)

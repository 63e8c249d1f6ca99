"""Tiny checkpoints in the real formats, small galleries, and dictionaries of them."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Networks as small as these are computed soonest by one thread, on a busy machine by far.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# One small tower is compiled sooner than the processes that would share the work have started.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
# What tests start on this machine is reached without the proxy that the environment may name.
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,localhost,::1"

import httpx
import pytest
from galleries import make_gallery
from hub_checkpoints import HUB
from hypothesis import settings
from pixel_encoder import PixelEncoder, make_pictures
from upstream_standin import Upstream, connect, free_port, start_backend

from timanh.models.torch_encoder import TorchEncoder
from timanh.vectors import build_dictionary

# How long an example takes says more about the machine than about the code.
settings.register_profile("timanh", deadline=None)
settings.load_profile("timanh")


@pytest.fixture
def hangup() -> Iterator[None]:
    """SIGHUP ends the programs of a test also where nohup, which has it ignored, started it all."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture(scope="session")
def tiny_clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP checkpoint as transformers writes it, with 32-pixel pictures and 16-d vectors."""
    import torch
    from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

    folder = tmp_path_factory.mktemp("checkpoints") / "tiny-clip"
    letters = [chr(code) for code in range(97, 123)]
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{x}</w>" for x in letters)]
    tokenizer = CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[])
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config={
            **tower,
            "num_hidden_layers": 2,
            "vocab_size": len(words),
            "max_position_embeddings": 77,
            "bos_token_id": 0,
            "eos_token_id": 1,
            "pad_token_id": 1,
        },
        vision_config={**tower, "num_hidden_layers": 2, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    torch.manual_seed(0)
    CLIPModel(config).save_pretrained(folder)
    tokenizer.model_max_length = 77
    tokenizer.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(
        '{"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 32},'
        ' "crop_size": {"height": 32, "width": 32}, "resample": 3, "do_center_crop": true,'
        ' "image_mean": [0.48145466, 0.4578275, 0.40821073],'
        ' "image_std": [0.26862954, 0.26130258, 0.27577711]}',
        encoding="utf8",
    )
    return folder


@pytest.fixture(scope="session")
def tiny_encoder(tiny_clip_folder: Path) -> TorchEncoder:
    from timanh.models import load_encoder

    return load_encoder(tiny_clip_folder, device="cpu")


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """family → its tiny checkpoint in the form of the hub; only to be read."""
    root = tmp_path_factory.mktemp("hub")
    for name, make in HUB.items():
        make(root / name)
    return {name: root / name for name in HUB}


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    """A data folder of 12 JPEGs, coloured shapes, two captions each in Kaggle's form."""
    return make_gallery(tmp_path / "gallery")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of 10 PNGs without captions."""
    return make_pictures(tmp_path / "pictures", 10)


@pytest.fixture(scope="session")
def built_gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 PNGs in pictures/ and their dictionary in out/; only to be read."""
    folder = tmp_path_factory.mktemp("built")
    make_pictures(folder / "pictures", 20)
    build_dictionary(folder / "pictures", PixelEncoder(), folder / "out", progress=False)
    return folder


@pytest.fixture
def dictionary_folder(built_gallery: Path, tmp_path: Path) -> Path:
    """A copy of that dictionary that a test may damage, beside its gallery."""
    shutil.copytree(built_gallery, tmp_path / "copy")
    return tmp_path / "copy" / "out"


@pytest.fixture(scope="session")
def indexed_gallery(tmp_path_factory: pytest.TempPathFactory, tiny_clip_folder: Path) -> Path:
    """Shapes in gallery/ and their dictionary in out/, built by the command; only to be read."""
    from command_line import build_of

    from timanh.cli import run

    folder = tmp_path_factory.mktemp("indexed")
    make_gallery(folder / "gallery")
    assert run(build_of(folder, tiny_clip_folder)) == 0
    return folder


@pytest.fixture
def colab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """As in Colab: the stand-in for its package, and a folder in place of its own disk."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "standins" / "colab"))
    monkeypatch.setenv("TIMANH_COLAB_CONTENT", str(tmp_path / "content"))
    monkeypatch.delenv("TIMANH_WORKSPACE", raising=False)
    yield tmp_path / "content"
    for module in [name for name in sys.modules if name.startswith("google.colab")]:
        del sys.modules[module]


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    stand_in = Upstream()
    yield stand_in
    stand_in.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept") / "upstream.json"


@pytest.fixture(scope="module")
def local_api() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def address(kept: Path, local_api: str) -> Iterator[str]:
    """A backend whose own API is away; others can be connected to."""
    process, address = start_backend(
        local_api, TIMANH_LOCAL_API_URL=local_api, TIMANH_KEPT_CONNECTION=str(kept)
    )
    yield address
    process.terminate()
    process.wait(10)


@pytest.fixture
def connected(address: str, upstream: Upstream) -> Iterator[str]:
    connect(address, upstream.url)
    yield address
    httpx.delete(f"{address}/api/upstream")

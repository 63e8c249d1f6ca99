"""Published checkpoints of taming-transformers, in their own form with random weights."""

import pickle
from pathlib import Path

import pytest
import taming_checkpoint as taming
import torch
import yaml

from timanh.errors import ModelFormatError, ModelNotFoundError
from timanh.generation import Vqgan, load_vqgan
from timanh.generation.taming import read_checkpoint, read_settings, renamed


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, taming.Weights]:
    folder = tmp_path_factory.mktemp("taming") / "vqgan_small"
    return folder, taming.make(folder)


@pytest.fixture(scope="module")
def vqgan(published: tuple[Path, taming.Weights]) -> Vqgan:
    return load_vqgan(published[0], device="cpu")


def test_decodes_and_encodes_as_the_published_network_does(
    vqgan: Vqgan, published: tuple[Path, taming.Weights]
) -> None:
    reference = taming.Reference(published[1], taming.SMALL)
    random = torch.Generator().manual_seed(1)
    codes = torch.randint(64, (2, 6, 8), generator=random)
    pixels = torch.rand(2, 3, 24, 32, generator=random)
    with torch.inference_mode():
        painted = vqgan.decode(vqgan.look_up(codes)) * 2 - 1
        torch.testing.assert_close(painted, reference.decode(codes), rtol=0, atol=1e-5)
        latents = vqgan.encode(pixels)
        torch.testing.assert_close(latents, reference.encode(pixels * 2 - 1), rtol=0, atol=1e-5)
    assert painted.std() > 0.01  # and not because nothing is left of anything
    assert (vqgan.cell, len(vqgan.codebook), vqgan.name) == (4, 64, "vqgan_small")


@pytest.mark.parametrize("codes", [1024, 16384])
def test_every_name_of_the_real_sizes_has_its_place(codes: int, tmp_path: Path) -> None:
    from diffusers import VQModel

    params = {**taming.F16, "n_embed": codes}
    file = tmp_path / "model.yaml"
    model = {"target": "taming.models.vqgan.VQModel", "params": params}
    file.write_text(yaml.safe_dump({"model": model}), encoding="utf8")
    with torch.device("meta"):
        network = VQModel(**read_settings(file))
    wanted = {name: value.numel() for name, value in network.state_dict().items()}
    given = taming.shapes(params)
    placed = {renamed(name, 5): torch.Size(shape).numel() for name, shape in given.items()}
    assert placed == wanted
    assert len(placed) == len(given)


def test_a_checkpoint_is_read_without_running_what_lies_in_it(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> object:
            return (Path.touch, (tmp_path / "run",))

    file = tmp_path / "last.ckpt"
    torch.save({"state_dict": {"a": torch.ones(2)}, "callbacks": {"x": Evil()}}, file)
    assert read_checkpoint(file)["a"].tolist() == [1, 1]
    assert not (tmp_path / "run").exists()
    file.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ModelFormatError):
        read_checkpoint(file)
    assert not (tmp_path / "run").exists()


def test_a_program_is_not_run_in_place_of_weights(tmp_path: Path) -> None:
    """`torch.load` hands TorchScript to `torch.jit.load`, past every unpickler."""
    file = tmp_path / "last.ckpt"
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), str(file))
    with pytest.raises(ModelFormatError, match="holds a program"):
        read_checkpoint(file)


def test_what_is_no_vqgan_is_refused_in_a_sentence(
    tmp_path: Path, published: tuple[Path, taming.Weights]
) -> None:
    other = tmp_path / "model.ckpt"
    torch.save({"state_dict": {"conv1.weight": torch.ones(2)}}, other)
    with pytest.raises(ModelFormatError, match="without its yaml"):
        load_vqgan(other)
    settings = next((published[0] / "configs").glob("*project.yaml")).read_text()
    (tmp_path / "model.yaml").write_text(settings)
    with pytest.raises(ModelFormatError, match="has a weight conv1.weight that no VQGAN"):
        load_vqgan(other)
    torch.save({"state_dict": dict(list(published[1].items())[:-1])}, other)
    with pytest.raises(ModelFormatError, match="lacks 1 weights of a VQGAN, post_quant_conv.bias"):
        load_vqgan(other)
    torch.save({"state_dict": published[1]}, other)
    (tmp_path / "model.yaml").write_text(settings.replace("n_embed: 64", "n_embed: 65"))
    with pytest.raises(ModelFormatError, match="do not belong together: quantize"):
        load_vqgan(other)
    (tmp_path / "model.yaml").write_text(settings.replace(".VQModel", ".GumbelVQ"))
    with pytest.raises(ModelFormatError, match="is of a GumbelVQ"):
        load_vqgan(other)
    (tmp_path / "model.yaml").write_text("a: [")
    with pytest.raises(ModelFormatError, match="does not hold the settings"):
        load_vqgan(other)


def test_other_folders_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="There is no"):
        load_vqgan(tmp_path / "nowhere")
    with pytest.raises(ModelFormatError, match=r"neither config\.json nor a checkpoint"):
        load_vqgan(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "clip"}')
    with pytest.raises(ModelFormatError, match="a model of type 'clip', not a VQGAN"):
        load_vqgan(tmp_path)

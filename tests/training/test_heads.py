"""New heads are trained first, on what the towers give, computed once."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from small_training import flat_dev, recipe, tiny

from timanh.data import open_data
from timanh.errors import SettingsError
from timanh.evaluation.recall import retrieval_ranks
from timanh.models.torch_encoder import TorchEncoder
from timanh.training import train
from timanh.training.heads import dropping, evened


def interrupt(encoder: TorchEncoder) -> None:
    raise KeyboardInterrupt


def test_heads_learn_and_towers_stay(gallery: Path, tmp_path: Path) -> None:
    folder, encoder = open_data(gallery), tiny()
    before = {name: value.clone() for name, value in encoder.network.state_dict().items()}
    pictures = [Image.open(folder.images / name).convert("RGB") for name in folder.names]
    texts = [text for name in folder.names for text in folder.captions_of(name)]
    owners = [row for row, name in enumerate(folder.names) for _ in folder.captions_of(name)]

    def rank() -> float:
        ranks = retrieval_ranks(
            encoder.encode_images(pictures), encoder.encode_texts(texts), np.array(owners)
        )[0]
        return float(ranks.mean())

    at_first = rank()
    train(
        folder, encoder, recipe(train="heads", epochs=1, learning_rate=1e-9, head_steps=200),
        tmp_path, names=folder.names, progress=False,
    )  # fmt: skip
    assert rank() < at_first - 2  # of 12
    after = encoder.network.state_dict()
    for name, value in before.items():
        if "projection" in name:
            assert not torch.equal(after[name], value)
            assert float(after[name].std()) == pytest.approx(float(value.std()), rel=1e-3)
        elif "logit_scale" not in name and "running" not in name and "batches" not in name:
            assert torch.equal(after[name], value), name


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_heads_go_on_after_the_last_epoch_from_what_they_are(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, average: float
) -> None:
    folder = open_data(gallery)

    def trained(steps: int, place: str) -> dict[str, torch.Tensor]:
        encoder, chosen = tiny(), recipe(epochs=2, head_steps_after=steps, average=average)
        train(folder, encoder, chosen, tmp_path / place, names=folder.names, progress=False)
        return load_file(tmp_path / place / "model.safetensors")

    plain = trained(0, "plain")
    done = trained(20, "more")
    monkeypatch.setattr("timanh.training.heads.RATE_AFTER", 0.0)
    still = trained(20, "still")
    for name, value in plain.items():
        if "projection" in name:
            assert torch.allclose(still[name], value, atol=1e-4 * float(value.abs().max())), name
            assert not torch.allclose(done[name], value, atol=1e-2 * float(value.abs().max()))
        else:
            assert torch.equal(still[name], value), name
            assert "logit" in name or torch.equal(done[name], value), name


def test_features_are_evened_out_linearly() -> None:
    torch.manual_seed(0)
    common = torch.randn(32) * 10
    features = torch.nn.functional.normalize(common + torch.randn(500, 32))
    matrix = evened(features)
    assert torch.allclose(matrix, matrix.T, atol=1e-4)
    spread = [
        torch.linalg.svdvals(each)[[0, -1]].square() for each in (features, features @ matrix)
    ]
    before, after = (float(largest / smallest) for largest, smallest in spread)
    assert 1 < after < before / 5


def test_heads_learn_with_a_part_of_their_inputs_and_use_all_after() -> None:
    network, pixels = tiny().network, torch.rand(4, 3, 32, 32)
    network.eval()
    features = network.vision_features(pixels)
    whole = network.vision_projection(features)
    with dropping(network, 0.5):
        assert torch.equal(network.vision_projection(features), whole)  # as dev is measured
        network.vision_projection.train()
        torch.manual_seed(0)
        one, other = (network.vision_projection(features) for _ in range(2))
        assert not torch.equal(one, other)
        many = torch.stack([network.vision_projection(features) for _ in range(3_000)])
        assert torch.allclose(many.mean(0), whole, atol=0.1 * float(whole.detach().std()))
    assert torch.equal(network.vision_projection(features), whole)


def test_a_run_stopped_after_its_heads_does_not_train_them_again(
    gallery: Path, tmp_path: Path
) -> None:
    folder, chosen = open_data(gallery), recipe(epochs=1, head_steps=20, head_steps_after=10)
    options = {"names": folder.names, "progress": False}
    whole = tiny()
    train(folder, whole, chosen, tmp_path / "whole", measure=lambda _: flat_dev(), **options)
    broken = tiny()
    with pytest.raises(KeyboardInterrupt):
        train(folder, broken, chosen, tmp_path / "broken", measure=interrupt, **options)
    state = torch.load(tmp_path / "broken" / "training-state.pt", weights_only=True)
    assert state["step"] == 0  # as it was left by the heads
    again = tiny(seed=3)
    train(folder, again, chosen, tmp_path / "broken", measure=lambda _: flat_dev(), **options)
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[name]), name


@pytest.mark.parametrize("setting", ["head_steps", "head_steps_after"])
def test_a_model_that_is_not_two_towers_is_refused_before_anything_is_done(
    gallery: Path, tmp_path: Path, tiny_encoder: TorchEncoder, setting: str
) -> None:
    folder = open_data(gallery)
    with pytest.raises(SettingsError, match=f"{setting}=5.* the heads of two joined towers"):
        train(
            folder, tiny_encoder, recipe(**{setting: 5}), tmp_path, names=folder.names,
            progress=False,
        )  # fmt: skip
    assert not list(tmp_path.rglob("*.json"))

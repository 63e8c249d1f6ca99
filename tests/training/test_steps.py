"""What a step computes and what it trains: parts of a batch, freezing, rates, averages, LoRA."""

from pathlib import Path
from typing import Any

import pytest
import torch
from small_training import recipe, tiny

from timanh.data import open_data
from timanh.errors import SettingsError
from timanh.models import load_encoder
from timanh.models.torch_encoder import TorchEncoder
from timanh.training import Recipe, train
from timanh.training.averaging import Average
from timanh.training.blocks import block_depths
from timanh.training.checkpoints import RECIPE
from timanh.training.feeding import Feeder
from timanh.training.gradients import Gradients
from timanh.training.optimising import freeze, loss_bias, make_optimiser
from timanh.training.pairs import steps_per_epoch
from timanh.training.pixels import cache_pixels
from timanh.training.precision import Precision

SIDES = ("vision", "text")


def gradients_of(
    encoder: TorchEncoder, gallery: Path, chosen: Recipe, place: Path
) -> tuple[float, dict[str, torch.Tensor]]:
    """Loss and gradients of the first batch."""
    folder = open_data(gallery)
    pixels = cache_pixels(folder, folder.names, encoder.preparation, place, progress=False)
    captions = [folder.captions_of(name) for name in pixels.names]
    feeder = Feeder(pixels, captions, encoder.texts, chosen)
    batch = next(feeder.batches(0, 0, steps_per_epoch(captions, chosen)))
    encoder.network.train()
    for module in encoder.network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()
    encoder.network.zero_grad()
    bias = loss_bias(encoder.network)
    step = Gradients(encoder, chosen, Precision("cpu", wanted=False), bias)
    loss = float(step(batch))
    found = {
        name: parameter.grad.clone()
        for name, parameter in encoder.network.named_parameters()
        if parameter.grad is not None
    }
    return loss, found | ({"bias": bias.grad} if bias.grad is not None else {})


class Whole(Gradients):
    """A whole batch in the same parts, with the same dropout, but with one graph of all."""

    def __call__(self, batch: Any) -> torch.Tensor:
        size = self.recipe.micro_batch or len(batch)
        sides = [[see(), read()] for see, read in self._parts(batch, size)]
        images, texts = (torch.cat(list(side)) for side in zip(*sides, strict=True))
        loss = self.loss(images, texts, batch.positives)
        loss.backward()
        return loss.detach()


@pytest.mark.parametrize("loss", ["infonce", "sigmoid"])
def test_a_batch_in_parts_has_the_gradients_of_the_whole(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loss: str
) -> None:
    chosen = recipe(
        batch_size=12, loss=loss, micro_batch=5, freeze_norm=True, crop=0.5, colour=0.3, flip=True,
        captions_per_picture=2, label_smoothing=0.1,
    )  # fmt: skip
    encoder = tiny()
    for module in encoder.network.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.2
    assert any(isinstance(module, torch.nn.Dropout) for module in encoder.network.modules())
    in_parts = gradients_of(encoder, gallery, chosen, tmp_path)
    monkeypatch.setitem(globals(), "Gradients", Whole)
    at_once = gradients_of(encoder, gallery, chosen, tmp_path)
    assert in_parts[0] == pytest.approx(at_once[0], rel=1e-6)
    assert in_parts[1].keys() == at_once[1].keys() and len(in_parts[1]) > 20
    for name, wanted in at_once[1].items():
        difference = float((in_parts[1][name] - wanted).norm())
        assert difference <= 1e-4 * float(wanted.norm()) + 1e-8, name


def test_a_few_pictures_at_a_time_have_the_gradients_of_all(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, encoder = recipe(batch_size=12, freeze_norm=True), tiny()
    all_at_once = gradients_of(encoder, gallery, chosen, tmp_path)
    monkeypatch.setattr("timanh.models.torch_encoder.PICTURES_ON_CPU", 5)
    seen: list[int] = []
    look = encoder.image_features
    monkeypatch.setattr(
        encoder, "image_features", lambda pixels: (seen.append(len(pixels)), look(pixels))[1]
    )
    few = gradients_of(encoder, gallery, chosen, tmp_path)
    assert seen == [5, 5, 2]
    assert few[0] == pytest.approx(all_at_once[0], rel=1e-6)
    for name, wanted in all_at_once[1].items():
        assert float((few[1][name] - wanted).norm()) <= 1e-4 * float(wanted.norm()) + 1e-8, name
    seen.clear()
    gradients_of(encoder, gallery, recipe(batch_size=12, freeze_norm=False), tmp_path)
    assert seen == [12]  # its statistics are those of the whole batch


def test_parts_are_refused_where_the_network_normalises_over_the_batch(
    gallery: Path, tmp_path: Path
) -> None:
    folder = open_data(gallery)
    with pytest.raises(SettingsError, match="micro_batch=4 .*Set freeze_norm"):
        train(
            folder, tiny(), recipe(micro_batch=4, freeze_norm=False), tmp_path,
            names=folder.names, progress=False,
        )  # fmt: skip


# What is trained


@pytest.mark.parametrize(
    ("changes", "epoch", "parts"),
    [
        ({}, 0, {"vision", "text", "head"}),
        ({"head_epochs": 1}, 0, {"head"}),
        ({"head_epochs": 1}, 1, {"vision", "text", "head"}),
        ({"train": "text"}, 0, {"text", "head"}),
        ({"train": "vision"}, 0, {"vision", "head"}),
        ({"train": "heads"}, 0, {"head"}),
    ],
)
def test_what_is_frozen_has_no_gradients(
    changes: dict[str, Any], epoch: int, parts: set[str]
) -> None:
    network = tiny().network
    freeze(network, recipe(**changes), epoch)
    trained = {
        "head" if "projection" in name or "logit" in name else name.split("_")[0]
        for name, parameter in network.named_parameters()
        if parameter.requires_grad
    }
    assert trained == parts


def test_blocks_count_from_the_input_up_and_low_ones_can_be_frozen(
    tiny_encoder: TorchEncoder,
) -> None:
    network = tiny_encoder.network
    depths = block_depths(network)
    of = {name: depth for name, (depth, _) in depths.items()}
    assert of["vision_model.embeddings.patch_embedding.weight"] == 0
    low = of["vision_model.encoder.layers.0.layer_norm1.weight"]
    high = of["vision_model.encoder.layers.1.layer_norm1.weight"]
    assert 0 < low < high < depths["vision_model.post_layernorm.weight"][1]
    chosen = recipe(frozen_blocks=high)
    freeze(network, chosen, 0)
    try:
        free = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
        assert "vision_model.encoder.layers.1.layer_norm1.weight" in free
        assert "vision_model.encoder.layers.0.layer_norm1.weight" not in free
        assert "visual_projection.weight" in free
    finally:
        network.requires_grad_(True)


def test_a_share_of_each_tower_can_be_frozen() -> None:
    network = tiny().network
    freeze(network, recipe(frozen_share=0.5), 0)
    depths = block_depths(network)
    for name, parameter in network.named_parameters():
        depth, blocks = depths.get(name, (1, 1))  # heads are trained
        assert parameter.requires_grad == (depth >= blocks // 2), name
    sides = [[see for name, see in depths.items() if name.startswith(part)] for part in SIDES]
    assert all(min(side)[0] < side[0][1] // 2 <= max(side)[0] for side in sides)


def test_lower_blocks_learn_more_slowly(tiny_encoder: TorchEncoder) -> None:
    network = tiny_encoder.network
    optimiser = make_optimiser(network, recipe(learning_rate=1e-3, layer_decay=0.5))
    rates = {
        id(parameter): group["peak"]
        for group in optimiser.param_groups
        for parameter in group["params"]
    }
    named = dict(network.named_parameters())
    top = rates[id(named["vision_model.encoder.layers.1.layer_norm1.weight"])]
    below = rates[id(named["vision_model.encoder.layers.0.layer_norm1.weight"])]
    assert below == pytest.approx(top / 2)
    assert rates[id(named["visual_projection.weight"])] == 1e-3
    assert len(rates) == len(named)


def test_the_average_follows_the_weights_and_is_only_lent() -> None:
    network = torch.nn.Linear(2, 1, bias=False)
    average = Average(network, 0.9)
    values = [1.0, 2.0, 3.0]
    for value in values:
        torch.nn.init.constant_(network.weight, value)
        average.update()
    wanted = 1.0  # the first step is taken as it is
    for steps, value in enumerate(values[1:], 1):
        decay = (1 + steps) / (10 + steps)
        wanted = decay * wanted + (1 - decay) * value
    with average.in_place():
        assert network.weight.flatten().tolist() == pytest.approx([wanted] * 2)
    assert network.weight.flatten().tolist() == [3.0, 3.0]


def test_the_average_soon_forgets_where_it_began() -> None:
    network = torch.nn.Linear(1, 1, bias=False)
    average = Average(network, 0.997)
    for step in range(744):
        torch.nn.init.constant_(network.weight, 100.0 if step == 0 else 1.0)
        average.update()
    with average.in_place():
        assert network.weight.item() == pytest.approx(1.0, abs=1e-3)
    settled = Average(network, 0.5)
    for value in [0.0] * 30 + [1.0]:
        torch.nn.init.constant_(network.weight, value)
        settled.update()
    with settled.in_place():
        assert network.weight.item() == pytest.approx(0.5)


def test_lora_leaves_the_weights_alone_and_the_folder_is_an_ordinary_model(
    gallery: Path, tmp_path: Path, tiny_clip_folder: Path
) -> None:
    pytest.importorskip("peft")
    folder = open_data(gallery)
    first, encoder = (load_encoder(tiny_clip_folder, device="cpu") for _ in range(2))
    chosen = recipe(lora=2, batch_size=12, epochs=3, freeze_norm=True, average=0.5)
    train(folder, encoder, chosen, tmp_path, names=folder.names, progress=False)
    before = first.network.state_dict()
    inside = dict(encoder.network.named_parameters())
    frozen = "text_model.encoder.layers.0.mlp.fc1.base_layer.weight"
    assert torch.equal(inside[frozen], before[frozen.replace(".base_layer", "")])
    trained = load_encoder(tmp_path, device="cpu")
    assert trained.network.state_dict().keys() == before.keys()
    assert not torch.equal(
        trained.network.state_dict()[frozen.replace(".base_layer", "")],
        before[frozen.replace(".base_layer", "")],
    )
    # Going on is possible, and a finished run is left as it is.
    again = train(
        folder, load_encoder(tiny_clip_folder, device="cpu"), chosen, tmp_path,
        names=folder.names, progress=False,
    )  # fmt: skip
    assert again.resumed_at == 3 and (tmp_path / RECIPE).is_file()


def test_lora_needs_layers_it_can_adapt(gallery: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    from timanh.training.adapters import add_adapters

    with pytest.raises(SettingsError, match="adapts linear layers"):
        add_adapters(torch.nn.Sequential(torch.nn.Conv2d(3, 3, 3)), 4)

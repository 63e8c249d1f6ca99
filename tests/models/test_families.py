"""Every family that is known gives the vectors of transformers' own processor and model.

The checkpoints are tiny, in the form in which the hub ships each family.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hub_answers import TEXTS, lowest, of_transformers, pictures, read_all
from hub_checkpoints import HUB, clip_vocabulary
from torch.nn.functional import normalize

from timanh.errors import ModelFormatError
from timanh.models import load_encoder
from timanh.models.families import FAMILIES
from timanh.models.runtimes import names
from timanh.models.runtimes.exporting import export
from timanh.models.runtimes.sessions import open_session
from timanh.models.towers import Tower


@pytest.mark.parametrize("name", list(HUB))
def test_vectors_are_those_of_transformers(name: str, hub: dict[str, Path], tmp_path: Path) -> None:
    seen, read = of_transformers(hub[name], name)
    # Other words and other pictures are elsewhere, so that a difference would show.
    assert np.sort(read @ read.T, axis=1)[:, 0].max() < 0.97
    assert np.sort(seen @ seen.T, axis=1)[:, 0].max() < 0.97
    encoder = load_encoder(hub[name], device="cpu")
    assert encoder.dim == read.shape[1]

    assert lowest(encoder.encode_images(pictures()), seen) >= 0.99999
    assert lowest(encoder.encode_images(pictures()[1:2]), seen[1:2]) >= 0.99999
    assert lowest(read_all(encoder), read) >= 0.99999, "in a batch"
    alone = np.concatenate([read_all(encoder, [text]) for text in TEXTS])
    assert lowest(alone, read) >= 0.99999, "alone"

    # Training reads them by the same code.
    tokens = encoder.texts.pad(encoder.texts.token_ids(TEXTS))
    with torch.no_grad():
        learned = normalize(encoder.text_features(tokens), dim=-1).numpy()
    assert lowest(learned, read) >= 0.99999, "as training reads them"

    # What training writes is read again as the same.
    encoder.save_pretrained(tmp_path / "saved")
    again = load_encoder(tmp_path / "saved", device="cpu")
    assert lowest(read_all(again), read) >= 0.99999
    assert lowest(again.encode_images(pictures()), seen) >= 0.99999
    assert again.fingerprint == encoder.fingerprint
    assert again.text_fingerprint == encoder.text_fingerprint


@pytest.mark.parametrize("runtime", ["torch-bf16", "onnx", "openvino"])
def test_runtimes_read_siglip2_as_it_was_trained(
    runtime: str, hub: dict[str, Path], tmp_path: Path
) -> None:
    if names.missing(runtime):
        pytest.skip(f"{runtime} needs {names.missing(runtime)}")
    _, read = of_transformers(hub["siglip2"], "siglip2")
    encoder = load_encoder(hub["siglip2"], device="cpu")
    tower = Tower(encoder, "text").eval()
    assert tower.inputs == ("input_ids",)
    session = open_session(runtime, tower, "cpu", export(runtime, tower, tmp_path))
    for rows in (slice(None), slice(1)):
        tokens = encoder.texts.pad(encoder.texts.token_ids(TEXTS[rows]))
        found = session({name: value.numpy() for name, value in tokens.items()})
        unit = normalize(torch.from_numpy(found), dim=-1).numpy()
        assert lowest(unit, read[rows]) >= (0.99 if runtime == "torch-bf16" else 0.99999)


def test_capitals_say_nothing_to_siglip2(hub: dict[str, Path]) -> None:
    encoder = load_encoder(hub["siglip2"], device="cpu")
    upper, lower = encoder.encode_texts(["CON MÈO Đen", "con mèo đen"])
    np.testing.assert_array_equal(upper, lower)


def test_the_vocabulary_is_of_clips_size() -> None:
    vocabulary, merges = clip_vocabulary()
    assert (len(vocabulary), len(merges)) == (49_408, 48_894)
    assert vocabulary["<|endoftext|>"] == 49_407


def test_every_family_is_held_by_this_file(hub: dict[str, Path]) -> None:
    held = {json.loads((each / "config.json").read_text())["model_type"] for each in hub.values()}
    assert held == set(FAMILIES)


@pytest.mark.parametrize("kind", ["align", "clipseg", "groupvit", "vision-text-dual-encoder", None])
def test_a_family_that_is_not_held_is_refused(kind: str | None, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind}))
    with pytest.raises(ModelFormatError, match=rf"type {kind!r} .*Supported are CLIP, MetaCLIP 2"):
        load_encoder(tmp_path)


def test_siglip2_for_pictures_of_any_shape_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "siglip2"}')
    with pytest.raises(ModelFormatError, match="NaFlex .* google/siglip2-base-patch16-224"):
        load_encoder(tmp_path)


def test_half_a_checkpoint_is_refused(hub: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(hub["metaclip2"], tmp_path / "half"))
    weights = load_file(folder / "model.safetensors")
    of_pictures = {name: each for name, each in weights.items() if not name.startswith("text")}
    save_file(of_pictures, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelFormatError, match=r"lacks \d+ of its weights, text_model"):
        load_encoder(folder, device="cpu")

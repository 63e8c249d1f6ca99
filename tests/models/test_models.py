"""Encoders in the real formats, held against transformers' own answers."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from timanh.errors import ModelFormatError, ModelNotFoundError, SettingsError
from timanh.models import join_towers, load_encoder, small_encoder
from timanh.models.preparation import ImagePreparation
from timanh.models.texts import text_limit
from timanh.models.torch_encoder import TorchEncoder


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)


# --- failures first


def test_a_missing_folder_is_named() -> None:
    with pytest.raises(ModelNotFoundError, match=r"no model folder \./nowhere"):
        load_encoder("./nowhere")


def test_no_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelNotFoundError, match="cannot be reached"):
        load_encoder("openai/a-model-nobody-has-here")


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match=r"no config\.json"):
        load_encoder(tmp_path)


def test_a_model_of_texts_alone_is_refused(tmp_path: Path) -> None:
    from transformers import BertConfig, BertModel

    tower = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertModel(BertConfig(vocab_size=20, hidden_size=16, **tower)).save_pretrained(tmp_path)
    with pytest.raises(
        ModelFormatError,
        match=r"type 'bert' .BertModel., which is not supported as a model of pictures",
    ):
        load_encoder(tmp_path)


def test_a_checkpoint_without_preprocessor_is_refused(
    tiny_encoder: TorchEncoder, tmp_path: Path
) -> None:
    tiny_encoder.save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").unlink()
    with pytest.raises(ModelFormatError, match="it is unknown how its pictures are prepared"):
        load_encoder(tmp_path)


def test_unknown_device_and_runtime(tiny_clip_folder: Path) -> None:
    with pytest.raises(SettingsError, match="no device 'warp'"):
        load_encoder(tiny_clip_folder, device="warp")
    with pytest.raises(SettingsError, match="known are auto"):
        load_encoder(tiny_clip_folder, runtime="steam")


# --- CLIP


def test_vectors_equal_those_of_transformers(tiny_clip_folder: Path) -> None:
    from transformers import AutoTokenizer, CLIPModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    encoder = load_encoder(tiny_clip_folder, device="cpu")
    pictures = [noise(90, 60), noise(40, 70, 1), noise(32, 32, 2)]
    texts = ["a red car", "dogs", "a very much longer sentence about nothing"]

    model = CLIPModel.from_pretrained(tiny_clip_folder).eval()
    processor = CLIPImageProcessorPil.from_pretrained(tiny_clip_folder)
    tokenizer = AutoTokenizer.from_pretrained(tiny_clip_folder)
    with torch.no_grad():
        seen = model.get_image_features(**processor(pictures, return_tensors="pt"))
        read = model.get_text_features(
            **tokenizer(texts, padding="max_length", max_length=77, return_tensors="pt")
        )
    for own, other in (
        (encoder.encode_images(pictures), seen),
        (encoder.encode_texts(texts), read),
    ):
        reference = torch.nn.functional.normalize(getattr(other, "pooler_output", other), dim=-1)
        np.testing.assert_allclose(own, reference.numpy(), atol=2e-5)


def test_rows_are_unit_float32_in_order_whatever_the_batch(tiny_encoder: TorchEncoder) -> None:
    texts = ["a", "a long text about boats", "cat", "dd dd dd dd dd dd", "e"]
    together = tiny_encoder.encode_texts(texts)
    alone = np.concatenate([tiny_encoder.encode_texts([text]) for text in texts])
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(tiny_encoder.encode_texts(texts, batch_size=2), alone, atol=1e-5)
    assert tiny_encoder.encode_texts([]).shape == (0, 16)
    assert tiny_encoder.encode_images([]).shape == (0, 16)


def test_a_long_text_is_cut_with_a_warning(tiny_encoder: TorchEncoder) -> None:
    with pytest.warns(UserWarning, match="1 of 2 texts had more than 77 tokens"):
        tiny_encoder.encode_texts(["short", "x " * 200])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tiny_encoder.encode_texts(["short"])


def test_half_precision_checkpoints_load_as_float32(
    tiny_encoder: TorchEncoder, tmp_path: Path
) -> None:
    tiny_encoder.save_pretrained(tmp_path)
    from transformers import CLIPModel

    CLIPModel.from_pretrained(tmp_path, dtype=torch.float16).save_pretrained(tmp_path)
    again = load_encoder(tmp_path, device="cpu")
    assert {value.dtype for value in again.model.parameters()} == {torch.float32}


# --- preparation


def test_square_padding_keeps_the_whole_picture_and_is_remembered(
    tiny_clip_folder: Path, tmp_path: Path
) -> None:
    wide = Image.new("RGB", (320, 32), (255, 255, 255))
    wide.paste((255, 0, 0), (0, 0, 40, 32))  # red at the left edge only
    cropping = load_encoder(tiny_clip_folder, device="cpu")
    padding = load_encoder(tiny_clip_folder, device="cpu", square_padding=True)

    def reddest(encoder: TorchEncoder) -> int:
        pixels = encoder.preparation.to_uint8(wide).astype(int)
        return int((pixels[..., 0] - pixels[..., 1]).max())

    assert reddest(cropping) == 0
    assert reddest(padding) > 100
    assert cropping.fingerprint != padding.fingerprint

    padding.save_pretrained(tmp_path)
    again = load_encoder(tmp_path, device="cpu")
    assert again.preparation.square_padding
    assert again.fingerprint == padding.fingerprint


@pytest.mark.parametrize(
    ("config", "height", "width", "resize", "resize_to"),
    [
        ({"size": 336, "crop_size": 336}, 336, 336, "shortest-edge", 336),  # old CLIP
        (
            {"image_processor_type": "SiglipImageProcessor", "size": {"height": 256, "width": 256}},
            256, 256, "exact", 256,
        ),
        ({"size": {"shortest_edge": 224}, "crop_pct": 0.875}, 224, 224, "shortest-edge", 256),
        (
            {"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}},
            224, 224, "shortest-edge", 256,
        ),
    ],
)  # fmt: skip
def test_processors_of_several_families(
    config: dict[str, object], height: int, width: int, resize: str, resize_to: int
) -> None:
    preparation = ImagePreparation.from_config(config)
    assert (preparation.height, preparation.width) == (height, width)
    assert (preparation.resize, preparation.resize_to) == (resize, resize_to)
    assert preparation([noise(300, 200)]).shape == (1, 3, height, width)
    assert ImagePreparation.from_config(preparation.to_config()) == preparation


def test_an_unknown_rescaling_is_refused() -> None:
    with pytest.raises(ModelFormatError, match="only 1/255"):
        ImagePreparation.from_config({"rescale_factor": 1.0})


# --- two towers


def test_two_tower_round_trip_keeps_vectors_and_fingerprint(tmp_path: Path) -> None:
    texts = ["một chiếc ô tô màu đỏ", "a red car"]
    encoder = small_encoder(texts * 5, widths=(8, 16), text_width=16, dim=12, side=32, device="cpu")
    encoder.save_pretrained(tmp_path)
    again = load_encoder(tmp_path, device="cpu")
    assert again.languages == ("en", "vi")
    assert not again.reads_unmarked
    again.reads_unmarked = True
    again.save_pretrained(tmp_path / "unmarked")
    assert load_encoder(tmp_path / "unmarked", device="cpu").reads_unmarked
    assert load_encoder("demo", device="cpu").reads_unmarked
    assert again.fingerprint == encoder.fingerprint
    np.testing.assert_allclose(again.encode_texts(texts), encoder.encode_texts(texts), atol=1e-6)
    pictures = [noise(50, 40)]
    np.testing.assert_allclose(
        again.encode_images(pictures), encoder.encode_images(pictures), atol=1e-6
    )


def test_changed_weights_change_the_fingerprint(tmp_path: Path) -> None:
    encoder = small_encoder(["a b"], widths=(8, 16), text_width=16, dim=12, side=32, device="cpu")
    before = encoder.fingerprint
    with torch.no_grad():
        encoder.network.text_projection.weight[0, 0] += 1e-3
    encoder.forget_fingerprint()
    assert encoder.fingerprint != before


def test_towers_are_joined_from_folders_even_with_a_4d_pooler(
    tmp_path: Path, tiny_clip_folder: Path
) -> None:
    from transformers import ResNetConfig, ResNetModel

    vision = tmp_path / "resnet"
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 24], depths=[1, 1], layer_type="basic")
    ResNetModel(config).save_pretrained(vision)
    (vision / "preprocessor_config.json").write_text(
        json.dumps({"size": {"shortest_edge": 32}, "crop_pct": 0.875})
    )
    encoder = join_towers(vision, tiny_clip_folder, dim=10, device="cpu")
    assert encoder.network.vision_width == 24
    assert encoder.encode_images([noise(64, 48)]).shape == (1, 10)
    encoder.save_pretrained(tmp_path / "joined")
    again = load_encoder(tmp_path / "joined", device="cpu")
    np.testing.assert_allclose(
        again.encode_texts(["a dog"]), encoder.encode_texts(["a dog"]), atol=1e-6
    )


def test_weights_of_another_config_are_refused(tmp_path: Path) -> None:
    encoder = small_encoder(["a b"], widths=(8, 16), text_width=16, dim=12, side=32, device="cpu")
    encoder.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["projection_dim"] = 24
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelFormatError, match="do not fit"):
        load_encoder(tmp_path, device="cpu")


def test_roberta_positions_are_counted_after_the_padding_id() -> None:
    class Phobert:
        model_type, max_position_embeddings, pad_token_id = "roberta", 258, 1

    class Tokenizer:
        model_max_length = int(1e30)

    assert text_limit(Tokenizer(), Phobert()) == 256


@pytest.mark.parametrize("size", [(1, 60_000), (60_000, 1), (3, 20_000)])
@pytest.mark.parametrize("padded", [False, True])
def test_slivers_of_a_few_hundred_bytes_take_no_gigabytes(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], padded: bool
) -> None:
    made: list[int] = []
    resize, new = Image.Image.resize, Image.new

    def counted_resize(image: Image.Image, size: tuple[int, int], *given: object) -> Image.Image:
        made.append(size[0] * size[1])
        return resize(image, size, *given)  # type: ignore[arg-type]

    def counted_new(mode: str, size: tuple[int, int], *given: object) -> Image.Image:
        made.append(size[0] * size[1])
        return new(mode, size, *given)  # type: ignore[arg-type]

    picture = Image.new("RGB", size, "red")
    monkeypatch.setattr(Image.Image, "resize", counted_resize)
    monkeypatch.setattr(Image, "new", counted_new)
    pixels = ImagePreparation(square_padding=padded).to_uint8(picture)
    assert pixels.shape == (224, 224, 3) and (padded or pixels.min(axis=(0, 1))[0] > 200)
    assert 0 < max(made) < 3_000_000


def test_long_pictures_below_slivers_are_prepared_as_before() -> None:
    picture = Image.effect_noise((40, 1200), 90).convert("RGB")
    whole = picture.resize((224, 6720), Image.Resampling.BICUBIC)
    middle = whole.crop((0, (6720 - 224) // 2, 224, (6720 - 224) // 2 + 224))
    assert (ImagePreparation().to_uint8(picture) == np.asarray(middle)).all()

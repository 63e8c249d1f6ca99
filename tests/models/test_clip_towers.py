"""CLIP's towers for inference: the model's own numbers with less work."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import CLIPConfig, CLIPModel

from timanh.models import clip_towers
from timanh.models.torch_encoder import TorchEncoder
from timanh.models.towers import Tower

END, LAST_WORD = 48, 47


def a_model(eos_token_id: int) -> CLIPModel:
    """Three layers a tower, patches of 8, with weights large enough that every token counts."""
    torch.manual_seed(3)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3}
    shape |= {"num_attention_heads": 4}
    text = {"vocab_size": 49, "max_position_embeddings": 12, "bos_token_id": 0}
    config = CLIPConfig(
        text_config={**shape, **text, "eos_token_id": eos_token_id, "pad_token_id": END},
        vision_config={**shape, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    model = CLIPModel(config).eval()
    for name, weights in model.named_parameters():
        if weights.ndim > 1:
            torch.nn.init.normal_(weights, std=0.3)
        elif name.endswith("bias"):
            torch.nn.init.normal_(weights, std=0.1)
    return model


# What can go wrong


@pytest.mark.parametrize("eos_token_id", [END, 2], ids=["its own end", "the former wrong end"])
@torch.inference_mode()
def test_texts_end_where_the_model_says(eos_token_id: int) -> None:
    model = a_model(eos_token_id)
    lengths = [1, 4, 9, 10]
    words = torch.randint(3, LAST_WORD, (len(lengths), 12))
    mask = torch.zeros_like(words)
    for row, length in enumerate(lengths):
        words[row, 0], words[row, length + 1 :], mask[row, : length + 2] = 0, END, 1
    wanted = model.get_text_features(input_ids=words, attention_mask=mask).pooler_output
    found = clip_towers.text_forward(model, words, mask)
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)
    alone = clip_towers.text_forward(model, words[:1, :3], mask[:1, :3])
    torch.testing.assert_close(alone, wanted[:1], atol=1e-4, rtol=1e-4)


def test_another_family_is_left_to_its_own_code() -> None:
    model = a_model(END)
    assert clip_towers.supports(model)
    model.config.model_type = "metaclip_2"
    assert not clip_towers.supports(model)
    assert not clip_towers.supports(torch.nn.Linear(2, 2))


# What is promised


@torch.inference_mode()
def test_pictures_have_the_vectors_of_the_model() -> None:
    model = a_model(END)
    pixels = torch.randn(5, 3, 32, 32)
    wanted = model.get_image_features(pixel_values=pixels).pooler_output
    found = clip_towers.image_forward(model, pixels)
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("which", ["image", "text"])
def test_the_last_layer_is_computed_for_one_token(tiny_encoder: TorchEncoder, which: str) -> None:
    tower = Tower(tiny_encoder, which).eval()
    inputs = [torch.from_numpy(tower.probes()[0][name]) for name in tower.inputs]

    def work(run: torch.nn.Module) -> int:
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            run(*inputs)
        return counter.get_total_flops()

    assert work(tower) < 0.85 * work(tower.unchanged_forward)  # type: ignore[arg-type]

"""aMUSEd in the form of the hub, tiny, with random weights: its codes, its VQGAN, refusals."""

from pathlib import Path

import numpy as np
import pytest
import torch

from timanh.errors import EmptyQueryError, ModelFormatError, ModelNotFoundError, SettingsError
from timanh.generation import Guidance, Guided, Prompt, load_amused, load_vqgan
from timanh.models.torch_encoder import TorchEncoder


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Parts, names and classes as in amused/amused-256."""
    from diffusers import AmusedPipeline, AmusedScheduler, UVit2DModel, VQModel
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer

    torch.manual_seed(0)
    letters = [chr(code) for code in range(97, 123)]
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{x}</w>" for x in letters)]
    tokenizer = CLIPTokenizer(vocab={word: row for row, word in enumerate(words)}, merges=[])
    tokenizer.model_max_length = 16
    texts = CLIPTextModelWithProjection(
        CLIPTextConfig(
            vocab_size=len(words), hidden_size=16, intermediate_size=32, num_hidden_layers=3,
            num_attention_heads=2, projection_dim=16, max_position_embeddings=16,
            bos_token_id=0, eos_token_id=1, pad_token_id=1,
        )
    )  # fmt: skip
    transformer = UVit2DModel(
        hidden_size=16, hidden_dropout=0.0, cond_embed_dim=16, micro_cond_encode_dim=2,
        micro_cond_embed_dim=10, encoder_hidden_size=16, vocab_size=32, codebook_size=32,
        in_channels=16, block_out_channels=16, num_res_blocks=1, block_num_heads=2,
        num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, sample_size=4,
        attention_dropout=0.0, layer_norm_eps=1e-6, ln_elementwise_affine=True,
        use_bias=False,
    )  # fmt: skip
    vqvae = VQModel(
        down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(8, 8, 16), layers_per_block=1, latent_channels=16,
        num_vq_embeddings=32, vq_embed_dim=16, norm_num_groups=4, sample_size=16,
        mid_block_add_attention=False, lookup_from_codebook=True, force_upcast=True,
    )  # fmt: skip
    torch.nn.init.normal_(vqvae.quantize.embedding.weight)
    scheduler = AmusedScheduler(mask_token_id=31)
    made = AmusedPipeline(
        vqvae=vqvae, tokenizer=tokenizer, text_encoder=texts, transformer=transformer,
        scheduler=scheduler,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("amused") / "tiny"
    made.save_pretrained(folder)
    return folder


def test_paints_what_the_pipeline_itself_paints(pipeline: Path) -> None:
    writer = load_amused(pipeline, device="cpu")
    pictures = writer.write("a cat", 2, seed=3)
    own = writer.pipeline(
        "a cat", num_images_per_prompt=2, num_inference_steps=12, guidance_scale=10.0,
        generator=torch.Generator().manual_seed(3),
    ).images  # fmt: skip
    for ours, theirs in zip(pictures, own, strict=True):
        assert ours.size == theirs.size == (16, 16)
        assert np.abs(np.asarray(ours, int) - np.asarray(theirs, int)).max() <= 1


def test_candidates_are_ranked_by_the_encoder(pipeline: Path, encoder: TorchEncoder) -> None:
    found = load_amused(pipeline, device="cpu").best("a red car", encoder, 3)
    scores = [each.score or 0.0 for each in found]
    assert len(scores) == 3 and scores == sorted(scores, reverse=True)


def test_its_vqgan_can_be_guided_too(pipeline: Path, encoder: TorchEncoder) -> None:
    vqgan = load_vqgan(pipeline, device="cpu")
    assert (vqgan.name, vqgan.cell, len(vqgan.codebook)) == ("tiny", 4, 32)
    guidance = Guidance(width=32, height=32, steps=2)
    assert Guided(vqgan, encoder, [Prompt("a red car")], guidance).go().size == (32, 32)


def test_what_is_asked_wrongly_is_refused(pipeline: Path, vqgan_folder: Path) -> None:
    writer = load_amused(pipeline, device="cpu")
    with pytest.raises(EmptyQueryError):
        writer.write(" ")
    with pytest.raises(SettingsError, match="candidates must be from 1 to 64; got 65"):
        writer.write("a cat", 65)
    with pytest.raises(ModelNotFoundError, match="no folder"):
        load_amused("./nowhere")
    with pytest.raises(ModelNotFoundError, match="hub cannot be reached"):
        load_amused("amused/amused-256")
    with pytest.raises(ModelFormatError, match="cannot be read as an AmusedPipeline"):
        load_amused(vqgan_folder)

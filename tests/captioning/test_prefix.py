"""A pretrained language model behind a learned prefix: a tiny GPT-2 in the hub's form."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from galleries import COLOURS, SHAPES
from PIL import Image
from safetensors.torch import load_file
from small_captioning import recipe, source, train
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from timanh.captioning import load_captioner
from timanh.captioning.decoders import Search
from timanh.captioning.pieces import PieceVocabulary
from timanh.captioning.trained import TrainedCaptioner
from timanh.data import open_data, open_picture
from timanh.errors import ModelFormatError, ModelNotFoundError, SettingsError

END = "<|endoftext|>"


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("language") / "tiny-gpt2"
    tokenizer: Any = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    texts = [f"a {colour} {shape}" for colour in COLOURS for shape in SHAPES]
    texts += [f"one {shape} in {colour}" for colour in COLOURS for shape in SHAPES]
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=[END], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )  # type: ignore[call-arg]
    tokenizer.train_from_iterator(texts, trainer)
    made: Any = PreTrainedTokenizerFast
    made(tokenizer_object=tokenizer, bos_token=END, eos_token=END).save_pretrained(folder)
    torch.manual_seed(0)
    size = tokenizer.get_vocab_size() + 4  # some models have more numbers than pieces
    config = GPT2Config(
        vocab_size=size, n_positions=128, n_embd=32, n_layer=2, n_head=2,
        bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    model = GPT2LMHeadModel(config)
    _teach(model, [tokenizer.encode(f"{END} {text}{END}").ids for text in texts])
    model.save_pretrained(folder)
    return folder


def _teach(model: Any, rows: list[list[int]]) -> None:
    """What is frozen later has to know some language."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for step in range(40):
        row = torch.tensor([rows[step % len(rows)]])
        optimiser.zero_grad()
        model(row, labels=row).loss.backward()
        optimiser.step()


@pytest.fixture(scope="module")
def trained(gpt2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from galleries import make_gallery

    place = tmp_path_factory.mktemp("prefix")
    make_gallery(place / "gallery")
    model = place / "model"
    shutil.copytree(gpt2, model)
    chosen = recipe(
        decoder="prefix", language_model=str(model), prefix=4, lora=4, epochs=30,
        learning_rate=1e-2, dropout=0.0, label_smoothing=0.0,
    )  # fmt: skip
    done = train(place / "gallery", source(place / "tower"), place / "out", chosen)
    assert done.history[-1]["loss"] < 0.7 * done.history[0]["loss"]
    shutil.rmtree(model)  # the captioner has a copy
    return place


def test_its_folder_holds_what_was_trained_and_a_copy_of_the_model(trained: Path) -> None:
    weights = load_file(trained / "out" / "decoder.safetensors")
    assert not any(name.startswith("language_model") for name in weights)
    assert sum(name.startswith("adapters.") for name in weights) > 4
    assert (trained / "out" / "language_model" / "model.safetensors").is_file()
    captioner = load_captioner(trained / "out", device="cpu")
    folder = open_data(trained / "gallery")
    pictures = [open_picture(folder.images / name) for name in folder.names]
    written = captioner.captions(pictures, count=3)
    words = {word for each in written for word in each[0].text.split()}
    assert words & {"red", "green", "blue", "circle", "square"}, words
    for each in written:
        assert all(one.text and END not in one.text and one.log_probability <= 0 for one in each)
    alone = captioner.captions(pictures[3:4], count=3)[0]
    assert [one.text for one in alone] == [one.text for one in written[3]]
    assert isinstance(captioner, TrainedCaptioner)
    assert captioner.looked_at(captioner.prepare_images(pictures[:1]), "a red circle") is None


def test_one_beam_takes_the_likeliest_pieces_one_by_one(trained: Path) -> None:
    captioner = load_captioner(trained / "out", device="cpu")
    assert isinstance(captioner, TrainedCaptioner)
    decoder = captioner.decoder
    grid, pooled = captioner.tower.features_prepared(
        captioner.prepare_images([Image.new("RGB", (40, 40), "red")])
    )
    assert grid is not None
    with torch.no_grad():
        cells = torch.from_numpy(grid).flatten(1, 2)
        memory = decoder.memory_of(cells, torch.from_numpy(pooled))
        tokens = [*decoder.vocabulary.start("en")]
        for number in range(6):
            logits = decoder.logits(memory, torch.tensor([tokens]))[0, -1]
            logits[list(decoder.vocabulary.never_written)] = -torch.inf
            if not number:
                logits[decoder.vocabulary.end_id] = -torch.inf
            tokens.append(int(logits.argmax()))
            if tokens[-1] == decoder.vocabulary.end_id:
                break
    found = decoder.write(memory, "en", Search(beams=1, no_repeat=0, most_words=8))
    assert found[0, : len(tokens)].tolist() == tokens


def test_a_frozen_model_stays_as_it_was_and_two_languages_begin_differently(
    gpt2: Path, gallery: Path, tmp_path: Path
) -> None:
    file = gallery / "captions.txt"
    lines = [line.replace(",a red", ",một hình màu đỏ") for line in file.read_text().splitlines()]
    file.write_text("\n".join(lines) + "\n", encoding="utf8")
    chosen = recipe(decoder="prefix", language_model=str(gpt2), prefix=3, epochs=1)
    train(gallery, source(tmp_path / "tower"), tmp_path / "out", chosen)
    captioner = load_captioner(tmp_path / "out", device="cpu")
    assert isinstance(captioner, TrainedCaptioner) and captioner.languages == ("en", "vi")
    words = captioner.decoder.vocabulary
    assert words.start("en") != words.start("vi") and len(words.start("vi")) > 1
    text = "một hình màu đỏ"
    assert words.decode(words.encode(text, "vi", 20)[len(words.start("vi")) :]) == text
    before = load_file(gpt2 / "model.safetensors")
    after = captioner.decoder.language_model.state_dict()  # type: ignore[operator,union-attr]
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert captioner.captions([Image.new("RGB", (40, 40))], "vi")[0][0].text


def test_what_cannot_go_on_from_a_prefix_is_refused(gpt2: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="A prefix needs a language model"):
        recipe(decoder="prefix")
    with pytest.raises(SettingsError, match="only a prefix does"):
        recipe(language_model="gpt2")
    with pytest.raises(ModelNotFoundError, match="no folder .* with a language model"):
        PieceVocabulary.open(str(tmp_path / "missing"), ("en",))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelFormatError, match="tokenizer of .*empty cannot be read"):
        PieceVocabulary.open(str(tmp_path / "empty"), ("en",))


def test_two_threads_write_what_one_writes(trained: Path) -> None:
    captioner = load_captioner(trained / "out", device="cpu")
    folder = open_data(trained / "gallery")
    pictures = [open_picture(folder.images / name) for name in folder.names[:8]]

    def written(start: int) -> list[str]:
        return [one[0].text for one in captioner.captions(pictures[start : start + 4])]

    wanted = {start: written(start) for start in (0, 4)}
    with ThreadPoolExecutor(2) as threads:
        for start, found in zip([0, 4] * 8, threads.map(written, [0, 4] * 8), strict=True):
            assert found == wanted[start]

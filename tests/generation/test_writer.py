"""Pictures written code by code, and the two trainings, on tiny networks."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pixel_encoder import Recorder

from timanh.errors import (
    EmptyQueryError,
    LanguageError,
    ModelFormatError,
    ModelNotFoundError,
    ResumeError,
    SettingsError,
)
from timanh.generation import Sampling, Vqgan, load_vqgan, load_writer
from timanh.generation.training import vqgan_loop, writer_loop
from timanh.generation.training.codebook import RunningCodebook
from timanh.generation.training.discriminator import PatchDiscriminator, judging_loss
from timanh.generation.training.shipping import ship
from timanh.generation.transformer import CaptionToCodes, TransformerSize
from timanh.models.shipping import size_of
from timanh.models.torch_encoder import TorchEncoder

SMALL = writer_loop.WriterPlan(
    pictures=256, drawn_side=32, side=32, steps=6, batch=8, words=300, width=16, layers=2, heads=2,
    warmup=1,
)  # fmt: skip
PAINTER = vqgan_loop.VqganPlan(
    pictures=256, drawn_side=32, side=32, small_side=16, steps=8, batch=4, widths=(16, 16),
    codes=16, code_width=8, warmup=1, free=0.3, judged=0.4,
)  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, vqgan: Vqgan) -> Path:
    folder = tmp_path_factory.mktemp("writer")
    writer_loop.WriterRun(SMALL, folder, vqgan=vqgan, workers=1).go()
    return folder


def test_no_code_depends_on_those_after_it_nor_on_padding() -> None:
    torch.manual_seed(0)
    network = CaptionToCodes(TransformerSize(words=9, codes=7, grid=3, width=16, layers=2, heads=2))
    captions, codes = torch.randint(9, (2, 4)), torch.randint(7, (2, 9))
    there = torch.tensor([[True] * 4, [True, True, False, False]])
    logits = network.eval()(captions, there, codes)
    changed = codes.clone()
    changed[:, 5] = (changed[:, 5] + 1) % 7
    after = network(captions, there, changed)
    torch.testing.assert_close(after[:, :6], logits[:, :6])
    assert not torch.allclose(after[:, 6], logits[:, 6])
    padded = captions.clone()
    padded[1, 2:] = 8
    torch.testing.assert_close(network(padded, there, codes)[1], logits[1])


def test_writes_what_the_whole_network_finds_likeliest(trained: Path, vqgan: Vqgan) -> None:
    """Code by code with keys and values kept, the likeliest each time, as all at once."""
    writer = load_writer(trained / "model", vqgan=vqgan, device="cpu")
    codes = writer._write("a red car", 1, Sampling(likeliest=1, guidance=2.0), _none, _never)
    assert codes is not None
    flat = codes.flatten(1)
    with torch.inference_mode():
        captions, there = writer.tokens(["a red car", ""])
        with_words, without = writer.network(captions, there, flat.repeat(2, 1))
    assert torch.equal((without + 2 * (with_words - without)).argmax(-1), flat[0])


def test_the_best_come_first_and_a_seed_gives_the_same(
    trained: Path, vqgan: Vqgan, encoder: TorchEncoder
) -> None:
    writer = load_writer(trained / "model", vqgan=vqgan, device="cpu")
    seen: list[tuple[int, int]] = []
    found = writer.best("a red car", encoder, 3, seen=lambda *each: seen.append(each))
    scores = [each.score for each in found]
    assert scores == sorted(scores, reverse=True) and len(found) == 3  # type: ignore[type-var]
    assert seen == [(number, 16) for number in range(1, 17)]
    again = writer.best("a red car", encoder, 3)
    assert [each.picture.tobytes() for each in again] == [each.picture.tobytes() for each in found]
    assert writer.best("a red car", encoder, 3, stopped=lambda: True) == []


def test_writes_and_ranks_by_the_words_that_were_meant(
    trained: Path, vqgan: Vqgan, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, encoder = load_writer(trained / "model", vqgan=vqgan, device="cpu"), Recorder("vi")
    read, tokens = list[str](), writer.tokens
    monkeypatch.setattr(writer, "tokens", lambda texts: (read.extend(texts), tokens(texts))[1])
    writer.best("con meo den", encoder, 2)
    assert (read, encoder.texts) == (["con mèo đen", ""], ["con mèo đen"])


def test_mistakes_are_refused_in_a_sentence(trained: Path, vqgan: Vqgan, tmp_path: Path) -> None:
    writer = load_writer(trained / "model", vqgan=vqgan, device="cpu")
    with pytest.raises(EmptyQueryError, match="nothing to paint"):
        writer.write(" ")
    with pytest.raises(SettingsError, match="candidates must be from 1 to 64; got 0"):
        writer.write("a", 0)
    with pytest.raises(SettingsError, match="The temperature is 0"):
        writer.write("a", 1, Sampling(temperature=0))
    with pytest.raises(ModelNotFoundError, match="There is no writer"):
        load_writer(tmp_path / "nowhere", vqgan=vqgan)
    (tmp_path / "config.json").write_text('{"model_type": "clip"}')
    with pytest.raises(ModelFormatError, match="a model of type 'clip'"):
        load_writer(tmp_path, vqgan=vqgan)
    (tmp_path / "config.json").write_text('{"model_type": "timanh-picture-writer", "size": {}}')
    with pytest.raises(ModelFormatError, match="cannot be read as a picture writer"):
        load_writer(tmp_path, vqgan=vqgan)


def test_codes_of_another_vqgan_are_refused(
    trained: Path, vqgan: Vqgan, vqgan_folder: Path
) -> None:
    other = load_vqgan(vqgan_folder, device="cpu")
    with torch.no_grad():
        other.network.quantize.embedding.weight.mul_(-1)  # as many codes, of another meaning
    with pytest.raises(ModelFormatError, match="writes the codes of another VQGAN"):
        load_writer(trained / "model", vqgan=other, device="cpu")
    assert load_writer(trained / "model", vqgan=vqgan, device="cpu").languages == ("en", "vi")


def test_words_of_no_language_that_it_knows_are_refused(trained: Path, vqgan: Vqgan) -> None:
    writer = load_writer(trained / "model", vqgan=vqgan, device="cpu")
    with pytest.raises(LanguageError, match="knows no word of “猫”.* in en and vi"):
        writer.write("猫")
    captions, there = writer.tokens(["a red car " * 30])
    assert captions.shape == (1, SMALL.longest) and there.all()
    assert captions[0, -1] == writer.tokens(["a car"])[0][0, -1], "its end is read"


def test_a_training_of_the_writer_goes_on_where_it_was(
    trained: Path, vqgan: Vqgan, tmp_path: Path
) -> None:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    (tmp_path / "state.pt").unlink()
    run = writer_loop.WriterRun(SMALL, tmp_path, vqgan=vqgan)
    for _ in range(3):
        run.advance(*run.batch(run.step))
    run.save()
    resumed = writer_loop.WriterRun(SMALL, tmp_path, vqgan=vqgan)
    resumed.go()
    whole = load_writer(trained / "model", vqgan=vqgan).network.state_dict()
    for name, value in resumed.network.state_dict().items():
        torch.testing.assert_close(value, whole[name], msg=name)
    with pytest.raises(ResumeError, match="other settings"):
        writer_loop.WriterRun(replace(SMALL, steps=9), tmp_path, vqgan=vqgan).go()


def test_a_training_of_the_vqgan_goes_on_where_it_was_and_is_shipped(tmp_path: Path) -> None:
    whole = vqgan_loop.VqganRun(PAINTER, tmp_path / "whole", workers=1)
    whole.go()
    shutil.copytree(tmp_path / "whole" / "pictures", tmp_path / "cut" / "pictures")
    run = vqgan_loop.VqganRun(PAINTER, tmp_path / "cut", workers=1)
    for _ in range(5):
        run.advance(*run.batch(run.step))
    run.save()
    resumed = vqgan_loop.VqganRun(PAINTER, tmp_path / "cut", workers=1)
    resumed.go()
    for name, value in resumed.network.state_dict().items():
        torch.testing.assert_close(value, whole.network.state_dict()[name], msg=name)
    place = ship(tmp_path / "cut" / "model", tmp_path / "shipped")
    assert str(tmp_path) not in (place / "config.json").read_text("utf8")
    loaded = load_vqgan(place, device="cpu")
    assert size_of(place) < 500_000 and loaded.cell == 4
    test = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3), np.uint8)
    assert 3 < vqgan_loop.psnr(loaded, test) < 40


def test_a_codebook_learns_where_vectors_lie_and_loses_no_code() -> None:
    random = torch.Generator().manual_seed(0)
    centres = torch.tensor([[5.0, 0.0], [-5.0, 0.0], [0.0, 5.0], [0.0, -5.0]])
    vectors = (centres[:, None] + 0.1 * torch.randn(4, 50, 2, generator=random)).flatten(0, 1)
    codebook = RunningCodebook(4, 2, keep=0.5)
    codebook.begin(vectors[:60], random)  # the last two places are not among them yet
    for _ in range(60):
        numbers = codebook(vectors)[1]
        codebook.learn(vectors, numbers, random)
    assert (codebook(vectors)[0] - vectors).norm(dim=1).max() < 1


def test_the_discriminator_judges_parts() -> None:
    torch.manual_seed(0)
    judge = PatchDiscriminator(8)
    picture = torch.rand(1, 3, 64, 64)
    changed = picture.clone()
    changed[..., :8, :8] = 0
    before, after = judge(picture), judge(changed)
    assert before.shape == (1, 1, 16, 16)
    assert judging_loss(torch.tensor([2.0]), torch.tensor([-2.0])).item() == 0
    assert judging_loss(torch.tensor([0.0]), torch.tensor([1.0])).item() == 1.5
    assert not torch.equal(before[..., :2, :2], after[..., :2, :2])


def _none(done: int, all_: int) -> None: ...


def _never() -> bool:
    return False

"""The file a run goes on from: damaged, of another model, or with another tokenizer."""

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from small_training import TEXTS, assert_same_weights, recipe, tiny
from transformers import PreTrainedTokenizerFast

from timanh.data import DataFolder, open_data
from timanh.errors import ResumeError
from timanh.models import small_encoder
from timanh.models.building import train_tokenizer
from timanh.models.texts import tokenizer_digest
from timanh.models.torch_encoder import TorchEncoder
from timanh.training import train
from timanh.training.checkpoints import read_state

STATE = "training-state.pt"


class Evil:
    """Makes a folder when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("unpickled",)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state as a run leaves it that is stopped."""
    from galleries import make_gallery

    place = tmp_path_factory.mktemp("left")
    stopped_after_an_epoch(open_data(make_gallery(place / "gallery")), tiny(), place / "out")
    return place / "out" / STATE


def run(folder: DataFolder, encoder: TorchEncoder, out: Path, *, epochs: int) -> int:
    """One run over all pictures; returns the step at which it was taken up."""
    chosen = recipe(epochs=epochs)
    return train(folder, encoder, chosen, out, names=folder.names, progress=False).resumed_at


def torn(whole: bytes) -> dict[str, bytes]:
    middle = len(whole) // 2
    return {
        "empty": b"",
        "cut": whole[:middle],
        "one bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "a web page": b"<!doctype html><title>Drive: quota exceeded</title>",
        "zeros": bytes(len(whole)),
        "a pickle": pickle.dumps({"model": Evil()}),
    }


@pytest.mark.parametrize("kind", list(torn(b"  ")))
def test_a_damaged_state_is_said_in_one_sentence(
    left: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / STATE).write_bytes(torn(left.read_bytes())[kind])
    with pytest.raises(ResumeError, match=r"training-state\.pt is damaged .*--fresh") as caught:
        read_state(tmp_path / STATE)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
    assert not Path("unpickled").exists()


@pytest.mark.parametrize("content", [{"recipe": {}}, [1, 2], {"model": Evil()}])
def test_a_state_of_something_else_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: object
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(content, tmp_path / STATE)
    with pytest.raises(ResumeError, match="is damaged"):
        read_state(tmp_path / STATE)
    assert not Path("unpickled").exists()


def test_what_cannot_be_read_is_not_called_damaged(
    left: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("timanh.training.checkpoints.zipfile.ZipFile", away)
    with pytest.raises(ResumeError, match="cannot be read .Input/output error.. Try again"):
        read_state(left)


def test_another_model_cannot_go_on(gallery: Path, tmp_path: Path) -> None:
    folder = open_data(gallery)
    run(folder, tiny(), tmp_path, epochs=1)
    wider = small_encoder(TEXTS, widths=(8, 24), text_width=16, dim=16, side=32, device="cpu")
    before = {name: value.clone() for name, value in wider.network.state_dict().items()}
    with pytest.raises(ResumeError, match="trained another model: .* there and .* here"):
        run(folder, wider, tmp_path, epochs=1)
    assert all(torch.equal(before[name], value) for name, value in wider.model.state_dict().items())


# --- the tokenizer of a model that is trained from nothing


def test_a_tokenizer_of_the_same_captions_is_the_same() -> None:
    words = [f"{a}{b}{c} {c}{b}{a}" for a in "abcdeê" for b in "fghijk" for c in "lmnoô"]
    made = [train_tokenizer(words, vocabulary=200) for _ in range(4)]
    assert len({tokenizer_digest(each) for each in made}) == 1
    assert len(made[0]) == 200 and made[0].all_special_ids == [1, 3, 0, 2]


def other_numbers(encoder: TorchEncoder) -> TorchEncoder:
    """The same with a vocabulary in another order, as an earlier version learned at random."""
    vocabulary = encoder.texts.tokenizer.get_vocab()
    words = sorted((word for word in vocabulary if word[0] != "["), key=vocabulary.__getitem__)
    numbers = sorted((vocabulary[word] for word in words), reverse=True)
    turned = dict(zip(words, numbers, strict=True))
    backend = encoder.texts.tokenizer.backend_tokenizer
    content = json.loads(backend.to_str())
    content["model"]["vocab"].update(turned)
    encoder.texts.tokenizer._tokenizer = type(backend).from_str(json.dumps(content))
    return encoder


def test_a_run_goes_on_with_the_tokenizer_it_began_with(gallery: Path, tmp_path: Path) -> None:
    folder = open_data(gallery)
    first, second = tiny(), other_numbers(tiny(seed=5))
    assert first.text_fingerprint != second.text_fingerprint
    assert (
        first.texts(["a red circle"])["input_ids"].tolist()
        != second.texts(["a red circle"])["input_ids"].tolist()
    )
    run(folder, tiny(), tmp_path / "whole", epochs=2)
    stopped_after_an_epoch(folder, first, tmp_path / "broken")
    assert run(folder, second, tmp_path / "broken", epochs=2) == 2
    assert_same_weights(tmp_path / "whole", tmp_path / "broken")
    assert second.texts.describe() == first.texts.describe()
    saved = PreTrainedTokenizerFast.from_pretrained(tmp_path / "broken")
    assert tokenizer_digest(saved) == tokenizer_digest(first.texts.tokenizer)


def test_a_state_of_before_tokenizers_were_kept(gallery: Path, tmp_path: Path) -> None:
    folder, out = open_data(gallery), tmp_path
    stopped_after_an_epoch(folder, tiny(), out)
    state = torch.load(out / STATE, weights_only=True)
    del state["texts"]
    torch.save(state, out / STATE)
    later = other_numbers(tiny(seed=5))
    run(folder, later, out, epochs=2)
    assert later.texts.describe() == tiny().texts.describe(), "taken from the epoch's model"

    del state["history"][:]
    torch.save(state, out / STATE)
    with pytest.raises(ResumeError, match="did not keep the tokenizer"):
        run(folder, tiny(), out, epochs=2)


def stopped_after_an_epoch(folder: DataFolder, encoder: TorchEncoder, out: Path) -> None:
    """A run of two epochs that is interrupted once the first is saved."""
    from timanh.training.trainer import _Run

    keep = _Run.keep_epoch

    def stop(whole: _Run) -> None:
        keep(whole)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Run, "keep_epoch", stop)
        with pytest.raises(KeyboardInterrupt):
            run(folder, encoder, out, epochs=2)

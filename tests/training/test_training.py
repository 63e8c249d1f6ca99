"""A training run: what stops it, what it learns, and what it keeps."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_training import flat_dev, recipe, tiny, weights

from timanh.data import open_data
from timanh.errors import DataError, DivergedError, TrainingError
from timanh.models import load_encoder
from timanh.models.torch_encoder import TorchEncoder
from timanh.training import train
from timanh.training.history import best_epoch

# What stops it


def test_a_folder_without_captions_cannot_be_trained_on(gallery: Path, tmp_path: Path) -> None:
    (gallery / "captions.txt").unlink()
    with pytest.raises(DataError, match="No caption file found"):
        train(open_data(gallery), tiny(), recipe(), tmp_path / "out", progress=False)


def test_one_picture_or_captions_all_the_same_teach_nothing(gallery: Path, tmp_path: Path) -> None:
    folder = open_data(gallery)
    with pytest.raises(DataError, match="has 1 captioned pictures to train on and at least 2"):
        train(folder, tiny(), recipe(), tmp_path / "out", names=folder.names[:1], progress=False)
    lines = [f"{name},a picture" for name in folder.names]
    (gallery / "captions.txt").write_text("\n".join(["image,caption", *lines]))
    folder = open_data(gallery)
    with pytest.raises(DataError, match="All 12 captions are the same"):
        train(folder, tiny(), recipe(), tmp_path / "out", names=folder.names, progress=False)


def test_too_little_memory_says_which_batch_to_try(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, encoder = open_data(gallery), tiny()

    def hungry(pixels: torch.Tensor) -> torch.Tensor:
        return torch.empty(1 << 60) + pixels

    monkeypatch.setattr(encoder, "image_features", hungry)
    with pytest.raises(
        TrainingError, match=r"6 pairs\. .*Try half: --batch-size 3, .*--micro-batch 3"
    ):
        train(folder, encoder, recipe(), tmp_path / "out", names=folder.names, progress=False)


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_model(
    gallery: Path, tmp_path: Path
) -> None:
    folder, out, encoder = open_data(gallery), tmp_path / "out", tiny()

    def poison(trained: TorchEncoder) -> None:
        with torch.no_grad():
            next(trained.model.parameters()).fill_(float("nan"))

    names = folder.names
    train(folder, encoder, recipe(epochs=1), out, names=names, progress=False)
    good = weights(out)
    poison(encoder)
    with pytest.raises(DivergedError, match=r"loss became nan.*smaller learning rate"):
        train(folder, encoder, recipe(epochs=1), out, names=names, progress=False, resume=False)
    assert all(torch.equal(good[name], value) for name, value in weights(out).items())


def test_a_picture_that_cannot_be_opened_is_named_and_left_out(
    gallery: Path, tmp_path: Path
) -> None:
    (gallery / "images" / "red_circle_0.jpg").write_bytes(b"this is text")
    folder = open_data(gallery)
    result = train(folder, tiny(), recipe(epochs=1), tmp_path, names=folder.names, progress=False)
    assert result.pictures == 11
    assert list(result.skipped) == ["red_circle_0.jpg"]


# What it learns and keeps


def test_it_learns_and_the_folder_it_leaves_loads(gallery: Path, tmp_path: Path) -> None:
    folder = open_data(gallery)
    result = train(
        folder, tiny(), recipe(epochs=30, flip=False, drop_words=0.0), tmp_path,
        names=folder.names, progress=False,
    )  # fmt: skip
    losses = [entry["loss"] for entry in result.history]
    assert losses[-1] < losses[0] - 0.5
    encoder = load_encoder(result.folder, device="cpu")
    from timanh.data import open_picture

    pictures = [open_picture(folder.images / name) for name in folder.names]
    scores = encoder.encode_texts(["a blue square"]) @ encoder.encode_images(pictures).T
    best = [folder.names[row] for row in np.argsort(-scores[0])[:2]]
    assert sorted(best) == ["blue_square_0.jpg", "blue_square_1.jpg"]


def test_a_model_that_was_shown_texts_without_marks_says_so(gallery: Path, tmp_path: Path) -> None:
    folder = open_data(gallery)
    for share in (0.0, 0.5):
        out = tmp_path / f"{share}"
        chosen = recipe(drop_marks=share, epochs=1)
        train(folder, tiny(), chosen, out, names=folder.names, progress=False)
        assert load_encoder(out, device="cpu").reads_unmarked is (share > 0)


def test_a_model_that_was_shown_vietnamese_knows_it(gallery: Path, tmp_path: Path) -> None:
    folder, encoder = open_data(gallery), tiny()
    encoder.languages = ("en",)
    chosen = recipe(vietnamese=0.5, epochs=1)
    train(folder, encoder, chosen, tmp_path, names=folder.names, progress=False)
    assert load_encoder(tmp_path, device="cpu").languages == ("en", "vi")


def test_the_best_epoch_is_kept_not_the_last(gallery: Path, tmp_path: Path) -> None:
    folder, seen = open_data(gallery), []
    scores = iter([20.0, 50.0, 30.0])

    def measure(encoder: TorchEncoder) -> dict[str, Any]:
        seen.append(encoder.network.vision_projection.weight.detach().clone())
        return flat_dev(next(scores))

    result = train(
        folder, tiny(), recipe(), tmp_path, names=folder.names, measure=measure, progress=False
    )
    assert result.best_epoch == 1
    assert torch.equal(weights(tmp_path)["vision_projection.weight"], seen[1])
    assert best_epoch([{"dev": None}, {"dev": None}]) == 1


def test_patience_ends_a_run_that_no_longer_improves(gallery: Path, tmp_path: Path) -> None:
    scores = iter([20.0, 50.0, 30.0, 40.0])
    folder, chosen = open_data(gallery), recipe(epochs=9, patience=2)
    result = train(
        folder, tiny(), chosen, tmp_path, names=folder.names, progress=False,
        measure=lambda _: flat_dev(next(scores)),
    )  # fmt: skip
    assert len(result.history) == 4 and result.best_epoch == 1


def test_in_colab_decoded_pictures_stay_off_the_drive(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out, local = open_data(gallery), tmp_path / "drive", tmp_path / "local"
    local.mkdir()
    monkeypatch.setattr("timanh.training.trainer.in_colab", lambda: True)
    monkeypatch.setattr("timanh.training.trainer.gettempdir", lambda: str(local))
    train(folder, tiny(), recipe(epochs=1), out, names=folder.names, progress=False)
    assert list((local / "timanh-pixels").glob("*.npy")) and not (out / ".pixels").exists()

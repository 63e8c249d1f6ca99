"""The training loop: what it computes, what it keeps, and how it goes on after a kill."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from timanh.data import open_data
from timanh.errors import DataError, DivergedError, ResumeError, SettingsError, TrainingError
from timanh.models import load_encoder, small_encoder
from timanh.models.torch_encoder import TorchEncoder
from timanh.training import Recipe, train
from timanh.training.history import best_epoch
from timanh.training.optimising import rate_factor
from timanh.training.pairs import epoch_batches, epoch_items, names_a_side, without_marks

TEXTS = ["a red circle one in green blue square"] * 4


def tiny(seed: int = 0) -> TorchEncoder:
    return small_encoder(
        TEXTS, widths=(8, 16), text_width=16, dim=16, side=32, device="cpu", seed=seed
    )


def recipe(**changes: Any) -> Recipe:
    values = {"epochs": 3, "batch_size": 6, "learning_rate": 3e-3, "mixed_precision": False}
    return Recipe.named("demo", **{**values, **changes})


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def assert_same_weights(one: Path, other: Path) -> None:
    left, right = weights(one), weights(other)
    assert left.keys() == right.keys()
    for name, value in left.items():
        assert torch.equal(value, right[name]), name


# --- failures first


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": 0}, {"batch_size": 1}, {"learning_rate": 0}, {"label_smoothing": 1.0},
        {"patience": 0}, {"loss": "triplet"}, {"train": "images"}, {"layer_decay": 0.0},
        {"captions_per_picture": 2, "distinct_pictures": False}, {"micro_batch": 0},
    ],
)  # fmt: skip
def test_impossible_recipes_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        recipe(**changes)


def test_unknown_recipes_and_settings_name_the_known() -> None:
    with pytest.raises(SettingsError, match="known are report, strong, demo"):
        Recipe.named("weak")
    with pytest.raises(SettingsError, match="no epoch"):
        Recipe.named("report", epoch=3)


def test_a_folder_without_captions_cannot_be_trained_on(gallery: Path, tmp_path: Path) -> None:
    (gallery / "captions.txt").unlink()
    with pytest.raises(DataError, match="0 captioned pictures"):
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
        TrainingError, match=r"6 pairs\. Try half: --batch-size 3, .*--micro-batch 3"
    ):
        train(folder, encoder, recipe(), tmp_path / "out", names=folder.names, progress=False)


FULL_DISK = """
import resource, sys
from pathlib import Path
from timanh.cli import run
from timanh.models import load_encoder
gallery, model, out, limit = sys.argv[1:]
args = ["train", "--data", gallery, "--model", model, "--out", out, "--batch-size", "4"]
assert run([*args, "--device", "cpu", "--epochs", "2", "--no-between"]) == 0
before = {file.name: file.read_bytes() for file in Path(out).glob("*.safetensors")}
state = (Path(out) / "training-state.pt").read_bytes()
resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
assert run([*args, "--device", "cpu", "--epochs", "3", "--fresh"]) == 2
assert state == (Path(out) / "training-state.pt").read_bytes()
after = {file.name: file.read_bytes() for file in Path(out).glob("*.safetensors")}
# Either nothing was written, or the new epoch's weights were, whole.
assert after == before or int(limit) > len(before["model.safetensors"])
load_encoder(out, device="cpu")
assert not list(Path(out).glob("*.part")) and not list(Path(out).glob(".*.part"))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on files is set the Unix way")
@pytest.mark.parametrize("kilobytes", [40, 200])
def test_a_full_disk_leaves_the_checkpoint_before_whole(
    gallery: Path, tiny_clip_folder: Path, tmp_path: Path, kilobytes: int
) -> None:
    limit = str(1000 * kilobytes)  # below the weights', then below the state's size
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, gallery, tiny_clip_folder, tmp_path / "out", limit],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "is full: the newest checkpoint could not be written" in done.stderr


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


def test_another_recipe_or_other_data_cannot_go_on(gallery: Path, tmp_path: Path) -> None:
    folder, out = open_data(gallery), tmp_path / "out"
    train(folder, tiny(), recipe(epochs=1), out, names=folder.names, progress=False)
    with pytest.raises(ResumeError, match="batch_size=6; this one differs"):
        train(folder, tiny(), recipe(epochs=1, batch_size=4), out, resume=True, progress=False)
    with pytest.raises(ResumeError, match="other pictures"):
        train(
            folder, tiny(), recipe(epochs=1), out, names=folder.names[:8], resume=True,
            progress=False,
        )  # fmt: skip


def test_a_picture_that_cannot_be_opened_is_named_and_left_out(
    gallery: Path, tmp_path: Path
) -> None:
    (gallery / "images" / "red_circle_0.jpg").write_bytes(b"this is text")
    folder = open_data(gallery)
    result = train(folder, tiny(), recipe(epochs=1), tmp_path, names=folder.names, progress=False)
    assert result.pictures == 11
    assert list(result.skipped) == ["red_circle_0.jpg"]


# --- what it computes


def test_distinct_pictures_come_once_each_and_other_captions_come_in_other_epochs() -> None:
    captions = [tuple(f"{row}-{number}" for number in range(5)) for row in range(40)]
    chosen = recipe(captions_per_picture=1, drop_words=0.0, drop_marks=0.0)
    first, second = (epoch_items(captions, chosen, epoch) for epoch in (0, 1))
    for items in (first, second):
        assert Counter(row for row, _ in items) == Counter(range(40))
        assert all(len(own) == 1 and own[0] in captions[row] for row, own in items)
    assert first == epoch_items(captions, chosen, 0)
    assert dict(first) != dict(second)


def test_several_captions_of_a_picture_are_different_ones_as_far_as_it_has_them() -> None:
    captions = [("a", "b", "c"), ("d",)]
    chosen = recipe(captions_per_picture=2, drop_words=0.0, drop_marks=0.0)
    own = dict(epoch_items(captions, chosen, 0))
    assert len(set(own[0])) == 2 and own[1] == ("d", "d")


def test_the_report_takes_every_caption_as_an_item() -> None:
    captions = [("a", "b", "c"), ("d",), ()]
    items = epoch_items(captions, Recipe.named("report"), 0)
    assert sorted(items) == [(0, ("a",)), (0, ("b",)), (0, ("c",)), (1, ("d",))]


def test_batches_are_full_but_a_small_set_is_one_batch() -> None:
    captions = [("x",)] * 7
    assert [len(batch) for batch in epoch_batches(captions, recipe(batch_size=3), 0)] == [3, 3]
    assert [len(batch) for batch in epoch_batches(captions, recipe(batch_size=50), 0)] == [7]


def test_captions_with_sides_and_marks() -> None:
    assert names_a_side("A dog LEFT of a car") and names_a_side("con chó bên trái")
    assert not names_a_side("leftovers on a table")
    assert without_marks("Chiếc ô tô màu đỏ") == "Chiec o to mau do"


def test_the_rate_rises_then_falls() -> None:
    chosen = recipe(warmup=0.1, cosine=True)
    factors = [rate_factor(chosen, step, 100) for step in range(100)]
    assert factors[:10] == pytest.approx([0.1 * (step + 1) for step in range(10)])
    assert factors[10] == 1.0 and factors[99] < 0.001
    assert rate_factor(Recipe.named("report"), 7, 10) == 1.0


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


# --- what it keeps


def flat_dev(value: float = 10.0) -> dict[str, Any]:
    recalls = {"R@1": value, "R@5": value, "R@10": value}
    return {"t2i": recalls, "i2t": recalls}


def test_numbers_go_to_tensorboard_once_each_even_after_going_on(
    gallery: Path, tmp_path: Path
) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = open_data(gallery)

    def measure(encoder: TorchEncoder) -> dict[str, Any]:
        ways = ("t2i", "i2t")
        return {"gallery": 3, **{way: {f"R@{k}": 40.0 + k for k in (1, 5, 10)} for way in ways}}

    for _ in range(2):  # the second time there is nothing left to do
        train(
            folder, tiny(), recipe(epochs=2), tmp_path, names=folder.names, measure=measure,
            resume=True, progress=False,
        )  # fmt: skip
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("loss")] == [0, 1, 2, 3]
    assert [event.value for event in events.Scalars("dev/t2i R@10")] == [50, 50]
    assert events.Scalars("learning rate")[0].value > 0


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


def test_in_colab_decoded_pictures_stay_off_the_drive(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out, local = open_data(gallery), tmp_path / "drive", tmp_path / "local"
    local.mkdir()
    monkeypatch.setattr("timanh.training.trainer.in_colab", lambda: True)
    monkeypatch.setattr("timanh.training.trainer.gettempdir", lambda: str(local))
    train(folder, tiny(), recipe(epochs=1), out, names=folder.names, progress=False)
    assert list((local / "timanh-pixels").glob("*.npy")) and not (out / ".pixels").exists()


def test_patience_ends_a_run_that_no_longer_improves(gallery: Path, tmp_path: Path) -> None:
    scores = iter([20.0, 50.0, 30.0, 40.0])
    folder, chosen = open_data(gallery), recipe(epochs=9, patience=2)
    result = train(
        folder, tiny(), chosen, tmp_path, names=folder.names, progress=False,
        measure=lambda _: flat_dev(next(scores)),
    )  # fmt: skip
    assert len(result.history) == 4 and result.best_epoch == 1


def test_an_older_run_that_did_not_know_a_setting_goes_on_with_its_default(
    gallery: Path, tmp_path: Path
) -> None:
    folder = open_data(gallery)
    train(folder, tiny(), recipe(epochs=1), tmp_path, names=folder.names, progress=False)
    state = torch.load(tmp_path / "training-state.pt", weights_only=True)
    del state["recipe"]["colour"]
    torch.save(state, tmp_path / "training-state.pt")
    again = train(folder, tiny(), recipe(epochs=1), tmp_path, names=folder.names, progress=False)
    assert again.resumed_at == 2
    with pytest.raises(ResumeError, match=r"has colour=0\.0; this one differs"):
        train(folder, tiny(), recipe(epochs=1, colour=0.1), tmp_path, names=folder.names)


def interrupted_after(epochs: int) -> Callable[[TorchEncoder], dict[str, Any]]:
    """A measure that ends the run as Ctrl-C would, after so many finished epochs."""
    calls = Counter[str]()

    def measure(_: TorchEncoder) -> dict[str, Any]:
        calls["epochs"] += 1
        if calls["epochs"] > epochs:
            raise KeyboardInterrupt
        return flat_dev()

    return measure


def test_a_resumed_run_ends_with_the_weights_of_an_unbroken_one(
    gallery: Path, tmp_path: Path
) -> None:
    folder = open_data(gallery)
    names = folder.names
    always = interrupted_after(99)
    train(folder, tiny(), recipe(), tmp_path / "whole", names=names, measure=always, progress=False)
    broken = tmp_path / "broken"
    with pytest.raises(KeyboardInterrupt):
        train(
            folder, tiny(), recipe(), broken, names=names, measure=interrupted_after(1),
            progress=False,
        )  # fmt: skip
    result = train(
        folder, tiny(seed=5), recipe(), broken, names=names, measure=always, resume=True,
        progress=False,
    )  # fmt: skip
    assert len(result.history) == 3
    assert_same_weights(tmp_path / "whole", broken)
    assert [entry["epoch"] for entry in json.loads((broken / "history.json").read_text())] == [
        1, 2, 3,
    ]  # fmt: skip


KILLS = """
import os, random, signal, sys, time
from pathlib import Path
import torch
from safetensors.torch import load_file
from timanh.data import open_data
from timanh.models import small_encoder
from timanh.training import Recipe, train

gallery, root, wanted = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(1)
folder = open_data(gallery)
recipe = Recipe.named("demo", epochs=4, batch_size=4, learning_rate=3e-3, average=0.9,
                      mixed_precision=False, crop=0.5, colour=0.2, captions_per_picture=2)

def run(out, save_every):
    child = os.fork()
    if child:
        return child
    encoder = small_encoder(["a red circle one in green blue square"] * 4, widths=(8, 16),
                            text_width=16, dim=16, side=32, device="cpu")
    measure = lambda encoder: {way: {f"R@{k}": 50.0 for k in (1, 5, 10)} for way in ("t2i", "i2t")}
    train(folder, encoder, recipe, out, names=folder.names, measure=measure,
          save_every=save_every, progress=False)
    os._exit(0)

began = time.monotonic()
assert os.waitpid(run(root / "whole", 1e9), 0)[1] == 0
length = time.monotonic() - began
whole = load_file(root / "whole" / "model.safetensors")
draw, kills, runs = random.Random(int(sys.argv[4])), 0, 0
while kills < wanted:
    out, ended, runs = root / f"broken-{runs}", False, runs + 1
    while not ended:
        # The last one of a run is left to end.
        child = run(out, 0.0)
        time.sleep(draw.uniform(0, length))
        if kills < wanted:
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        killed = os.WIFSIGNALED(status)
        assert killed or status == 0, status
        kills, ended = kills + killed, not killed
    broken = load_file(out / "model.safetensors")
    assert all(torch.equal(value, broken[name]) for name, value in whole.items()), out
print(kills, "kills in", runs, "runs")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the trial forks")
def test_killed_at_random_moments_it_ends_with_the_weights_of_an_unbroken_run(
    gallery: Path, tmp_path: Path
) -> None:
    """TIMANH_KILLS=50 makes a longer trial of it, TIMANH_SEED another one."""
    kills, seed = os.environ.get("TIMANH_KILLS", "6"), os.environ.get("TIMANH_SEED", "0")
    done = subprocess.run(
        [sys.executable, "-c", KILLS, str(gallery), str(tmp_path), kills, seed],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(kills)

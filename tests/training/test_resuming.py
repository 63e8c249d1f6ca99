"""Training goes on after Ctrl-C, a kill or a full disk, and only with the same recipe."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from small_training import assert_same_weights, flat_dev, recipe, tiny

from timanh.cli import run
from timanh.data import open_data
from timanh.errors import ResumeError, SettingsError
from timanh.models import load_encoder
from timanh.models.torch_encoder import TorchEncoder
from timanh.training import train


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


def test_a_model_that_no_training_wrote_is_not_written_over(gallery: Path, tmp_path: Path) -> None:
    folder, out = open_data(gallery), tmp_path / "mine"
    tiny().save_pretrained(out)
    before = {file.name: file.read_bytes() for file in out.iterdir() if file.is_file()}
    with pytest.raises(SettingsError, match="which no training of Tìm Ảnh wrote"):
        train(folder, tiny(), recipe(epochs=1), out, names=folder.names, progress=False)
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before
    command = ["train", "--data", str(gallery), "--model", str(out), "--out", str(out)]
    assert run([*command, "--epochs", "1"]) == 2


def test_an_older_run_that_did_not_know_a_setting_goes_on_with_its_default(
    gallery: Path, tmp_path: Path
) -> None:
    folder, names = open_data(gallery), open_data(gallery).names
    with pytest.raises(KeyboardInterrupt):
        train(
            folder, tiny(), recipe(epochs=2), tmp_path, names=names, measure=interrupted_after(1),
            progress=False,
        )  # fmt: skip
    state = torch.load(tmp_path / "training-state.pt", weights_only=True)
    del state["recipe"]["colour"]
    torch.save(state, tmp_path / "training-state.pt")
    with pytest.raises(ResumeError, match=r"has colour=0\.0; this one differs"):
        train(folder, tiny(), recipe(epochs=2, colour=0.1), tmp_path, names=names, progress=False)
    again = train(folder, tiny(), recipe(epochs=2), tmp_path, names=names, progress=False)
    assert again.resumed_at == 2 and not again.found


def test_a_run_that_is_done_keeps_no_state_and_is_found_again(
    gallery: Path, tmp_path: Path
) -> None:
    folder, out = open_data(gallery), tmp_path / "my-model"
    first = train(folder, tiny(), recipe(epochs=2), out, names=folder.names, progress=False)
    assert not first.found and not (out / "training-state.pt").exists()
    written = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    encoder = tiny(seed=5)
    again = train(folder, encoder, recipe(epochs=2), out, names=folder.names, progress=False)
    assert again.found and again.resumed_at == 4 and again.history == first.history
    assert written == {path: path.stat().st_mtime_ns for path in out.iterdir()}
    trained = load_encoder(out, device="cpu")
    assert encoder.fingerprint == trained.fingerprint and encoder.name == trained.name == "my-model"
    fresh = train(
        folder, tiny(), recipe(epochs=1), out, names=folder.names, resume=False, progress=False
    )
    assert len(fresh.history) == 1 and not fresh.found


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


FULL_DISK = """
import resource, sys
from pathlib import Path
from timanh.cli import run
from timanh.models import load_encoder
gallery, model, out, limit = sys.argv[1:]
args = ["train", "--data", gallery, "--model", model, "--out", out, "--batch-size", "4"]
assert run([*args, "--device", "cpu", "--epochs", "2", "--no-between"]) == 0
before = {file.name: file.read_bytes() for file in Path(out).glob("*.safetensors")}
state = Path(out) / "training-state.pt"
assert not state.exists()
resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
assert run([*args, "--device", "cpu", "--epochs", "3", "--fresh"]) == 2
assert not state.exists()
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
                      mixed_precision=False, crop=0.5, colour=0.2, captions_per_picture=2,
                      vietnamese=0.5, drop_marks=0.3, head_steps=20,
                      head_steps_after=10)

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

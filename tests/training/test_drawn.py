"""The training of the demo checkpoint: what is true of what, and a run that is taken up again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from timanh.data.scenes import scene_of
from timanh.data.scenes.queries import NamedThing, Query, caption_query, short_query
from timanh.errors import DivergedError, ResumeError
from timanh.models import load_encoder
from timanh.training import fixed_steps
from timanh.training.drawn import loop
from timanh.training.drawn.loop import Plan, Run
from timanh.training.drawn.network import joint_loss
from timanh.training.drawn.truth import ACTION_OF, KIND_OF, Truth

PLAN = Plan(
    pictures=12, steps=6, batch=4, short=2, side=32, widths=(8, 12, 16), depths=(1, 1, 1),
    text_width=16, text_layers=1, dim=16, warmup=2, seed=3,
    small_steps=2, small_side=24, head_steps=3, head_batch=8, head_short=1,
)  # fmt: skip


def test_a_short_text_is_true_of_the_scene_it_was_made_for() -> None:
    import random

    scenes = [scene_of(row, 5) for row in range(120)]
    truth, rng = Truth.of(scenes), random.Random(2)
    for language in ("en", "vi"):
        queries = [short_query(scene, language, rng) for scene in scenes]
        right, unknown = truth.answers(queries, range(len(scenes)))
        assert right[np.arange(120), np.arange(120)].all()
        assert not (right & unknown).any()
        assert len({query.text for query in queries}) > 80


def test_a_red_car_is_right_for_every_red_car_and_a_caption_for_its_own_picture_alone() -> None:
    scenes = [scene_of(row, 0) for row in range(400)]
    red = [
        any(thing.kind == "car" and thing.colour == "red" for thing in scene.things)
        for scene in scenes
    ]
    row = red.index(True)
    query = Query("a red car", (NamedThing(("car",), "red"),))
    caption = caption_query(scenes[row], 0, "en")
    right, unknown = Truth.of(scenes).answers([query, caption], [row, row])
    assert right[:, 0].tolist() == red and not unknown[:, 0].any()
    assert right[:, 1].sum() == 1 and right[row, 1]
    assert sum(red) > 1


def test_cells_name_what_stands_in_them_also_in_the_mirror() -> None:
    scene = next(
        scene
        for scene in (scene_of(row, 1) for row in range(500))
        if len(scene.things) == 1 and scene.main.count == 1 and scene.main.spots[0].x < 0.3
    )
    truth = Truth.of([scene])
    kinds = truth.grid(14)[0, :, :, 0]
    number = KIND_OF[scene.main.kind]
    assert set(np.unique(kinds)) == {-1, number}
    columns = np.nonzero((kinds == number).any(0))[0]
    assert abs((columns.mean() + 0.5) / 14 - scene.main.spots[0].x) < 0.06
    turned = truth.mirrored(np.array([True])).grid(14)[0, :, :, 0]
    assert (turned == kinds[:, ::-1]).all()
    assert len(ACTION_OF) > 10


def test_what_is_not_known_to_be_right_or_wrong_has_no_part_in_the_loss() -> None:
    torch.manual_seed(0)
    pictures, texts, scale = torch.randn(3, 8), torch.randn(3, 8), torch.tensor(2.0)
    right = torch.eye(3, dtype=torch.bool)
    unknown = torch.zeros(3, 3, dtype=torch.bool)
    unknown[0, 1] = True
    loss = joint_loss(pictures, texts, scale, right, unknown)
    assert loss < joint_loss(pictures, texts, scale, right, torch.zeros_like(unknown))
    everything = joint_loss(pictures, texts, scale, right, ~right)
    assert float(everything) == 0.0


def test_a_run_that_was_stopped_ends_with_the_weights_of_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Run(PLAN, tmp_path / "whole", workers=1).go()
    stopped = Run(PLAN, tmp_path / "stopped", workers=1)
    monkeypatch.setattr(fixed_steps, "SAVE_EVERY", 0.0)
    learn = stopped.learn

    def until_four(batch: loop.Batch, tokens: list[list[int]]) -> dict[str, float]:
        if stopped.step == 4:
            raise KeyboardInterrupt
        return learn(batch, tokens)

    monkeypatch.setattr(stopped, "learn", until_four)
    with pytest.raises(KeyboardInterrupt):
        stopped.go()
    again = Run(PLAN, tmp_path / "stopped", workers=1)
    resumed = again.go()
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name
    loaded = load_encoder(tmp_path / "stopped" / "model", device="cpu")
    words = ["a red car", "chiếc ô tô màu đỏ"]
    assert np.allclose(loaded.encode_texts(words), resumed.encode_texts(words), atol=1e-5)
    with pytest.raises(ResumeError, match="other settings"):
        Run(replace(PLAN, steps=7), tmp_path / "stopped", workers=1).go()


def test_a_loss_that_is_no_number_ends_the_run_and_is_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(PLAN, tmp_path, workers=1)
    monkeypatch.setattr(fixed_steps, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(run, "learn", lambda *batch: {"joint": float("nan")})
    with pytest.raises(DivergedError, match="diverged at step 0"):
        run.go()
    assert not (tmp_path / "state.pt").exists()

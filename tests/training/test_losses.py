"""The losses, each against a plain computation with loops, on small matrices."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from timanh.training.losses import MAX_LOGIT_SCALE, cosines, info_nce, pairs_in_order, sigmoid_loss
from timanh.training.shared import SharedCaptions

SCALE = torch.tensor(1.3)


def vectors(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def logits(images: Tensor, texts: Tensor) -> np.ndarray:
    rows = [
        [float(one @ other / one.norm() / other.norm()) * math.exp(1.3) for other in texts]
        for one in images
    ]
    return np.array(rows)


def plain_info_nce(scores: np.ndarray, right: np.ndarray, smoothing: float) -> float:
    """One way: per row, the mean over right answers of -log(e^s / (e^s + Σ wrong))."""
    total = 0.0
    for row, own in zip(scores, right, strict=True):
        wrong = sum(math.exp(score) for score, true in zip(row, own, strict=True) if not true)
        each = [
            -math.log(math.exp(score) / (math.exp(score) + wrong))
            for score, true in zip(row, own, strict=True)
            if true
        ]
        everything = sum(map(math.exp, row))
        spread = sum(-math.log(math.exp(score) / everything) for score in row) / len(row)
        total += (1 - smoothing) * sum(each) / len(each) + smoothing * spread
    return total / len(scores)


RIGHT = np.array([
    [1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0, 1, 0],
    [0, 0, 0, 0, 1, 1, 0, 0], [1, 0, 0, 0, 0, 0, 1, 1],
], dtype=bool)  # fmt: skip


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("right", [None, RIGHT])
def test_info_nce_is_what_the_papers_say(right: np.ndarray | None, smoothing: float) -> None:
    images = vectors(4, 7)
    texts = vectors(4 if right is None else 8, 7, seed=2)
    scores = logits(images, texts)
    true = np.eye(4, dtype=bool) if right is None else right
    wanted = plain_info_nce(scores, true, smoothing) + plain_info_nce(scores.T, true.T, smoothing)
    positives = None if right is None else torch.from_numpy(right)
    got = info_nce(images, texts, SCALE, positives=positives, label_smoothing=smoothing)
    assert float(got) == pytest.approx(wanted / 2, rel=1e-5)


def test_with_one_right_answer_each_it_is_torchs_cross_entropy() -> None:
    images, texts = vectors(6, 5), vectors(6, 5, seed=2)
    scores, truth = math.exp(1.3) * cosines(images, texts), torch.arange(6)
    for smoothing in (0.0, 0.2):
        there = functional.cross_entropy(scores, truth, label_smoothing=smoothing)
        back = functional.cross_entropy(scores.T, truth, label_smoothing=smoothing)
        got = info_nce(images, texts, SCALE, label_smoothing=smoothing)
        assert float(got) == pytest.approx(float(there + back) / 2, rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("right", [np.eye(4, dtype=bool), RIGHT])
def test_the_sigmoid_loss_asks_every_pair_alone(right: np.ndarray, smoothing: float) -> None:
    images, texts, bias = vectors(4, 7), vectors(right.shape[1], 7, seed=2), -2.5
    scores = logits(images, texts) + bias
    total = 0.0
    for score, true in zip(scores.ravel(), right.ravel(), strict=True):
        yes = 1 / (1 + math.exp(-score))
        wanted = (1 - smoothing / 2) if true else smoothing / 2
        total -= wanted * math.log(yes) + (1 - wanted) * math.log(1 - yes)
    got = sigmoid_loss(
        images, texts, SCALE, torch.tensor(bias), positives=torch.from_numpy(right),
        label_smoothing=smoothing,
    )  # fmt: skip
    assert float(got) == pytest.approx(total / 4, rel=1e-5)


def test_where_everything_is_right_the_gradient_is_a_number() -> None:
    images = vectors(3, 4).requires_grad_()
    everything = torch.ones(3, 3, dtype=torch.bool)
    info_nce(images, vectors(3, 4, seed=2), SCALE, positives=everything).backward()
    assert images.grad is not None and bool(torch.isfinite(images.grad).all())


def test_vectors_that_say_nothing_cost_ln_n_and_the_temperature_is_clamped() -> None:
    same = torch.ones(8, 3)
    assert float(info_nce(same, same, SCALE)) == pytest.approx(math.log(8), rel=1e-6)
    unlike = torch.eye(3)
    limit = torch.tensor(MAX_LOGIT_SCALE)
    assert info_nce(unlike, unlike, torch.tensor(50.0)) == info_nce(unlike, unlike, limit)


def test_several_captions_of_a_picture_stand_side_by_side() -> None:
    assert pairs_in_order(torch.zeros(2, 4)).tolist() == [[True, True, False, False],
                                                     [False, False, True, True]]  # fmt: skip


def test_a_caption_is_also_true_of_pictures_of_which_it_is_said_with_more_words() -> None:
    shared = SharedCaptions([
        ["A red car.", "A large red car at night"],
        ["Two red cars", "a red truck"],
        ["A small red car in the city, with a dog."],
    ])  # fmt: skip
    found = shared.true_of([0, 1, 2], ["A red car.", "a red truck", "car red a", "..."])
    assert found.tolist() == [
        [True, False, False, False], [False, True, False, False], [True, False, False, False],
    ]  # fmt: skip

"""Recipes: what is refused, how settings are typed, and the rate over the steps."""

from typing import Any

import pytest
from small_training import recipe

from timanh.errors import SettingsError
from timanh.training import Recipe
from timanh.training.optimising import rate_factor


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
    with pytest.raises(SettingsError, match="known are report, vietnamese-report, strong, demo"):
        Recipe.named("weak")
    with pytest.raises(SettingsError, match="no epoch"):
        Recipe.named("report", epoch=3)


def test_settings_are_read_by_type_and_bad_ones_are_named() -> None:
    assert Recipe.parse(["loss=sigmoid", "lora=8", "crop=0.5", "cosine=false"]) == {
        "loss": "sigmoid", "lora": 8, "crop": 0.5, "cosine": False,
    }  # fmt: skip
    for bad, message in (("lora", "NAME=VALUE"), ("lor=8", "NAME of"), ("lora=x", "type int"),
                      ("cosine=maybe", "true or false")):  # fmt: skip
        with pytest.raises(SettingsError, match=message):
            Recipe.parse([bad])


def test_the_rate_rises_then_falls() -> None:
    chosen = recipe(warmup=0.1, cosine=True)
    factors = [rate_factor(chosen, step, 100) for step in range(100)]
    assert factors[:10] == pytest.approx([0.1 * (step + 1) for step in range(10)])
    assert factors[10] == 1.0 and factors[99] < 0.001
    assert rate_factor(Recipe.named("report"), 7, 10) == 1.0

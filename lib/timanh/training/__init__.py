"""Fine-tuning: recipes, losses, the loop, and checkpoints it can go on from."""

from timanh.training.history import TrainingResult, best_epoch, epoch_table, mean_recall
from timanh.training.recipe import PRESETS, Recipe
from timanh.training.trainer import Measure, train

__all__ = [
    "PRESETS",
    "Measure",
    "Recipe",
    "TrainingResult",
    "best_epoch",
    "epoch_table",
    "mean_recall",
    "train",
]

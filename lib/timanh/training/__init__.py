"""Fine-tuning: recipes, losses, the loop, and checkpoints it can go on from."""

from timanh.training.recipe import PRESETS, Recipe
from timanh.training.trainer import Measure, TrainingResult, epoch_table, mean_recall, train

__all__ = ["PRESETS", "Measure", "Recipe", "TrainingResult", "epoch_table", "mean_recall", "train"]

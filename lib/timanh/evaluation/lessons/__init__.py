"""What the notebooks show: tables, lines in both languages, and one batch as a heat map."""

from timanh.evaluation.lessons.batch import (
    Batch,
    contrastive_loss,
    cosine_matrix,
    draw_batch,
    learned_scale,
    plot_batch,
    shares,
)
from timanh.evaluation.lessons.captions import references_table
from timanh.evaluation.lessons.codes import commonest_codes, encode_codes, plot_codes
from timanh.evaluation.lessons.prompts import Labelled, draw_labelled, templates_table
from timanh.evaluation.lessons.summaries import (
    check_table,
    data_table,
    layers_table,
    recall_table,
    recipe_table,
    training_table,
    understood,
    verdicts_table,
)
from timanh.evaluation.lessons.tables import Table

__all__ = [
    "Batch",
    "Labelled",
    "Table",
    "check_table",
    "commonest_codes",
    "contrastive_loss",
    "cosine_matrix",
    "data_table",
    "draw_batch",
    "draw_labelled",
    "encode_codes",
    "layers_table",
    "learned_scale",
    "plot_batch",
    "plot_codes",
    "recall_table",
    "recipe_table",
    "references_table",
    "shares",
    "templates_table",
    "training_table",
    "understood",
    "verdicts_table",
]

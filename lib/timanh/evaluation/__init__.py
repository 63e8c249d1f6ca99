"""How well a model finds: recall with its interval, tables, figures."""

from timanh.evaluation.combined import combined_cases, evaluate_combined, format_combined
from timanh.evaluation.comparing import compare, format_comparison
from timanh.evaluation.evaluate import (
    Measured,
    dev_recall,
    encode_gallery,
    evaluate,
    format_report,
    measure,
)
from timanh.evaluation.figures import (
    Shown,
    plot_captioned,
    plot_hit_rows,
    plot_hits,
    plot_recall,
    plot_training,
    show_hits,
)
from timanh.evaluation.figures_combined import plot_combined
from timanh.evaluation.kinds import format_kinds, kinds_of, recall_by_kind
from timanh.evaluation.recall import retrieval_ranks, retrieval_report
from timanh.evaluation.training_report import write_training_report

__all__ = [
    "Measured",
    "Shown",
    "combined_cases",
    "compare",
    "dev_recall",
    "encode_gallery",
    "evaluate",
    "evaluate_combined",
    "format_combined",
    "format_comparison",
    "format_kinds",
    "format_report",
    "kinds_of",
    "measure",
    "plot_captioned",
    "plot_combined",
    "plot_hit_rows",
    "plot_hits",
    "plot_recall",
    "plot_training",
    "recall_by_kind",
    "retrieval_ranks",
    "retrieval_report",
    "show_hits",
    "write_training_report",
]

"""How well a model finds: recall with its interval, tables, figures."""

from timanh.evaluation.by_language import format_languages, recall_by_language
from timanh.evaluation.caption_figures import plot_attention, plot_caption_training
from timanh.evaluation.caption_report import (
    evaluate_captions,
    format_captions,
    references_of,
    score_captions,
)
from timanh.evaluation.caption_scores import caption_scores
from timanh.evaluation.caption_search import format_own_picture, own_picture_recall
from timanh.evaluation.caption_training_report import write_caption_report
from timanh.evaluation.classification_report import (
    auroc,
    classification_report,
    format_classification,
    plot_confusion,
)
from timanh.evaluation.combined import (
    combined_cases,
    evaluate_combined,
    evaluate_combined_photos,
    format_combined,
)
from timanh.evaluation.comparing import compare, format_comparison
from timanh.evaluation.evaluate import (
    Measured,
    dev_recall,
    encode_gallery,
    evaluate,
    format_report,
    measure,
    split_with_captions,
)
from timanh.evaluation.figures import (
    Shown,
    plot_captioned,
    plot_combined,
    plot_hit_rows,
    plot_hits,
    plot_interpolation,
    plot_recall,
    plot_training,
    show_hits,
)
from timanh.evaluation.heat_map_figures import plot_heat_maps
from timanh.evaluation.interpolation import format_interpolation, interpolate
from timanh.evaluation.kinds import format_kinds, kinds_of, recall_by_kind
from timanh.evaluation.layers import format_layers
from timanh.evaluation.probing import Probe, open_probe
from timanh.evaluation.recall import retrieval_ranks, retrieval_report
from timanh.evaluation.runtime_accuracy import RuntimeAccuracy, measure_runtime_accuracy
from timanh.evaluation.similar import evaluate_similar
from timanh.evaluation.training_report import write_training_report
from timanh.evaluation.verdicts import (
    REPORT_QUERIES,
    ExpectedQuery,
    Verdict,
    format_verdicts,
    plot_verdicts,
    verdicts,
)

__all__ = [
    "REPORT_QUERIES",
    "ExpectedQuery",
    "Measured",
    "Probe",
    "RuntimeAccuracy",
    "Shown",
    "Verdict",
    "auroc",
    "caption_scores",
    "classification_report",
    "combined_cases",
    "compare",
    "dev_recall",
    "encode_gallery",
    "evaluate",
    "evaluate_captions",
    "evaluate_combined",
    "evaluate_combined_photos",
    "evaluate_similar",
    "format_captions",
    "format_classification",
    "format_combined",
    "format_comparison",
    "format_interpolation",
    "format_kinds",
    "format_languages",
    "format_layers",
    "format_own_picture",
    "format_report",
    "format_verdicts",
    "interpolate",
    "kinds_of",
    "measure",
    "measure_runtime_accuracy",
    "open_probe",
    "own_picture_recall",
    "plot_attention",
    "plot_caption_training",
    "plot_captioned",
    "plot_combined",
    "plot_confusion",
    "plot_heat_maps",
    "plot_hit_rows",
    "plot_hits",
    "plot_interpolation",
    "plot_recall",
    "plot_training",
    "plot_verdicts",
    "recall_by_kind",
    "recall_by_language",
    "references_of",
    "retrieval_ranks",
    "retrieval_report",
    "score_captions",
    "show_hits",
    "split_with_captions",
    "verdicts",
    "write_caption_report",
    "write_training_report",
]

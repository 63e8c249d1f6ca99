"""Classification without training: labels in words, compared with pictures."""

from timanh.models.zero_shot.choosing import Choice, choose_templates
from timanh.models.zero_shot.examples import FitReport, FromExamples, fit_examples
from timanh.models.zero_shot.label_sets import LABEL_SETS, LabelSet
from timanh.models.zero_shot.labels import MAX_LABELS, MAX_TEMPLATES, NONE, Labels, ZeroShot
from timanh.models.zero_shot.templates import GENERIC, SETS, name_of_set, templates_of

__all__ = [
    "GENERIC",
    "LABEL_SETS",
    "MAX_LABELS",
    "MAX_TEMPLATES",
    "NONE",
    "SETS",
    "Choice",
    "FitReport",
    "FromExamples",
    "LabelSet",
    "Labels",
    "ZeroShot",
    "choose_templates",
    "fit_examples",
    "name_of_set",
    "templates_of",
]

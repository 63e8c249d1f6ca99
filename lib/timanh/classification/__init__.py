"""Pictures sorted by labels, without training: labels in words, results, folders of results."""

from timanh.classification.answers import Answer, answer_for
from timanh.classification.gallery import Pictures, open_pictures
from timanh.classification.label_lists import LabelList, read_labels, read_templates
from timanh.classification.moving import Moved, Plan, carry_out, plan_folders, take_back
from timanh.classification.results import ResultFile, to_csv, to_jsonl
from timanh.classification.running import Classified, classify_pictures
from timanh.classification.setup import (
    Classifier,
    for_encoder,
    make_labels,
    templates_for,
    with_examples,
)
from timanh.classification.truth import beside_truth, label_of_folder, read_truth, truth_of

__all__ = [
    "Answer",
    "Classified",
    "Classifier",
    "LabelList",
    "Moved",
    "Pictures",
    "Plan",
    "ResultFile",
    "answer_for",
    "beside_truth",
    "carry_out",
    "classify_pictures",
    "for_encoder",
    "label_of_folder",
    "make_labels",
    "open_pictures",
    "plan_folders",
    "read_labels",
    "read_templates",
    "read_truth",
    "take_back",
    "templates_for",
    "to_csv",
    "to_jsonl",
    "truth_of",
    "with_examples",
]

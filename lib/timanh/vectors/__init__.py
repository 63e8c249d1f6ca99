"""The vector dictionary: vectors of a gallery's pictures, on disk and in memory."""

from timanh.vectors.build import BuildReport, build_dictionary
from timanh.vectors.check import CheckReport
from timanh.vectors.cost import Cost, measure_cost
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.edit import (
    CompactReport,
    add_pictures,
    compact_dictionary,
    remove_pictures,
)
from timanh.vectors.exchange import ImportReport, export_report_vectors, import_report_vectors
from timanh.vectors.items import Item, item_id
from timanh.vectors.reading import Skipped

__all__ = [
    "BuildReport",
    "CheckReport",
    "CompactReport",
    "Cost",
    "ImportReport",
    "Item",
    "Skipped",
    "VectorDictionary",
    "add_pictures",
    "build_dictionary",
    "compact_dictionary",
    "export_report_vectors",
    "import_report_vectors",
    "item_id",
    "measure_cost",
    "remove_pictures",
]

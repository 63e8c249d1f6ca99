"""The vector dictionary: vectors of a gallery's pictures, on disk and in memory."""

from timanh.vectors.build import BuildReport, build_dictionary
from timanh.vectors.check import CheckReport
from timanh.vectors.compacting import CompactReport, compact_dictionary
from timanh.vectors.cost import Cost, measure_cost
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.edit import (
    add_pictures,
    gallery_of,
    known_pictures,
    remove_pictures,
)
from timanh.vectors.encoding import encode_pictures
from timanh.vectors.engines import open_copy, open_engine, opened_in, reopen
from timanh.vectors.exchange import ImportReport, export_report_vectors, import_report_vectors
from timanh.vectors.items import Item, item_id
from timanh.vectors.ray_encoding import on_ray
from timanh.vectors.reading import Skipped
from timanh.vectors.searchable import Searchable
from timanh.vectors.server_copy import ServerCopy
from timanh.vectors.tuner import Choice
from timanh.vectors.tuning import Tuned, tune
from timanh.vectors.tuning_engines import tune_engine

__all__ = [
    "BuildReport",
    "CheckReport",
    "Choice",
    "CompactReport",
    "Cost",
    "ImportReport",
    "Item",
    "Searchable",
    "ServerCopy",
    "Skipped",
    "Tuned",
    "VectorDictionary",
    "add_pictures",
    "build_dictionary",
    "compact_dictionary",
    "encode_pictures",
    "export_report_vectors",
    "gallery_of",
    "import_report_vectors",
    "item_id",
    "known_pictures",
    "measure_cost",
    "on_ray",
    "open_copy",
    "open_engine",
    "opened_in",
    "remove_pictures",
    "reopen",
    "tune",
    "tune_engine",
]
